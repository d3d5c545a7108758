"""AWS services that deliver on their own behalf: to queues, topics and functions, as far as their policies allow.

Sources: Amazon EventBridge User Guide, "Using resource-based policies for Amazon EventBridge" and "Using dead-letter
queues to process undelivered events"; Amazon SNS Developer Guide, "Managing Amazon SNS encryption keys".
"""

import hashlib
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.aws import emulator

Attributes = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Sender:
    """A service, and the resource because of which it delivers."""

    service: str
    """Its principal, `….amazonaws.com`."""
    source_arn: str


def refusal(sender: Sender, target: str) -> str:
    """Why the sender may not deliver to a queue or a topic; empty if it may."""
    # A service delivers over TLS, also when no request makes it: that goes for what the topic delivers then, too.
    emulator.evaluator.pin_request_origin("", secure_transport=True)
    account = emulator.account_id()
    if target.split(":")[2] == "sqs":
        found = emulator.sqs._queue_by_arn(target)
        allowed = found is not None and emulator.sqs.queue_policy_allows(
            target, sender.service, sender.source_arn, account
        )
        action, context = "sqs:SendMessage", {}
    else:
        found = emulator.sns._topic_by_arn_any_scope(target)
        allowed = found is not None and emulator.sns.topic_policy_allows(
            target, sender.service, sender.source_arn, account
        )
        action, context = "sns:Publish", {"kms:encryptioncontext:aws:sns:topicarn": target}
    if found is None:
        return f"{target} does not exist"
    if not allowed:
        return f"{sender.service} is not authorized to perform: {action} on resource: {target}"
    key = found["attributes"].get("KmsMasterKeyId")
    if key and not _may_use_key(sender, target, key, context):
        return f"{sender.service} may not use the key {key} of {target}"
    return ""


def may_invoke(sender: Sender, function: Mapping[str, Any], function_arn: str) -> bool:
    """Whether a function's policy lets the sender invoke it."""
    context = _context(sender, "lambda:InvokeFunction", function_arn)
    result = emulator.evaluator.evaluate_resource_policy(function["policy"], context, sender.service)
    return result.decision == "Allow"


def send(queue_arn: str, body: Any, attributes: Attributes) -> None:
    """Put a message into a queue."""
    text = body if isinstance(body, str) else json.dumps(body)
    members = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
    now = time.time()
    message: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "body": text,
        "md5_body": hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(),
        "md5_attrs": emulator.sqs._md5_msg_attrs(members),
        "message_attributes": members,
        "receipt_handle": None,
        "sent_at": now,
        "visible_at": now,
        "receive_count": 0,
        "sys": {"SenderId": emulator.account_id(), "SentTimestamp": str(int(now * 1000))},
    }
    emulator.sqs._ensure_msg_fields(message)
    emulator.sqs._queue_by_arn(queue_arn)["messages"].append(message)


def _may_use_key(sender: Sender, target: str, key_id: str, extra: Mapping[str, str]) -> bool:
    """Whether the key behind a queue or topic lets the sender in; the keys that AWS manages let no service in."""
    service, region, owner = target.split(":")[2:5]
    with emulator.responses.request_scope(owner, region):
        record = emulator.kms._resolve_key(key_id)
    if record is None:
        return False
    for action in ("kms:GenerateDataKey", "kms:Decrypt"):
        context = _context(sender, action, record["Arn"])
        context.service_context |= {**extra, "kms:viaservice": f"{service}.{region}.amazonaws.com"}
        result = emulator.evaluator.evaluate_resource_policy(record["Policy"], context, sender.service)
        if result.decision != "Allow":
            return False
    return True


def _context(sender: Sender, action: str, resource: str) -> Any:
    account = emulator.account_id()
    return emulator.evaluator.EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action=action,
        resource_arn=resource,
        region=emulator.region(),
        service_context={
            "aws:sourcearn": sender.source_arn,
            "aws:sourceaccount": account,
            "aws:sourceowner": account,
            "aws:principalisawsservice": "true",
        },
    )
