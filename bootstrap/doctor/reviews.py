"""Check that nobody alone gets a change or a model into production, by what GitHub enforces now.

The state of a stack does not tell: rules can be changed at GitHub, and removed actors were known to stay.
Source: integrations/terraform-provider-github, issues 1952 and 2952.
"""

import http.client
from collections.abc import Mapping, Sequence, Set
from typing import Any, cast
from urllib.parse import quote

from bootstrap import github, settings_file
from bootstrap.github import Answer, Get, Server
from components.github.organization import RELEASE_MANAGERS, TEAM
from components.github.rulesets import PEOPLE

_FLAGS = {
    "dismiss_stale_reviews_on_push": "dismissal of stale approvals",
    "require_last_push_approval": "approval of the last push",
    "required_review_thread_resolution": "resolution of conversations",
}
_PROTECT_PRODUCTION, _OPEN_PRODUCTION = "mlops-protect-production", "mlops-open-production"
"""Names of the rulesets of the branch that releases, where models are released by pull request."""
_BYPASSED_BY_PLATFORM = ("mlops-protect-main", "mlops-platform-branches", "mlops-check-", _OPEN_PRODUCTION)
"""Beginnings of the names of rulesets that the platform's account may bypass."""
_BYPASSED_BY_NOBODY = "mlops-protect-platform"
_PEOPLE_PUSH = "mlops-only-people-push"
_PRODUCTION = "prod"
"""Environment of the platform's repository in which production is deployed."""
_ORGANIZATION_TOKEN = "ORGANIZATION_TOKEN"  # noqa: S105
"""Name of the secret with the token by which template repositories and rulesets are made."""
_NEEDED = (_PEOPLE_PUSH, "mlops-protect-main", "mlops-platform-branches", _BYPASSED_BY_NOBODY)
"""Names of the rulesets without which one person could do both parts of a change."""


def of_platform(
    server: Server, repository: str, settings: Mapping[str, object], token: str | None, get: Get
) -> tuple[bool, str]:
    """Check the rules of the platform's main, whichever rulesets they come from; the strictest count."""
    answer = get(server, f"/repos/{quote(repository)}/rules/branches/main?per_page=100", token)
    if answer.status != http.client.OK:
        return False, f"{server.url} does not show the rules of main of {repository}: {_said(answer)}"
    needed = settings_file.section(settings, "github").get("requiredApprovals", 1)
    parameters = [_mapping(rule.get("parameters")) for rule in answer.items if rule.get("type") == "pull_request"]
    approvals = max((int(each.get("required_approving_review_count", 0)) for each in parameters), default=0)
    lacking = [what for flag, what in _FLAGS.items() if not any(each.get(flag) is True for each in parameters)]
    if approvals < int(str(needed)):
        lacking.insert(0, f"{needed} approvals (found: {approvals})")
    if not {"deletion", "non_fast_forward"} <= {rule.get("type") for rule in answer.items}:
        lacking.append("no deletion and no force push")
    if lacking:
        return False, (
            f"one person may change main of {repository}, which deploys production; its active rules lack: "
            f"{', '.join(lacking)}. Deploy the stack that publishes the template repositories, and look at "
            f"{server.url}/{repository}/rules?ref=refs/heads/main"
        )
    people = "one person" if approvals == 1 else f"{approvals} people"
    return True, f"a change to main of {repository} needs the approval of {people} who did not push it"


def of_organization(
    server: Server, organization: str, settings: Mapping[str, object], token: str | None, get: Get
) -> tuple[bool, str]:
    """Check that the platform's own account alone bypasses the rulesets, and that jobs do not approve."""
    place = f"/orgs/{quote(organization)}"
    listed = get(server, f"{place}/rulesets?per_page=100", token)
    if listed.status != http.client.OK:
        return False, f"{server.url} does not show the rulesets of {organization}: {_said(listed)}"
    team, members = get(server, f"{place}/teams/{TEAM}", token), get(server, f"{place}/teams/{TEAM}/members", token)
    user = str(settings_file.section(settings, "github").get("platformUser", "")).lower()
    problems: list[str] = []
    found = sorted(str(each.get("login", "")) for each in members.items)
    if [login.lower() for login in found] != [user]:
        problems.append(f"the members of the team {TEAM} are {', '.join(found) or 'none'}, and should be {user} alone")
    managers = _managers(settings, "github")
    needed = (*_NEEDED, _PROTECT_PRODUCTION, _OPEN_PRODUCTION) if managers else _NEEDED
    releasing = get(server, f"{place}/teams/{RELEASE_MANAGERS}", token) if managers else None
    if managers:
        problems += _release_team(managers, get(server, f"{place}/teams/{RELEASE_MANAGERS}/members", token))
        maintainers = get(server, f"{place}/teams/{RELEASE_MANAGERS}/members?role=maintainer", token)
        problems += [f"{each.get('login')} may add others to the team {RELEASE_MANAGERS}" for each in maintainers.items]
    missing = set(needed) - {each.get("name") for each in listed.items}
    problems += [f"the ruleset {name} is missing" for name in sorted(missing)]
    platform = {("Team", team.body.get("id"))}
    people = {(actor["actor_type"], actor.get("actor_id")) for actor in PEOPLE}
    nobody = set[tuple[object, object]]()
    bypassing: Mapping[str, Set[tuple[object, object]]] = {
        _PEOPLE_PUSH: people,
        _BYPASSED_BY_NOBODY: nobody,
        _PROTECT_PRODUCTION: nobody,
    }
    for each in listed.items:
        name = str(each.get("name", ""))
        if not name.startswith("mlops-"):
            continue
        ruleset = get(server, f"{place}/rulesets/{each.get('id')}", token).body
        if ruleset.get("enforcement") != "active":
            problems.append(f"the ruleset {name} is {ruleset.get('enforcement')}")
        if releasing is not None and name == _PROTECT_PRODUCTION and not _requires(ruleset, releasing.body.get("id")):
            problems.append(f"the ruleset {name} does not require the approval of the team {RELEASE_MANAGERS}")
        allowed = bypassing.get(name, platform if name.startswith(_BYPASSED_BY_PLATFORM) else None)
        if allowed is None:
            continue
        actors = {(one.get("actor_type"), one.get("actor_id")) for one in _mappings(ruleset.get("bypass_actors"))}
        if others := actors - allowed:
            shown = ", ".join(f"{kind} {number or ''}".strip() for kind, number in sorted(others, key=str))
            problems.append(f"the ruleset {name} lets {shown} past")
    jobs = get(server, f"{place}/actions/permissions/workflow", token).body
    if jobs.get("can_approve_pull_request_reviews") is not False:
        problems.append("GitHub Actions may approve pull requests, or does not say")
    if problems:
        return False, (
            f"{'; '.join(problems)}: an owner of {organization} corrects it, then deploy the stack again "
            f"({server.url}/organizations/{organization}/settings/rules)"
        )
    return True, f"only {user} bypasses the rulesets of {organization}, and jobs approve nothing"


def _release_team(managers: Sequence[str], members: Answer) -> list[str]:
    found = sorted(str(each.get("login", "")) for each in members.items)
    if {login.lower() for login in found} == {login.lower() for login in managers}:
        return []
    return [
        f"the members of the team {RELEASE_MANAGERS} are {', '.join(found) or 'none'}, and should be {', '.join(managers)}"
    ]


def _requires(ruleset: Mapping[str, Any], team: object) -> bool:
    """Return whether a ruleset demands the approval of a team, whatever a change is about."""
    reviews = [
        _mapping(rule.get("parameters"))
        for rule in _mappings(ruleset.get("rules"))
        if rule.get("type") == "pull_request"
    ]
    return any(
        _mapping(each.get("reviewer")).get("id") == team
        and int(each.get("minimum_approvals", 0)) > 0
        and {"*", "**/*"} <= set(each.get("file_patterns", ()))
        for review in reviews
        for each in _mappings(review.get("required_reviewers"))
    )


def _managers(settings: Mapping[str, object], section: str) -> list[str]:
    found = settings_file.section(settings, section).get("releaseManagers") or ()
    return [str(each) for each in cast("Sequence[object]", found)]


def releases_by_environment(settings: Mapping[str, object]) -> bool:
    """Return whether release managers let models into GitHub's environments of this account."""
    workload = settings_file.section(settings, "workload")
    return bool(workload.get("releaseManagers")) and workload.get("release") != "branch"


def deployments_are_reviewed(settings: Mapping[str, object]) -> bool:
    """Return whether somebody has to let a deployment of the platform into the environment.

    So it is with production, and with the stack that publishes the template repositories: its job has the token of an owner, who can take
    the reviewers of production away. On GitHub Team, whose release managers both kinds of stacks name, environments have no reviewers:
    a merge into main of the platform is what people approve.
    """
    publishes = settings_file.publishes_templates(settings) and not _managers(settings, "github")
    return publishes or releases_by_environment(settings)


def of_deployment(
    server: Server, repository: str, environment: str, settings: Mapping[str, object], token: str | None, get: Get
) -> tuple[bool, str]:
    """Check that somebody else lets a deployment of the platform into an environment, and that administrators cannot.

    Where its job has an owner's token, which can take the reviewers of production away, it is to be somebody who reviews production; and
    nowhere the platform's own account, whose token is no person's.
    """
    place = f"/repos/{quote(repository)}/environments"
    answer = get(server, f"{place}/{quote(environment)}", token)
    if answer.status == http.client.NOT_FOUND:
        return False, (
            f"{repository} has no environment {environment}, or this token does not see it: create it, with required "
            f"reviewers who did not start the deployment ({server.url}/{repository}/settings/environments)"
        )
    if answer.status != http.client.OK:
        return False, f"{server.url} does not show the environment {environment} of {repository}: {_said(answer)}"
    rules = _mappings(answer.body.get("protection_rules"))
    reviewing = [rule for rule in rules if rule.get("type") == "required_reviewers"]
    problems = [] if reviewing else ["no reviewer is required"]
    if reviewing and not any(rule.get("prevent_self_review") is True for rule in reviewing):
        problems.append("who started it may release it")
    # Older Enterprise Servers do not say.
    if answer.body.get("can_admins_bypass") is True:
        problems.append("administrators may bypass it")
    if problems:
        return False, (
            f"a deployment of the platform may enter {environment} unreviewed ({', '.join(problems)}), and what it deploys, or an "
            f"owner's token that its job has, decides about production: correct it at {server.url}/{repository}/settings/environments"
        )
    reviewers = _reviewers(answer)
    members = [
        get(
            server, f"/orgs/{quote(repository.partition('/')[0])}/teams/{quote(name)}/members?per_page=100", token
        ).items
        for kind, name in sorted(reviewers)
        if kind == "Team"
    ]
    people = {name for kind, name in reviewers if kind == "User"}
    people |= {str(each.get("login", "")).lower() for items in members for each in items}
    user = str(settings_file.section(settings, "github").get("platformUser", "")).lower()
    if user in people:
        problems.append(f"{user}, the platform's own account, may let it in")
    if environment != _PRODUCTION and settings_file.publishes_templates(settings):
        production = get(server, f"{place}/{_PRODUCTION}", token)
        # One that is missing is reported by doctor of production.
        others = reviewers - _reviewers(production) if production.status == http.client.OK else ()
        problems += [f"{name} may let it in, and not into {_PRODUCTION}" for _, name in sorted(others)]
    if problems:
        return False, (
            f"others than the reviewers of production let a deployment of the platform into {environment}: {'; '.join(problems)}. "
            f"Correct it at {server.url}/{repository}/settings/environments"
        )
    return True, f"a deployment of the platform enters {environment} when a reviewer lets it"


def _reviewers(environment: Answer) -> set[tuple[str, str]]:
    """Return the reviewers of an environment: `User` and a login, or `Team` and the name in its URL, in small letters."""
    return {
        (str(each.get("type")), str(found.get("login") or found.get("slug")).lower())
        for rule in _mappings(environment.body.get("protection_rules"))
        for each in _mappings(rule.get("reviewers"))
        for found in [_mapping(each.get("reviewer"))]
    }


def of_token(server: Server, repository: str, token: str | None, get: Get) -> tuple[bool, str]:
    """Check that no job but those in the environment has the owner's token: one of a branch reads every secret of its repository.

    Source: GitHub REST API, "List repository secrets" and "List repository organization secrets"; no answer has a value.
    """
    for whose, kind in {"the whole repository": "secrets", "the organization": "organization-secrets"}.items():
        answer = get(server, f"/repos/{quote(repository)}/actions/{kind}?per_page=100", token)
        if answer.status != http.client.OK:
            return (
                False,
                f"{server.url} does not show the names of the secrets that jobs of {repository} have: {_said(answer)}",
            )
        if _ORGANIZATION_TOKEN in {each.get("name") for each in _mappings(answer.body.get("secrets"))}:
            owner = (
                f"--org {repository.partition('/')[0]}" if kind == "organization-secrets" else f"--repo {repository}"
            )
            return False, (
                f"{_ORGANIZATION_TOKEN}, a token of an owner, is a secret of {whose}, so a job of any branch of {repository} can read it "
                f"before anybody reviews it: run gh secret delete {_ORGANIZATION_TOKEN} {owner}, revoke the token, and store a new "
                "one in the environment alone (README, Rotate the tokens)"
            )
    return True, f"no job of {repository} outside of an environment has {_ORGANIZATION_TOKEN}"


def of_release(environment: str, settings: Mapping[str, object]) -> tuple[bool, str]:
    """Check that somebody releases models, unless the settings do without, for a trial."""
    workload = settings_file.section(settings, "workload")
    if workload.get("release") == "unprotected":
        return False, (
            f"nobody releases models to {environment}: workload.release is unprotected, which is for a trial. Name people "
            "by workload.releaseManagers, on a GitHub plan with reviewers, deploy, and update the projects"
        )
    managers = _managers(settings, "workload")
    if not managers:
        return (
            True,
            f"no product whose models need a release deploys to {environment}: workload.releaseManagers is empty",
        )
    if workload.get("release") == "branch":
        return True, (
            f"new and updated projects are released to {environment} by pull requests that {' or '.join(managers)} approves; doctor of "
            "development looks at the rules, and each launch and update at those of the project"
        )
    return True, (
        f"new and updated projects are released to {environment} by {' or '.join(managers)}; the others by the people whom "
        "their last launch or update found: update them"
    )


def of_plan(
    server: Server, organization: str, environment: str, settings: Mapping[str, object], token: str | None, get: Get
) -> tuple[bool, str]:
    """Check that the organization's plan has what releases to the environment need, if GitHub shows it to the token.

    The template cloner's token does not see it. Source: GitHub REST API, "Get an organization".
    """
    release = str(settings_file.section(settings, "workload").get("release", "environment"))
    answer = get(server, f"/orgs/{quote(organization)}", token)
    name = _mapping(answer.body.get("plan")).get("name")
    if name is None:
        return True, (
            f"GitHub shows the plan of {organization} to its owners alone, by a token with admin:org: a launch fails if it has not what "
            f"workload.release: {release} of {environment} needs"
        )
    lacking = {"environment": ("free", "team"), "branch": ("free",)}.get(release, ())
    if name in lacking:
        return False, (
            f"{organization} has the GitHub plan {name}, and workload.release: {release} of {environment} needs more for private "
            "repositories: environment needs GitHub Enterprise, branch GitHub Team; launches fail, and undo what they made"
        )
    return True, f"the GitHub plan {name} of {organization} has what workload.release: {release} of {environment} needs"


def _said(answer: Answer) -> str:
    """Return GitHub's reason, and what to do about it."""
    reason = f"{answer.status}, {github.explain(answer)}"
    if answer.status == http.client.FORBIDDEN and github.explain(answer).startswith("Upgrade to GitHub"):
        return f"{reason}; the organization's plan has no rules for private repositories: it needs GitHub Team or Enterprise"
    return f"{reason}; set GITHUB_TOKEN to a token of an owner with the scopes `repo` and `admin:org`"


def _mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def _mappings(value: object) -> Sequence[Mapping[str, Any]]:
    return cast("Sequence[Mapping[str, Any]]", value) if isinstance(value, list) else ()
