"""Secrets without their values: AWS Secrets Manager."""

from botocore.exceptions import ClientError

from sandbox.plugins.aws.cloud import Aws
from sandbox.plugins.aws.convert import given, tag_list, tag_map
from sandbox.plugins.aws.resource import AwsResource
from sandbox.plugins.aws.waiting import retry
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values
from sandbox.plugins.resource import AutoName


class Secret(AwsResource):
    """A secret without a value; its id is its ARN."""

    type_name = "aws:secretsmanager/secret:Secret"
    inputs = Inputs(
        "description kmsKeyId tags", replaces="name", computed="name", defaults={"recoveryWindowInDays": 30}
    )
    outputs = ("arn",)
    auto_name = AutoName(longest=512)
    gone = frozenset({"ResourceNotFoundException"})

    def is_gone(self, error: Exception) -> bool:
        """Return whether the secret does not exist, or is scheduled for deletion already."""
        ending = isinstance(error, ClientError) and "scheduled for deletion" in str(error)
        return ending or super().is_gone(error)

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Create the secret; its name may still belong to one that is being deleted without a recovery window."""
        names = {"name": "Name", "description": "Description", "kmsKeyId": "KmsKeyId"}
        answer = retry(
            lambda: cloud.client("secretsmanager").create_secret(
                **given(wanted, names), Tags=tag_list(wanted["tagsAll"])
            ),
            codes=["InvalidRequestException"],
            message="scheduled for deletion",
            seconds=20,
        )
        return answer["ARN"]

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the secret without its value; one that is scheduled for deletion counts as gone."""
        secret = cloud.client("secretsmanager").describe_secret(SecretId=identifier)
        if secret.get("DeletedDate"):
            return None
        return {
            "arn": secret["ARN"],
            "name": secret["Name"],
            "description": secret.get("Description"),
            "kmsKeyId": secret.get("KmsKeyId"),
            "recoveryWindowInDays": state.get("recoveryWindowInDays", 30),
            "tagsAll": tag_map(secret.get("Tags")),
        }

    def retag(self, cloud: Aws, identifier: str, state: Values, removed: list[str], added: dict[str, str]) -> None:
        """Update the tags."""
        if removed:
            cloud.client("secretsmanager").untag_resource(SecretId=identifier, TagKeys=removed)
        if added:
            cloud.client("secretsmanager").tag_resource(SecretId=identifier, Tags=tag_list(added))

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Update description and key; only the state knows `recoveryWindowInDays`."""
        if changed & {"description", "kmsKeyId"}:
            cloud.client("secretsmanager").update_secret(
                SecretId=identifier,
                Description=wanted.get("description", ""),
                **given(wanted, {"kmsKeyId": "KmsKeyId"}),
            )

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Schedule the secret's deletion, or delete it at once if its window is 0."""
        window = int(state.get("recoveryWindowInDays", 30))
        how = {"RecoveryWindowInDays": window} if window else {"ForceDeleteWithoutRecovery": True}
        cloud.client("secretsmanager").delete_secret(SecretId=identifier, **how)


TYPES = (Secret(),)
