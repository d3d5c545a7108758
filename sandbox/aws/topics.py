"""Topics of SNS: an address of e-mail is told nothing until its owner confirms.

Source: Amazon SNS API Reference, Subscribe.
"""

import re
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.aws import emulator

CONFIRMED_BY_MAIL = ("email", "email-json")
SUBSCRIPTION = re.compile(rb"<SubscriptionArn>([^<]+)</SubscriptionArn>")


def install() -> None:
    """Keep subscriptions of e-mail addresses pending, which MiniStack confirms by itself."""
    subscribe = emulator.sns._subscribe

    def subscribe_pending(params: Mapping[str, Any]) -> emulator.Response:
        protocol, endpoint = (emulator.sns._p(params, name) for name in ("Protocol", "Endpoint"))
        topic: Any = emulator.sns._topic_by_arn_any_scope(emulator.sns._p(params, "TopicArn"))
        known = topic is not None and any(item["endpoint"] == endpoint for item in topic["subscriptions"])
        status, answer, body = subscribe(params)
        if status != 200 or topic is None or protocol not in CONFIRMED_BY_MAIL:
            return status, answer, body
        subscription = next(item for item in topic["subscriptions"] if item["endpoint"] == endpoint)
        if not known:
            subscription |= {"confirmed": False, "token": str(uuid.uuid4())}
            subscription["attributes"] |= {"PendingConfirmation": "true", "ConfirmationWasAuthenticated": "false"}
            emulator.sns._refresh_subscription_counts(topic)
        if subscription["confirmed"] or emulator.sns._p(params, "ReturnSubscriptionArn") == "true":
            return status, answer, body
        return status, answer, SUBSCRIPTION.sub(b"<SubscriptionArn>pending confirmation</SubscriptionArn>", body)

    emulator.sns._subscribe = subscribe_pending
    emulator.sns._list_subscriptions = _listing(emulator.sns._list_subscriptions)
    emulator.sns._list_subscriptions_by_topic = _listing(emulator.sns._list_subscriptions_by_topic)


def _listing(handle: Any) -> Any:
    def list_subscriptions(params: Mapping[str, Any]) -> emulator.Response:
        status, answer, body = handle(params)
        for arn in _pending():
            body = body.replace(f">{arn}<".encode(), b">PendingConfirmation<")
        return status, answer, body

    return list_subscriptions


def _pending() -> Iterator[str]:
    for topic in emulator.sns._topics.values():
        for subscription in topic["subscriptions"]:
            if not subscription["confirmed"]:
                yield subscription["arn"]
