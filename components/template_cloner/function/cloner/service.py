"""Which request asks for what, and what it is told in the end."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cloner import event
from cloner.errors import LaunchError
from cloner.event import Settings
from cloner.github import Repository
from cloner.launch import Launcher


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What CloudFormation is told when a request succeeded."""

    physical_id: str
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])


def physical_id(request: Mapping[str, object], organization: str | None) -> str:
    """The id that a request's resource has, or gets: derived from its properties, so that it never changes."""
    given = request.get("PhysicalResourceId")
    if isinstance(given, str):
        return given
    try:
        if request.get("ResourceType") == event.FIRST_RUN:
            run = event.first_run(request.get("ResourceProperties"), organization or "")
            return f"{run.repository}/{run.workflow}"
        return event.project(request.get("ResourceProperties"), organization or "").full_name
    except LaunchError:
        return str(request.get("LogicalResourceId"))


def carry_out(request: Mapping[str, object], settings: Settings, launcher: Launcher) -> Outcome:
    """Do what CloudFormation asks for.

    Raises:
        LaunchError: it can't be done.
    """
    own_id = physical_id(request, settings.organization)
    kind, properties = request.get("RequestType"), request.get("ResourceProperties")
    match request.get("ResourceType"):
        case event.FIRST_RUN:
            if kind == "Create":
                launcher.start(event.first_run(properties, settings.organization))
            return Outcome(physical_id=own_id)
        case event.REPOSITORY:
            if kind == "Delete":
                _delete(properties, own_id, settings, launcher)
                return Outcome(physical_id=own_id)
            project = event.project(properties, settings.organization)
            if kind == "Create":
                repository = launcher.create(project)
            else:
                old = event.project(request.get("OldResourceProperties"), settings.organization)
                repository = launcher.update(project, old)
            return Outcome(physical_id=own_id, attributes=_attributes(repository, settings))
        case other:
            raise LaunchError(f"the template cloner does not serve resources of type {other}")


def _delete(properties: object, own_id: str, settings: Settings, launcher: Launcher) -> None:
    try:
        project = event.project(properties, settings.organization)
    except LaunchError:
        # Such a request was refused when it asked for a repository: there is nothing to delete.
        return
    launcher.delete(project, own_id)


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
