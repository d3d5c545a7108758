"""The groups of model packages and their versions, in every account."""

from collections.abc import Generator
from contextlib import contextmanager

from sandbox.aws.errors import ServiceError
from sandbox.aws.ministack import scope
from sandbox.aws.sagemaker import names
from sandbox.aws.service import Members

groups = scope.scoped_store()
"""By name."""
packages = scope.scoped_store()
"""By ARN."""


@contextmanager
def owner_of(name_or_arn: str) -> Generator[None]:
    """Act in the account and region that an ARN names."""
    parts = name_or_arn.split(":")
    region, account = (parts[3], parts[4]) if len(parts) > 5 else (scope.region(), scope.account_id())
    with scope.request_scope(account, region):
        yield


def group(name_or_arn: str) -> Members:
    """Return a group.

    Raises:
        ServiceError: there is none.
    """
    name = names.name_of(name_or_arn)
    if name_or_arn.startswith("arn:") and name_or_arn.split(":")[4] != scope.account_id():
        raise ServiceError("ValidationException", f"Model Package Group does not exist: {name_or_arn}")
    message = f"Model Package Group does not exist: {names.arn('model-package-group', name)}"
    return names.found(groups, name, message, "ValidationException")


def package(name_or_arn: str) -> Members:
    """Return a model package.

    Raises:
        ServiceError: there is none.
    """
    arn = name_or_arn if name_or_arn.startswith("arn:") else names.arn("model-package", name_or_arn)
    return names.found(packages, arn, f"ModelPackage {arn} does not exist.", "ValidationException")


def versions(group_name: str) -> list[Members]:
    """Return the model packages of a group."""
    return [found for found in packages.values() if found["ModelPackageGroupName"] == group_name]
