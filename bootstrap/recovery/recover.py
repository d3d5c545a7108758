"""`recover`: release the lock of a killed update and resolve its pending creates."""

import http.client
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

from botocore.exceptions import ClientError

from bootstrap import github
from bootstrap.account import Account, Client, error_code
from bootstrap.errors import BootstrapError
from bootstrap.github import Get
from bootstrap.names import PROJECT, Names
from bootstrap.recovery import identify, interrupted, state_lock
from bootstrap.recovery.engine import Pulumi
from bootstrap.recovery.interrupted import Deployment, Resolution, Resource
from bootstrap.recovery.state_lock import Lock

SECONDS_TO_SETTLE = 30
"""Seconds for which calls of a killed engine's plugins may still take effect; only then can their resources be found."""


@dataclass(frozen=True, kw_only=True)
class Stack:
    """The stack to repair."""

    account: Account
    names: Names
    name: str
    pulumi: Pulumi
    report: Callable[[str], None]
    """Called with each line of progress."""

    @property
    def bucket(self) -> str:
        """Bucket of its state."""
        return self.names.state_bucket(self.account.account_id, self.account.region)


def recover(
    stack: Stack,
    decided: Mapping[str, str | None],
    *,
    break_lock: bool,
    get: Get = github.get,
    pause: Callable[[float], None] = time.sleep,
) -> Sequence[Resolution]:
    """Enter into the state what the interrupted update created, and remove what it did not.

    The lock is released last, so that no update begins before everything is decided.

    Args:
        stack: the stack.
        decided: identifiers that the user looked up, by URN; None for a resource that was not created.
        break_lock: release a lock even if it was not left behind by a killed update of the caller.
        get: sends a request to GitHub.
        pause: waits, in seconds.

    Raises:
        BootstrapError: the lock is held, or a resource cannot be decided, and nothing was changed; or the engine fails.
    """
    s3 = stack.account.client("s3")
    locks = state_lock.find(s3, stack.bucket, stack.name)
    if not break_lock:
        _refuse_held(stack, locks)
    exported = json.loads(stack.pulumi(["stack", "export"], ""))
    deployment: Deployment = exported["deployment"]
    half_done = interrupted.half_done(deployment)
    resolutions: Sequence[Resolution] = []
    if half_done:
        _settle(stack, s3, pause)
        resolutions = _decide(stack, deployment, decided, get)
    for lock in locks:
        state_lock.release(s3, stack.bucket, lock)
        stack.report(f"Released the lock of {lock}.")
    if half_done:
        _repair(stack, exported, resolutions)
    return resolutions


def _refuse_held(stack: Stack, locks: Sequence[Lock]) -> None:
    for lock in locks:
        if not state_lock.left_behind(lock):
            raise BootstrapError(
                f"{stack.name} is locked by {lock}. Nothing was changed.\n"
                "If that update is still running, let it finish, or stop it with ^C. Only if it is certainly gone, run "
                "this again with --break-lock."
            )


def _repair(stack: Stack, exported: Mapping[str, Any], resolutions: Sequence[Resolution]) -> None:
    repaired, unread = interrupted.resolve(exported["deployment"], resolutions)
    stack.pulumi(["stack", "import"], json.dumps({**exported, "deployment": repaired}))
    if unread:
        stack.report(f"Reading {len(unread)} resource(s) …")
        targets = [argument for urn in unread for argument in ("--target", urn)]
        stack.pulumi(["refresh", "--yes", "--skip-preview", "--non-interactive", *targets], "")


def _settle(stack: Stack, s3: Client, pause: Callable[[float], None]) -> None:
    """Wait until `SECONDS_TO_SETTLE` after the state was last saved."""
    for ending in (".json.gz", ".json"):
        try:
            saved: datetime = s3.head_object(Bucket=stack.bucket, Key=f".pulumi/stacks/{PROJECT}/{stack.name}{ending}")[
                "LastModified"
            ]
        except ClientError as error:
            if error_code(error) in ("404", "NoSuchKey"):
                continue
            raise
        remaining = SECONDS_TO_SETTLE - (datetime.now(UTC) - saved).total_seconds()
        if 0 < remaining <= SECONDS_TO_SETTLE:
            stack.report(f"Waiting {remaining:.0f} s, because the killed update's last calls may still take effect …")
            pause(remaining)
        return


def _decide(
    stack: Stack,
    deployment: Deployment,
    decided: Mapping[str, str | None],
    get: Get,
) -> Sequence[Resolution]:
    resolutions: list[Resolution] = []
    undecided: list[str] = []
    for resource in interrupted.creates(deployment):
        urn: str = resource["urn"]
        if urn in decided:
            resolutions.append(Resolution(urn=urn, identifier=decided[urn]))
            continue

        def from_github(path: str, resource: Resource = resource) -> Sequence[Mapping[str, Any]]:
            return _get_from_organization(deployment, resource, path, get)

        try:
            found = identify.find(stack.account, stack.names, resource, from_github)
        except identify.UnknownTypeError:
            undecided.append(urn)
        except identify.StillBeingMadeError:
            raise BootstrapError(f"AWS is still creating {urn}. Run this again in a few minutes.") from None
        else:
            resolutions.append(_resolution(deployment, resource, found))
    if undecided:
        raise BootstrapError(
            "These resources may have been created, and cannot be found automatically. Nothing was changed. Look for "
            "each one, then run this again with --made URN=ID or --not-made URN:\n"
            + "\n".join(f"  {urn}" for urn in undecided)
        )
    return resolutions


def _resolution(deployment: Deployment, resource: Resource, found: Sequence[str]) -> Resolution:
    urn: str = resource["urn"]
    present = interrupted.known(deployment, urn)
    if present is not None and identify.is_by_name(resource["type"]):
        return Resolution(urn=urn, identifier=present["id"])
    known = interrupted.identifiers(deployment, resource["type"])
    new = tuple(identifier for identifier in found if identifier not in known)
    if present is not None:
        return Resolution(urn=urn, identifier=present["id"], others=new)
    return Resolution(urn=urn, identifier=new[0] if new else None, others=new[1:])


def _get_from_organization(
    deployment: Deployment,
    resource: Resource,
    path: str,
    get: Get,
) -> Sequence[Mapping[str, Any]]:
    """Return the list at `path` of the organization that the resource's provider is configured for.

    Raises:
        BootstrapError: GitHub does not show it.
    """
    urn = str(resource["provider"]).rpartition("::")[0]
    settings = next(each["inputs"] for each in deployment["resources"] if each["urn"] == urn)
    base: str = settings.get("baseUrl", "https://api.github.com/")
    server = github.Server.at(f"https://{urlsplit(base).netloc}", api_url=base)
    answer = get(server, f"/orgs/{quote(settings['owner'])}{path}", os.environ.get("GITHUB_TOKEN"))
    if answer.status != http.client.OK:
        raise BootstrapError(
            f"{server.url} answered {answer.status} for {settings['owner']}{path.partition('?')[0]}: {github.explain(answer)}. "
            "Set GITHUB_TOKEN to a token that may administer the organization."
        )
    return answer.items
