"""Budgets: AWS Budgets."""

from collections.abc import Mapping
from typing import Any, ClassVar

from sandbox.plugins.aws.cloud import Aws
from sandbox.plugins.aws.convert import given, tag_list, tag_map
from sandbox.plugins.aws.resource import AwsResource
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values
from sandbox.plugins.resource import AutoName


class Budget(AwsResource):
    """A budget with its notifications; its id is the account's and its name.

    Source: hashicorp/terraform-provider-aws, `internal/service/budgets/budget.go`.
    """

    type_name = "aws:budgets/budget:Budget"
    inputs = Inputs(
        "budgetType tags timeUnit",
        replaces="name",
        computed="limitAmount limitUnit name",
        objects={
            "notifications": Inputs(
                "comparisonOperator notificationType subscriberEmailAddresses subscriberSnsTopicArns threshold",
                "thresholdType",
            )
        },
    )
    outputs = ("accountId", "arn")
    auto_name = AutoName()
    gone = frozenset({"NotFoundException"})
    regional = False
    _notification_names: ClassVar = {
        "notificationType": "NotificationType",
        "comparisonOperator": "ComparisonOperator",
        "threshold": "Threshold",
        "thresholdType": "ThresholdType",
    }
    _subscribers: ClassVar = {"EMAIL": "subscriberEmailAddresses", "SNS": "subscriberSnsTopicArns"}

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Create the budget; its notifications follow."""
        cloud.client("budgets").create_budget(
            AccountId=cloud.account, Budget=_to_aws(wanted), ResourceTags=tag_list(wanted["tagsAll"])
        )
        return f"{cloud.account}:{wanted['name']}"

    def complete(self, cloud: Aws, identifier: str, wanted: Values) -> None:
        """Create the notifications."""
        for notification in wanted.get("notifications") or ():
            self._notify(cloud, identifier, notification)

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the budget and its notifications."""
        client = cloud.client("budgets")
        whose = _whose(identifier)
        budget = client.describe_budget(**whose)["Budget"]
        arn = f"arn:{cloud.partition}:budgets::{whose['AccountId']}:budget/{whose['BudgetName']}"
        pages = client.get_paginator("describe_notifications_for_budget").paginate(**whose)
        found = [notification for page in pages for notification in page["Notifications"]]
        return {
            "name": budget["BudgetName"],
            "accountId": whose["AccountId"],
            "arn": arn,
            "budgetType": budget["BudgetType"],
            "timeUnit": budget["TimeUnit"],
            "limitAmount": budget["BudgetLimit"]["Amount"],
            "limitUnit": budget["BudgetLimit"]["Unit"],
            "notifications": [self._read(cloud, whose, each) for each in found] or None,
            "tagsAll": tag_map(client.list_tags_for_resource(ResourceARN=arn)["ResourceTags"]),
        }

    def _read(self, cloud: Aws, whose: Mapping[str, str], notification: Mapping[str, Any]) -> Values:
        key = {aws_name: notification[aws_name] for aws_name in self._notification_names.values()}
        subscribers = cloud.client("budgets").describe_subscribers_for_notification(**whose, Notification=key)
        addresses: dict[str, list[str]] = {}
        for each in subscribers["Subscribers"]:
            addresses.setdefault(self._subscribers[each["SubscriptionType"]], []).append(each["Address"])
        return {**{name: key[aws_name] for name, aws_name in self._notification_names.items()}, **addresses}

    def retag(self, cloud: Aws, identifier: str, state: Values, removed: list[str], added: dict[str, str]) -> None:
        """Update the tags."""
        client = cloud.client("budgets")
        if removed:
            client.untag_resource(ResourceARN=state["arn"], ResourceTagKeys=removed)
        if added:
            client.tag_resource(ResourceARN=state["arn"], ResourceTags=tag_list(added))

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Put the whole budget again; notifications that differ are deleted and created."""
        client = cloud.client("budgets")
        whose = _whose(identifier)
        client.update_budget(AccountId=whose["AccountId"], NewBudget=_to_aws(wanted))
        old, new = state.get("notifications") or [], wanted.get("notifications") or []
        for notification in old:
            if notification not in new:
                client.delete_notification(**whose, Notification=given(notification, self._notification_names))
        for notification in new:
            if notification not in old:
                self._notify(cloud, identifier, notification)

    def _notify(self, cloud: Aws, identifier: str, notification: Values) -> None:
        subscribers = [
            {"SubscriptionType": kind, "Address": address}
            for kind, name in self._subscribers.items()
            for address in notification.get(name) or ()
        ]
        cloud.client("budgets").create_notification(
            **_whose(identifier),
            Notification=given(notification, self._notification_names),
            Subscribers=subscribers,
        )

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the budget with its notifications."""
        cloud.client("budgets").delete_budget(**_whose(identifier))


def _whose(identifier: str) -> dict[str, str]:
    account, _, name = identifier.partition(":")
    return {"AccountId": account, "BudgetName": name}


def _to_aws(wanted: Values) -> Values:
    names = {"name": "BudgetName", "budgetType": "BudgetType", "timeUnit": "TimeUnit"}
    limit = given(wanted, {"limitAmount": "Amount", "limitUnit": "Unit"})
    return {**given(wanted, names), "BudgetLimit": limit}


TYPES = (Budget(),)
