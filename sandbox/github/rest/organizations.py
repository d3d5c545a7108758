"""The organization and its members."""

from sandbox.github import errors
from sandbox.github.rest import views
from sandbox.github.routing import Call, route
from sandbox.github.state import User
from sandbox.github.transport import Response, json_response


def _document(call: Call) -> dict[str, object]:
    organization = call.store.organization
    return {
        "login": organization.login,
        "id": organization.id,
        "node_id": f"O_{organization.id}",
        "url": f"{call.store.api_url}/orgs/{organization.login}",
        "html_url": f"{call.store.url}/{organization.login}",
        "name": organization.login,
        "type": "Organization",
        "default_repository_permission": "read",
        "members_can_create_repositories": True,
    }


@route("GET", "/orgs/{org}", permission="metadata:read")
def get_organization(call: Call) -> Response:
    """Get the organization; only an owner's token with the scope admin:org, or a permission for it, sees its plan.

    Source: GitHub REST API, "Get an organization".
    """
    document = _document(call)
    if call.caller.user.admin and not call.caller.is_job and call.caller.has_scope("admin:org"):
        document["plan"] = {"name": call.store.seed.plan}
    return json_response(200, document)


@route("GET", "/organizations/{number}", permission="metadata:read")
def get_organization_by_id(call: Call) -> Response:
    """Get the organization by its id."""
    if call.parameters["number"] != str(call.store.organization.id):
        raise errors.not_found()
    return json_response(200, _document(call))


@route("GET", "/orgs/{org}/members", permission="members:read")
def list_members(call: Call) -> Response:
    """List the members."""
    members = [account for account in call.store.state.users.values() if account.member]
    if call.request.query.get("role") == "admin":
        members = [account for account in members if account.admin]
    page, headers = call.page(members)
    return json_response(200, [views.user(call.store, account) for account in page], headers)


@route("GET", "/orgs/{org}/members/{login}", permission="members:read")
def check_membership(call: Call) -> Response:
    """Answer 204 for a member, 404 for any other account."""
    if not call.store.user(call.parameters["login"]).member:
        raise errors.ApiError(404, "User does not exist or is not a member of the organization")
    return Response(status=204)


def _membership(call: Call, account: User) -> Response:
    if not account.member:
        raise errors.not_found()
    organization = call.store.organization.login
    return json_response(
        200,
        {
            "url": f"{call.store.api_url}/orgs/{organization}/memberships/{account.login}",
            "state": "active",
            "role": "admin" if account.admin else "member",
            "organization_url": f"{call.store.api_url}/orgs/{organization}",
            "organization": _document(call),
            "user": views.user(call.store, account),
        },
    )


@route("GET", "/orgs/{org}/memberships/{login}", permission="members:read", organization="member", scope="read:org")
def get_membership(call: Call) -> Response:
    """Get the membership of a member."""
    return _membership(call, call.store.user(call.parameters["login"]))


@route("GET", "/user/memberships/orgs/{org}", permission="members:read", scope="read:org")
def get_own_membership(call: Call) -> Response:
    """Get the caller's own membership."""
    return _membership(call, call.caller.user)
