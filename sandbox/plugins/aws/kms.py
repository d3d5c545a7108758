"""Encryption keys: AWS Key Management Service."""

from sandbox.plugins.aws.cloud import Aws
from sandbox.plugins.aws.convert import given, tag_list, tag_map
from sandbox.plugins.aws.resource import AwsResource
from sandbox.plugins.aws.waiting import retry
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values
from sandbox.plugins.resource import AutoName


class Key(AwsResource):
    """A customer managed key."""

    type_name = "aws:kms/key:Key"
    inputs = Inputs(
        "deletionWindowInDays tags",
        replaces="customerMasterKeySpec keyUsage",
        computed="description policy rotationPeriodInDays",
        policies="policy",
        defaults={
            "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
            "enableKeyRotation": False,
            "isEnabled": True,
            "keyUsage": "ENCRYPT_DECRYPT",
        },
    )
    outputs = ("arn", "keyId", "multiRegion")
    gone = frozenset({"NotFoundException"})

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Create the key; a principal of its policy may be too new for KMS."""
        names = {
            "description": "Description",
            "keyUsage": "KeyUsage",
            "customerMasterKeySpec": "KeySpec",
            "policy": "Policy",
        }
        answer = retry(
            lambda: cloud.client("kms").create_key(
                **given(wanted, names), Tags=tag_list(wanted["tagsAll"], "TagKey", "TagValue")
            ),
            codes=["MalformedPolicyDocumentException"],
        )
        return answer["KeyMetadata"]["KeyId"]

    def complete(self, cloud: Aws, identifier: str, wanted: Values) -> None:
        """Set the attributes that a create request cannot set."""
        if wanted["enableKeyRotation"]:
            self._rotate(cloud, identifier, wanted)
        if not wanted["isEnabled"]:
            cloud.client("kms").disable_key(KeyId=identifier)

    @staticmethod
    def _rotate(cloud: Aws, identifier: str, wanted: Values) -> None:
        if not wanted["enableKeyRotation"]:
            cloud.client("kms").disable_key_rotation(KeyId=identifier)
            return
        period = wanted.get("rotationPeriodInDays")
        cloud.client("kms").enable_key_rotation(
            KeyId=identifier, **({"RotationPeriodInDays": int(period)} if period else {})
        )

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the key; one that is pending deletion counts as gone."""
        kms = cloud.client("kms")
        key = kms.describe_key(KeyId=identifier)["KeyMetadata"]
        if key["KeyState"] == "PendingDeletion":
            return None
        rotation = kms.get_key_rotation_status(KeyId=identifier)
        tags = kms.list_resource_tags(KeyId=identifier)["Tags"]
        return {
            "arn": key["Arn"],
            "keyId": key["KeyId"],
            "multiRegion": key.get("MultiRegion", False),
            "description": key.get("Description"),
            "keyUsage": key["KeyUsage"],
            "customerMasterKeySpec": key.get("KeySpec", key.get("CustomerMasterKeySpec")),
            "isEnabled": key["Enabled"],
            "enableKeyRotation": rotation["KeyRotationEnabled"],
            "rotationPeriodInDays": rotation.get("RotationPeriodInDays"),
            "policy": kms.get_key_policy(KeyId=identifier, PolicyName="default")["Policy"],
            "tagsAll": tag_map(tags, "TagKey", "TagValue"),
        }

    def retag(self, cloud: Aws, identifier: str, state: Values, removed: list[str], added: dict[str, str]) -> None:
        """Update the tags."""
        if removed:
            cloud.client("kms").untag_resource(KeyId=identifier, TagKeys=removed)
        if added:
            cloud.client("kms").tag_resource(KeyId=identifier, Tags=tag_list(added, "TagKey", "TagValue"))

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Update the key's policy, rotation, state and description; only the state knows `deletionWindowInDays`."""
        kms = cloud.client("kms")
        if "isEnabled" in changed and wanted["isEnabled"]:
            kms.enable_key(KeyId=identifier)
        if changed & {"enableKeyRotation", "rotationPeriodInDays"}:
            self._rotate(cloud, identifier, wanted)
        if "description" in changed:
            kms.update_key_description(KeyId=identifier, Description=wanted.get("description", ""))
        if "policy" in changed:
            retry(
                lambda: kms.put_key_policy(KeyId=identifier, PolicyName="default", Policy=wanted["policy"]),
                codes=["MalformedPolicyDocumentException"],
            )
        if "isEnabled" in changed and not wanted["isEnabled"]:
            kms.disable_key(KeyId=identifier)

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Schedule the key's deletion."""
        window = state.get("deletionWindowInDays")
        cloud.client("kms").schedule_key_deletion(
            KeyId=identifier, **({"PendingWindowInDays": int(window)} if window else {})
        )


class Alias(AwsResource):
    """An alias of a key."""

    type_name = "aws:kms/alias:Alias"
    inputs = Inputs("targetKeyId", replaces="name", computed="name")
    outputs = ("arn", "targetKeyArn")
    changing_outputs = ("targetKeyArn",)
    auto_name = AutoName(prefix="alias/", longest=256)
    gone = frozenset({"NotFoundException"})

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Create the alias."""
        cloud.client("kms").create_alias(AliasName=wanted["name"], TargetKeyId=wanted["targetKeyId"])
        return wanted["name"]

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Find the alias."""
        for page in cloud.client("kms").get_paginator("list_aliases").paginate():
            for alias in page["Aliases"]:
                if alias["AliasName"] == identifier:
                    key = alias["TargetKeyId"]
                    # A program may give the key's ARN instead of its id.
                    named = state.get("targetKeyId", key)
                    return {
                        "name": identifier,
                        "targetKeyId": named if named.endswith(key) else key,
                        "arn": alias["AliasArn"],
                        "targetKeyArn": cloud.arn("kms", f"key/{key}"),
                    }
        return None

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Point the alias to another key."""
        cloud.client("kms").update_alias(AliasName=identifier, TargetKeyId=wanted["targetKeyId"])

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the alias."""
        cloud.client("kms").delete_alias(AliasName=identifier)


TYPES = (Key(), Alias())
