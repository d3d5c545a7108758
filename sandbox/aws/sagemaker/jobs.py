"""Processing and training jobs: their records, what AWS checks about them, and the containers that do the work."""

import contextvars
import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.aws import authorization, emulator
from sandbox.aws.authorization import Credentials
from sandbox.aws.errors import ServiceError
from sandbox.aws.sagemaker import containers, execution_role, logs, names, tags, transfer
from sandbox.aws.sagemaker.containers import MOUNT, Container
from sandbox.aws.sagemaker.definition import StepFailedError
from sandbox.aws.service import Call, Members, now

EXIT_MESSAGE_LENGTH = 1024

_processing = emulator.scoped_store()
_training = emulator.scoped_store()


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What distinguishes a kind of jobs."""

    noun: str
    log_group: str
    store: Any
    work: Callable[["Job"], None]

    @property
    def name_member(self) -> str:
        """Member that names a job."""
        return f"{self.noun}JobName"

    @property
    def arn_member(self) -> str:
        """Member that holds a job's ARN."""
        return f"{self.noun}JobArn"

    @property
    def status_member(self) -> str:
        """Member that holds a job's status."""
        return f"{self.noun}JobStatus"


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job at work."""

    kind: Kind
    record: Members
    container: Container
    credentials: Credentials
    s3: Any
    region: str

    def fail(self, reason: str) -> None:
        """Give the job up.

        Raises:
            StepFailedError: always.
        """
        raise StepFailedError(reason)


def create(kind: Kind, members: Members) -> Members:
    """Check a request and start its job in the background; the job's record.

    Raises:
        ServiceError: AWS would refuse the request.
    """
    name = members[kind.name_member]
    if name in kind.store:
        raise ServiceError("ResourceInUse", f"{kind.noun} job names must be unique within an AWS account and region.")
    execution_role.check(members["RoleArn"])
    _check_keys(members)
    arn = names.arn(f"{kind.noun.lower()}-job", name)
    record: Members = {
        **{key: value for key, value in members.items() if key != "Tags"},
        kind.arn_member: arn,
        kind.status_member: "InProgress",
        "CreationTime": now(),
        "LastModifiedTime": now(),
        "_done": threading.Event(),
        "_container": containers.container(name),
    }
    if kind is TRAINING:
        record["SecondaryStatus"] = "Starting"
    kind.store[name] = record
    tags.put(arn, members.get("Tags", []))
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(_run, kind, record), name=f"job {name}", daemon=True).start()
    return record


def wait(record: Members) -> None:
    """Wait until a job is over."""
    record["_done"].wait()


def stop(kind: Kind, record: Members) -> None:
    """Tell a job to stop."""
    if not record["_done"].is_set():
        record[kind.status_member] = "Stopping"
        record["_container"].stop()


def description(record: Members) -> Members:
    """What Describe answers about a job."""
    return {key: value for key, value in record.items() if not key.startswith("_")}


def _run(kind: Kind, record: Members) -> None:
    container: Container = record["_container"]
    try:
        credentials = authorization.assume(record["RoleArn"], "SageMaker")
        region = emulator.region()
        s3 = containers.client("s3", credentials, region)
        job = Job(kind=kind, record=record, container=container, credentials=credentials, s3=s3, region=region)
        execution_role.check_network(
            record.get("VpcConfig") or record.get("NetworkConfig", {}).get("VpcConfig"), credentials
        )
        execution_role.check_image(_image(record), credentials)
        record[f"{kind.noun}StartTime"] = now()
        kind.work(job)
        outcome, reason = "Completed", None
    except StepFailedError as failure:
        outcome, reason = "Failed", str(failure)
    except Exception as error:  # A job that cannot be run is a failed job, never one that is in progress for ever.
        emulator.application.logger.exception("job %s", record[kind.name_member])
        outcome, reason = "Failed", f"InternalServerError: {error!r}"
    if container.stopped.is_set():
        outcome, reason = "Stopped", None
    record[f"{kind.noun}EndTime"] = now()
    record["LastModifiedTime"] = now()
    if reason is not None:
        record["FailureReason"] = reason[:1024]
    if kind is TRAINING:
        record["SecondaryStatus"] = outcome
    record[kind.status_member] = outcome
    _write_log(kind, record)
    if outcome == "Completed":
        container.remove()
    record["_done"].set()


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
    _write_configuration(job, {})
    specification = record["AppSpecification"]
    command = [*specification.get("ContainerEntrypoint", []), *specification.get("ContainerArguments", [])]
    isolated = record.get("NetworkConfig", {}).get("EnableNetworkIsolation", False)
    code = _launch(job, specification["ImageUri"], command, "", isolated=isolated)
    message = job.container.base / "output" / "message"
    if message.is_file():
        record["ExitMessage"] = message.read_text()[:EXIT_MESSAGE_LENGTH]
    if code:
        job.fail(
            f"AlgorithmError: {record.get('ExitMessage') or 'See job logs for more information'}, exit code: {code}"
        )
    for item in output.get("Outputs", []):
        transfer.upload(job.s3, folders[item["OutputName"]], item["S3Output"]["S3Uri"], output.get("KmsKeyId"))


def _train(job: Job) -> None:
    record, base = job.record, job.container.base
    record["SecondaryStatus"] = "Downloading"
    for channel in record.get("InputDataConfig", []):
        folder = job.container.path(f"{MOUNT}/input/data/{channel['ChannelName']}")
        transfer.download(job.s3, channel["DataSource"]["S3DataSource"]["S3Uri"], folder)
    for folder in ("model", "output/data"):
        (base / folder).mkdir(parents=True, exist_ok=True)
    _write_configuration(job, record.get("HyperParameters", {}))
    record["SecondaryStatus"] = "Training"
    specification = record["AlgorithmSpecification"]
    command = [*specification.get("ContainerEntrypoint", []), *specification.get("ContainerArguments", [])]
    isolated = record.get("EnableNetworkIsolation", False)
    code = _launch(job, specification["TrainingImage"], command, "code", isolated=isolated)
    record["FinalMetricDataList"] = _metrics(specification.get("MetricDefinitions", []), job.container.log.read_text())
    if code:
        failure = base / "output" / "failure"
        told = failure.read_text() if failure.is_file() else "See job logs for more information"
        job.fail(f"AlgorithmError: {told}, exit code: {code}")
    record["SecondaryStatus"] = "Uploading"
    output = record["OutputDataConfig"]
    target = f"{output['S3OutputPath'].rstrip('/')}/{record['TrainingJobName']}/output"
    for source, name in ((base / "model", "model.tar.gz"), (base / "output" / "data", "output.tar.gz")):
        if any(source.iterdir()):
            packed = base.parent / name
            transfer.archive(source, packed)
            transfer.upload_file(job.s3, packed, f"{target}/{name}", output.get("KmsKeyId"))
    record["ModelArtifacts"] = {"S3ModelArtifacts": f"{target}/model.tar.gz"}


def _launch(job: Job, image: str, command: list[str], folder: str, *, isolated: bool) -> int:
    if not command:
        job.fail(f"ClientError: the sandbox knows no entry point of {image}: name one in the request")
    python = containers.images().python(image)
    environment = {
        **containers.bare_environment(),
        "HOME": str(job.container.base.parent),
        "AWS_REGION": job.region,
        f"{job.kind.noun.upper()}_JOB_NAME": job.record[job.kind.name_member],
        f"{job.kind.noun.upper()}_JOB_ARN": job.record[job.kind.arn_member],
        **job.record.get("Environment", {}),
    }
    if not isolated:
        # With network isolation a container has no credentials, and nobody to show them to.
        environment |= containers.access(job.credentials)
    interpreter = {"python": str(python), "python3": str(python)}
    argv = [interpreter.get(command[0], command[0]), *command[1:]]
    seconds = job.record.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", 86400)
    working_folder = job.container.base / folder
    code = job.container.run(argv, environment, working_folder, seconds)
    if code is None:
        job.fail(f"ClientError: the job ran longer than MaxRuntimeInSeconds ({seconds})")
        return 1
    return code


def _write_configuration(job: Job, hyperparameters: Mapping[str, str]) -> None:
    folder = job.container.base / "input" / "config"
    folder.mkdir(parents=True, exist_ok=True)
    channels = {
        channel["ChannelName"]: {
            "TrainingInputMode": channel.get("InputMode", "File"),
            "S3DistributionType": channel["DataSource"]["S3DataSource"].get(
                "S3DataDistributionType", "FullyReplicated"
            ),
            "RecordWrapperType": "None",
            **({"ContentType": channel["ContentType"]} if "ContentType" in channel else {}),
        }
        for channel in job.record.get("InputDataConfig", [])
    }
    host = {"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "eth0"}
    for name, content in (
        ("hyperparameters.json", dict(hyperparameters)),
        ("inputdataconfig.json", channels),
        ("resourceconfig.json", host),
    ):
        (folder / name).write_text(json.dumps(content))


def _metrics(definitions: list[Members], log: str) -> list[Members]:
    found = ((item["Name"], re.findall(item["Regex"], log)) for item in definitions)
    return [{"MetricName": name, "Value": float(values[-1]), "Timestamp": now()} for name, values in found if values]


def _write_log(kind: Kind, record: Members) -> None:
    """Show the container's output in CloudWatch Logs, if the job's role may write there; AWS does not insist."""
    container: Container = record["_container"]
    if not container.log.is_file():
        return
    client = containers.client("logs", authorization.assume(record["RoleArn"], "SageMaker"), emulator.region())
    stream = f"{record[kind.name_member]}/algo-1-{int(record['CreationTime'])}"
    lines = container.log.read_text(errors="replace").splitlines()
    logs.write(client, kind.log_group, stream, lines)


def _keys(members: Members) -> tuple[list[str], list[str]]:
    """The keys that encrypt the job's volumes, and those that encrypt its output."""
    resources = members.get("ProcessingResources", {}).get("ClusterConfig", {}) or members.get("ResourceConfig", {})
    output = members.get("ProcessingOutputConfig", {}) or members.get("OutputDataConfig", {})
    volume, result = resources.get("VolumeKmsKeyId"), output.get("KmsKeyId")
    return [volume] if volume else [], [result] if result else []


def _check_keys(members: Members) -> None:
    volumes, outputs = _keys(members)
    for key_id in {*volumes, *outputs}:
        key = emulator.kms._resolve_key(key_id)
        if key is None or key["KeyState"] != "Enabled":
            raise ServiceError("ValidationException", f"KMS key {key_id} does not exist or is not enabled.")
    principal = authorization.session(members["RoleArn"], "SageMaker")
    for key_id in volumes:
        arn = emulator.kms._resolve_key(key_id)["Arn"]
        if not authorization.is_allowed(
            principal, "kms:CreateGrant", arn, {"kms:GrantIsForAWSResource": "true", **execution_role.via("sagemaker")}
        ):
            raise ServiceError(
                "ValidationException", f"{members['RoleArn']} has no permission for kms:CreateGrant on {arn}."
            )


def _image(record: Members) -> str:
    if "AppSpecification" in record:
        return record["AppSpecification"]["ImageUri"]
    specification = record["AlgorithmSpecification"]
    if "TrainingImage" not in specification:
        raise StepFailedError("ClientError: the sandbox knows training jobs of a TrainingImage only")
    return specification["TrainingImage"]


PROCESSING = Kind(noun="Processing", log_group="/aws/sagemaker/ProcessingJobs", store=_processing, work=_process)
TRAINING = Kind(noun="Training", log_group="/aws/sagemaker/TrainingJobs", store=_training, work=_train)


def _operations(kind: Kind) -> dict[str, Callable[[Call], Members]]:
    def found(call: Call) -> Members:
        return names.found(
            kind.store, call.members[kind.name_member], "Requested resource not found.", "ValidationException"
        )

    def create_job(call: Call) -> Members:
        return names.pick(create(kind, call.members), kind.arn_member)

    def describe_job(call: Call) -> Members:
        return description(found(call))

    def stop_job(call: Call) -> Members:
        stop(kind, found(call))
        return {}

    def list_jobs(call: Call) -> Members:
        wanted, status = call.members.get("NameContains", ""), call.members.get("StatusEquals")
        records = [
            record
            for record in kind.store.values()
            if wanted in record[kind.name_member] and status in (None, record[kind.status_member])
        ]
        return names.page(
            call.members,
            f"{kind.noun}JobSummaries",
            records,
            lambda record: names.pick(
                record,
                kind.name_member,
                kind.arn_member,
                kind.status_member,
                "CreationTime",
                "LastModifiedTime",
                f"{kind.noun}EndTime",
            ),
        )

    return {
        f"Create{kind.noun}Job": create_job,
        f"Describe{kind.noun}Job": describe_job,
        f"Stop{kind.noun}Job": stop_job,
        f"List{kind.noun}Jobs": list_jobs,
    }


OPERATIONS = {**_operations(PROCESSING), **_operations(TRAINING)}
