"""Rulesets of the organization and of repositories, and the rules that apply to a branch."""

from typing import Any, Literal

from sandbox.github import checks, errors, rules
from sandbox.github.routing import Body, Call, route
from sandbox.github.state import Ruleset, now
from sandbox.github.transport import Response, json_response

_CONDITIONS = ("ref_name", "repository_name", "repository_id")


_WITHOUT_ID = ("OrganizationAdmin", "DeployKey")
"""Actors whose id GitHub ignores and returns as null.

Source: https://github.com/integrations/terraform-provider-github/issues/2536 and issues/1899; the documentation of the
provider's `actor_id`.
"""


class _BypassActor(Body):
    actor_id: int | None = None
    actor_type: Literal["OrganizationAdmin", "RepositoryRole", "Team", "Integration", "DeployKey", "User"]
    bypass_mode: Literal["always", "pull_request", "exempt"] = "always"


class _Rule(Body):
    type: str
    parameters: dict[str, Any] | None = None


class _Settings(Body):
    target: Literal["branch", "tag", "push", "repository"] | None = None
    bypass_actors: list[_BypassActor] | None = None
    conditions: dict[str, Any] | None = None
    rules: list[_Rule] | None = None


class _Update(_Settings):
    name: str | None = None
    enforcement: Literal["disabled", "active", "evaluate"] | None = None


class _Create(_Settings):
    name: str
    enforcement: Literal["disabled", "active", "evaluate"]


_PULL_REQUEST: dict[str, type] = {
    "dismiss_stale_reviews_on_push": bool,
    "require_code_owner_review": bool,
    "require_last_push_approval": bool,
    "required_approving_review_count": int,
    "required_review_thread_resolution": bool,
}
"""Parameters of the rule pull_request; all are required."""
_UNATTRIBUTED = "require_extra_approval_for_unattributed_changes"
"""A parameter that GitHub sets where nobody did: one more approval of what Copilot opened on behalf of nobody. There is no Copilot here.

Source: GitHub Docs, "Available rules for rulesets", additional approval for unattributed Copilot pull requests.
"""


def _check(call: Call, body: _Create | _Update) -> None:
    if body.target in ("push", "repository"):
        raise errors.ApiError(501, f"Rulesets with the target {body.target!r} are not implemented here")
    for condition in body.conditions or {}:
        if condition not in _CONDITIONS:
            raise errors.ApiError(501, f"The condition {condition!r} is not implemented here")
    for rule in body.rules or []:
        if rule.type not in rules.ENFORCED:
            raise errors.ApiError(501, f"Rules of the type {rule.type!r} are not implemented here")
        _check_parameters(call, rule)
    for actor in body.bypass_actors or []:
        # "Teams, excluding secret teams". Source: GitHub Docs, "Creating rulesets for a repository".
        team = call.store.state.teams.get(actor.actor_id or 0)
        if actor.actor_type == "Team" and (team is None or team.privacy == "secret"):
            raise errors.unprocessable(
                "Validation Failed", f"Actor {actor.actor_id} must be part of the ruleset source, and no secret team"
            )
    for ruleset in call.store.state.rulesets.values():
        same = ruleset.name == body.name and ruleset.repository_id == _owner(call)
        if same and str(ruleset.id) != call.parameters.get("ruleset"):
            raise errors.unprocessable("Validation Failed", "Name must be unique")


def _actors(actors: list[_BypassActor]) -> list[dict[str, Any]]:
    return [
        {**actor.model_dump(), "actor_id": None if actor.actor_type in _WITHOUT_ID else actor.actor_id}
        for actor in actors
    ]


def _check_parameters(call: Call, rule: _Rule) -> None:
    if rule.type == "required_status_checks":
        _check_status_checks(rule.parameters or {})
    if rule.type != "pull_request":
        return
    given = rule.parameters or {}
    wrong = [name for name, kind in _PULL_REQUEST.items() if type(given.get(name)) is not kind]
    known = {
        *_PULL_REQUEST,
        _UNATTRIBUTED,
        "allowed_merge_methods",
        "required_reviewers",
        "automatic_copilot_code_review_enabled",
    }
    wrong += [_UNATTRIBUTED] if type(given.get(_UNATTRIBUTED, True)) is not bool else []
    unknown = [name for name in given if name not in known]
    if wrong or unknown or not 0 <= given["required_approving_review_count"] <= 10:
        details = ", ".join([*wrong, *unknown]) or "required_approving_review_count"
        raise errors.unprocessable("Validation Failed", f"Invalid parameters for rule 'pull_request': {details}")
    for each in given.get("required_reviewers", []):
        _check_reviewer(call, each)
    for name in ("require_code_owner_review", "allowed_merge_methods"):
        if given.get(name):
            raise errors.ApiError(501, f"{name} of the rule pull_request is not implemented here")


def _stored(given: list[_Rule]) -> list[dict[str, Any]]:
    """Return rules as they are answered from now on."""
    found = [rule.model_dump(exclude_none=True) for rule in given]
    for rule in found:
        if rule["type"] == "pull_request":
            rule["parameters"] = {_UNATTRIBUTED: True, **rule["parameters"]}
    return found


def _check_reviewer(call: Call, given: dict[str, Any]) -> None:
    """Check a team that has to approve.

    Sources: google/go-github, issue 3806 (only teams are possible); GitHub Docs, "Available rules for rulesets", required reviewers.
    """
    reviewer = given.get("reviewer", {})
    known = {"file_patterns", "minimum_approvals", "reviewer"}
    if set(given) != known or reviewer.get("type") != "Team" or reviewer.get("id") not in call.store.state.teams:
        raise errors.unprocessable(
            "Validation Failed", "Invalid parameters for rule 'pull_request': required_reviewers"
        )
    if not given["file_patterns"] or not 0 <= given["minimum_approvals"] <= 10:
        raise errors.unprocessable(
            "Validation Failed", "Invalid parameters for rule 'pull_request': required_reviewers"
        )

    if not {"*", "**/*"}.issuperset(given["file_patterns"]):
        # They are those of .gitignore, by which each of the two is every file. Source: as above.
        raise errors.ApiError(501, "Teams that approve only some files are not implemented here")


def _check_status_checks(given: dict[str, Any]) -> None:
    required: Any = given.get("required_status_checks")
    known = {"required_status_checks", "strict_required_status_checks_policy", "do_not_enforce_on_create"}
    if not isinstance(required, list) or any(set(one) - {"context", "integration_id"} for one in required):
        raise errors.unprocessable("Validation Failed", "Invalid parameters for rule 'required_status_checks'")
    if type(given.get("strict_required_status_checks_policy")) is not bool or set(given) - known:
        raise errors.unprocessable("Validation Failed", "Invalid parameters for rule 'required_status_checks'")
    if given["strict_required_status_checks_policy"]:
        raise errors.ApiError(501, "Branches that must be up to date are not implemented here")
    if any(one.get("integration_id", checks.APP_ID) != checks.APP_ID for one in required):
        raise errors.ApiError(501, "Status checks of apps other than GitHub Actions are not implemented here")


def _owner(call: Call) -> int | None:
    return call.found.id if call.found else None


def _document(call: Call, ruleset: Ruleset) -> dict[str, object]:
    repository = call.store.state.repositories.get(ruleset.repository_id or 0)
    source = repository.full_name if repository else call.store.organization.login
    place = f"repos/{source}" if repository else f"orgs/{source}"
    return {
        "id": ruleset.id,
        "node_id": f"RRS_{ruleset.id}",
        "name": ruleset.name,
        "target": ruleset.target,
        "source_type": "Repository" if repository else "Organization",
        "source": source,
        "enforcement": ruleset.enforcement,
        "bypass_actors": ruleset.bypass_actors,
        "conditions": ruleset.conditions,
        "rules": ruleset.rules,
        "created_at": ruleset.created_at,
        "updated_at": ruleset.updated_at,
        "_links": {"self": {"href": f"{call.store.api_url}/{place}/rulesets/{ruleset.id}"}},
    }


def _require_plan(call: Call) -> None:
    """Refuse what needs a paid plan: rulesets of the organization and of private repositories.

    Sources: github/safe-settings, issue 553; github/branch-deploy, issue 345; desktop/desktop, issue 17182.
    """
    if call.store.seed.plan != "free":
        return
    if call.found is None:
        raise errors.forbidden("Upgrade to GitHub Team to enable this feature.")
    if call.found.private:
        raise errors.forbidden("Upgrade to GitHub Pro or make this repository public to enable this feature.")


def _list(call: Call) -> Response:
    _require_plan(call)
    mine = [ruleset for ruleset in call.store.state.rulesets.values() if ruleset.repository_id == _owner(call)]
    if call.found is not None and call.request.query.get("includes_parents", "true") == "true":
        mine += [ruleset for ruleset in call.store.state.rulesets.values() if ruleset.repository_id is None]
    page, headers = call.page(mine)
    left_out = ("bypass_actors", "conditions", "rules")
    documents = [
        {name: value for name, value in _document(call, ruleset).items() if name not in left_out} for ruleset in page
    ]
    return json_response(200, documents, headers)


def _found(call: Call) -> Ruleset:
    number = call.parameters["ruleset"]
    found = call.store.state.rulesets.get(int(number)) if number.isdecimal() else None
    if found is None or found.repository_id not in (_owner(call), None) or (call.found is None and found.repository_id):
        raise errors.not_found()
    return found


def _get(call: Call) -> Response:
    _require_plan(call)
    return json_response(200, _document(call, _found(call)))


def _create(call: Call) -> Response:
    _require_plan(call)
    body = call.body(_Create)
    _check(call, body)
    ruleset = Ruleset(
        id=call.store.state.next_id(),
        name=body.name,
        repository_id=_owner(call),
        target=body.target or "branch",
        enforcement=body.enforcement,
        bypass_actors=_actors(body.bypass_actors or []),
        conditions=body.conditions or {},
        rules=_stored(body.rules or []),
    )
    call.store.state.rulesets[ruleset.id] = ruleset
    return json_response(201, _document(call, ruleset))


def _update(call: Call) -> Response:
    _require_plan(call)
    body = call.body(_Update)
    _check(call, body)
    ruleset = _found(call)
    if ruleset.repository_id != _owner(call):
        raise errors.not_found()
    ruleset.name = body.name or ruleset.name
    ruleset.target = body.target or ruleset.target
    ruleset.enforcement = body.enforcement or ruleset.enforcement
    if body.bypass_actors is not None:
        ruleset.bypass_actors = _actors(body.bypass_actors)
    if body.conditions is not None:
        ruleset.conditions = body.conditions
    if body.rules is not None:
        ruleset.rules = _stored(body.rules)
    ruleset.updated_at = now()
    return json_response(200, _document(call, ruleset))


def _delete(call: Call) -> Response:
    ruleset = _found(call)
    if ruleset.repository_id != _owner(call):
        raise errors.not_found()
    del call.store.state.rulesets[ruleset.id]
    return Response(status=204)


_ORGANIZATION, _REPOSITORY = "/orgs/{org}/rulesets", "/repos/{owner}/{repo}/rulesets"


@route("GET", _ORGANIZATION, permission="organization_administration:write", organization="owner", scope="admin:org")
def list_organization_rulesets(call: Call) -> Response:
    """List the organization's rulesets."""
    return _list(call)


@route("POST", _ORGANIZATION, permission="organization_administration:write", organization="owner", scope="admin:org")
def create_organization_ruleset(call: Call) -> Response:
    """Create a ruleset of the organization."""
    return _create(call)


@route(
    "GET",
    _ORGANIZATION + "/{ruleset}",
    permission="organization_administration:write",
    organization="owner",
    scope="admin:org",
)
def get_organization_ruleset(call: Call) -> Response:
    """Get one of the organization's rulesets."""
    return _get(call)


@route(
    "PUT",
    _ORGANIZATION + "/{ruleset}",
    permission="organization_administration:write",
    organization="owner",
    scope="admin:org",
)
def update_organization_ruleset(call: Call) -> Response:
    """Update one of the organization's rulesets."""
    return _update(call)


@route(
    "DELETE",
    _ORGANIZATION + "/{ruleset}",
    permission="organization_administration:write",
    organization="owner",
    scope="admin:org",
)
def delete_organization_ruleset(call: Call) -> Response:
    """Delete one of the organization's rulesets."""
    return _delete(call)


@route("GET", _REPOSITORY, permission="metadata:read", role="pull")
def list_repository_rulesets(call: Call) -> Response:
    """List the repository's rulesets and those of the organization."""
    return _list(call)


@route("POST", _REPOSITORY, permission="administration:write", role="admin")
def create_repository_ruleset(call: Call) -> Response:
    """Create a ruleset for one repository."""
    return _create(call)


@route("GET", _REPOSITORY + "/{ruleset}", permission="metadata:read", role="pull")
def get_repository_ruleset(call: Call) -> Response:
    """Get a ruleset of the repository or of the organization."""
    return _get(call)


@route("PUT", _REPOSITORY + "/{ruleset}", permission="administration:write", role="admin")
def update_repository_ruleset(call: Call) -> Response:
    """Update one of the repository's rulesets."""
    return _update(call)


@route("DELETE", _REPOSITORY + "/{ruleset}", permission="administration:write", role="admin")
def delete_repository_ruleset(call: Call) -> Response:
    """Delete one of the repository's rulesets."""
    return _delete(call)


@route("GET", "/repos/{owner}/{repo}/rules/branches/{branch...}", permission="metadata:read", role="pull")
def list_branch_rules(call: Call) -> Response:
    """List the active rules of a branch, which need not exist."""
    _require_plan(call)
    found: list[dict[str, object]] = []
    for ruleset in rules.active(call.store.state, call.repository, f"refs/heads/{call.parameters['branch']}"):
        document = _document(call, ruleset)
        origin = {
            "ruleset_source_type": document["source_type"],
            "ruleset_source": document["source"],
            "ruleset_id": ruleset.id,
        }
        found += [{**rule, **origin} for rule in ruleset.rules]
    page, headers = call.page(found)
    return json_response(200, page, headers)
