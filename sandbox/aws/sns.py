"""SNS: a subscription of an e-mail address stays pending until its owner confirms it.

Source: Amazon SNS API Reference, Subscribe.
"""

import re
import uuid
from collections.abc import Iterator

from sandbox.aws.ministack import sns
from sandbox.aws.ministack.gateway import Response
from sandbox.aws.ministack.sns import Operation, Parameters

CONFIRMED_BY_MAIL = ("email", "email-json")
SUBSCRIPTION = re.compile(rb"<SubscriptionArn>([^<]+)</SubscriptionArn>")


def install() -> None:
    """Keep subscriptions of e-mail addresses pending; MiniStack confirms them at once."""
    sns.intercept_subscribe(_subscribe)
    sns.intercept_subscription_lists(_list)


def _subscribe(params: Parameters, go_on: Operation) -> Response:
    protocol, endpoint = (sns.parameter(params, name) for name in ("Protocol", "Endpoint"))
    topic = sns.find_topic(sns.parameter(params, "TopicArn"))
    if topic is None or protocol not in CONFIRMED_BY_MAIL:
        return go_on(params)
    known = any(item["endpoint"] == endpoint for item in topic["subscriptions"])
    status, answer, body = go_on(params)
    if status != 200:
        return status, answer, body
    subscription = next(item for item in topic["subscriptions"] if item["endpoint"] == endpoint)
    if not known:
        subscription |= {"confirmed": False, "token": str(uuid.uuid4())}
        subscription["attributes"] |= {"PendingConfirmation": "true", "ConfirmationWasAuthenticated": "false"}
        sns.count_subscriptions(topic)
    if subscription["confirmed"] or sns.parameter(params, "ReturnSubscriptionArn") == "true":
        return status, answer, body
    return status, answer, SUBSCRIPTION.sub(b"<SubscriptionArn>pending confirmation</SubscriptionArn>", body)


def _list(params: Parameters, go_on: Operation) -> Response:
    status, answer, body = go_on(params)
    for arn in _pending():
        body = body.replace(f">{arn}<".encode(), b">PendingConfirmation<")
    return status, answer, body


def _pending() -> Iterator[str]:
    for topic in sns.topics():
        for subscription in topic["subscriptions"]:
            if not subscription["confirmed"]:
                yield subscription["arn"]
