"""Keep a project from being deleted as long as it serves.

CloudFormation refuses to delete a stack that is protected, and the stack stays as it is; one whose deletion has begun and
fails takes no update any more. So the stack of a project that deploys is protected, once all else of its launch has
succeeded. An update lifts the protection when every account lets the project go, and its deletion asks them again, for a
release may have come in between.
Source: CloudFormation User Guide, "Protect CloudFormation stacks from being deleted" and "Stack status codes".
"""

from collections.abc import Callable
from dataclasses import dataclass

from functions.template_cloner.attempts import attempt
from functions.template_cloner.errors import LaunchError
from functions.template_cloner.protocols import Stacks
from functions.template_cloner.resources import DeletionCheck, DeploymentRoles
from functions.template_cloner.roles_provisioner import RolesProvisioner
from functions.template_cloner.stacks import DELETING, ROLLING_BACK, UPDATED, WAITING

_STAYS = "the project stays protected from its deletion"


@dataclass(frozen=True, kw_only=True)
class DeletionGuard:
    """The guard of one project's stack."""

    check: DeletionCheck
    account: Callable[[DeploymentRoles], RolesProvisioner]
    stacks: Stacks
    stack_id: str

    def create(self) -> None:
        """Protect the stack of a launch, whose last step this is.

        Raises:
            LaunchError: nobody waits for the launch any more; the stack is not protected.
        """
        if not self.check.protects:
            return
        self._require_waiting()
        self.stacks.protect(self.stack_id, on=True)
        if self.stacks.status(self.stack_id) in ROLLING_BACK:
            # Its deletion may have lifted the protection before there was one.
            self.stacks.protect(self.stack_id, on=False)
            raise LaunchError("the launch was rolled back while its stack was being protected; it is not protected")

    def update(self) -> None:
        """Protect the stack, or lift its protection if the project may go.

        Raises:
            LaunchError: it still serves, or nobody waits for the update any more; what was protected stays protected.
        """
        if not self.check.protects:
            self._require_retired(_STAYS)
        self._require_waiting()
        self.stacks.protect(self.stack_id, on=self.check.protects)
        if not self.check.protects and self.stacks.status(self.stack_id) not in UPDATED:
            # Its rollback may have restored the protection before it was lifted.
            self.stacks.protect(self.stack_id, on=True)
            raise LaunchError(f"the stack did not wait until its protection was lifted; {_STAYS}")

    def restore(self) -> None:
        """Roll back an update that failed.

        Raises:
            LaunchError: the project was not protected before the update, and serves by now; its protection stays as it is.
        """
        if not self.check.protects:
            self._require_retired(_STAYS)
        self.stacks.protect(self.stack_id, on=self.check.protects)

    def delete(self) -> None:
        """Check, before anything of the project is deleted, that it may go.

        Raises:
            LaunchError: it still serves.
        """
        status = self.stacks.status(self.stack_id)
        if status in ROLLING_BACK:
            # A launch that failed after its protection: it is taken back whole, and what remains can be deleted.
            attempt(f"protection of {self.stack_id}", lambda: self.stacks.protect(self.stack_id, on=False))
        elif status != DELETING:
            self._let_go()
            return
        self._require_retired("nothing was deleted")

    def _let_go(self) -> None:
        """Lift the protection from a stack whose update takes the check out of it, or takes back that it was added.

        The protection holds while the accounts are asked: what it keeps besides, the launcher leaves alone as long as it is on. Once
        this deletion has failed three times, CloudFormation goes on to what the check was deleted before.

        Raises:
            LaunchError: the project still serves; it is protected.
        """
        self.stacks.protect(self.stack_id, on=True)
        self._require_retired(_STAYS)
        self.stacks.protect(self.stack_id, on=False)

    def _require_waiting(self) -> None:
        status = self.stacks.status(self.stack_id)
        if status not in WAITING:
            raise LaunchError(f"the stack is {status}: nobody waits for its protection any more; it stays as it was")

    def _require_retired(self, outcome: str) -> None:
        """Ask every account, so that the reasons of all are told at once.

        Raises:
            LaunchError: the project still serves.
        """
        reasons: list[str] = []
        for roles in self.check.accounts:
            try:
                self.account(roles).require_retired()
            except LaunchError as error:
                reasons.append(str(error))
        if reasons:
            raise LaunchError(f"{outcome}: {'; '.join(reasons)}")
