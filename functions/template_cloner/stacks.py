"""The CloudFormation stacks that send requests."""

from typing import Any

from functions.shared import aws_clients

WAITING = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")
"""States of a stack that waits for a resource that it requested."""
ROLLING_UPDATE_BACK = "UPDATE_ROLLBACK_IN_PROGRESS"
"""State of a stack whose update failed: it requests updates to the properties that its resources had."""
ROLLING_BACK = ("CREATE_FAILED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_FAILED", "ROLLBACK_COMPLETE")
"""States of a stack whose creation failed."""


class CloudFormationStacks:
    """Stacks of this account."""

    def __init__(self, cloudformation: Any = None) -> None:
        self._cloudformation = cloudformation or aws_clients.client("cloudformation")

    def status(self, stack_id: str) -> str:
        """Return the stack's status, such as `CREATE_IN_PROGRESS`."""
        return self._cloudformation.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"]
