"""Logs: Amazon CloudWatch Logs."""

from sandbox.plugins.aws.cloud import Aws
from sandbox.plugins.aws.convert import given
from sandbox.plugins.aws.resource import AwsResource
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values
from sandbox.plugins.resource import AutoName


class LogGroup(AwsResource):
    """A log group."""

    type_name = "aws:cloudwatch/logGroup:LogGroup"
    inputs = Inputs("kmsKeyId tags", replaces="name", computed="name", defaults={"retentionInDays": 0})
    outputs = ("arn", "logGroupClass")
    auto_name = AutoName(longest=512)
    gone = frozenset({"ResourceNotFoundException"})

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Create the group."""
        names = {"name": "logGroupName", "kmsKeyId": "kmsKeyId"}
        tags = {"tags": wanted["tagsAll"]} if wanted["tagsAll"] else {}
        cloud.client("logs").create_log_group(**given(wanted, names), **tags)
        return wanted["name"]

    def complete(self, cloud: Aws, identifier: str, wanted: Values) -> None:
        """Set the retention of events in days; 0 keeps them forever."""
        if wanted["retentionInDays"]:
            cloud.client("logs").put_retention_policy(
                logGroupName=identifier, retentionInDays=wanted["retentionInDays"]
            )

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Find the group by its exact name."""
        logs = cloud.client("logs")
        for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=identifier):
            for group in page["logGroups"]:
                if group["logGroupName"] == identifier:
                    arn = group["arn"].removesuffix(":*")
                    return {
                        "name": identifier,
                        "arn": arn,
                        "kmsKeyId": group.get("kmsKeyId"),
                        "retentionInDays": group.get("retentionInDays", 0),
                        "logGroupClass": group.get("logGroupClass", "STANDARD"),
                        "tagsAll": logs.list_tags_for_resource(resourceArn=arn)["tags"],
                    }
        return None

    def retag(self, cloud: Aws, identifier: str, state: Values, removed: list[str], added: dict[str, str]) -> None:
        """Update the tags."""
        if removed:
            cloud.client("logs").untag_resource(resourceArn=state["arn"], tagKeys=removed)
        if added:
            cloud.client("logs").tag_resource(resourceArn=state["arn"], tags=added)

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Update retention and key."""
        logs = cloud.client("logs")
        if "retentionInDays" in changed:
            self.complete(cloud, identifier, wanted)
            if not wanted["retentionInDays"]:
                logs.delete_retention_policy(logGroupName=identifier)
        if "kmsKeyId" in changed:
            if wanted.get("kmsKeyId"):
                logs.associate_kms_key(logGroupName=identifier, kmsKeyId=wanted["kmsKeyId"])
            else:
                logs.disassociate_kms_key(logGroupName=identifier)

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the group with its events."""
        cloud.client("logs").delete_log_group(logGroupName=identifier)


TYPES = (LogGroup(),)
