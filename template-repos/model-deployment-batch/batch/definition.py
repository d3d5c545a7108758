"""The batch's pipeline, as the data that SageMaker runs: one job, which scores one window with one version of the model.

The version is part of it, by its artifact, that artifact's digest and its image: whoever starts an execution chooses the window,
and never what scores it. The job runs isolated, in the account's network, as the version's own model would be served.
"""

from dataclasses import dataclass

from deployment.settings import Plan, Settings
from mlops_platform.pipeline.expressions import VERSION, Json, join, parameter
from mlops_platform.pipeline.jobs import RETRIES, Machine
from mlops_platform.release.version import Version
from mlops_platform.scheduled.container import Container
from mlops_platform.scheduled.names import Names

INPUT, WINDOW, AREA = "Input", "Window", "Area"
"""Parameters of an execution: the S3 URI of the window's rows, the window's name, and one of the areas below."""
RUNS, TESTS = "output", "test"
"""Areas of the batch's folder that jobs write to: for all who use the predictions, and for the test of a deployment."""
STEP = "Score"


@dataclass(frozen=True, kw_only=True)
class Batch:
    """All that decides how rows are scored."""

    names: Names
    version: Version
    container: Container
    plan: Plan
    settings: Settings
    kms_key_arn: str
    code_uri: str
    """S3 prefix of the job's code, whose last part is its digest."""


def definition(batch: Batch) -> Json:
    """Return the whole pipeline."""
    return {
        "Version": VERSION,
        "Metadata": {},
        "Parameters": [
            {"Name": INPUT, "Type": "String"},
            {"Name": WINDOW, "Type": "String"},
            {"Name": AREA, "Type": "String", "DefaultValue": RUNS},
        ],
        "Steps": [
            {"Name": STEP, "Type": "Processing", "RetryPolicies": RETRIES, "Arguments": _arguments(batch)},
        ],
    }


def _arguments(batch: Batch) -> Json:
    container, plan = batch.container, batch.plan
    machine = Machine(
        instance_type=plan.instance_type,
        volume_gigabytes=plan.volume_gigabytes,
        maximum_minutes=plan.maximum_minutes,
        kms_key_arn=batch.kms_key_arn,
        role_arn=container.role_arn,
        subnet_ids=container.subnet_ids,
        security_group_ids=container.security_group_ids,
        tags=batch.names.tags,
    )
    job = machine.processing(
        image=container.image,
        script="run.py",
        options=_options(batch),
        inputs={"rows": parameter(INPUT), "model": batch.version.artifact_uri, "code": batch.code_uri},
        # The manifests are an output of their own. It may be uploaded before the results, which are compared with it (README).
        outputs={name: join("/", [batch.names.uri(), parameter(AREA), name]) for name in ("results", "runs")},
    )
    return {**job, "Environment": dict(container.environment)}


def _options(batch: Batch) -> dict[str, str | Json]:
    names, drift = batch.names, batch.settings.drift
    return {
        "--window": parameter(WINDOW),
        "--area": parameter(AREA),
        "--program": batch.container.environment.get("SAGEMAKER_PROGRAM", "inference.py"),
        "--model-package-arn": batch.version.package_arn,
        "--model-sha256": batch.version.sha256,
        "--code": batch.code_uri.rpartition("/")[2],
        "--project": names.project.id,
        "--environment": names.environment.name,
        "--psi": f"{drift.psi:g}",
        "--least-rows": str(drift.least_rows),
    }
