"""AWS Budgets: budgets. Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS Budget Service"."""

from collections.abc import Iterator

from sandbox.aws.iam.service_authorization.members import Members
from sandbox.aws.ministack import scope

NAME = "budgets"
OWN_ACTIONS = ("ListTagsForResource", "TagResource", "UntagResource")
"""Operations with an action of their own; all others are either looking at a budget or changing it."""


def action(operation: str) -> str:
    """Return the action that an operation is authorized as."""
    if operation in OWN_ACTIONS:
        return operation
    return "ViewBudget" if operation.startswith("Describe") else "ModifyBudget"


def resources(operation: str, members: Members) -> Iterator[str]:
    """Yield the resources of a request."""
    if members.get("ResourceARN"):
        yield members["ResourceARN"]
    for budget in (members, members.get("Budget") or {}, members.get("NewBudget") or {}):
        if budget.get("BudgetName"):
            yield f"arn:aws:budgets::{scope.account_id()}:budget/{budget['BudgetName']}"
