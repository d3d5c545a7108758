"""Release managers: those who let a project's jobs enter production, and who may be one.

The account that is released into names them. Whoever approves a version, changes a repository or acts for the platform is
none of them: one person would do both.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from functions.template_cloner.errors import LaunchError
from functions.template_cloner.launch import Launch
from functions.template_cloner.members import require_member
from functions.template_cloner.resources import MAIN

Managers = Mapping[str, int]
"""Ids of the release managers of an environment, by login; none of an environment that needs no release."""


@dataclass(frozen=True, kw_only=True)
class Gate:
    """The way of jobs into an environment."""

    managers: Managers = field(default_factory=dict[str, int])
    """Those who let jobs in, or approve pull requests to the branch; none of an environment that needs no release."""
    branch: str | None = None
    """The branch whose jobs alone enter; None: those of the default branch."""


_WITHOUT_REVIEWERS = ("free", "team")
"""Plans without reviewers of private repositories' environments. Source: GitHub Docs, "Deployments and environments"."""
_WITHOUT_RULES = ("free",)
"""Plans without rulesets of private repositories. Source: GitHub Docs, "About rulesets"."""

_RELEASED_BY_JOBS = ("pipeline-promotion",)
"""Kinds of repositories whose releases are jobs alone: what they promote is main itself, and no file of a branch can name it."""


def find_gates(launch: Launch) -> Mapping[str, Gate]:
    """Return the gate of each of the repository's environments, with its release managers, before anything is created.

    The project's other repositories may have further environments, whose release managers are checked all the same.

    Raises:
        LaunchError: the account names none, or one who cannot be one, or the organization's plan has no such gate.
    """
    project = launch.project
    found = {name: Gate() for name in project.environments}
    return found | {name: _gate(launch, name) for name in project.released}


def _gate(launch: Launch, environment: str) -> Gate:
    release = launch.release(environment)
    if release.unprotected:
        return Gate()
    advice = f"in the settings of the platform's stack of {environment}"
    if not release.managers:
        raise LaunchError(
            f"nobody releases models to {environment}: name people by workload.releaseManagers {advice}; nothing was "
            "created or changed"
        )
    branch = None if release.branch == MAIN else release.branch
    if branch is not None and launch.project.kind in _RELEASED_BY_JOBS:
        raise LaunchError(
            f"{environment} releases by pull requests to {branch} (workload.release: branch), and a {launch.project.kind} repository "
            f"releases by jobs alone, which {environment} would not let in: launch another product, or set workload.release: "
            f"environment {advice}, which needs GitHub Enterprise; nothing was created or changed"
        )
    _require_plan(launch, environment, branch, advice)
    managers = {login: require_member(launch, login).user_id for login in release.managers}
    _require_other_people(launch, managers, advice)
    return Gate(managers=managers, branch=branch)


def _require_plan(launch: Launch, environment: str, branch: str | None, advice: str) -> None:
    """Check the plan, if GitHub shows it to the credential; otherwise it shows by what GitHub grants, once there is a repository."""
    organization = launch.project.organization
    plan = launch.github.plan(organization)
    trial = f"For a trial, set workload.release: unprotected {advice}; nothing was created or changed"
    if branch is not None and plan in _WITHOUT_RULES:
        raise LaunchError(
            f"{organization} has the GitHub plan {plan}, which protects no branch of private repositories, so anybody could "
            f"change {branch} and release to {environment}: workload.release: branch needs GitHub Team. {trial}"
        )
    if branch is None and plan in _WITHOUT_REVIEWERS:
        team = (
            "; or release by pull request, by workload.release: branch, which GitHub Team can" if plan == "team" else ""
        )
        raise LaunchError(
            f"{organization} has the GitHub plan {plan}, which lets nobody review deployments of private repositories, so "
            f"anybody's job could enter {environment}: deploying needs GitHub Enterprise{team}. {trial}"
        )


def _require_other_people(launch: Launch, managers: Managers, advice: str) -> None:
    owner = launch.github.credential_owner()
    users = {login.lower() for login in launch.project.users}
    leads = {login.lower() for login in launch.rules.leads}
    for login, user_id in managers.items():
        roles = {
            "owns the token that the platform uses at GitHub, so every deployment that an approval starts is theirs, and "
            "GitHub lets nobody review their own": user_id == owner,
            "works in the project's repositories": login.lower() in users,
            "approves models, as a lead data scientist": login.lower() in leads,
        }
        for role, has in roles.items():
            if has:
                raise LaunchError(
                    f"{login} {role}, and cannot release to production too: name somebody else, here or by "
                    f"workload.releaseManagers {advice}; nothing was created or changed"
                )


def require_independent_of_all(launch: Launch, gates: Mapping[str, Gate], *, leaving: Sequence[str]) -> None:
    """Check the release managers of the repository's environments before anything is changed.

    Those of the `leaving` users who become release managers may still write to it.

    Raises:
        LaunchError: one may not read, or may write, be it as an owner of the organization or through a team.
    """
    left = {login.lower() for login in leaving}
    for name in launch.project.environments:
        require_independent(launch, gates[name], may_write=left)


def require_independent(launch: Launch, gate: Gate, *, may_write: Collection[str] = ()) -> None:
    """Check, once there is a repository, that each release manager may read it and, but for `may_write`, not write to it.

    Those who approve pull requests write all the same, because nobody else's approvals count; they may not administer it.

    Raises:
        LaunchError: one may not read, or may write, be it as an owner of the organization or through a team.
    """
    full_name = launch.project.full_name
    may_do_both = launch.github.may_push if gate.branch is None else launch.github.may_administer
    for login in gate.managers:
        if not launch.github.may_read(full_name, login):
            raise LaunchError(
                f"{login} cannot read {full_name}, so GitHub lets them release nothing of it: let the organization's "
                "members read its repositories, or give release managers a role that reads all of them (the organization "
                "role All-repository read), and try again"
            )
        if login.lower() not in may_write and may_do_both(full_name, login):
            raise LaunchError(
                f"{login} may {'write to' if gate.branch is None else 'administer'} {full_name}, as an owner of the organization or "
                "through a team, and cannot release to production too: take that away, or name another release manager"
            )
