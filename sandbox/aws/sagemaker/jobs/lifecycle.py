"""The life of a job: AWS's checks, the run in the background, and its end."""

import contextvars
import threading

from sandbox.aws.errors import ServiceError
from sandbox.aws.iam import authorization
from sandbox.aws.ministack import gateway, scope
from sandbox.aws.sagemaker import containers, execution_role, logs, names, tags
from sandbox.aws.sagemaker.containers import Container
from sandbox.aws.sagemaker.failures import StepFailedError
from sandbox.aws.sagemaker.jobs.job import Job, Kind
from sandbox.aws.service import Members, now


def create(kind: Kind, members: Members) -> Members:
    """Check a request and start its job in the background; return the job's record.

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
    if kind.has_secondary_status:
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
    """Return a job as Describe answers it."""
    return {key: value for key, value in record.items() if not key.startswith("_")}


def _run(kind: Kind, record: Members) -> None:
    container: Container = record["_container"]
    try:
        credentials = authorization.assume(record["RoleArn"], "SageMaker")
        region = scope.region()
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
        gateway.logger.exception("job %s", record[kind.name_member])
        outcome, reason = "Failed", f"InternalServerError: {error!r}"
    if container.stopped.is_set():
        outcome, reason = "Stopped", None
    record[f"{kind.noun}EndTime"] = now()
    record["LastModifiedTime"] = now()
    if reason is not None:
        record["FailureReason"] = reason[:1024]
    if kind.has_secondary_status:
        record["SecondaryStatus"] = outcome
    record[kind.status_member] = outcome
    _write_log(kind, record)
    if outcome == "Completed":
        container.remove()
    record["_done"].set()


def _write_log(kind: Kind, record: Members) -> None:
    """Show the container's output in CloudWatch Logs, if the job's role may write there; AWS does not insist."""
    container: Container = record["_container"]
    if not container.log.is_file():
        return
    client = containers.client("logs", authorization.assume(record["RoleArn"], "SageMaker"), scope.region())
    stream = f"{record[kind.name_member]}/algo-1-{int(record['CreationTime'])}"
    lines = container.log.read_text(errors="replace").splitlines()
    logs.write(client, kind.log_group, stream, lines)


def _check_keys(members: Members) -> None:
    resources = members.get("ProcessingResources", {}).get("ClusterConfig", {}) or members.get("ResourceConfig", {})
    output = members.get("ProcessingOutputConfig", {}) or members.get("OutputDataConfig", {})
    volume_key = resources.get("VolumeKmsKeyId")
    for key_id in (volume_key, output.get("KmsKeyId")):
        if key_id:
            arn = execution_role.enabled_key(key_id)
            if key_id == volume_key:
                _check_grant(members["RoleArn"], arn)


def _check_grant(role: str, key_arn: str) -> None:
    """Check that a role may let SageMaker use the key of a job's volumes."""
    principal = authorization.session(role, "SageMaker")
    context = {"kms:GrantIsForAWSResource": "true", **execution_role.via("sagemaker")}
    if not authorization.is_allowed(principal, "kms:CreateGrant", key_arn, context):
        raise ServiceError("ValidationException", f"{role} has no permission for kms:CreateGrant on {key_arn}.")


def _image(record: Members) -> str:
    if "AppSpecification" in record:
        return record["AppSpecification"]["ImageUri"]
    specification = record["AlgorithmSpecification"]
    if "TrainingImage" not in specification:
        raise StepFailedError("ClientError: the sandbox knows training jobs of a TrainingImage only")
    return specification["TrainingImage"]
