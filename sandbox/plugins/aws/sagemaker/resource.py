"""The base of the SageMaker resource types."""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from sandbox.plugins.aws.cloud import Aws
from sandbox.plugins.aws.convert import tag_list, tag_map
from sandbox.plugins.aws.resource import AwsResource
from sandbox.plugins.aws.waiting import wait_until
from sandbox.plugins.properties import Values
from sandbox.plugins.resource import RefusedError


class SageMakerResource(AwsResource):
    """The base of SageMaker resource types: tags by ARN, and states to wait for."""

    gone = frozenset({"ResourceNotFound", "ResourceNotFoundException"})

    def retag(self, cloud: Aws, identifier: str, state: Values, removed: list[str], added: dict[str, str]) -> None:
        """Update the tags."""
        if removed:
            cloud.client("sagemaker").delete_tags(ResourceArn=state["arn"], TagKeys=removed)
        if added:
            cloud.client("sagemaker").add_tags(ResourceArn=state["arn"], Tags=tag_list(added))

    @staticmethod
    def tags(cloud: Aws, arn: str) -> dict[str, str]:
        """Return all tags."""
        return tag_map(cloud.client("sagemaker").list_tags(ResourceArn=arn)["Tags"])

    def settle(self, describe: Callable[[], Mapping[str, Any]], what: str) -> None:
        """Wait until the resource is in service."""

        def in_service() -> bool | None:
            found = describe()
            if found["Status"].endswith("Failed"):
                raise RefusedError(f"{what} is {found['Status']}: {found.get('FailureReason')}")
            return True if found["Status"] == "InService" else None

        wait_until(in_service, what=what, seconds=900)

    def vanish(self, describe: Callable[[], Mapping[str, Any]], what: str) -> None:
        """Wait until the resource is deleted."""

        def absent() -> bool | None:
            try:
                found = describe()
            except ClientError as error:
                if self.is_gone(error):
                    return True
                raise
            if found["Status"] == "Delete_Failed":
                raise RefusedError(f"{what} is {found['Status']}: {found.get('FailureReason')}")
            return None

        wait_until(absent, what=f"the end of {what}", seconds=900)
