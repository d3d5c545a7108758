"""Training jobs."""

import re

from sandbox.aws.ministack import scope
from sandbox.aws.sagemaker import transfer
from sandbox.aws.sagemaker.containers import MOUNT
from sandbox.aws.sagemaker.jobs.job import Job, Kind, launch, write_configuration
from sandbox.aws.service import Members, now


def _train(job: Job) -> None:
    record, base = job.record, job.container.base
    record["SecondaryStatus"] = "Downloading"
    for channel in record.get("InputDataConfig", []):
        folder = job.container.path(f"{MOUNT}/input/data/{channel['ChannelName']}")
        transfer.download(job.s3, channel["DataSource"]["S3DataSource"]["S3Uri"], folder)
    for folder in ("model", "output/data"):
        (base / folder).mkdir(parents=True, exist_ok=True)
    write_configuration(job, record.get("HyperParameters", {}))
    record["SecondaryStatus"] = "Training"
    specification = record["AlgorithmSpecification"]
    command = [*specification.get("ContainerEntrypoint", []), *specification.get("ContainerArguments", [])]
    isolated = record.get("EnableNetworkIsolation", False)
    code = launch(job, specification["TrainingImage"], command, "code", isolated=isolated)
    record["FinalMetricDataList"] = _metrics(specification.get("MetricDefinitions", []), job.container.log.read_text())
    if code:
        failure = base / "output" / "failure"
        message = failure.read_text() if failure.is_file() else "See job logs for more information"
        job.fail(f"AlgorithmError: {message}, exit code: {code}")
    record["SecondaryStatus"] = "Uploading"
    output = record["OutputDataConfig"]
    target = f"{output['S3OutputPath'].rstrip('/')}/{record['TrainingJobName']}/output"
    for source, name in ((base / "model", "model.tar.gz"), (base / "output" / "data", "output.tar.gz")):
        if any(source.iterdir()):
            packed = base.parent / name
            transfer.archive(source, packed)
            transfer.upload_file(job.s3, packed, f"{target}/{name}", output.get("KmsKeyId"))
    record["ModelArtifacts"] = {"S3ModelArtifacts": f"{target}/model.tar.gz"}


def _metrics(definitions: list[Members], log: str) -> list[Members]:
    found = ((item["Name"], re.findall(item["Regex"], log)) for item in definitions)
    return [{"MetricName": name, "Value": float(values[-1]), "Timestamp": now()} for name, values in found if values]


TRAINING = Kind(
    noun="Training",
    log_group="/aws/sagemaker/TrainingJobs",
    store=scope.scoped_store(),
    work=_train,
    has_secondary_status=True,
)
