"""Configuration variables of Actions, of the organization and of repositories."""

import re
from typing import Literal

from pydantic import Field

from sandbox.github import errors
from sandbox.github.routing import Body, Call, route
from sandbox.github.state import Variable, now
from sandbox.github.transport import Response, json_response

_ORGANIZATION, _REPOSITORY = "/orgs/{org}/actions/variables", "/repos/{owner}/{repo}/actions/variables"
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"


class _OrganizationCreate(Body):
    name: str
    value: str
    visibility: Literal["all", "private", "selected"]
    selected_repository_ids: list[int] = Field(default_factory=list[int])


class _OrganizationUpdate(Body):
    name: str | None = None
    value: str | None = None
    visibility: Literal["all", "private", "selected"] | None = None
    selected_repository_ids: list[int] | None = None


class _RepositoryCreate(Body):
    name: str
    value: str


class _RepositoryUpdate(Body):
    name: str | None = None
    value: str | None = None


def _check_name(name: str) -> str:
    if not re.fullmatch(_NAME, name) or name.upper().startswith("GITHUB_"):
        raise errors.unprocessable(
            "Variable names can only contain alphanumeric characters ([a-z], [A-Z], [0-9]) or underscores (_). "
            "They must start with a letter ([a-z], [A-Z]) or underscore (_), and not with GITHUB_."
        )
    return name.upper()


def _document(call: Call, variable: Variable) -> dict[str, object]:
    document: dict[str, object] = {
        "name": variable.name,
        "value": variable.value,
        "created_at": variable.created_at,
        "updated_at": variable.updated_at,
    }
    if call.found is None:
        document["visibility"] = variable.visibility
        if variable.visibility == "selected":
            place = f"{call.store.api_url}/orgs/{call.store.organization.login}/actions/variables"
            document["selected_repositories_url"] = f"{place}/{variable.name}/repositories"
    return document


def _all(call: Call) -> dict[str, Variable]:
    return call.store.state.variables if call.found is None else call.found.variables


def _found(call: Call) -> Variable:
    found = _all(call).get(call.parameters["name"].upper())
    if found is None:
        raise errors.not_found()
    return found


def _add(call: Call, variable: Variable) -> Response:
    if variable.name in _all(call):
        raise errors.conflict("Already exists - Variable already exists")
    _all(call)[variable.name] = variable
    return json_response(201, {})


def _change(call: Call, variable: Variable, name: str | None, value: str | None) -> Response:
    if value is not None:
        variable.value = value
    if name is not None and _check_name(name) != variable.name:
        del _all(call)[variable.name]
        variable.name = _check_name(name)
        _all(call)[variable.name] = variable
    variable.updated_at = now()
    return Response(status=204)


_READ, _WRITE = "organization_actions_variables:read", "organization_actions_variables:write"


@route("GET", _ORGANIZATION, permission=_READ, organization="owner", scope="admin:org")
@route("GET", _REPOSITORY, permission="actions_variables:read", role="push")
def list_variables(call: Call) -> Response:
    """List variables."""
    variables = [_all(call)[name] for name in sorted(_all(call))]
    page, headers = call.page(variables)
    return json_response(
        200, {"total_count": len(variables), "variables": [_document(call, one) for one in page]}, headers
    )


@route("POST", _ORGANIZATION, permission=_WRITE, organization="owner", scope="admin:org")
def create_organization_variable(call: Call) -> Response:
    """Create a variable of the organization."""
    body = call.body(_OrganizationCreate)
    variable = Variable(
        name=_check_name(body.name),
        value=body.value,
        visibility=body.visibility,
        selected_repository_ids=body.selected_repository_ids,
    )
    return _add(call, variable)


@route("POST", _REPOSITORY, permission="actions_variables:write", role="push")
def create_repository_variable(call: Call) -> Response:
    """Create a variable of a repository."""
    body = call.body(_RepositoryCreate)
    return _add(call, Variable(name=_check_name(body.name), value=body.value))


@route("GET", _ORGANIZATION + "/{name}", permission=_READ, organization="owner", scope="admin:org")
@route("GET", _REPOSITORY + "/{name}", permission="actions_variables:read", role="push")
def get_variable(call: Call) -> Response:
    """Get a variable."""
    return json_response(200, _document(call, _found(call)))


@route("PATCH", _ORGANIZATION + "/{name}", permission=_WRITE, organization="owner", scope="admin:org")
def update_organization_variable(call: Call) -> Response:
    """Update one of the organization's variables."""
    body, variable = call.body(_OrganizationUpdate), _found(call)
    variable.visibility = body.visibility or variable.visibility
    if body.selected_repository_ids is not None:
        variable.selected_repository_ids = body.selected_repository_ids
    return _change(call, variable, body.name, body.value)


@route("PATCH", _REPOSITORY + "/{name}", permission="actions_variables:write", role="push")
def update_repository_variable(call: Call) -> Response:
    """Update one of the repository's variables."""
    body = call.body(_RepositoryUpdate)
    return _change(call, _found(call), body.name, body.value)


@route("DELETE", _ORGANIZATION + "/{name}", permission=_WRITE, organization="owner", scope="admin:org")
@route("DELETE", _REPOSITORY + "/{name}", permission="actions_variables:write", role="push")
def delete_variable(call: Call) -> Response:
    """Delete a variable."""
    del _all(call)[_found(call).name]
    return Response(status=204)


@route("GET", _ORGANIZATION + "/{name}/repositories", permission=_READ, organization="owner", scope="admin:org")
def list_selected_repositories(call: Call) -> Response:
    """List the repositories that can use a variable."""
    chosen = [call.store.state.repositories[number] for number in _found(call).selected_repository_ids]
    documents = [{"id": one.id, "name": one.name, "full_name": one.full_name} for one in chosen]
    return json_response(200, {"total_count": len(documents), "repositories": documents})
