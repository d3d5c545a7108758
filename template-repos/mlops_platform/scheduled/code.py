"""Upload the code of a scheduled pipeline's job, under a name made from its content."""

from mlops_platform import REPOSITORY
from mlops_platform.pipeline import job_code, upload
from mlops_platform.project import aws
from mlops_platform.scheduled.names import Names

JOB = REPOSITORY / "job"
"""Folder of the job's scripts."""
IMPORTED = ("job", "monitoring")
"""Packages of `mlops_platform` that they import."""
KEY = "encryption/data-key-arn"
"""Parameter of the account with the key of the project's data."""


def upload_code(names: Names, key_arn: str) -> str:
    """Upload the job's code where only this repository's jobs write, encrypted with a key, and return its S3 URI."""
    with job_code.assembled(JOB, IMPORTED) as folder:
        return upload.upload(aws.client("s3", names.project.region), folder, names.uri("code"), key_arn)


def data_key(names: Names) -> str:
    """Return the ARN of the key of the project's data."""
    path = f"{names.environment.parameter_path}/{KEY}"
    return aws.client("ssm", names.project.region).get_parameter(Name=path)["Parameter"]["Value"]
