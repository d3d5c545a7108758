"""Collaborators of repositories, and invitations."""

from sandbox.github import errors
from sandbox.github.accounts import reaches, role
from sandbox.github.rest import views
from sandbox.github.routing import Body, Call, route
from sandbox.github.state import PERMISSIONS, Invitation, Permission, User
from sandbox.github.transport import Response, json_response

_OLD_NAMES = {"pull": "read", "triage": "read", "push": "write", "maintain": "write", "admin": "admin"}
_ROLE_NAMES = {"pull": "read", "push": "write"}


class _Add(Body):
    permission: Permission = "push"


def _collaborator(call: Call, account: User, held: Permission) -> dict[str, object]:
    permissions = {name: PERMISSIONS.index(name) <= PERMISSIONS.index(held) for name in reversed(PERMISSIONS)}
    return {
        **views.user(call.store, account),
        "permissions": permissions,
        "role_name": _ROLE_NAMES.get(held, held),
    }


@route("GET", "/repos/{owner}/{repo}/collaborators", permission="metadata:read", role="push")
def list_collaborators(call: Call) -> Response:
    """List the accounts with access, or only direct collaborators (`affiliation=direct`), or those with a permission."""
    accounts = call.store.state.users.values()
    affiliation, needed = call.request.query.get("affiliation", "all"), call.request.query.get("permission", "pull")
    if affiliation not in ("all", "direct"):
        raise errors.ApiError(501, f"The affiliation {affiliation!r} is not implemented here")
    if needed not in PERMISSIONS:
        raise errors.unprocessable("Validation Failed", f"permission {needed!r} is not one of {', '.join(PERMISSIONS)}")
    if affiliation == "direct":
        direct = {login.lower() for login in call.repository.collaborators}
        accounts = [account for account in accounts if account.login.lower() in direct]
    found: list[tuple[User, Permission]] = []
    for account in accounts:
        held = role(account, call.repository, call.store.state)
        if held is not None and reaches(held, needed):
            found.append((account, held))
    page, headers = call.page(found)
    return json_response(200, [_collaborator(call, account, permission) for account, permission in page], headers)


@route("GET", "/repos/{owner}/{repo}/collaborators/{login}", permission="metadata:read", role="push")
def check_collaborator(call: Call) -> Response:
    """Answer 204 for a collaborator, 404 for any other account."""
    account = call.store.user(call.parameters["login"])
    if role(account, call.repository, call.store.state) is None:
        raise errors.not_found()
    return Response(status=204)


@route("GET", "/repos/{owner}/{repo}/collaborators/{login}/permission", permission="metadata:read", role="push")
def get_permission(call: Call) -> Response:
    """Get the permission of an account."""
    account = call.store.user(call.parameters["login"])
    held = role(account, call.repository, call.store.state)
    if held is None:
        return json_response(200, {"permission": "none", "role_name": "none", "user": views.user(call.store, account)})
    document = {
        "permission": _OLD_NAMES[held],
        "role_name": _ROLE_NAMES.get(held, held),
        "user": _collaborator(call, account, held),
    }
    return json_response(200, document)


@route("PUT", "/repos/{owner}/{repo}/collaborators/{login}", permission="administration:write", role="admin")
def add_collaborator(call: Call) -> Response:
    """Add a member of the organization, or invite any other account."""
    body = call.body(_Add)
    account = call.store.user(call.parameters["login"])
    repository = call.repository
    known = {login.lower() for login in repository.collaborators}
    if account.member or account.login.lower() in known:
        repository.collaborators[account.login] = body.permission
        return Response(status=204)
    invitation = next((one for one in repository.invitations if one.login == account.login), None)
    if invitation is None:
        invitation = Invitation(
            id=call.store.state.next_id(),
            login=account.login,
            inviter=call.caller.user.login,
            permission=body.permission,
        )
        repository.invitations.append(invitation)
    invitation.permission = body.permission
    return json_response(201, _invitation(call, invitation))


def _invitation(call: Call, invitation: Invitation) -> dict[str, object]:
    return {
        "id": invitation.id,
        "repository": views.repository(call.store, call.repository, call.caller),
        "invitee": views.user(call.store, call.store.user(invitation.login)),
        "inviter": views.user(call.store, call.store.user(invitation.inviter)),
        "permissions": {"pull": "read", "push": "write"}.get(invitation.permission, invitation.permission),
        "created_at": invitation.created_at,
        "expired": False,
        "html_url": f"{call.store.url}/{call.repository.full_name}/invitations",
    }


@route("GET", "/repos/{owner}/{repo}/invitations", permission="administration:read", role="admin")
def list_invitations(call: Call) -> Response:
    """List the invitations that are not accepted yet."""
    page, headers = call.page(call.repository.invitations)
    return json_response(200, [_invitation(call, one) for one in page], headers)


@route("DELETE", "/repos/{owner}/{repo}/collaborators/{login}", permission="administration:write", role="admin")
def remove_collaborator(call: Call) -> Response:
    """Remove a direct collaborator or an invitation."""
    repository, wanted = call.repository, call.parameters["login"].lower()
    repository.collaborators = {
        login: held for login, held in repository.collaborators.items() if login.lower() != wanted
    }
    repository.invitations = [one for one in repository.invitations if one.login.lower() != wanted]
    return Response(status=204)
