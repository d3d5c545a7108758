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


def require_manager(released_by: Sequence[str], managers: Sequence[str], environment: str) -> None:
    """Check that one of those who let a job in is a release manager as the account's settings are now, if those name any.

    GitHub's own list of a project is as old as its last launch or update, and whoever administers the repository changes it.

    Raises:
        RefusedError: none is.
    """
    known = {login.lower() for login in managers}
    if not known or not known.isdisjoint(login.lower() for login in released_by):
        return
    if not released_by:
        raise RefusedError(
            f"nobody is said to have let this into {environment}, which {_listed(managers)} release: merge the newer template "
            "into this repository, whose workflows say who did; and update the project in Service Catalog, so that GitHub asks them"
        )
    raise RefusedError(
        f"{_listed(released_by)} let this into {environment}, which {_listed(managers)} release by now (workload.releaseManagers "
        "there): update the project in Service Catalog, so that GitHub asks them, and start again"
    )


def _listed(logins: Sequence[str]) -> str:
    return " and ".join(logins)
