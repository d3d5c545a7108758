"""The base of the EC2 resource types."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from sandbox.plugins.aws.cloud import Aws, code_of
from sandbox.plugins.aws.convert import tag_list
from sandbox.plugins.aws.resource import AwsResource
from sandbox.plugins.aws.waiting import retry
from sandbox.plugins.properties import Values


def tag_specification(kind: str, wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the tags of a create request."""
    return [{"ResourceType": kind, "Tags": tag_list(wanted["tagsAll"])}] if wanted["tagsAll"] else []


class Ec2Resource(AwsResource):
    """The base of EC2 resource types: errors, tags and deletion."""

    def is_gone(self, error: Exception) -> bool:
        """Return whether EC2 does not know the id; the error code contains the kind of resource."""
        return super().is_gone(error) or (isinstance(error, ClientError) and code_of(error).endswith("NotFound"))

    def retag(self, cloud: Aws, identifier: str, state: Values, removed: list[str], added: dict[str, str]) -> None:
        """Update the tags by the resource's id."""
        ec2 = cloud.client("ec2")
        if removed:
            ec2.delete_tags(Resources=[identifier], Tags=[{"Key": key} for key in removed])
        if added:
            ec2.create_tags(Resources=[identifier], Tags=tag_list(added))

    @staticmethod
    def retry_delete(operation: Any, **arguments: Any) -> None:
        """Delete a resource that others may still use for a moment."""
        retry(lambda: operation(**arguments), codes=["DependencyViolation"], seconds=60)
