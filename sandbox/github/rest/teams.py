"""Teams, their members and their repositories."""

import re
from typing import Literal

from pydantic import Field

from sandbox.github import errors
from sandbox.github.rest import views
from sandbox.github.routing import Body, Call, route
from sandbox.github.state import PERMISSIONS, Permission, Repository, Team, now
from sandbox.github.transport import Response, json_response

TEAM = "/orgs/{org}/teams/{team}"
_BY_ID = "/organizations/{number}/team/{team_id}"


class _Settings(Body):
    description: str | None = None
    privacy: Literal["secret", "closed"] | None = None
    notification_setting: Literal["notifications_enabled", "notifications_disabled"] | None = None
    permission: Literal["pull", "push"] | None = None
    parent_team_id: int | None = None


class _Update(_Settings):
    name: str | None = None


class _Create(_Settings):
    name: str
    maintainers: list[str] = Field(default_factory=list[str])
    repo_names: list[str] = Field(default_factory=list[str])


class _Membership(Body):
    role: Literal["member", "maintainer"] = "member"


class _RepositoryPermission(Body):
    permission: Permission = "push"


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _find(call: Call) -> Team:
    wanted = call.parameters["team"]
    found = [team for team in call.store.state.teams.values() if team.slug == wanted]
    if not found:
        raise errors.not_found()
    return found[0]


def _document(call: Call, team: Team) -> dict[str, object]:
    organization = call.store.organization
    return {
        "id": team.id,
        "node_id": f"T_{team.id}",
        "slug": team.slug,
        "name": team.name,
        "description": team.description,
        "privacy": team.privacy,
        "notification_setting": team.notification_setting,
        "permission": "pull",
        "url": f"{call.store.api_url}/organizations/{organization.id}/team/{team.id}",
        "html_url": f"{call.store.url}/orgs/{organization.login}/teams/{team.slug}",
        "parent": None
        if team.parent_id is None
        else {"id": team.parent_id, "slug": call.store.state.teams[team.parent_id].slug},
        "members_count": len(team.members),
        "repos_count": len(team.repositories),
        "organization": {"login": organization.login, "id": organization.id},
        "created_at": team.created_at,
        "updated_at": team.updated_at,
    }


def _check_parent(call: Call, parent: int | None) -> None:
    if parent is not None and parent not in call.store.state.teams:
        raise errors.validation_failed("Team", "parent_team_id", "invalid")


@route("POST", "/orgs/{org}/teams", permission="members:write", organization="member", scope="write:org")
def create_team(call: Call) -> Response:
    """Create a team; the caller becomes its maintainer unless others are named."""
    body = call.body(_Create)
    slug = _slug(body.name)
    if any(team.slug == slug for team in call.store.state.teams.values()):
        raise errors.validation_failed("Team", "name", "already_exists", "Name must be unique for this org")
    _check_parent(call, body.parent_team_id)
    team = Team(
        id=call.store.state.next_id(),
        slug=slug,
        name=body.name,
        description=body.description,
        privacy=body.privacy or "secret",
        notification_setting=body.notification_setting or "notifications_enabled",
        parent_id=body.parent_team_id,
    )
    for login in body.maintainers or [call.caller.user.login]:
        team.members[call.store.user(login).login] = "maintainer"
    for full_name in body.repo_names:
        owner, _, name = full_name.rpartition("/")
        team.repositories[call.store.repository(owner or call.store.organization.login, name).id] = "pull"
    call.store.state.teams[team.id] = team
    return json_response(201, _document(call, team))


@route("GET", "/orgs/{org}/teams", permission="members:read", organization="member", scope="read:org")
def list_teams(call: Call) -> Response:
    """List the teams."""
    page, headers = call.page(list(call.store.state.teams.values()))
    return json_response(200, [_document(call, team) for team in page], headers)


@route("GET", TEAM, permission="members:read", organization="member", scope="read:org")
def get_team(call: Call) -> Response:
    """Get a team by its slug."""
    return json_response(200, _document(call, _find(call)))


def _find_by_id(call: Call) -> Team:
    number = call.parameters["team_id"]
    team = call.store.state.teams.get(int(number)) if number.isdecimal() else None
    if team is None or call.parameters["number"] != str(call.store.organization.id):
        raise errors.not_found()
    return team


@route("GET", _BY_ID, permission="members:read", scope="read:org")
def get_team_by_id(call: Call) -> Response:
    """Get a team by its id."""
    return json_response(200, _document(call, _find_by_id(call)))


@route("PATCH", TEAM, permission="members:write", organization="owner", scope="write:org")
def update_team(call: Call) -> Response:
    """Update a team; a new name changes its slug."""
    body = call.body(_Update)
    _check_parent(call, body.parent_team_id)
    team = _find(call)
    if body.name is not None:
        team.name, team.slug = body.name, _slug(body.name)
    if "description" in body.model_fields_set:
        team.description = body.description
    team.privacy = body.privacy or team.privacy
    team.notification_setting = body.notification_setting or team.notification_setting
    if "parent_team_id" in body.model_fields_set:
        team.parent_id = body.parent_team_id
    team.updated_at = now()
    return json_response(200, _document(call, team))


@route("DELETE", TEAM, permission="members:write", organization="owner", scope="admin:org")
def delete_team(call: Call) -> Response:
    """Delete a team."""
    del call.store.state.teams[_find(call).id]
    return Response(status=204)


@route("GET", TEAM + "/members", permission="members:read", organization="member", scope="read:org")
def list_team_members(call: Call) -> Response:
    """List the members of a team."""
    return _members(call, _find(call))


@route("GET", _BY_ID + "/members", permission="members:read", scope="read:org")
def list_team_members_by_id(call: Call) -> Response:
    """List the members of a team, given by its id."""
    return _members(call, _find_by_id(call))


def _members(call: Call, team: Team) -> Response:
    wanted = call.request.query.get("role", "all")
    if wanted not in ("all", "member", "maintainer"):
        raise errors.validation_failed("Team", "role", "invalid")
    found = [login for login, role in team.members.items() if wanted in ("all", role)]
    page, headers = call.page(found)
    return json_response(200, [views.user(call.store, call.store.user(login)) for login in page], headers)


def _membership(call: Call, team: Team, login: str) -> Response:
    if login not in team.members:
        raise errors.not_found()
    return json_response(
        200,
        {
            "url": f"{call.store.api_url}/organizations/{call.store.organization.id}/team/{team.id}/memberships/{login}",
            "role": team.members[login],
            "state": "active",
        },
    )


@route("GET", TEAM + "/memberships/{login}", permission="members:read", organization="member", scope="read:org")
def get_team_membership(call: Call) -> Response:
    """Get the membership of an account in a team."""
    return _membership(call, _find(call), call.store.user(call.parameters["login"]).login)


def _put_membership(call: Call, team: Team) -> Response:
    body, account = call.body(_Membership), call.store.user(call.parameters["login"])
    if not account.member:
        raise errors.ApiError(501, "Inviting people to the organization is not implemented here")
    # Owners maintain every team that they are in. Source: GitHub Docs, REST API, "Add or update team membership for a user".
    team.members[account.login] = "maintainer" if account.admin else body.role
    return _membership(call, team, account.login)


def _delete_membership(call: Call, team: Team) -> Response:
    team.members.pop(call.store.user(call.parameters["login"]).login, None)
    return Response(status=204)


@route("PUT", TEAM + "/memberships/{login}", permission="members:write", organization="owner", scope="write:org")
def put_team_membership(call: Call) -> Response:
    """Add a member of the organization to a team."""
    return _put_membership(call, _find(call))


@route("DELETE", TEAM + "/memberships/{login}", permission="members:write", organization="owner", scope="write:org")
def delete_team_membership(call: Call) -> Response:
    """Remove a member from a team."""
    return _delete_membership(call, _find(call))


@route("GET", _BY_ID + "/memberships/{login}", permission="members:read", organization="member", scope="read:org")
def get_membership_by_id(call: Call) -> Response:
    """Get the membership of an account in a team, given by its id."""
    return _membership(call, _find_by_id(call), call.store.user(call.parameters["login"]).login)


@route("PUT", _BY_ID + "/memberships/{login}", permission="members:write", organization="owner", scope="write:org")
def put_membership_by_id(call: Call) -> Response:
    """Add a member of the organization to a team, given by its id."""
    return _put_membership(call, _find_by_id(call))


@route("DELETE", _BY_ID + "/memberships/{login}", permission="members:write", organization="owner", scope="write:org")
def delete_membership_by_id(call: Call) -> Response:
    """Remove a member from a team, given by its id."""
    return _delete_membership(call, _find_by_id(call))


def _repository_document(call: Call, repository: Repository, held: Permission) -> dict[str, object]:
    permissions = {name: PERMISSIONS.index(name) <= PERMISSIONS.index(held) for name in PERMISSIONS}
    names = {"pull": "read", "push": "write"}
    return {
        **views.repository(call.store, repository, call.caller),
        "permissions": permissions,
        "role_name": names.get(held, held),
    }


@route("GET", TEAM + "/repos", permission="members:read", organization="member", scope="read:org")
def list_team_repositories(call: Call) -> Response:
    """List the repositories of a team."""
    page, headers = call.page(list(_find(call).repositories.items()))
    documents = [_repository_document(call, call.store.state.repositories[number], held) for number, held in page]
    return json_response(200, documents, headers)


@route("GET", TEAM + "/repos/{owner}/{repo}", permission="members:read", role="pull")
def check_team_repository(call: Call) -> Response:
    """Answer 204 if the team has the repository; with the media type for it, get its permission."""
    held = _find(call).repositories.get(call.repository.id)
    if held is None:
        raise errors.not_found()
    if "repository+json" in call.request.headers.get("accept", ""):
        return json_response(200, _repository_document(call, call.repository, held))
    return Response(status=204)


@route("PUT", TEAM + "/repos/{owner}/{repo}", permission="administration:write", role="admin")
def put_team_repository(call: Call) -> Response:
    """Give a team a permission in a repository."""
    _find(call).repositories[call.repository.id] = call.body(_RepositoryPermission).permission
    return Response(status=204)


@route("PUT", _BY_ID + "/repos/{owner}/{repo}", permission="administration:write", role="admin")
def put_team_repository_by_id(call: Call) -> Response:
    """Give a team, given by its id, a permission in a repository."""
    _find_by_id(call).repositories[call.repository.id] = call.body(_RepositoryPermission).permission
    return Response(status=204)


@route("DELETE", TEAM + "/repos/{owner}/{repo}", permission="administration:write", role="admin")
def delete_team_repository(call: Call) -> Response:
    """Remove a repository from a team."""
    _find(call).repositories.pop(call.repository.id, None)
    return Response(status=204)
