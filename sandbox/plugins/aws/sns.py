"""Topics: Amazon SNS."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from sandbox.plugins.aws.cloud import Aws
from sandbox.plugins.aws.convert import tag_list, tag_map
from sandbox.plugins.aws.names import generated_name, prefix_of
from sandbox.plugins.aws.resource import AwsResource
from sandbox.plugins.aws.waiting import retry, wait_until
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Kind, Values
from sandbox.plugins.resource import AutoName
from sandbox.plugins.values import UNKNOWN

GONE = frozenset({"NotFound", "NotFoundException"})


def _to_attribute(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _from_attribute(kind: Kind, value: str | None) -> Any:
    """Return an attribute, which SNS returns as a string, as a value of its kind."""
    if value is None:
        return None
    match kind:
        case Kind.NUMBER:
            return int(value)
        case Kind.FLAG:
            return value == "true"
        case _:
            return value


def _put_attribute(cloud: Aws, topic: str, name: str, value: str) -> None:
    """Set an attribute of a topic; principals of its policy may be too new."""
    retry(
        lambda: cloud.client("sns").set_topic_attributes(TopicArn=topic, AttributeName=name, AttributeValue=value),
        codes=["InvalidParameter", "InvalidParameterException"],
    )


class Topic(AwsResource):
    """A topic; its id is its ARN. SNS returns one that already exists under the same name."""

    type_name = "aws:sns/topic:Topic"
    inputs = Inputs(
        "displayName kmsMasterKeyId tags",
        replaces="fifoTopic name namePrefix",
        computed="name namePrefix policy signatureVersion tracingConfig",
        policies="policy",
        json="deliveryPolicy",
        defaults={"contentBasedDeduplication": False, "fifoTopic": False},
    )
    outputs = ("arn", "owner")
    auto_name = AutoName()
    gone = GONE
    _attributes: ClassVar = {
        "contentBasedDeduplication": "ContentBasedDeduplication",
        "deliveryPolicy": "DeliveryPolicy",
        "displayName": "DisplayName",
        "kmsMasterKeyId": "KmsMasterKeyId",
        "policy": "Policy",
        "signatureVersion": "SignatureVersion",
        "tracingConfig": "TracingConfig",
    }

    def refusals(self, wanted: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Refuse what the official provider refuses before it calls SNS."""
        if wanted.get("name") is not None and wanted.get("namePrefix") is not None:
            yield "name", '"name": conflicts with name_prefix'
        name, first_in_first_out = wanted.get("name"), wanted.get("fifoTopic")
        if name not in {None, UNKNOWN} and str(name).endswith(".fifo") != bool(first_in_first_out):
            yield "name", f"invalid topic name: {name}"
        if wanted.get("contentBasedDeduplication") and not first_in_first_out:
            yield "contentBasedDeduplication", "content-based deduplication can only be set for FIFO topics"

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Create the topic."""
        suffix = ".fifo" if wanted["fifoTopic"] else ""
        answer = cloud.client("sns").create_topic(
            Name=wanted.get("name") or generated_name(wanted["namePrefix"]) + suffix,
            Attributes={"FifoTopic": "true"} if wanted["fifoTopic"] else {},
            Tags=tag_list(wanted["tagsAll"]),
        )
        return answer["TopicArn"]

    def complete(self, cloud: Aws, identifier: str, wanted: Values) -> None:
        """Set the attributes one by one."""
        for name, aws_name in self._attributes.items():
            if wanted.get(name):
                _put_attribute(cloud, identifier, aws_name, _to_attribute(wanted[name]))

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the topic's attributes."""
        sns = cloud.client("sns")
        found = sns.get_topic_attributes(TopicArn=identifier)["Attributes"]
        name = found["TopicArn"].rsplit(":", 1)[-1]
        return {
            **{
                name: _from_attribute(self.properties[name].kind, found.get(aws_name) or None)
                for name, aws_name in self._attributes.items()
            },
            "arn": found["TopicArn"],
            "fifoTopic": found.get("FifoTopic") == "true",
            "name": name,
            "namePrefix": prefix_of(name.removesuffix(".fifo")),
            "owner": found.get("Owner"),
            "tagsAll": tag_map(sns.list_tags_for_resource(ResourceArn=identifier)["Tags"]),
        }

    def retag(self, cloud: Aws, identifier: str, state: Values, removed: list[str], added: dict[str, str]) -> None:
        """Update the tags."""
        if removed:
            cloud.client("sns").untag_resource(ResourceArn=identifier, TagKeys=removed)
        if added:
            cloud.client("sns").tag_resource(ResourceArn=identifier, Tags=tag_list(added))

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Set the attributes that differ; an empty value unsets one."""
        for name in sorted(changed & self._attributes.keys()):
            _put_attribute(cloud, identifier, self._attributes[name], _to_attribute(wanted.get(name, "")))

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the topic with its subscriptions."""
        cloud.client("sns").delete_topic(TopicArn=identifier)


class TopicPolicy(AwsResource):
    """The policy of a topic; its id is the topic's ARN. It cannot be removed, only reset to SNS's default."""

    type_name = "aws:sns/topicPolicy:TopicPolicy"
    inputs = Inputs(replaces="arn", policies="policy")
    outputs = ("owner",)
    gone = GONE
    _default_actions: ClassVar = (
        "GetTopicAttributes",
        "SetTopicAttributes",
        "AddPermission",
        "RemovePermission",
        "DeleteTopic",
        "Subscribe",
        "ListSubscriptionsByTopic",
        "Publish",
        "Receive",
    )

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Put the policy."""
        _put_attribute(cloud, wanted["arn"], "Policy", wanted["policy"])
        return wanted["arn"]

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the policy."""
        found = cloud.client("sns").get_topic_attributes(TopicArn=identifier)["Attributes"]
        if not found.get("Policy"):
            return None
        return {"arn": found["TopicArn"], "owner": found.get("Owner"), "policy": found["Policy"]}

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Put the policy again."""
        _put_attribute(cloud, identifier, "Policy", wanted["policy"])

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Put SNS's default policy, as the official provider does."""
        statement = {
            "Sid": "__default_statement_ID",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": [f"SNS:{action}" for action in self._default_actions],
            "Resource": identifier,
            "Condition": {"StringEquals": {"AWS:SourceOwner": state.get("owner")}},
        }
        policy = {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}
        _put_attribute(cloud, identifier, "Policy", json.dumps(policy))


class TopicSubscription(AwsResource):
    """A subscription to a topic; its id is its ARN."""

    type_name = "aws:sns/topicSubscription:TopicSubscription"
    inputs = Inputs(
        replaces="endpoint protocol topic",
        computed="filterPolicyScope",
        json="filterPolicy redrivePolicy",
        defaults={"confirmationTimeoutInMinutes": 1, "endpointAutoConfirms": False, "rawMessageDelivery": False},
    )
    outputs = ("arn", "confirmationWasAuthenticated", "ownerId", "pendingConfirmation")
    gone = GONE
    _attributes: ClassVar = {
        "filterPolicy": "FilterPolicy",
        "filterPolicyScope": "FilterPolicyScope",
        "rawMessageDelivery": "RawMessageDelivery",
        "redrivePolicy": "RedrivePolicy",
    }

    _waiting: ClassVar = ("confirmationTimeoutInMinutes", "endpointAutoConfirms")

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Subscribe; SNS returns the ARN even before the subscription is confirmed."""
        answer = cloud.client("sns").subscribe(
            TopicArn=wanted["topic"],
            Protocol=wanted["protocol"],
            Endpoint=wanted["endpoint"],
            Attributes={
                aws_name: _to_attribute(wanted[name]) for name, aws_name in self._attributes.items() if wanted.get(name)
            },
            ReturnSubscriptionArn=True,
        )
        return answer["SubscriptionArn"]

    def complete(self, cloud: Aws, identifier: str, wanted: Values) -> None:
        """Wait for the confirmation, unless a person has to give it."""
        web = "http" in wanted["protocol"]
        if "email" in wanted["protocol"] or (web and not wanted["endpointAutoConfirms"]):
            return

        def confirmed() -> bool | None:
            found = cloud.client("sns").get_subscription_attributes(SubscriptionArn=identifier)["Attributes"]
            return True if found.get("PendingConfirmation") == "false" else None

        minutes = wanted["confirmationTimeoutInMinutes"] if web else 2
        wait_until(confirmed, what=f"SNS Topic Subscription ({identifier}) confirmation", seconds=60 * minutes)

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the subscription; only the state knows the settings of the wait for its confirmation."""
        found = cloud.client("sns").get_subscription_attributes(SubscriptionArn=identifier)["Attributes"]
        return {
            **{
                name: _from_attribute(self.properties[name].kind, found.get(aws_name))
                for name, aws_name in self._attributes.items()
            },
            **{name: state.get(name, self.properties[name].default) for name in self._waiting},
            "arn": found["SubscriptionArn"],
            "confirmationWasAuthenticated": found.get("ConfirmationWasAuthenticated") == "true",
            "endpoint": found["Endpoint"],
            "ownerId": found.get("Owner"),
            "pendingConfirmation": found.get("PendingConfirmation") == "true",
            "protocol": found["Protocol"],
            "topic": found["TopicArn"],
        }

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Set the attributes that differ; an empty filter policy unsets the one that was set."""
        for name in sorted(changed & self._attributes.keys()):
            value = _to_attribute(wanted[name]) if wanted.get(name) is not None else {"filterPolicy": "{}"}.get(name)
            cloud.client("sns").set_subscription_attributes(
                SubscriptionArn=identifier,
                AttributeName=self._attributes[name],
                **({"AttributeValue": value} if value is not None else {}),
            )

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Unsubscribe; SNS deletes a subscription that is never confirmed."""
        try:
            cloud.client("sns").unsubscribe(SubscriptionArn=identifier)
        except ClientError as error:
            if "pending confirmation" not in str(error):
                raise


TYPES = (Topic(), TopicPolicy(), TopicSubscription())
