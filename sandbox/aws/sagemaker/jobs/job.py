"""A job: its record, and the container that does the work."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from sandbox.aws.iam.authorization import Credentials
from sandbox.aws.sagemaker import containers
from sandbox.aws.sagemaker.containers import Container
from sandbox.aws.sagemaker.failures import StepFailedError
from sandbox.aws.service import Members


@dataclass(frozen=True, kw_only=True)
class Kind:
    """The differences between kinds of jobs."""

    noun: str
    log_group: str
    store: Any
    """By name: the records of the jobs."""
    work: Callable[["Job"], None]
    has_secondary_status: bool = False

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

    def fail(self, reason: str) -> NoReturn:
        """Give the job up.

        Raises:
            StepFailedError: always.
        """
        raise StepFailedError(reason)


def launch(job: Job, image: str, command: list[str], folder: str, *, isolated: bool) -> int:
    """Run a command in the job's container, in a folder below `/opt/ml`; return its exit code.

    Raises:
        StepFailedError: it cannot be run, or takes longer than the job may.
    """
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
        # With network isolation a container has no credentials, nor a service to use them with.
        environment |= containers.access(job.credentials)
    interpreter = {"python": str(python), "python3": str(python)}
    argv = [interpreter.get(command[0], command[0]), *command[1:]]
    seconds = job.record.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", 86400)
    working_folder = job.container.base / folder
    code = job.container.run(argv, environment, working_folder, seconds)
    if code is None:
        job.fail(f"ClientError: the job ran longer than MaxRuntimeInSeconds ({seconds})")
    return code


def write_configuration(job: Job, hyperparameters: Mapping[str, str]) -> None:
    """Write the files that SageMaker puts into `/opt/ml/input/config`."""
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
