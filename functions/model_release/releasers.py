"""The people who let a job into this account, as the repository says that GitHub says."""

from collections.abc import Sequence
from typing import cast

from functions.model_release.errors import RefusedError


def logins_of(released_by: object) -> Sequence[str]:
    """Return the logins in an event; none if it has no such member.

    Raises:
        RefusedError: they are no list of logins.
    """
    if released_by is None:
        return ()
    if not isinstance(released_by, list) or not all(
        isinstance(each, str) for each in cast("list[object]", released_by)
    ):
        raise RefusedError(f"released_by is {released_by!r}: pass a list of logins at GitHub")
    return cast("list[str]", released_by)


def require_managers(released_by: Sequence[str], managers: Sequence[str], environment: str) -> None:
    """Check that all of those who let a job in are release managers as the account's settings are now, if those name any.

    GitHub's own list of a project is as old as its last launch or update, and whoever administers the repository changes it. All have
    to be: GitHub lists the approvals of a run without its attempts, so that a former manager could repeat what a present one let in.

    Raises:
        RefusedError: nobody let it in, or somebody else did.
    """
    known = {login.lower() for login in managers}
    if not known:
        return
    if not released_by:
        raise RefusedError(
            f"nobody is said to have let this into {environment}, which {_listed(managers)} release: merge the newer template "
            "into this repository, whose workflows say who did; and update the project in Service Catalog, so that GitHub asks them"
        )
    if others := [login for login in released_by if login.lower() not in known]:
        raise RefusedError(
            f"{_listed(others)} let this into {environment}, which {_listed(managers)} release by now (workload.releaseManagers "
            "there): update the project in Service Catalog, so that GitHub asks them, and release it by a new run or pull request, "
            "since one that is repeated keeps the approvals that it had"
        )


def _listed(logins: Sequence[str]) -> str:
    return " and ".join(logins)
