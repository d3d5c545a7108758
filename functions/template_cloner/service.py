"""Which request asks for what, and what it is told in the end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from functions.template_cloner import event
from functions.template_cloner.deployment_roles import RolesMaker
from functions.template_cloner.errors import LaunchError
from functions.template_cloner.event import DeploymentRoles, Settings
from functions.template_cloner.github import Repository
from functions.template_cloner.launch import Launcher


@dataclass(frozen=True, kw_only=True)
class Workers:
    """Who carries requests out, each made when it is needed: not every request needs GitHub, or another account."""

    launcher: Callable[[], Launcher]
    roles_maker: Callable[[DeploymentRoles], RolesMaker]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What CloudFormation is told when a request succeeded."""

    physical_id: str
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])


def physical_id(request: Mapping[str, object], environment: Mapping[str, str]) -> str:
    """The id that a request's resource has, or gets: derived from its properties, so that it never changes."""
    given = request.get("PhysicalResourceId")
    if isinstance(given, str):
        return given
    try:
        organization, properties = environment.get("GITHUB_ORGANIZATION", ""), request.get("ResourceProperties")
        match request.get("ResourceType"):
            case event.FIRST_RUN:
                run = event.first_run(properties, organization)
                return f"{run.repository}/{run.workflow}"
            case event.DEPLOYMENT_ROLES:
                return event.deployment_roles(properties, environment.get("UNIT", "")).name
            case _:
                return event.project(properties, organization).full_name
    except LaunchError:
        return str(request.get("LogicalResourceId"))


def carry_out(request: Mapping[str, object], own_id: str, settings: Settings, workers: Workers) -> Outcome:
    """Do what CloudFormation asks for, about the resource that has the physical id `own_id`.

    Raises:
        LaunchError: it can't be done.
    """
    kind, properties = request.get("RequestType"), request.get("ResourceProperties")
    match request.get("ResourceType"):
        case event.FIRST_RUN:
            if kind == "Create":
                workers.launcher().start(event.first_run(properties, settings.organization))
            return Outcome(physical_id=own_id)
        case event.DEPLOYMENT_ROLES:
            return Outcome(physical_id=own_id, attributes=_deployment_roles(request, settings.unit, workers))
        case event.REPOSITORY:
            if kind == "Delete":
                _delete(properties, settings, workers)
                return Outcome(physical_id=own_id)
            project = event.project(properties, settings.organization)
            if kind == "Create":
                repository = workers.launcher().create(project)
            else:
                old = event.project(request.get("OldResourceProperties"), settings.organization)
                repository = workers.launcher().update(project, old)
            return Outcome(physical_id=own_id, attributes=_attributes(repository, settings))
        case other:
            raise LaunchError(f"the template cloner does not serve resources of type {other}")


def _deployment_roles(request: Mapping[str, object], unit: str, workers: Workers) -> Mapping[str, str]:
    kind, properties = request.get("RequestType"), request.get("ResourceProperties")
    try:
        roles = event.deployment_roles(properties, unit)
    except LaunchError:
        if kind == "Delete":
            # Such a request was refused when it asked for roles: there is nothing to delete.
            return {}
        raise
    if kind == "Delete":
        workers.roles_maker(roles).remove(roles)
        return {}
    if kind == "Update":
        old = event.deployment_roles(request.get("OldResourceProperties"), unit)
        if (roles.name, roles.account_id) != (old.name, old.account_id):
            raise LaunchError(
                f"{old.name} in account {old.account_id} cannot become {roles.name} in account {roles.account_id}: a "
                "project stays where it deploys; launch a new one"
            )
    outputs = workers.roles_maker(roles).make(roles)
    return {name: outputs[name] for name in ("DeploymentRoleArn", "ModelRoleArn")}


def _delete(properties: object, settings: Settings, workers: Workers) -> None:
    try:
        project = event.project(properties, settings.organization)
    except LaunchError:
        # Such a request was refused when it asked for a repository: there is nothing to delete.
        return
    workers.launcher().delete(project)


def _attributes(repository: Repository, settings: Settings) -> dict[str, str]:
    owner, _, name = repository.full_name.partition("/")
    prefix = f"repo:{repository.full_name}"
    if settings.immutable_subjects:
        prefix = f"repo:{owner}@{repository.owner_id}/{name}@{repository.repository_id}"
    return {
        "Name": name,
        "FullName": repository.full_name,
        "Url": f"{settings.server_url}/{repository.full_name}",
        "CloneUrl": f"{settings.server_url}/{repository.full_name}.git",
        "Id": str(repository.repository_id),
        "SubjectPrefix": prefix,
    }
