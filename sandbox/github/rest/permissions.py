"""The organization's policy for Actions. Which actions are allowed is kept and shown; runs are not judged by it."""

from typing import Literal

from sandbox.github import errors
from sandbox.github.routing import Body, Call, route
from sandbox.github.state import ActionsPolicy
from sandbox.github.transport import Response, json_response

_POLICY = "/orgs/{org}/actions/permissions"
_SELECTED = f"{_POLICY}/selected-actions"
_WORKFLOW = f"{_POLICY}/workflow"
_READ, _WRITE = "organization_administration:read", "organization_administration:write"


class _Policy(Body):
    enabled_repositories: Literal["all", "none", "selected"]
    allowed_actions: Literal["all", "local_only", "selected"] | None = None
    sha_pinning_required: bool | None = None


class _Selected(Body):
    github_owned_allowed: bool | None = None
    verified_allowed: bool | None = None
    patterns_allowed: list[str] | None = None


class _Workflow(Body):
    default_workflow_permissions: Literal["read", "write"] | None = None
    can_approve_pull_request_reviews: bool | None = None


def _policy(call: Call) -> ActionsPolicy:
    return call.store.state.actions_policy


def _selection(call: Call) -> ActionsPolicy:
    """Return the policy if actions are selected, or raise 409."""
    policy = _policy(call)
    if policy.allowed_actions != "selected":
        raise errors.conflict("Conflict")
    return policy


@route("GET", _POLICY, permission=_READ, organization="owner", scope="admin:org")
def get_policy(call: Call) -> Response:
    """Get which repositories have Actions, and which actions they may use."""
    policy = _policy(call)
    document: dict[str, object] = {
        "enabled_repositories": policy.enabled_repositories,
        "allowed_actions": policy.allowed_actions,
        "sha_pinning_required": policy.sha_pinning_required,
    }
    if policy.allowed_actions == "selected":
        path = _SELECTED.replace("{org}", call.store.organization.login)
        document["selected_actions_url"] = f"{call.store.api_url}{path}"
    return json_response(200, document)


@route("PUT", _POLICY, permission=_WRITE, organization="owner", scope="admin:org")
def set_policy(call: Call) -> Response:
    """Set the policy."""
    body, policy = call.body(_Policy), _policy(call)
    policy.enabled_repositories = body.enabled_repositories
    policy.allowed_actions = body.allowed_actions or policy.allowed_actions
    if body.sha_pinning_required is not None:
        policy.sha_pinning_required = body.sha_pinning_required
    return Response(status=204)


@route("GET", _SELECTED, permission=_READ, organization="owner", scope="admin:org")
def get_selected_actions(call: Call) -> Response:
    """Get the actions that may be used, if they are selected."""
    policy = _selection(call)
    names = ("github_owned_allowed", "verified_allowed", "patterns_allowed")
    return json_response(200, {name: getattr(policy, name) for name in names})


@route("PUT", _SELECTED, permission=_WRITE, organization="owner", scope="admin:org")
def set_selected_actions(call: Call) -> Response:
    """Select the actions that may be used."""
    body, policy = call.body(_Selected), _selection(call)
    for name, value in body.model_dump(exclude_none=True).items():
        setattr(policy, name, value)
    return Response(status=204)


@route("GET", _WORKFLOW, permission=_READ, organization="owner", scope="admin:org")
def get_workflow_permissions(call: Call) -> Response:
    """Get what tokens of jobs may do without a workflow's `permissions`, and whether they may approve pull requests."""
    document = {
        "default_workflow_permissions": "read",
        "can_approve_pull_request_reviews": _policy(call).can_approve_pull_request_reviews,
    }
    return json_response(200, document)


@route("PUT", _WORKFLOW, permission=_WRITE, organization="owner", scope="admin:org")
def set_workflow_permissions(call: Call) -> Response:
    """Set whether tokens of jobs may create and approve pull requests."""
    body, policy = call.body(_Workflow), _policy(call)
    if body.default_workflow_permissions == "write":
        raise errors.ApiError(501, "Tokens that may write by default are not implemented here")
    if body.can_approve_pull_request_reviews is not None:
        policy.can_approve_pull_request_reviews = body.can_approve_pull_request_reviews
    return Response(status=204)
