"""The pipeline that watches, as the data that SageMaker runs: one isolated job, which looks at the requests of a window.

The version is part of it: its artifact has the statistics of its training and the limit of its quality, and its image runs the job. Whoever starts an execution
chooses the time for which it is, and nothing else.
"""

from dataclasses import dataclass

from deployment.settings import Watch
from endpoint import VARIANT
from mlops_platform.pipeline.expressions import VERSION, Json, join, parameter
from mlops_platform.pipeline.jobs import RETRIES, Machine
from mlops_platform.release.version import Version
from mlops_platform.scheduled.container import Container
from mlops_platform.scheduled.names import Names
from watching import SCRIPT
from watching.places import captured_uri, truth_uri, watched_uri

SCHEDULED = "Scheduled"
"""Parameter of an execution: the time for which it was scheduled, from which its window follows."""
STEP = "Watch"
MAXIMUM_MINUTES = 60
"""A run that takes longer is stopped, and has failed."""


@dataclass(frozen=True, kw_only=True)
class Watching:
    """All that decides how requests are looked at."""

    names: Names
    version: Version
    container: Container
    settings: Watch
    kms_key_arn: str
    code_uri: str
    """S3 prefix of the job's code."""


def definition(watching: Watching) -> Json:
    """Return the whole pipeline."""
    return {
        "Version": VERSION,
        "Metadata": {},
        "Parameters": [{"Name": SCHEDULED, "Type": "String"}],
        "Steps": [
            {"Name": STEP, "Type": "Processing", "RetryPolicies": RETRIES, "Arguments": _arguments(watching)},
        ],
    }


def _arguments(watching: Watching) -> Json:
    names, container, settings = watching.names, watching.container, watching.settings
    place = (names.project, names.environment, watching.version.version)
    machine = Machine(
        instance_type=settings.instance_type,
        volume_gigabytes=settings.volume_gigabytes,
        maximum_minutes=MAXIMUM_MINUTES,
        kms_key_arn=watching.kms_key_arn,
        # Not the model's: the code of a version never sees what others asked it.
        role_arn=names.role_arn(f"{names.purpose}-job"),
        subnet_ids=container.subnet_ids,
        security_group_ids=container.security_group_ids,
        tags=names.tags,
    )
    return machine.processing(
        image=container.image,
        script=SCRIPT,
        options=_options(watching),
        inputs={
            "model": watching.version.artifact_uri,
            # A folder: otherwise the requests to version 30 would be among those to version 3.
            "captured": f"{captured_uri(*place)}/",
            **({"truth": f"{truth_uri(names.project, names.environment)}/"} if settings.truth_days else {}),
            "code": watching.code_uri,
        },
        outputs={"watched": join("/", [watched_uri(*place), parameter(SCHEDULED)])},
    )


def _options(watching: Watching) -> dict[str, str | Json]:
    names, settings = watching.names, watching.settings
    return {
        "--scheduled": parameter(SCHEDULED),
        "--hours": str(settings.every_hours),
        "--truth-days": str(settings.truth_days),
        "--psi": f"{settings.psi:g}",
        "--variant": VARIANT,
        "--project": names.project.id,
        "--environment": names.environment.name,
        "--version": str(watching.version.version),
    }


def expression(every_hours: int) -> str:
    """Return the times of the runs for EventBridge Scheduler: each begins where the window of the one before it ended."""
    return "cron(0 0 * * ? *)" if every_hours == 24 else f"cron(0 0/{every_hours} * * ? *)"
