"""The jobs of a pipeline: isolated, in the account's network, and with a key on every disk and output."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlops_platform.pipeline.expressions import Json

INPUTS = "/opt/ml/processing/input"
OUTPUTS = "/opt/ml/processing/output"
"""Folders of a processing job, in which each input and output has its own."""

RETRIES_OF_REQUESTS: list[Json] = [
    {
        "ExceptionType": ["Step.SERVICE_FAULT", "Step.THROTTLING"],
        "IntervalSeconds": 10,
        "BackoffRate": 2.0,
        "MaxAttempts": 5,
    }
]
"""Retries of a step that is over with its request."""

# Capacity and internal errors pass; an error in the code or in the rows does not.
RETRIES: list[Json] = [
    *RETRIES_OF_REQUESTS,
    {
        "ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR", "SageMaker.CAPACITY_ERROR"],
        "IntervalSeconds": 60,
        "BackoffRate": 2.0,
        "MaxAttempts": 3,
    },
]
"""Retries of a step that runs a job."""

Option = str | float | Json | list[str]
"""Value of an option of a script, or its values; an expression is what the pipeline makes of it when it runs."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """The machine of a job, and all that holds for whatever runs on it."""

    instance_type: str | Json
    volume_gigabytes: int
    maximum_minutes: int
    """A job that takes longer is stopped."""
    kms_key_arn: str
    """Encrypts the disk, and what is written to S3."""
    role_arn: str
    subnet_ids: Sequence[str]
    security_group_ids: Sequence[str]
    tags: Mapping[str, str]

    def cluster(self) -> Json:
        """Return the instance and its disk."""
        return {
            "InstanceType": self.instance_type,
            "InstanceCount": 1,
            "VolumeSizeInGB": self.volume_gigabytes,
            "VolumeKmsKeyId": self.kms_key_arn,
        }

    def vpc(self) -> Json:
        """Return the network."""
        return {"Subnets": list(self.subnet_ids), "SecurityGroupIds": list(self.security_group_ids)}

    def isolation(self) -> Json:
        """Return the switches that close a job's network."""
        return {"EnableNetworkIsolation": True, "EnableInterContainerTrafficEncryption": True}

    def common(self) -> Json:
        """Return what requests of every kind of job have."""
        return {
            "RoleArn": self.role_arn,
            "StoppingCondition": {"MaxRuntimeInSeconds": self.maximum_minutes * 60},
            "Tags": [{"Key": key, "Value": value} for key, value in self.tags.items()],
        }

    def processing(
        self,
        *,
        image: str,
        script: str,
        options: Mapping[str, Option],
        inputs: Mapping[str, str | Json],
        outputs: Mapping[str, str | Json],
    ) -> Json:
        """Return the request of a processing job.

        Args:
            image: URI of its image.
            script: File of the input `code` that is run.
            options: Options of the script, by their names.
            inputs: S3 URIs by name. Everything below each is copied before the job starts.
            outputs: S3 URIs by name, to which files are copied when the job has ended.
        """
        return {
            "AppSpecification": {
                "ImageUri": image,
                "ContainerEntrypoint": ["python3", f"{INPUTS}/code/{script}"],
                "ContainerArguments": [text for name, value in options.items() for text in (name, *_values(value))],
            },
            "ProcessingInputs": [_input(name, uri) for name, uri in inputs.items()],
            "ProcessingOutputConfig": {
                "KmsKeyId": self.kms_key_arn,
                "Outputs": [_output(name, uri) for name, uri in outputs.items()],
            },
            "ProcessingResources": {"ClusterConfig": self.cluster()},
            "NetworkConfig": {"VpcConfig": self.vpc(), **self.isolation()},
            **self.common(),
        }


def _values(value: Option) -> Sequence[str | Json]:
    if isinstance(value, list):
        return value
    return [str(value) if isinstance(value, int | float) else value]


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


def _output(name: str, uri: str | Json) -> Json:
    return {
        "OutputName": name,
        "S3Output": {"S3Uri": uri, "LocalPath": f"{OUTPUTS}/{name}", "S3UploadMode": "EndOfJob"},
    }
