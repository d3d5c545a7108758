"""The monthly budget of an account."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.environment import Environment

PERCENTAGES = (50, 80, 100)
"""Parts of the budget at which an alert is sent, when they are spent and when AWS forecasts that they will be.

Six alerts, which is what AWS accepts by its model and its page on Notification: up to ten for a budget. The text of
CreateBudget still says five. The official provider adds them one by one, so that a sixth that AWS refuses
(`CreationLimitExceededException`) is an error of the update and no alert that is missing in silence; then a second budget
could take the forecasts. Source: AWS Billing and Cost Management API Reference, "Notification", "CreateBudget";
hashicorp/terraform-provider-aws, internal/service/budgets/budget.go.
"""


@dataclass(frozen=True, kw_only=True)
class BudgetArgs:
    """The amount, and the topic that is notified."""

    environment: Environment
    monthly_usd: int
    """US dollars that the account may cost in a calendar month, taxes and support included."""
    topic_arn: pulumi.Input[str]
    """Topic that AWS Budgets may publish to."""


class Budget(pulumi.ComponentResource):
    """A budget of everything in the account, projects and endpoints included, that warns and stops nothing."""

    def __init__(self, name: str, args: BudgetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:Budget", name, None, opts)
        aws.budgets.Budget(
            f"{name}-month",
            name=f"{args.environment.prefix}-month",
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=str(args.monthly_usd),
            limit_unit="USD",
            notifications=[
                {
                    "notification_type": kind,
                    "comparison_operator": "GREATER_THAN",
                    "threshold": percentage,
                    "threshold_type": "PERCENTAGE",
                    "subscriber_sns_topic_arns": [args.topic_arn],
                }
                for kind in ("ACTUAL", "FORECASTED")
                for percentage in PERCENTAGES
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
