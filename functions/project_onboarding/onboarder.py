"""Give a project its roles, and take them away once nothing of it serves.

Each call does what can be done at once and says what it waits for; the caller asks again. So every decision follows from
the state that is found, and a call that was lost, or came twice, does no harm.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from functions.project_onboarding.errors import RefusedError
from functions.project_onboarding.protocols import ProjectDeployments, ProjectStacks
from functions.project_onboarding.request import LET_IN_BY, PROMOTION, Project, Repository, Request
from functions.project_onboarding.roles_stacks import RolesStack
from functions.project_onboarding.settings import Settings

logger = logging.getLogger(__name__)

_READY = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
_NEVER_READY = ("CREATE_FAILED", "DELETE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED")
"""States that an update cannot change."""


@dataclass(frozen=True, kw_only=True)
class Pending:
    """The request is under way; the caller asks again."""

    waiting_for: str
    begun: bool
    """Whether CloudFormation has begun the work that was asked for; the next request says so."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """The request is carried out."""

    roles: Mapping[str, str]
    """ARNs of the project's roles, by the names of the stack's outputs; empty once they are gone."""


Answer = Pending | Done


@dataclass(frozen=True, kw_only=True)
class Onboarder:
    """Onboards and offboards projects in this account."""

    settings: Settings
    stacks: ProjectStacks
    deployments: ProjectDeployments

    def answer(self, request: Request) -> Answer:
        """Carry out a request, as far as it goes now.

        Raises:
            RefusedError: it is not carried out.
        """
        match request:
            case Request(action="onboard", repository=Repository() as repository):
                return self._onboard(request, repository)
            case Request(action="offboard"):
                return self._offboard(request)
            case _:
                return self._check_offboarding(request)

    def _onboard(self, request: Request, repository: Repository) -> Answer:
        self._require_let_in(repository)
        name, launch = self._name(request.project), request.launch
        stack = self.stacks.stack(name)
        if stack is None:
            self.stacks.create_stack(name, request.project, repository, launch)
            return self._pending(f"stack {name}", begun=True)
        if stack.launch != launch:
            raise RefusedError(
                f"stack {self._where(name)} belongs to another launch ({stack.launch}): a project's id is its own; "
                "nothing was changed"
            )
        self._require_same_repository(name, stack, repository)
        if stack.status.endswith("_IN_PROGRESS"):
            return self._pending(f"stack {name}", begun=request.begun)
        if stack.status in _READY and request.begun:
            # Another update would begin anew for ever: a template that reads parameters always has something to update.
            return Done(roles=stack.outputs)
        if stack.status not in _READY and request.begun:
            raise RefusedError(
                f"CloudFormation did not make the roles of {self._where(name)} ({stack.status}): {stack.reason}"
            )
        if stack.status in _NEVER_READY:
            self.stacks.delete_stack(name)
            return self._pending(f"the end of stack {name}", begun=False)
        outcome = self.stacks.update_stack(name, request.project, repository, launch)
        if outcome == "unchanged":
            return Done(roles=stack.outputs)
        return self._pending(f"stack {name}", begun=request.begun or outcome != "busy")

    def _require_let_in(self, repository: Repository) -> None:
        if repository.kind in self.settings.template_urls:
            return
        environment, (setting, what) = self.settings.environment, LET_IN_BY[repository.kind]
        another = "another product" if repository.kind == PROMOTION else "the product with Inference realtime"
        raise RefusedError(
            f"account {self.settings.account_id} ({environment}) takes no {what}: launch {another}; or, if what the "
            f"setting accepts is accepted (docs/settings.md), set workload.{setting}: true in the settings of the platform's stack "
            f"of {environment} (Pulumi.{environment}.yaml) and deploy it. Nothing was created or changed there"
        )

    def _require_same_repository(self, name: str, stack: RolesStack, repository: Repository) -> None:
        known = stack.repository
        if known.name == repository.name and known.id in ("", repository.id):
            return
        raise RefusedError(
            f"the roles of {self._where(name)} trust the repository {known.name} ({known.id or 'of unknown id'}), not "
            f"{repository.name} ({repository.id}): a project keeps its repository; launch a new project. Nothing was changed"
        )

    def _check_offboarding(self, request: Request) -> Answer:
        """Refuse what `_offboard` would refuse, and change nothing."""
        name = self._name(request.project)
        stack = self.stacks.stack(name)
        if stack is None or stack.launch == request.launch:
            self._require_retired(name, stack)
        return Done(roles={})

    def _offboard(self, request: Request) -> Answer:
        name = self._name(request.project)
        stack = self.stacks.stack(name)
        if stack is not None and stack.launch != request.launch:
            logger.info("%s belongs to another launch", name)
            return Done(roles={})
        if ending := self._require_retired(name, stack):
            return self._pending(f"the end of endpoint {', '.join(ending)}", begun=request.begun)
        if stack is not None and stack.status.endswith("_IN_PROGRESS"):
            return self._pending(f"stack {name}", begun=request.begun)
        self.deployments.delete_what_served(name)
        if stack is None:
            return Done(roles={})
        if stack.status == "DELETE_FAILED" and request.begun:
            raise RefusedError(
                f"CloudFormation does not delete {self._where(name)} ({stack.status}: {stack.reason}); remove what holds "
                "it there, then delete the project again"
            )
        if "ArtifactBucketName" in stack.outputs:
            # CloudFormation keeps both; of a launch that failed nothing is worth keeping.
            self.deployments.delete_what_is_empty(
                stack.outputs["ArtifactBucketName"], stack.outputs["ModelPackageGroupName"]
            )
        self.stacks.delete_stack(name)
        return self._pending(f"the end of stack {name}", begun=True)

    def _require_retired(self, name: str, stack: RolesStack | None) -> list[str]:
        """Make sure that no endpoint of the project serves and no schedule starts it; return endpoints that SageMaker is deleting.

        Raises:
            RefusedError: one exists; without the project's roles, its repository can no longer retire it.
        """
        endpoints, schedules = self.deployments.endpoints(name), self.deployments.schedules(name)
        serving = {each: status for each, status in endpoints.items() if status != "Deleting"}
        if not serving and not schedules:
            return sorted(endpoints)
        kind = "endpoint" if serving else "schedule"
        shown = ", ".join(f"{each} ({status})" for each, status in sorted((serving or schedules).items()))
        raise RefusedError(
            f"account {self.settings.account_id} ({self.settings.environment}) still has the project's {kind} {shown}: "
            f"{_advice(stack)}; then try again"
        )

    def _name(self, project: Project) -> str:
        """Return the name of a project's stack, and the beginning of the names of all that it deploys here."""
        return f"{self.settings.prefix}-{project.id}"

    def _where(self, name: str) -> str:
        return f"{name} in account {self.settings.account_id}"

    def _pending(self, waiting_for: str, *, begun: bool) -> Pending:
        return Pending(waiting_for=f"{waiting_for} in account {self.settings.account_id}", begun=begun)


def _advice(stack: RolesStack | None) -> str:
    """Say how a project is retired."""
    if stack is None:
        return "the project has no roles here any more: an administrator of the account deletes it first"
    if stack.repository.name.endswith(PROMOTION):
        return 'set schedule = "" for every environment in settings.toml of its repository, and let the workflow Deploy finish'
    return (
        "retire it first, by the workflow Retire of the project's deployment repository (production on GitHub Team: "
        "python -m deployment propose-retirement)"
    )
