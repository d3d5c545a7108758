"""CloudFormation's requests, each parsed once; everything after it works with values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, cast, get_args

from functions.shared import project_name
from functions.template_cloner.errors import LaunchError
from functions.template_cloner.properties import (
    parse_deletion_check,
    parse_deployment_roles,
    parse_first_run,
    parse_project,
)
from functions.template_cloner.resources import ProjectRepository, Resource

Kind = Literal["Create", "Update", "Delete"]

_FIRST_RUN = "Custom::FirstWorkflowRun"


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request for one custom resource."""

    kind: Kind | None
    """None for a kind that is not known, which is one of the problems."""
    physical_id: str
    """The id that the resource has, or gets: derived from its properties, it never changes."""
    stack_id: str
    """The stack that sent the request."""
    resource: Resource | None = None
    """None when there is nothing to do, or when its properties have problems."""
    old: Resource | None = None
    """The resource before its update; in a rollback, as the update that failed would have made it."""
    problems: str = ""
    """Reasons to refuse the request; empty when it is valid."""

    @property
    def advice(self) -> str:
        """Advice for the user when there was no time to finish."""
        if self.kind == "Delete":
            return "delete the project again"
        return "launch again, and what exists already is finished or removed"


def parse_request(event: Mapping[str, object], *, organization: str, unit: str) -> Request:
    """Parse a request; one that is not valid has `problems`."""
    kind = event.get("RequestType")
    given, logical = event.get("PhysicalResourceId"), str(event.get("LogicalResourceId"))
    request = Request(
        kind=cast("Kind", kind) if kind in get_args(Kind) else None,
        physical_id=given if isinstance(given, str) else logical,
        stack_id=str(event.get("StackId")),
    )
    try:
        parse = _parser(event, request.kind, organization, unit)
    except LaunchError as error:
        return replace(request, problems=str(error))
    if parse is None:
        return request
    resource, problems = _parsed(parse, event.get("ResourceProperties"))
    if resource is None and request.kind == "Delete":
        # The same properties were refused at its creation: there is nothing to delete.
        return request
    if resource is not None and not isinstance(given, str):
        request = replace(request, physical_id=resource.physical_id)
    if request.kind == "Create" and isinstance(resource, ProjectRepository):
        # Repositories that have such a name already are updated and deleted.
        problems = problems or project_name.problem(resource.project_name) or ""
    old = None
    if request.kind == "Update":
        old, problems_before = _parsed(parse, event.get("OldResourceProperties"))
        problems = problems or problems_before
    return replace(request, resource=resource, old=old, problems=problems)


def _parser(
    event: Mapping[str, object], kind: Kind | None, organization: str, unit: str
) -> Callable[[object], Resource] | None:
    """Return the parser of the resource's properties; None when there is nothing to do.

    Raises:
        LaunchError: the request is of an unknown kind, or for a resource of an unknown type.
    """
    resource_type = event.get("ResourceType")
    if kind is None:
        raise LaunchError(f"the template cloner does not serve requests of type {event.get('RequestType')}")
    parse = _parsers(organization, unit).get(str(resource_type))
    if parse is None:
        raise LaunchError(f"the template cloner does not serve resources of type {resource_type}")
    # A run that was started is neither changed nor taken back.
    return None if resource_type == _FIRST_RUN and kind != "Create" else parse


def _parsed(parse: Callable[[object], Resource], properties: object) -> tuple[Resource | None, str]:
    try:
        return parse(properties), ""
    except LaunchError as error:
        return None, str(error)


def _parsers(organization: str, unit: str) -> Mapping[str, Callable[[object], Resource]]:
    return {
        "Custom::ProjectRepository": partial(parse_project, organization=organization),
        _FIRST_RUN: partial(parse_first_run, organization=organization),
        "Custom::DeploymentRoles": partial(parse_deployment_roles, unit=unit),
        "Custom::DeletionCheck": partial(parse_deletion_check, unit=unit),
    }
