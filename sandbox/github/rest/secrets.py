"""Secrets of Actions, of the organization, of repositories and of environments; no response has a value.

Source: GitHub Docs, "REST API endpoints for GitHub Actions Secrets".
"""

import re
from typing import Literal

from pydantic import Field

from sandbox.github import errors
from sandbox.github.actions import secret_values
from sandbox.github.routing import Body, Call, route
from sandbox.github.state import Environment, Secret, now
from sandbox.github.transport import Response, json_response

_ORGANIZATION, _REPOSITORY = "/orgs/{org}/actions/secrets", "/repos/{owner}/{repo}/actions/secrets"
_ENVIRONMENT = "/repos/{owner}/{repo}/environments/{environment}/secrets"
_BYTES = 48 * 1024


class _Put(Body):
    encrypted_value: str
    key_id: str


class _PutOrganization(_Put):
    visibility: Literal["all", "private", "selected"]
    selected_repository_ids: list[int] = Field(default_factory=list[int])


class _Selected(Body):
    selected_repository_ids: list[int]


def _environment(call: Call) -> Environment | None:
    if "environment" not in call.parameters:
        return None
    found = call.repository.environment(call.parameters["environment"])
    if found is None:
        raise errors.not_found()
    return found


def _owner(call: Call) -> str:
    return secret_values.owner(call.found, _environment(call))


def _all(call: Call) -> dict[str, Secret]:
    return secret_values.kept(call.store.state, call.found, _environment(call))


def _found(call: Call) -> Secret:
    found = _all(call).get(call.parameters["name"].upper())
    if found is None:
        raise errors.not_found()
    return found


def _document(call: Call, secret: Secret) -> dict[str, object]:
    document: dict[str, object] = {
        "name": secret.name,
        "created_at": secret.created_at,
        "updated_at": secret.updated_at,
    }
    if call.found is None:
        document["visibility"] = secret.visibility
        if secret.visibility == "selected":
            place = f"{call.store.api_url}/orgs/{call.store.organization.login}/actions/secrets"
            document["selected_repositories_url"] = f"{place}/{secret.name}/repositories"
    return document


def _put(call: Call, body: _Put) -> tuple[Secret, int]:
    """Keep a sealed value; return its secret, and the status of the response."""
    name = call.parameters["name"].upper()
    if not re.fullmatch(r"[A-Z_][A-Z0-9_]*", name) or name.startswith("GITHUB_"):
        # Source: the answer as millylee/anyrouter-check-in, issue 126, quotes it. Of GITHUB_: GitHub Docs, "Secrets
        # reference".
        raise errors.unprocessable(
            "Secret names can only contain alphanumeric characters ([a-z], [A-Z], [0-9]) or underscores (_). "
            "Spaces are not allowed. Must start with a letter ([a-z], [A-Z]) or underscores (_)."
        )
    owner, kept = _owner(call), _all(call)
    call.store.sealing.check(owner, body.key_id, body.encrypted_value)
    if len(call.store.sealing.open(owner, body.encrypted_value).encode()) > _BYTES:
        raise errors.unprocessable("Secret values may have at most 48 KB.")
    existing = kept.get(name)
    kept[name] = Secret(name=name, sealed=body.encrypted_value)
    if existing is None:
        return kept[name], 201
    kept[name].created_at, kept[name].updated_at = existing.created_at, now()
    return kept[name], 204


def _stored(status: int) -> Response:
    return json_response(201, {}) if status == 201 else Response(status=status)


_READ, _WRITE = "organization_secrets:read", "organization_secrets:write"


@route("GET", _ORGANIZATION, permission=_READ, organization="owner", scope="admin:org")
@route("GET", _REPOSITORY, permission="secrets:read", role="push")
@route("GET", _ENVIRONMENT, permission="environments:read", role="push")
def list_secrets(call: Call) -> Response:
    """List secrets."""
    found = [_all(call)[name] for name in sorted(_all(call))]
    page, headers = call.page(found)
    return json_response(200, {"total_count": len(found), "secrets": [_document(call, one) for one in page]}, headers)


@route("GET", "/repos/{owner}/{repo}/actions/organization-secrets", permission="secrets:read", role="push")
def list_secrets_of_organization(call: Call) -> Response:
    """List the secrets of the organization that jobs of a repository have."""
    found = secret_values.of_organization(call.store.state, call.repository)
    page, headers = call.page(found)
    documents = [{"name": one.name, "created_at": one.created_at, "updated_at": one.updated_at} for one in page]
    return json_response(200, {"total_count": len(found), "secrets": documents}, headers)


@route("GET", _ORGANIZATION + "/public-key", permission=_READ, organization="owner", scope="admin:org")
@route("GET", _REPOSITORY + "/public-key", permission="secrets:read", role="pull")
@route("GET", _ENVIRONMENT + "/public-key", permission="environments:read", role="pull")
def get_key(call: Call) -> Response:
    """Get the key to which secrets are sealed."""
    key_id, key = call.store.sealing.public(_owner(call))
    return json_response(200, {"key_id": key_id, "key": key})


@route("GET", _ORGANIZATION + "/{name}", permission=_READ, organization="owner", scope="admin:org")
@route("GET", _REPOSITORY + "/{name}", permission="secrets:read", role="push")
@route("GET", _ENVIRONMENT + "/{name}", permission="environments:read", role="push")
def get_secret(call: Call) -> Response:
    """Get a secret."""
    return json_response(200, _document(call, _found(call)))


@route("PUT", _ORGANIZATION + "/{name}", permission=_WRITE, organization="owner", scope="admin:org")
def put_organization_secret(call: Call) -> Response:
    """Create or update a secret of the organization."""
    body = call.body(_PutOrganization)
    secret, status = _put(call, body)
    secret.visibility, secret.selected_repository_ids = body.visibility, body.selected_repository_ids
    return _stored(status)


@route("PUT", _REPOSITORY + "/{name}", permission="secrets:write", role="push")
@route("PUT", _ENVIRONMENT + "/{name}", permission="environments:write", role="admin")
def put_secret(call: Call) -> Response:
    """Create or update a secret of a repository or of an environment."""
    return _stored(_put(call, call.body(_Put))[1])


@route("DELETE", _ORGANIZATION + "/{name}", permission=_WRITE, organization="owner", scope="admin:org")
@route("DELETE", _REPOSITORY + "/{name}", permission="secrets:write", role="push")
@route("DELETE", _ENVIRONMENT + "/{name}", permission="environments:write", role="admin")
def delete_secret(call: Call) -> Response:
    """Delete a secret."""
    del _all(call)[_found(call).name]
    return Response(status=204)


@route("GET", _ORGANIZATION + "/{name}/repositories", permission=_READ, organization="owner", scope="admin:org")
def list_selected_repositories(call: Call) -> Response:
    """List the repositories that can use a secret of the organization."""
    repositories = call.store.state.repositories
    chosen = [repositories[number] for number in _found(call).selected_repository_ids if number in repositories]
    documents = [{"id": one.id, "name": one.name, "full_name": one.full_name} for one in chosen]
    return json_response(200, {"total_count": len(documents), "repositories": documents})


@route("PUT", _ORGANIZATION + "/{name}/repositories", permission=_WRITE, organization="owner", scope="admin:org")
def select_repositories(call: Call) -> Response:
    """Choose the repositories that can use a secret of the organization."""
    body, secret = call.body(_Selected), _found(call)
    if secret.visibility != "selected":
        raise errors.conflict("Conflict")
    secret.selected_repository_ids = body.selected_repository_ids
    return Response(status=204)
