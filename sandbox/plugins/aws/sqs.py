"""Queues: Amazon SQS."""

from typing import ClassVar

from sandbox.plugins.aws.cloud import Aws
from sandbox.plugins.aws.resource import AwsResource
from sandbox.plugins.aws.waiting import retry
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Kind, Values
from sandbox.plugins.resource import AutoName
from sandbox.plugins.values import mapping_of

GONE = frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"})


class Queue(AwsResource):
    """A queue; its id is its URL."""

    type_name = "aws:sqs/queue:Queue"
    _attributes: ClassVar = {
        "delaySeconds": "DelaySeconds",
        "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
        "kmsMasterKeyId": "KmsMasterKeyId",
        "messageRetentionSeconds": "MessageRetentionPeriod",
        "policy": "Policy",
        "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
        "redrivePolicy": "RedrivePolicy",
        "sqsManagedSseEnabled": "SqsManagedSseEnabled",
        "visibilityTimeoutSeconds": "VisibilityTimeout",
    }
    inputs = Inputs(
        "kmsMasterKeyId tags",
        replaces="name",
        computed="kmsDataKeyReusePeriodSeconds name policy redrivePolicy sqsManagedSseEnabled",
        policies="policy redrivePolicy",
        defaults={
            "delaySeconds": 0,
            "messageRetentionSeconds": 345600,
            "receiveWaitTimeSeconds": 0,
            "visibilityTimeoutSeconds": 30,
        },
    )
    outputs = ("arn", "maxMessageSize", "url")
    auto_name = AutoName(longest=80)
    gone = GONE

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Create the queue; its name may still be held by one that was just removed."""
        sent = {
            aws_name: self._to_attribute(wanted[name]) for name, aws_name in self._attributes.items() if name in wanted
        }
        answer = retry(
            lambda: cloud.client("sqs").create_queue(QueueName=wanted["name"], Attributes=sent, tags=wanted["tagsAll"]),
            codes=["AWS.SimpleQueueService.QueueDeletedRecently", "QueueDeletedRecently"],
        )
        return answer["QueueUrl"]

    @staticmethod
    def _to_attribute(value: object) -> str:
        return str(value).lower() if isinstance(value, bool) else str(value)

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the queue's attributes, which SQS returns as strings."""
        sqs = cloud.client("sqs")
        found = sqs.get_queue_attributes(QueueUrl=identifier, AttributeNames=["All"])["Attributes"]
        seen: Values = {
            "arn": found["QueueArn"],
            "name": found["QueueArn"].rsplit(":", 1)[-1],
            "url": identifier,
            "tagsAll": mapping_of(sqs.list_queue_tags(QueueUrl=identifier).get("Tags")),
        }
        if "MaximumMessageSize" in found:
            seen["maxMessageSize"] = int(found["MaximumMessageSize"])
        for name, aws_name in self._attributes.items():
            value = found.get(aws_name)
            match self.properties[name].kind:
                case Kind.NUMBER if value is not None:
                    seen[name] = int(value)
                case Kind.FLAG if value is not None:
                    seen[name] = value == "true"
                case _:
                    seen[name] = value
        return seen

    def retag(self, cloud: Aws, identifier: str, state: Values, removed: list[str], added: dict[str, str]) -> None:
        """Update the tags."""
        if removed:
            cloud.client("sqs").untag_queue(QueueUrl=identifier, TagKeys=removed)
        if added:
            cloud.client("sqs").tag_queue(QueueUrl=identifier, Tags=added)

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Set the attributes that differ; an empty value unsets one."""
        sent = {self._attributes[name]: self._to_attribute(wanted.get(name) or "") for name in changed}
        cloud.client("sqs").set_queue_attributes(QueueUrl=identifier, Attributes=sent)

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the queue with its messages."""
        cloud.client("sqs").delete_queue(QueueUrl=identifier)


class QueuePolicy(AwsResource):
    """The policy of a queue; its id is the queue's URL."""

    type_name = "aws:sqs/queuePolicy:QueuePolicy"
    inputs = Inputs(replaces="queueUrl", policies="policy")
    gone = GONE

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Put the policy."""
        self._put(cloud, wanted["queueUrl"], wanted["policy"])
        return wanted["queueUrl"]

    @staticmethod
    def _put(cloud: Aws, queue: str, policy: str) -> None:
        cloud.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the policy; an empty one counts as none."""
        found = cloud.client("sqs").get_queue_attributes(QueueUrl=identifier, AttributeNames=["Policy"])
        policy = mapping_of(found.get("Attributes")).get("Policy")
        return {"policy": policy, "queueUrl": identifier} if policy else None

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Put the policy again."""
        self._put(cloud, identifier, wanted["policy"])

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Put an empty policy."""
        self._put(cloud, identifier, "")


TYPES = (Queue(), QueuePolicy())
