"""CloudFormation's requests, each parsed once; everything after it works with values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, cast, get_args

from functions.template_cloner.errors import LaunchError
from functions.template_cloner.properties import (
    parse_deletion_check,
    parse_deployment_roles,
    parse_first_run,
    parse_project,
)
from functions.template_cloner.resources import Resource

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
    """None when there is nothing to do, or when there are problems."""
    old: Resource | None = None
    """The resource before its update."""
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
        resource, old = _resources(event, request.kind, organization, unit)
    except LaunchError as error:
        return replace(request, problems=str(error))
    if resource is not None and not isinstance(given, str):
        request = replace(request, physical_id=resource.physical_id)
    return replace(request, resource=resource, old=old)


def _resources(
    event: Mapping[str, object], kind: Kind | None, organization: str, unit: str
) -> tuple[Resource | None, Resource | None]:
    resource_type = event.get("ResourceType")
    if kind is None:
        raise LaunchError(f"the template cloner does not serve requests of type {event.get('RequestType')}")
    parse = _parsers(organization, unit).get(str(resource_type))
    if parse is None:
        raise LaunchError(f"the template cloner does not serve resources of type {resource_type}")
    if resource_type == _FIRST_RUN and kind != "Create":
        # A run that was started is neither changed nor taken back.
        return None, None
    try:
        resource = parse(event.get("ResourceProperties"))
    except LaunchError:
        if kind == "Delete":
            # The same properties were refused at its creation: there is nothing to delete.
            return None, None
        raise
    return resource, parse(event.get("OldResourceProperties")) if kind == "Update" else None


def _parsers(organization: str, unit: str) -> Mapping[str, Callable[[object], Resource]]:
    return {
        "Custom::ProjectRepository": partial(parse_project, organization=organization),
        _FIRST_RUN: partial(parse_first_run, organization=organization),
        "Custom::DeploymentRoles": partial(parse_deployment_roles, unit=unit),
        "Custom::DeletionCheck": partial(parse_deletion_check, unit=unit),
    }
