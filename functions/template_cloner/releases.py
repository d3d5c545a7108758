"""The people who release models into an account, as the account's own stack names them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from functions.shared.github_api.deadline import Deadline
from functions.template_cloner.account_function import AccountFunction
from functions.template_cloner.errors import LaunchError
from functions.template_cloner.resources import MAIN

_RETRY_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True)
class Release:
    """The release into an account."""

    managers: tuple[str, ...]
    """GitHub logins of those who may release."""
    unprotected: bool = False
    """Whether the account's settings do without anybody's release, for a trial."""
    branch: str = MAIN
    """The only branch whose jobs the account trusts; if it is not main, managers approve pull requests to it."""


def read_release(arn: str, advice: str, deadline: Deadline, client: Any = None) -> Release:
    """Ask an account's onboarding function who releases into the account.

    Raises:
        LaunchError: the account does not say; `advice` says what to do.
        DeadlinePassedError: it does not answer.
    """
    function = AccountFunction(arn, advice, client)
    while (answer := function.answer({"action": "release"})) is None:
        deadline.pause(_RETRY_SECONDS, waiting_for=f"an answer of {arn}")
    release = cast("Mapping[str, Any] | None", answer.get("release"))
    if release is None:
        raise LaunchError(f"{arn} does not say who releases models to production: {advice}; nothing was created")
    return Release(
        managers=tuple(release["managers"]),
        unprotected=release["unprotected"],
        # An account that was deployed earlier knows no other.
        branch=release.get("branch", MAIN),
    )
