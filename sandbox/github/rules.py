"""Rulesets: the rules that apply to a ref, and the changes that they forbid.

Sources: GitHub Docs, "Available rules for rulesets", "Creating rulesets for repositories in your organization" (patterns are
those of fnmatch with FNM_PATHNAME).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sandbox.github import checks
from sandbox.github.accounts import ACTIONS_BOT, Caller, caller_role, reaches, role
from sandbox.github.actions.patterns import fnmatch
from sandbox.github.git import NO_COMMIT, GitRepository
from sandbox.github.state import Permission, PullRequest, Repository, Review, Ruleset, State

ENFORCED = (
    *("creation", "update", "deletion", "non_fast_forward", "required_linear_history", "pull_request"),
    "required_status_checks",
)
"""The types of rules that are enforced here; others are refused when a ruleset is made."""

ROLE_IDS: dict[int, Permission] = {1: "pull", 2: "maintain", 3: "triage", 4: "push", 5: "admin"}
"""Ids of the built-in repository roles, as bypass actors name them."""


@dataclass(frozen=True, kw_only=True)
class RefChange:
    """A change of a ref: from a commit, or none, to another."""

    ref: str
    old: str
    new: str
    pull: PullRequest | None = None
    """The pull request whose merge moves it."""


def active(state: State, repository: Repository, ref: str) -> list[Ruleset]:
    """Return the active rulesets that apply to a ref."""
    return [
        ruleset
        for ruleset in state.rulesets.values()
        if ruleset.enforcement == "active"
        and ruleset.repository_id in (None, repository.id)
        and _covers_repository(ruleset.conditions, repository)
        and _covers_ref(ruleset, repository, ref)
    ]


def violations(
    state: State, repository: Repository, git: GitRepository, caller: Caller, change: RefChange
) -> list[str]:
    """Return the messages of the rules that forbid a change, as GitHub words them."""
    return [
        broken
        for ruleset in active(state, repository, change.ref)
        if not _bypasses(ruleset, state, repository, caller, change)
        for rule in ruleset.rules
        for broken in (
            _broken(rule, git, change),
            *_unchecked(rule, state, repository, change),
            *_unreviewed(rule, state, repository, git, change),
        )
        if broken is not None
    ]


def _unchecked(rule: dict[str, Any], state: State, repository: Repository, change: RefChange) -> list[str]:
    """Return messages about the status checks that the new commit lacks: of a merge, those of the pull request's."""
    if rule["type"] != "required_status_checks" or change.new == NO_COMMIT:
        return []
    if change.old == NO_COMMIT and rule["parameters"].get("do_not_enforce_on_create"):
        return []
    required = [str(check["context"]) for check in rule["parameters"]["required_status_checks"]]
    return checks.missing(state, repository, change.pull.head_sha if change.pull else change.new, required)


def _broken(rule: dict[str, Any], git: GitRepository, change: RefChange) -> str | None:
    creates, deletes = change.old == NO_COMMIT, change.new == NO_COMMIT
    updates = not creates and not deletes
    match rule["type"]:
        case "creation" if creates:
            return "Cannot create ref due to creations being restricted."
        case "update" if updates:
            return "Cannot update this protected ref."
        case "deletion" if deletes:
            return "Cannot delete this protected ref."
        case "non_fast_forward" if updates and not git.is_ancestor(change.old, change.new):
            return "Cannot force-push to this branch"
        case "required_linear_history" if updates and len(git.commit(change.new).parents) > 1:
            return "This branch must not contain merge commits."
        case "pull_request" if updates and change.pull is None:
            return "Changes must be made through a pull request."
        case _:
            return None


def _unreviewed(
    rule: dict[str, Any], state: State, repository: Repository, git: GitRepository, change: RefChange
) -> list[str]:
    """Return messages about the reviews that a merge lacks: only those of accounts that may write count."""
    pull = change.pull
    if rule["type"] != "pull_request" or pull is None:
        return []
    parameters = rule["parameters"]
    stale = parameters["dismiss_stale_reviews_on_push"]
    latest: dict[str, Review] = {
        review.login: review
        for review in pull.reviews
        if review.state != "COMMENTED"
        and (review.commit == pull.head_sha or not stale)
        and _may_write(review.login, repository, state)
    }
    approvals = [review for review in latest.values() if review.state == "APPROVED"]
    needed = parameters["required_approving_review_count"]
    messages: list[str] = []
    if len(approvals) < len(latest):
        messages.append("Changes have been requested.")
    if len(approvals) < needed:
        messages.append(f"At least {needed} approving review is required by reviewers with write access.")
    if git.changed_paths(change.old, change.new):
        messages += _without_team(parameters, state, repository, [review.login for review in approvals])
    others = [review for review in approvals if review.login != pull.last_pusher and review.commit == pull.head_sha]
    if parameters["require_last_push_approval"] and not others:
        # Source: GitHub Docs, "Available rules for rulesets" ("most recent reviewable push"); the words as people quote them.
        pusher = pull.last_pusher
        messages.append(
            f"New changes require approval from someone other than {pusher} because they were the last pusher."
        )
    return messages


def _without_team(parameters: dict[str, Any], state: State, repository: Repository, approving: list[str]) -> list[str]:
    """Return messages about the teams whose approval a merge lacks, whatever files it changes.

    Approvals count if the team may write, not only its member. Source: GitHub Docs, "Available rules for rulesets", required
    reviewers. GitHub's own words are not known.
    """
    messages: list[str] = []
    for each in parameters.get("required_reviewers", []):
        team = state.teams.get(each["reviewer"]["id"])
        may_write = team is not None and reaches(team.repositories.get(repository.id), "push")
        found = [login for login in approving if team is not None and may_write and login in team.members]
        if len(found) < each["minimum_approvals"]:
            name = team.name if team else "a team that was deleted"
            messages.append(f"Waiting on {each['minimum_approvals']} approving review from {name}.")
    return messages


def _may_write(login: str, repository: Repository, state: State) -> bool:
    if login == ACTIONS_BOT.login:
        # Its approval counts where the organization lets Actions approve. Source: GitHub Docs, "Disabling or limiting
        # GitHub Actions for your organization".
        return True
    user = state.users.get(login.lower())
    return user is not None and reaches(role(user, repository, state), "push")


def _covers_repository(conditions: dict[str, Any], repository: Repository) -> bool:
    if "repository_id" in conditions:
        return repository.id in conditions["repository_id"]["repository_ids"]
    if "repository_name" in conditions:
        chosen = conditions["repository_name"]
        return _selected(chosen, [repository.name], everything="~ALL")
    return True


def _covers_ref(ruleset: Ruleset, repository: Repository, ref: str) -> bool:
    if not ref.startswith("refs/heads/" if ruleset.target == "branch" else "refs/tags/"):
        return False
    chosen = ruleset.conditions.get("ref_name")
    if chosen is None:
        return True
    names = [ref]
    if ref == f"refs/heads/{repository.default_branch}":
        names.append("~DEFAULT_BRANCH")
    return _selected(chosen, names, everything="~ALL")


def _selected(chosen: dict[str, Any], names: list[str], *, everything: str) -> bool:
    def listed(patterns: Iterable[str]) -> bool:
        return any(pattern == everything or fnmatch(pattern, name) for pattern in patterns for name in names)

    return listed(chosen.get("include", [])) and not listed(chosen.get("exclude", []))


def _bypasses(ruleset: Ruleset, state: State, repository: Repository, caller: Caller, change: RefChange) -> bool:
    for actor in ruleset.bypass_actors:
        if actor.get("bypass_mode", "always") == "pull_request" and change.pull is None:
            continue
        if _is_actor(actor, state, repository, caller):
            return True
    return False


def _is_actor(actor: dict[str, Any], state: State, repository: Repository, caller: Caller) -> bool:
    number = actor.get("actor_id")
    match actor["actor_type"]:
        case "OrganizationAdmin":
            return caller.user.admin
        case "Team":
            team = state.teams.get(int(number or 0))
            return team is not None and caller.user.login in team.members
        case "RepositoryRole":
            # A job's token has no role: its permissions are an app's.
            needed = None if caller.is_job else ROLE_IDS.get(int(number or 0))
            return needed is not None and reaches(caller_role(caller, repository, state), needed)
        case "User":
            return number == caller.user.id
        case _:
            return False
