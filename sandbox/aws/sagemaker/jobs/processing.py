"""Processing jobs."""

from sandbox.aws.ministack import scope
from sandbox.aws.sagemaker import transfer
from sandbox.aws.sagemaker.jobs.job import Job, Kind, launch, write_configuration

EXIT_MESSAGE_LENGTH = 1024


def _process(job: Job) -> None:
    record = job.record
    for item in record.get("ProcessingInputs", []):
        source = item["S3Input"]
        transfer.download(job.s3, source["S3Uri"], job.container.path(source["LocalPath"]))
    output = record.get("ProcessingOutputConfig", {})
    folders = {
        item["OutputName"]: job.container.path(item["S3Output"]["LocalPath"]) for item in output.get("Outputs", [])
    }
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    write_configuration(job, {})
    specification = record["AppSpecification"]
    command = [*specification.get("ContainerEntrypoint", []), *specification.get("ContainerArguments", [])]
    isolated = record.get("NetworkConfig", {}).get("EnableNetworkIsolation", False)
    code = launch(job, specification["ImageUri"], command, "", isolated=isolated)
    message = job.container.base / "output" / "message"
    if message.is_file():
        record["ExitMessage"] = message.read_text()[:EXIT_MESSAGE_LENGTH]
    if code:
        job.fail(
            f"AlgorithmError: {record.get('ExitMessage') or 'See job logs for more information'}, exit code: {code}"
        )
    for item in output.get("Outputs", []):
        transfer.upload(job.s3, folders[item["OutputName"]], item["S3Output"]["S3Uri"], output.get("KmsKeyId"))


PROCESSING = Kind(
    noun="Processing", log_group="/aws/sagemaker/ProcessingJobs", store=scope.scoped_store(), work=_process
)
