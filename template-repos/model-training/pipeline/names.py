"""The names and roles with which a pipeline is defined, wherever it runs."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Names:
    """Names and roles that belong to a project's pipeline."""

    name: str
    id: str
    region: str
    pipeline_name: str
    pipeline_role_arn: str
    """Role that starts the jobs and registers the model."""
    job_role_arn: str
    """Role of the jobs, and so of the code in `steps/`."""
    kms_key_arn: str
    """Encrypts everything that the jobs write, on disk and in S3."""
    model_package_group: str
    subnet_ids: list[str]
    security_group_ids: list[str]
    images_account_id: str
    """The account that owns SageMaker's images in this region."""
    trial: int | None = None
    """Number of the pull request that this is a trial of; None for the pipeline of main."""


EXAMPLE: dict[str, Any] = {
    "name": "example",
    "id": "p-example00000",
    "region": "eu-west-1",
    "pipeline_name": "example-p-example00000",
    "pipeline_role_arn": "arn:aws:iam::111122223333:role/example-pipeline",
    "job_role_arn": "arn:aws:iam::111122223333:role/example-job",
    "kms_key_arn": "arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-0000-0000-000000000000",
    "model_package_group": "example-p-example00000",
    "subnet_ids": ["subnet-00000000000000000"],
    "security_group_ids": ["sg-00000000000000000"],
    "images_account_id": "111122223333",
}
"""Names for local runs and tests, where nothing is sent to AWS."""
