"""Release managers: those who let a project's jobs enter production, and who may be one.

The account that is released into names them. Whoever approves a version, changes a repository or acts for the platform is
none of them: one person would do both.
"""

from collections.abc import Collection, Mapping, Sequence

from functions.template_cloner.errors import LaunchError
from functions.template_cloner.launch import Launch
from functions.template_cloner.members import require_member

Managers = Mapping[str, int]
"""Ids of the release managers of an environment, by login; none of an environment that needs no release."""

_WITHOUT_REVIEWERS = ("free", "team")
"""Plans without reviewers of private repositories' environments. Source: GitHub Docs, "Deployments and environments"."""


def find_managers(launch: Launch) -> Mapping[str, Managers]:
    """Return the release managers of each of the repository's environments, before anything is created.

    The project's other repositories may have further environments, whose release managers are checked all the same.

    Raises:
        LaunchError: the account names none, or one who cannot be one, or the organization's plan has no reviewers.
    """
    project = launch.project
    found: dict[str, Managers] = {name: {} for name in project.environments}
    return found | {name: _managers(launch, name) for name in project.released}


def _managers(launch: Launch, environment: str) -> Managers:
    release = launch.release(environment)
    if release.unprotected:
        return {}
    advice = f"in the settings of the platform's stack of {environment}"
    if not release.managers:
        raise LaunchError(
            f"nobody releases models to {environment}: name people by workload.releaseManagers {advice}; nothing was "
            "created or changed"
        )
    organization = launch.project.organization
    plan = launch.github.plan(organization)
    if plan in _WITHOUT_REVIEWERS:
        raise LaunchError(
            f"{organization} has the GitHub plan {plan}, which lets nobody review deployments of private repositories, so "
            f"anybody's job could enter {environment}: deploying needs GitHub Enterprise. For a trial, set "
            f"workload.release: unprotected {advice}; nothing was created or changed"
        )
    managers = {login: require_member(launch, login).user_id for login in release.managers}
    _require_other_people(launch, managers, advice)
    return managers


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


def require_independent_of_all(launch: Launch, managers: Mapping[str, Managers], *, leaving: Sequence[str]) -> None:
    """Check the release managers of the repository's environments before anything is changed.

    Those of the `leaving` users who become release managers may still write to it.

    Raises:
        LaunchError: one may not read, or may write, be it as an owner of the organization or through a team.
    """
    left = {login.lower() for login in leaving}
    for name in launch.project.environments:
        require_independent(launch, managers[name], may_write=left)


def require_independent(launch: Launch, managers: Managers, *, may_write: Collection[str] = ()) -> None:
    """Check, once there is a repository, that each release manager may read it and, but for `may_write`, not write to it.

    Raises:
        LaunchError: one may not read, or may write, be it as an owner of the organization or through a team.
    """
    full_name = launch.project.full_name
    for login in managers:
        if not launch.github.may_read(full_name, login):
            raise LaunchError(
                f"{login} cannot read {full_name}, so GitHub lets them release nothing of it: let the organization's "
                "members read its repositories, or give release managers a role that reads all of them (the organization "
                "role All-repository read), and try again"
            )
        if login.lower() not in may_write and launch.github.may_push(full_name, login):
            raise LaunchError(
                f"{login} may write to {full_name}, as an owner of the organization or through a team, and cannot release "
                "to production too: take that away, or name another release manager"
            )
