"""MiniStack's SNS."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sandbox.aws.ministack import modules
from sandbox.aws.ministack.gateway import Response

Parameters = Mapping[str, Any]
Operation = Callable[[Parameters], Response]


def find_topic(arn: str) -> Any:
    """Return a topic of any account; None if there is none."""
    return modules.sns._topic_by_arn_any_scope(arn)


def topics() -> Iterator[Mapping[str, Any]]:
    """Yield the topics of the current account."""
    yield from modules.sns._topics.values()


def parameter(params: Parameters, name: str) -> str:
    """Return one parameter of a request."""
    return modules.sns._p(params, name)


def count_subscriptions(topic: Mapping[str, Any]) -> None:
    """Bring the numbers of subscriptions among a topic's attributes up to date."""
    modules.sns._refresh_subscription_counts(topic)


def lets_service_in(topic_arn: str, service: str, source_arn: str, account: str) -> bool:
    """Return whether a topic's policy lets an AWS service publish on behalf of a resource of an account."""
    return modules.sns.topic_policy_allows(topic_arn, service, source_arn, account)


def publish(topic_arn: str, message: str, subject: str) -> None:
    """Publish a message, whatever the topic's policy says."""
    modules.sns.publish_internal(topic_arn, message, subject)


def error(code: str, message: str) -> Response:
    """Return an error as SNS answers it."""
    return modules.sns._error(code, message, 400)


def intercept_subscribe(subscribe: Callable[[Parameters, Operation], Response]) -> None:
    """Let `subscribe` answer Subscribe; its last argument is MiniStack's own answer."""
    own = modules.sns._subscribe
    modules.sns._subscribe = _wrapped(subscribe, own)


def intercept_subscription_lists(answer: Callable[[Parameters, Operation], Response]) -> None:
    """Let `answer` answer ListSubscriptions and ListSubscriptionsByTopic; its last argument is MiniStack's own answer."""
    everywhere, by_topic = modules.sns._list_subscriptions, modules.sns._list_subscriptions_by_topic
    modules.sns._list_subscriptions = _wrapped(answer, everywhere)
    modules.sns._list_subscriptions_by_topic = _wrapped(answer, by_topic)


def _wrapped(answer: Callable[[Parameters, Operation], Response], own: Operation) -> Operation:
    return lambda params: answer(params, own)
