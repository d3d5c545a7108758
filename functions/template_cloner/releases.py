"""The people who release models into an account, as the account's own stack names them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from functions.shared import aws_clients
from functions.template_cloner.account_requests import AccountRequests
from functions.template_cloner.errors import LaunchError


@dataclass(frozen=True, kw_only=True)
class Release:
    """The release into an account."""

    managers: tuple[str, ...]
    """GitHub logins of those who may release."""
    unprotected: bool = False
    """Whether the account's settings do without anybody's release, for a trial."""


class Releases:
    """The release into one account."""

    def __init__(self, path: str, requests: AccountRequests, client: Callable[[str], Any]) -> None:
        self._path = path
        self._requests = requests
        self._ssm = client("ssm")

    def release(self) -> Release:
        """Return who releases into the account.

        Raises:
            LaunchError: the account's stack does not say.
        """
        name = f"{self._path}/release"
        value = self._requests.send(lambda: aws_clients.parameter(self._ssm, name))
        if value is None:
            raise LaunchError(
                f"the account has no parameter {name}, which says who releases models to production: deploy the "
                "platform's stack there again; nothing was created"
            )
        found = json.loads(value)
        return Release(managers=tuple(found["managers"]), unprotected=found["unprotected"])
