"""Deliveries of AWS services on their own behalf: to queues, topics and functions, as far as their policies allow.

Sources: Amazon EventBridge User Guide, "Using resource-based policies for Amazon EventBridge" and "Using dead-letter
queues to process undelivered events"; Amazon SNS Developer Guide, "Managing Amazon SNS encryption keys".
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.aws.ministack import evaluator, kms, scope, sns, sqs

Attributes = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Sender:
    """A service that delivers, and the resource for which it does."""

    service: str
    """Its principal, `….amazonaws.com`."""
    source_arn: str


def refusal(sender: Sender, target: str) -> str:
    """Return why the sender may not deliver to a queue or a topic; empty if it may."""
    # A service delivers over TLS, also when no request makes it: that goes for what the topic delivers then, too.
    evaluator.use_secure_transport()
    account = scope.account_id()
    if target.split(":")[2] == "sqs":
        found = sqs.find_queue(target)
        allowed = found is not None and sqs.lets_service_in(target, sender.service, sender.source_arn, account)
        action, context = "sqs:SendMessage", dict[str, str]()
    else:
        found = sns.find_topic(target)
        allowed = found is not None and sns.lets_service_in(target, sender.service, sender.source_arn, account)
        action, context = "sns:Publish", {"kms:EncryptionContext:aws:sns:topicArn": target}
    if found is None:
        return f"{target} does not exist"
    if not allowed:
        return f"{sender.service} is not authorized to perform: {action} on resource: {target}"
    key = found["attributes"].get("KmsMasterKeyId")
    if key and not _may_use_key(sender, target, key, context):
        return f"{sender.service} may not use the key {key} of {target}"
    return ""


def may_invoke(sender: Sender, function: Mapping[str, Any], function_arn: str) -> bool:
    """Return whether a function's policy lets the sender invoke it."""
    return evaluator.lets_service_in(
        function["policy"], sender.service, "lambda:InvokeFunction", function_arn, sender.source_arn
    )


def send(queue_arn: str, body: Any, attributes: Attributes) -> None:
    """Put a message into a queue."""
    sqs.put_message(queue_arn, body if isinstance(body, str) else json.dumps(body), attributes)


def _may_use_key(sender: Sender, target: str, key_id: str, extra: Mapping[str, str]) -> bool:
    """Return whether the key of a queue or topic lets the sender in; the keys that AWS manages let no service in."""
    service, region, owner = target.split(":")[2:5]
    with scope.request_scope(owner, region):
        record = kms.find_key(key_id)
    if record is None:
        return False
    context = {**extra, "kms:ViaService": f"{service}.{region}.amazonaws.com"}
    return all(
        evaluator.lets_service_in(record["Policy"], sender.service, action, record["Arn"], sender.source_arn, context)
        for action in ("kms:GenerateDataKey", "kms:Decrypt")
    )
