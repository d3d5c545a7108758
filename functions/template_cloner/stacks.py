"""The CloudFormation stacks that send requests."""

from typing import Any

from botocore.exceptions import ClientError

from functions.shared import aws_clients
from functions.template_cloner.errors import LaunchError

WAITING = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")
"""States of a stack that waits for a resource that it requested."""
UPDATED = (*WAITING, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE")
"""States of a stack whose update waits for its last resource, or has all of them: a request may come twice."""
ROLLING_UPDATE_BACK = "UPDATE_ROLLBACK_IN_PROGRESS"
"""State of a stack whose update failed: it requests updates to the properties that its resources had."""
ROLLING_BACK = ("CREATE_FAILED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_FAILED", "ROLLBACK_COMPLETE")
"""States of a stack whose creation failed."""
DELETING = "DELETE_IN_PROGRESS"
"""State of a stack that is being deleted, whose protection nobody can change any more."""


class CloudFormationStacks:
    """Stacks of this account."""

    def __init__(self, cloudformation: Any = None) -> None:
        self._cloudformation = cloudformation or aws_clients.client("cloudformation")

    def status(self, stack_id: str) -> str:
        """Return the stack's status, such as `CREATE_IN_PROGRESS`."""
        return self._described(stack_id)["StackStatus"]

    def is_protected(self, stack_id: str) -> bool:
        """Return whether CloudFormation refuses to delete the stack."""
        return self._described(stack_id).get("EnableTerminationProtection") is True

    def protect(self, stack_id: str, *, on: bool) -> None:
        """Set whether CloudFormation refuses to delete the stack, before it deletes anything.

        Source: CloudFormation User Guide, "Protect CloudFormation stacks from being deleted".

        Raises:
            LaunchError: the account does not let the template cloner do that.
        """
        try:
            self._cloudformation.update_termination_protection(StackName=stack_id, EnableTerminationProtection=on)
        except ClientError as error:
            if aws_clients.code(error) != "AccessDenied":
                raise
            raise LaunchError(
                "the template cloner may not protect the project from its deletion: an administrator of the account runs "
                "`python -m bootstrap up`, then deploys the platform again"
            ) from None

    def _described(self, stack_id: str) -> Any:
        try:
            return self._cloudformation.describe_stacks(StackName=stack_id)["Stacks"][0]
        except ClientError as error:
            if aws_clients.code(error) != "AccessDenied":
                raise
            # An update and its rollback are told apart by the state alone: both are refused without it.
            raise LaunchError(
                "the template cloner may not read the state of the project's stack: deploy the platform again. If the stack is "
                "UPDATE_ROLLBACK_FAILED then, an administrator of the account runs `aws cloudformation continue-update-rollback "
                f"--stack-name {stack_id}`"
            ) from None
