"""Route requests for custom resources to the code that carries them out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from functions.template_cloner.deletion_guard import DeletionGuard
from functions.template_cloner.errors import LaunchError
from functions.template_cloner.first_run import RunStarter
from functions.template_cloner.github import Repository
from functions.template_cloner.launcher import Launcher
from functions.template_cloner.request import Request
from functions.template_cloner.resources import DeletionCheck, DeploymentRoles, FirstRun, ProjectRepository
from functions.template_cloner.roles_provisioner import RolesProvisioner
from functions.template_cloner.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Workers:
    """Factories of the objects that carry requests out: not every request needs GitHub, or another account."""

    launcher: Callable[[], Launcher]
    run_starter: Callable[[], RunStarter]
    roles_provisioner: Callable[[DeploymentRoles], RolesProvisioner]
    deletion_guard: Callable[[DeletionCheck], DeletionGuard]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The outcome of a request that succeeded, for CloudFormation."""

    physical_id: str
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])


def carry_out(request: Request, settings: Settings, workers: Workers) -> Outcome:
    """Create, update or delete the resource that the request names.

    Raises:
        LaunchError: the request has problems, or can't be carried out.
    """
    if request.problems:
        raise LaunchError(request.problems)
    attributes: Mapping[str, str] = {}
    match request:
        case Request(kind="Create", resource=ProjectRepository() as project):
            created = workers.launcher().create(project)
            attributes = repository_attributes(created.full_name, created, settings)
        case Request(kind="Update", resource=ProjectRepository() as project, old=ProjectRepository() as old):
            updated = workers.launcher().update(project, old)
            attributes = repository_attributes(updated.full_name, updated, settings)
        case Request(kind="Delete", resource=ProjectRepository() as project):
            workers.launcher().delete(project)
        case Request(kind="Create", resource=FirstRun() as run):
            workers.run_starter().start(run)
        case Request(kind="Create", resource=DeploymentRoles() as roles):
            attributes = roles_attributes(workers.roles_provisioner(roles).provision())
        case Request(kind="Update", resource=DeploymentRoles() as roles, old=DeploymentRoles() as old):
            _require_same_account(roles, old)
            attributes = roles_attributes(workers.roles_provisioner(roles).update())
        case Request(kind="Delete", resource=DeploymentRoles() as roles):
            workers.roles_provisioner(roles).remove()
        case Request(kind="Create", resource=DeletionCheck() as check):
            workers.deletion_guard(check).create()
        case Request(kind="Update", resource=DeletionCheck() as check):
            workers.deletion_guard(check).update()
        case Request(kind="Delete", resource=DeletionCheck() as check):
            workers.deletion_guard(check).delete()
        case _:
            # There is nothing to do.
            pass
    return Outcome(physical_id=request.physical_id, attributes=attributes)


def _require_same_account(roles: DeploymentRoles, old: DeploymentRoles) -> None:
    if (roles.name, roles.account_id) != (old.name, old.account_id):
        raise LaunchError(
            f"{old.name} in account {old.account_id} cannot become {roles.name} in account {roles.account_id}: a "
            "project stays where it deploys; launch a new one"
        )


def repository_attributes(full_name: str, repository: Repository | None, settings: Settings) -> Mapping[str, str]:
    """Describe a repository to the template; None is one whose ids are not known."""
    owner, _, name = full_name.partition("/")
    attributes = {
        "Name": name,
        "FullName": full_name,
        "Url": f"{settings.server_url}/{full_name}",
        "CloneUrl": f"{settings.server_url}/{full_name}.git",
    }
    if not settings.immutable_subjects:
        attributes["SubjectPrefix"] = f"repo:{full_name}"
    elif repository is not None:
        attributes["SubjectPrefix"] = f"repo:{owner}@{repository.owner_id}/{name}@{repository.repository_id}"
    if repository is not None:
        attributes["Id"] = str(repository.repository_id)
    return attributes


def roles_attributes(arns: Mapping[str, str]) -> Mapping[str, str]:
    """Describe the roles with these ARNs to the template."""
    return {name: arns[name] for name in ("DeploymentRoleArn", "ModelRoleArn")}
