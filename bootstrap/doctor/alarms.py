"""Check that somebody receives the alarms of an environment and the alerts of its budget.

Source: Amazon SNS API Reference, ListSubscriptionsByTopic; AWS What's New, 2023-05-10 (an unconfirmed subscription is deleted
after 48 hours).
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, cast

from botocore.exceptions import ClientError

from bootstrap.account import Account, error_code, pages
from bootstrap.deployed import deployed_parameter
from bootstrap.names import Names
from bootstrap.settings_file import section


def recipients(account: Account, names: Names, stack: str, settings: Mapping[str, object]) -> tuple[bool, str]:
    """Check that the topic of alarms has recipients, that all have confirmed, and that none of the settings is missing.

    `settings` are those of the Pulumi stack `stack`.
    """
    topic = deployed_parameter(account.client("ssm"), names, "notifications/alarms-topic-arn")
    try:
        subscriptions = _subscriptions(account, topic)
    except ClientError as error:
        if error_code(error) == "NotFound":
            return False, f"{topic} does not exist, so nobody is notified; run: pulumi up --refresh --stack {stack}"
        raise
    # The ARN of an unconfirmed subscription is `PendingConfirmation`, that of one which has ended `Deleted`.
    notified = [each["Endpoint"] for each in subscriptions if each["SubscriptionArn"].startswith("arn:")]
    pending = [each["Endpoint"] for each in subscriptions if each["SubscriptionArn"] == "PendingConfirmation"]
    lost = [email for email in _emails(settings) if email not in (*notified, *pending)]
    to_do = [
        *([f"not confirmed by {', '.join(pending)}: open AWS's mail there and confirm"] if pending else []),
        *([f"not subscribed: {', '.join(lost)} of alarms.emails; {_subscribe_again(stack)}"] if lost else []),
    ]
    if not (notified or to_do):
        to_do = [f"enter alarms.emails in Pulumi.{stack}.yaml and deploy, or {_subscribe_something_else(topic)}"]
    if not to_do:
        return True, f"sent to {', '.join(notified)}"
    nobody = "" if notified else "nobody is notified of alarms, or when the budget is spent; "
    return False, nobody + "; ".join(to_do)


def _subscribe_again(stack: str) -> str:
    return (
        "AWS removes an address that does not confirm within 48 hours, or whose owner unsubscribes; "
        f"run: pulumi up --refresh --stack {stack}"
    )


def _subscribe_something_else(topic: str) -> str:
    command = f"aws sns subscribe --topic-arn {topic} --protocol … --notification-endpoint …"
    return f"subscribe something else: {command}"


def _subscriptions(account: Account, topic: str) -> Sequence[Mapping[str, Any]]:
    of_topic = partial(account.client("sns").list_subscriptions_by_topic, TopicArn=topic)
    return list(pages(of_topic, "Subscriptions", "NextToken", "NextToken"))


def _emails(settings: Mapping[str, object]) -> Sequence[str]:
    emails = section(settings, "alarms").get("emails")
    return cast("list[str]", emails) if isinstance(emails, list) else ()
