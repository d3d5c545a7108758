"""MiniStack's SQS."""

import hashlib
import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.aws.ministack import modules, scope


def find_queue(arn: str) -> Mapping[str, Any] | None:
    """Return a queue of any account."""
    return modules.sqs._queue_by_arn(arn)


def queues() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield the account, the region and the record of every queue."""
    for (account, region, _), queue in list(modules.sqs._queues._data.items()):
        yield account, region, queue


def count_messages(queue: Mapping[str, Any]) -> None:
    """Bring the numbers of messages among a queue's attributes up to date."""
    modules.sqs._refresh_counts(queue)


def lets_service_in(queue_arn: str, service: str, source_arn: str, account: str) -> bool:
    """Return whether a queue's policy lets an AWS service send messages on behalf of a resource of an account."""
    return modules.sqs.queue_policy_allows(queue_arn, service, source_arn, account)


def put_message(queue_arn: str, text: str, attributes: Mapping[str, str]) -> None:
    """Put a message into a queue, whatever its policy says."""
    members = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
    now = time.time()
    message: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "body": text,
        "md5_body": hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(),
        "md5_attrs": modules.sqs._md5_msg_attrs(members),
        "message_attributes": members,
        "receipt_handle": None,
        "sent_at": now,
        "visible_at": now,
        "receive_count": 0,
        "sys": {"SenderId": scope.account_id(), "SentTimestamp": str(int(now * 1000))},
    }
    modules.sqs._ensure_msg_fields(message)
    modules.sqs._queue_by_arn(queue_arn)["messages"].append(message)
