"""Provision the roles that a project deploys with in another account, and remove them with all that they deployed.

A request may be repeated, stop anywhere and be overtaken by its own deletion. So each step depends on the state that is
found, and the stack of the roles names the launch that it belongs to: no other launch changes or deletes it.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from functions.shared.github_api.deadline import Deadline
from functions.template_cloner.errors import LaunchError
from functions.template_cloner.protocols import Stacks
from functions.template_cloner.resources import DeploymentRoles
from functions.template_cloner.roles_stacks import RolesStack
from functions.template_cloner.stacks import WAITING
from functions.template_cloner.workload_account import WorkloadAccount

logger = logging.getLogger(__name__)

Step = Literal["update", "delete", "wait", "finished"]

_RETRY_SECONDS = 2.0
_READY = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
_NEVER_READY = ("CREATE_FAILED", "DELETE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED")
"""States that an update cannot change."""
_DELETABLE = ("Failed", "InService", "OutOfService", "UpdateRollbackFailed")
"""States of an endpoint in which SageMaker deletes it; in the others it is still busy with an earlier request."""


@dataclass(frozen=True, kw_only=True)
class RolesProvisioner:
    """Provisions and removes the roles of projects in one account."""

    account: WorkloadAccount
    stacks: Stacks
    deadline: Deadline
    stack_id: str
    """The stack that sends the request, the same for all requests of a launch."""

    def provision(self, roles: DeploymentRoles) -> Mapping[str, str]:
        """Create the roles, or update them to the published template; return their ARNs, by the names of the outputs.

        Raises:
            LaunchError: it can't be done; CloudFormation's rollback removes what exists.
        """
        if not self._wanted():
            raise LaunchError(f"the stack of this launch does not wait for {roles.name} any more; nothing was created")
        outputs = self._stack_outputs(roles)
        if not self._wanted():
            # Their deletion may have run before they existed.
            self.remove(roles)
            raise LaunchError(f"{roles.name} was deleted while it was being made; nothing of it remains")
        return outputs

    def remove(self, roles: DeploymentRoles) -> None:
        """Remove what the project deployed in the account, then its roles; those of another launch are left alone.

        Raises:
            LaunchError: something cannot be deleted.
            DeadlinePassedError: it takes longer than there is time.
        """
        stack = self.account.roles.stack(roles.name)
        if stack is not None and stack.launch != self.stack_id:
            logger.info("%s belongs to another launch", roles.name)
            return
        self._remove_deployments(roles)
        self._remove_stack(roles)
        # A workflow could still deploy until its role was gone.
        self._remove_deployments(roles)

    def _wanted(self) -> bool:
        return self.stacks.status(self.stack_id) in WAITING

    def _stack_outputs(self, roles: DeploymentRoles) -> Mapping[str, str]:
        requested = False
        while True:
            stack = self.account.roles.stack(roles.name)
            if stack is None:
                if requested:
                    raise LaunchError(f"{roles.name} was deleted while it was being made; launch again")
                self.account.roles.create_stack(roles, self.stack_id)
                requested = True
            else:
                step = next_step(roles, stack, self.stack_id, requested=requested)
                if step == "update":
                    outcome = self.account.roles.update_stack(roles, self.stack_id)
                    step, requested = ("finished" if outcome == "unchanged" else "wait"), outcome == "started"
                if step == "finished":
                    return stack.outputs
                if step == "delete":
                    self.account.roles.delete_stack(roles.name)
            self.deadline.pause(_RETRY_SECONDS, waiting_for=f"stack {roles.name} in account {roles.account_id}")

    def _remove_deployments(self, roles: DeploymentRoles) -> None:
        while endpoints := self.account.deployments.endpoints(roles.name):
            for name, status in endpoints.items():
                if status in _DELETABLE:
                    self.account.deployments.delete_endpoint(name)
            states = ", ".join(f"{name} ({status})" for name, status in sorted(endpoints.items()))
            self.deadline.pause(
                _RETRY_SECONDS, waiting_for=f"the end of endpoint {states} in account {roles.account_id}"
            )
        self.account.deployments.delete_what_served(roles.name)

    def _remove_stack(self, roles: DeploymentRoles) -> None:
        requested = False
        while (stack := self.account.roles.stack(roles.name)) is not None:
            if not stack.status.endswith("_IN_PROGRESS"):
                if requested:
                    raise LaunchError(
                        f"CloudFormation does not delete {roles.name} in account {roles.account_id} ({stack.status}: "
                        f"{stack.reason}); remove what holds it there, then delete the project again"
                    )
                self.account.roles.delete_stack(roles.name)
                requested = True
            self.deadline.pause(
                _RETRY_SECONDS, waiting_for=f"the end of stack {roles.name} in account {roles.account_id}"
            )


def next_step(roles: DeploymentRoles, stack: RolesStack, launch: str, *, requested: bool) -> Step:
    """Return the next step towards the roles of a launch; `requested` once this request has created or updated the stack.

    Raises:
        LaunchError: no step leads there.
    """
    where = f"{roles.name} in account {roles.account_id}"
    if stack.launch != launch:
        raise LaunchError(
            f"stack {where} belongs to another launch ({stack.launch}): a project's id is its own; nothing was changed"
        )
    if stack.status.endswith("_IN_PROGRESS"):
        return "wait"
    if requested:
        if stack.status in _READY:
            return "finished"
        raise LaunchError(f"CloudFormation did not make the roles of {where} ({stack.status}): {stack.reason}")
    return "delete" if stack.status in _NEVER_READY else "update"
