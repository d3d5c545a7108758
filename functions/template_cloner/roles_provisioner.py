"""Provision the roles that a project deploys with in another account, and remove them.

The account's onboarding function does both, and decides whether it does; here its answers are waited for. A request may be
repeated, stop anywhere and be overtaken by its own deletion, and so may the function's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from functions.shared.github_api.deadline import Deadline
from functions.template_cloner.errors import LaunchError
from functions.template_cloner.protocols import Onboarding, Stacks
from functions.template_cloner.resources import DeploymentRoles
from functions.template_cloner.stacks import ROLLING_UPDATE_BACK, WAITING

_RETRY_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True)
class RolesProvisioner:
    """Provisions and removes the roles of a project in one account."""

    roles: DeploymentRoles
    account: Onboarding
    stacks: Stacks
    deadline: Deadline
    stack_id: str
    """The stack that sends the request, the same for all requests of a launch."""

    def provision(self) -> Mapping[str, str]:
        """Have the roles created; return their ARNs, by the names of the outputs.

        Raises:
            LaunchError: it can't be done; CloudFormation's rollback removes what exists.
        """
        roles, waiting_for = self._onboard(WAITING)
        if waiting_for or self._status() not in WAITING:
            # Their deletion may have run before they existed.
            self.remove()
            raise LaunchError(f"{self.roles.name} was deleted while it was being made; nothing of it remains")
        return roles

    def update(self) -> Mapping[str, str]:
        """Have existing roles updated to the published template; return their ARNs, by the names of the outputs.

        Raises:
            LaunchError: it can't be done; the roles stay.
        """
        roles, waiting_for = self._onboard((*WAITING, ROLLING_UPDATE_BACK))
        if self._status().startswith("DELETE_"):
            # Their deletion may have run before they were made again.
            self.remove()
            raise LaunchError(f"{self.roles.name} was deleted while it was being updated; nothing of it remains")
        if waiting_for:
            raise LaunchError(f"the stack of this launch did not wait for the update of {self.roles.name}")
        return roles

    def remove(self) -> None:
        """Have the roles removed, and what deployments left; those of another launch are left alone.

        Raises:
            LaunchError: the project still serves there, or something cannot be deleted.
            DeadlinePassedError: it takes longer than there is time.
        """
        answer = self.account.ask("offboard", begun=False)
        while answer.waiting_for:
            self.deadline.pause(_RETRY_SECONDS, waiting_for=answer.waiting_for)
            answer = self.account.ask("offboard", begun=answer.begun)

    def require_retired(self) -> None:
        """Make sure that the project could be removed from the account; nothing is changed.

        Raises:
            LaunchError: it still serves there.
        """
        answer = self.account.ask("check_offboarding", begun=False)
        while answer.waiting_for:
            self.deadline.pause(_RETRY_SECONDS, waiting_for=answer.waiting_for)
            answer = self.account.ask("check_offboarding", begun=answer.begun)

    def _onboard(self, waiting: Sequence[str]) -> tuple[Mapping[str, str], str]:
        """Return the roles, and what they still waited for when the stack left the `waiting` states."""
        if not self.roles.repository_id:
            raise LaunchError(
                f"the request for {self.roles.name} does not name the project's repository: it comes from an earlier "
                "version of the product; launch, or update to, its newest version"
            )
        if self._status() not in waiting:
            raise LaunchError(
                f"the stack of this launch does not wait for {self.roles.name} any more; nothing was created"
            )
        answer = self.account.ask("onboard", begun=False)
        while answer.waiting_for and self._status() in waiting:
            self.deadline.pause(_RETRY_SECONDS, waiting_for=answer.waiting_for)
            answer = self.account.ask("onboard", begun=answer.begun)
        return answer.roles, answer.waiting_for

    def _status(self) -> str:
        return self.stacks.status(self.stack_id)
