"""Deployment environments, their protection rules, and their deployment branch policies.

Source: GitHub Docs, "REST API endpoints for deployment environments" and "... for deployment branch policies".
"""

from typing import Literal

from sandbox.github import errors
from sandbox.github.accounts import role
from sandbox.github.rest import views
from sandbox.github.routing import Body, Call, route
from sandbox.github.state import BranchPolicy, Environment, NamePolicy, Reviewer, now
from sandbox.github.transport import Response, json_response


class _Reviewer(Body):
    type: Literal["User", "Team"]
    id: int


class _BranchPolicy(Body):
    protected_branches: bool
    custom_branch_policies: bool


class _Put(Body):
    wait_timer: int = 0
    prevent_self_review: bool = False
    reviewers: list[_Reviewer] | None = None
    deployment_branch_policy: _BranchPolicy | None = None
    can_admins_bypass: bool = True
    """Not in the documentation; GitHub's own answers have it, and the provider's RepositoryEnvironment sends it."""


class _NamePolicy(Body):
    name: str
    type: Literal["branch", "tag"] = "branch"


def summary(call: Call, environment: Environment) -> dict[str, object]:
    """An environment, as other documents embed it."""
    api = call.repository_url
    activity = f"{call.store.url}/{call.repository.full_name}/deployments/activity_log"
    return {
        "id": environment.id,
        "node_id": f"EN_{environment.id}",
        "name": environment.name,
        "url": f"{api}/environments/{environment.name}",
        "html_url": f"{activity}?environments_filter={environment.name}",
        "created_at": environment.created_at,
        "updated_at": environment.updated_at,
    }


def reviewers(call: Call, environment: Environment) -> list[dict[str, object]]:
    """The reviewers of an environment."""
    # A deleted team is no reviewer any more.
    known = [one for one in environment.reviewers if one.type == "User" or one.id in call.store.state.teams]
    return [{"type": one.type, "reviewer": _reviewer(call, one)} for one in known]


def _document(call: Call, environment: Environment) -> dict[str, object]:
    rules: list[dict[str, object]] = []
    if environment.wait_timer:
        rules.append({"id": environment.id + 1, "type": "wait_timer", "wait_timer": environment.wait_timer})
    if environment.reviewers:
        rules.append(
            {
                "id": environment.id + 2,
                "type": "required_reviewers",
                "prevent_self_review": environment.prevent_self_review,
                "reviewers": reviewers(call, environment),
            }
        )
    policy = environment.deployment_branch_policy
    if policy is not None:
        rules.append({"id": environment.id + 3, "type": "branch_policy"})
    return {
        **summary(call, environment),
        "can_admins_bypass": environment.can_admins_bypass,
        "protection_rules": rules,
        "deployment_branch_policy": policy.model_dump() if policy else None,
    }


def _reviewer(call: Call, reviewer: Reviewer) -> dict[str, object]:
    if reviewer.type == "Team":
        team = call.store.state.teams[reviewer.id]
        return {"id": team.id, "node_id": f"T_{team.id}", "name": team.name, "slug": team.slug}
    account = next(user for user in call.store.state.users.values() if user.id == reviewer.id)
    return views.user(call.store, account)


def _check(call: Call, body: _Put) -> None:
    given = body.model_fields_set
    protections = {
        "reviewers": "required reviewers",
        "prevent_self_review": "required reviewers",
        "wait_timer": "wait timer",
        # go-github leaves it out, too, where the plan has no reviewers.
        "can_admins_bypass": "required reviewers",
    }
    # Even default values are refused, because the fields themselves belong to the plan.
    if call.repository.private and call.store.seed.plan != "enterprise":
        for field, rule in protections.items():
            if field in given:
                raise errors.unprocessable(
                    "Failed to create the environment protection rule. "
                    f"Please ensure the billing plan supports the {rule} protection rule."
                )
    if not 0 <= body.wait_timer <= 43200:
        raise errors.validation_failed("Environment", "wait_timer", "invalid")
    if body.wait_timer:
        raise errors.ApiError(501, "wait_timer is not implemented here")
    reviewers = body.reviewers or []
    if len(reviewers) > 6:
        raise errors.unprocessable("Only up to 6 reviewers are allowed.")
    if body.prevent_self_review and not _readers(call, body):
        raise errors.unprocessable(
            "Failed to create or update the environment protection rule. "
            "Required reviewers must have at least one reviewer to set prevent_self_review."
        )
    policy = body.deployment_branch_policy
    if policy is not None and policy.protected_branches == policy.custom_branch_policies:
        raise errors.unprocessable("protected_branches and custom_branch_policies cannot have the same value.")


def _readers(call: Call, body: _Put) -> list[Reviewer]:
    """Return the reviewers who can read the repository; GitHub drops the others silently."""
    state, repository = call.store.state, call.repository
    readers = {account.id for account in state.users.values() if role(account, repository, state) is not None}
    teams = {team.id for team in state.teams.values() if repository.id in team.repositories}
    return [
        Reviewer(type=one.type, id=one.id)
        for one in body.reviewers or []
        if one.id in (readers if one.type == "User" else teams)
    ]


def _require_plan(call: Call) -> None:
    """Refuse environments of private repositories on a free plan.

    Source: GitHub Docs, "Managing environments for deployment" (availability); they are not found there.
    """
    if call.store.seed.plan == "free" and call.repository.private:
        raise errors.not_found()


@route("PUT", "/repos/{owner}/{repo}/environments/{environment}", permission="administration:write", role="admin")
def put_environment(call: Call) -> Response:
    """Create or replace an environment."""
    _require_plan(call)
    body = call.body(_Put)
    _check(call, body)
    name = call.parameters["environment"]
    existing = call.repository.environment(name)
    name = existing.name if existing else name
    policy = body.deployment_branch_policy
    environment = Environment(
        # Its protection rules take the three ids that follow.
        id=existing.id if existing else call.store.state.next_id() * 10,
        name=name,
        wait_timer=body.wait_timer,
        prevent_self_review=body.prevent_self_review,
        reviewers=_readers(call, body),
        deployment_branch_policy=BranchPolicy(**policy.model_dump()) if policy else None,
        # GitHub does not document what becomes of them; callers must be prepared that they stay.
        name_policies=existing.name_policies if existing else [],
        can_admins_bypass=body.can_admins_bypass,
        secrets=existing.secrets if existing else {},
    )
    if existing:
        environment.created_at = existing.created_at
        environment.updated_at = now()
    call.repository.environments[name] = environment
    return json_response(200, _document(call, environment))


def _found(call: Call) -> Environment:
    _require_plan(call)
    found = call.repository.environment(call.parameters["environment"])
    if found is None:
        raise errors.not_found()
    return found


@route("GET", "/repos/{owner}/{repo}/environments", permission="actions:read", role="pull")
def list_environments(call: Call) -> Response:
    """List the environments."""
    _require_plan(call)
    environments = list(call.repository.environments.values())
    page, headers = call.page(environments)
    document = {"total_count": len(environments), "environments": [_document(call, one) for one in page]}
    return json_response(200, document, headers)


@route("GET", "/repos/{owner}/{repo}/environments/{environment}", permission="actions:read", role="pull")
def get_environment(call: Call) -> Response:
    """Get an environment."""
    return json_response(200, _document(call, _found(call)))


@route("DELETE", "/repos/{owner}/{repo}/environments/{environment}", permission="administration:write", role="admin")
def delete_environment(call: Call) -> Response:
    """Delete an environment."""
    del call.repository.environments[_found(call).name]
    return Response(status=204)


_POLICIES = "/repos/{owner}/{repo}/environments/{environment}/deployment-branch-policies"


def _policy(policy: NamePolicy) -> dict[str, object]:
    return {"id": policy.id, "node_id": f"GBP_{policy.id}", "name": policy.name, "type": policy.type}


def _by_name(environment: Environment) -> bool:
    policy = environment.deployment_branch_policy
    return policy is not None and policy.custom_branch_policies


def _policies(environment: Environment) -> list[NamePolicy]:
    """Return the policies in force: none unless the branch policy is by name."""
    return environment.name_policies if _by_name(environment) else []


def _found_policy(call: Call) -> NamePolicy:
    number = call.parameters["policy"]
    found = next((one for one in _policies(_found(call)) if str(one.id) == number), None)
    if found is None:
        raise errors.not_found()
    return found


@route("GET", _POLICIES, permission="actions:read", role="pull")
def list_policies(call: Call) -> Response:
    """List the deployment branch policies of an environment."""
    policies = _policies(_found(call))
    page, headers = call.page(policies)
    document = {"total_count": len(policies), "branch_policies": [_policy(one) for one in page]}
    return json_response(200, document, headers)


@route("POST", _POLICIES, permission="administration:write", role="admin")
def create_policy(call: Call) -> Response:
    """Create a deployment branch policy."""
    body = call.body(_NamePolicy)
    environment = _found(call)
    if not _by_name(environment):
        raise errors.not_found()
    if not body.name:
        raise errors.validation_failed("DeploymentBranchPolicy", "name", "missing_field")
    same = next((one for one in environment.name_policies if (one.name, one.type) == (body.name, body.type)), None)
    if same is not None:
        return json_response(303, _policy(same), {"location": f"{call.store.url}{call.request.path}/{same.id}"})
    made = NamePolicy(id=call.store.state.next_id(), name=body.name, type=body.type)
    environment.name_policies.append(made)
    return json_response(200, _policy(made))


@route("GET", _POLICIES + "/{policy}", permission="actions:read", role="pull")
def get_policy(call: Call) -> Response:
    """Get a deployment branch policy."""
    return json_response(200, _policy(_found_policy(call)))


@route("DELETE", _POLICIES + "/{policy}", permission="administration:write", role="admin")
def delete_policy(call: Call) -> Response:
    """Delete a deployment branch policy."""
    _found(call).name_policies.remove(_found_policy(call))
    return Response(status=204)
