"""The batch's pipeline, as the data that SageMaker runs: one job, which scores one window with one version of the model.

The version is part of it, by its artifact, that artifact's digest and its image: whoever starts an execution chooses the window,
and never what scores it. The job runs isolated, in the account's network, as the version's own model would be served.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from batch.names import Names
from deployment.settings import Plan, Settings
from mlops_platform.pipeline.expressions import VERSION, Json, join, parameter
from mlops_platform.release.version import Version

INPUTS, OUTPUTS = "/opt/ml/processing/input", "/opt/ml/processing/output"
INPUT, WINDOW, AREA = "Input", "Window", "Area"
"""Parameters of an execution: the S3 URI of the window's rows, the window's name, and one of the areas below."""
RUNS, TESTS = "output", "test"
"""Areas of the batch's folder that jobs write to: for all who use the predictions, and for the test of a deployment."""
STEP = "Score"

# Capacity and internal errors pass; an error in the code or in the rows does not.
RETRIES: list[Json] = [
    {
        "ExceptionType": ["Step.SERVICE_FAULT", "Step.THROTTLING"],
        "IntervalSeconds": 10,
        "BackoffRate": 2.0,
        "MaxAttempts": 5,
    },
    {
        "ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR", "SageMaker.CAPACITY_ERROR"],
        "IntervalSeconds": 60,
        "BackoffRate": 2.0,
        "MaxAttempts": 3,
    },
]


@dataclass(frozen=True, kw_only=True)
class Container:
    """The container of a version, as the account's release function has made its SageMaker model."""

    image: str
    environment: Mapping[str, str]
    role_arn: str
    """Role that the model runs under."""
    subnet_ids: list[str]
    security_group_ids: list[str]

    @classmethod
    def described(cls, model: Mapping[str, Any]) -> "Container":
        """Return the container of the model that DescribeModel describes."""
        container, network = model["PrimaryContainer"], model["VpcConfig"]
        return cls(
            image=container["Image"],
            environment=container.get("Environment", {}),
            role_arn=model["ExecutionRoleArn"],
            subnet_ids=network["Subnets"],
            security_group_ids=network["SecurityGroupIds"],
        )

    def configuration(self) -> Mapping[str, Any]:
        """Return the value of the program's configuration."""
        return asdict(self)


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
    inputs: dict[str, str | Json] = {
        "rows": parameter(INPUT),
        "model": batch.version.artifact_uri,
        "code": batch.code_uri,
    }
    return {
        "AppSpecification": {
            "ImageUri": container.image,
            "ContainerEntrypoint": ["python3", f"{INPUTS}/code/run.py"],
            "ContainerArguments": _options(batch),
        },
        "Environment": dict(container.environment),
        "ProcessingInputs": [_input(name, uri) for name, uri in inputs.items()],
        "ProcessingOutputConfig": {
            "KmsKeyId": batch.kms_key_arn,
            # The manifests are an output of their own: they never lie among results that are not whole.
            "Outputs": [_output(batch, name) for name in ("results", "runs")],
        },
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceType": plan.instance_type,
                "InstanceCount": 1,
                "VolumeSizeInGB": plan.volume_gigabytes,
                "VolumeKmsKeyId": batch.kms_key_arn,
            }
        },
        "NetworkConfig": {
            "VpcConfig": {"Subnets": container.subnet_ids, "SecurityGroupIds": container.security_group_ids},
            "EnableNetworkIsolation": True,
            "EnableInterContainerTrafficEncryption": True,
        },
        "RoleArn": container.role_arn,
        "StoppingCondition": {"MaxRuntimeInSeconds": plan.maximum_minutes * 60},
        "Tags": [{"Key": key, "Value": value} for key, value in project_tags(batch.names).items()],
    }


def _options(batch: Batch) -> list[str | Json]:
    names, drift = batch.names, batch.settings.drift
    options: dict[str, str | Json] = {
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
    return [text for pair in options.items() for text in pair]


def _input(name: str, uri: str | Json) -> Json:
    return {
        "InputName": name,
        "S3Input": {
            "S3Uri": uri,
            "LocalPath": f"{INPUTS}/{name}",
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
        },
    }


def _output(batch: Batch, name: str) -> Json:
    return {
        "OutputName": name,
        "S3Output": {
            "S3Uri": join("/", [batch.names.uri(), parameter(AREA), name]),
            "LocalPath": f"{OUTPUTS}/{name}",
            "S3UploadMode": "EndOfJob",
        },
    }


def project_tags(names: Names) -> dict[str, str]:
    """Return the tags by which the project's jobs are known, also to the policy of the role that starts them."""
    return {"sagemaker:project-name": names.project.name, "sagemaker:project-id": names.project.id}
