"""`recover`: puts a stack right after an update that was killed, so that it can be run again.

An update that is interrupted by ^C or SIGTERM ends in good order by itself. One that is killed leaves its lock, and
pending creates (see `bootstrap.interrupted`). The engine is called for the state; AWS and GitHub are only looked at.
"""

import http.client
import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

from botocore.exceptions import ClientError

from bootstrap import github, identify, interrupted, login, state_lock
from bootstrap.account import Account, Client, error_code
from bootstrap.credential import Get
from bootstrap.interrupted import Deployment, Resolution, Resource
from bootstrap.names import PROJECT, Names
from bootstrap.problem import ProblemError

SECONDS_TO_SETTLE = 30
"""How long calls of a killed engine's plugins may still be on their way: what they make must be there to be found."""

Pulumi = Callable[[Sequence[str], str], str]
"""Runs the engine with arguments and a text on its standard input; returns what it prints."""


@dataclass(frozen=True, kw_only=True)
class Stack:
    """The stack to repair."""

    account: Account
    names: Names
    name: str
    pulumi: Pulumi
    say: Callable[[str], None]

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
    """Enter into the state what the interrupted update made, and forget what it did not come to make.

    The lock goes last, so that no update begins before everything is decided.

    Args:
        stack: the stack.
        decided: identifiers by URN of what somebody looked up already; None for what was not made.
        break_lock: release a lock even if it is not one that a killed update of the caller left behind.
        get: asks GitHub.
        pause: waits, in seconds.

    Raises:
        ProblemError: somebody holds the lock, or something cannot be decided, and nothing was changed; or the engine
            fails.
    """
    s3 = stack.account.client("s3")
    locks = state_lock.find(s3, stack.bucket, stack.name)
    for lock in locks:
        if not break_lock and not state_lock.left_behind(lock):
            raise ProblemError(
                f"{stack.name} is locked by {lock}. Nothing was changed.\n"
                "If that update still runs, let it end, or stop it by ^C. Only if it is gone for certain, run this "
                "again with --break-lock."
            )
    exported = json.loads(stack.pulumi(["stack", "export"], ""))
    deployment: Deployment = exported["deployment"]
    half_done = interrupted.half_done(deployment)
    resolutions: Sequence[Resolution] = []
    if half_done:
        _settle(stack, s3, pause)
        resolutions = _decide(stack, deployment, decided, get)
    for lock in locks:
        state_lock.release(s3, stack.bucket, lock)
        stack.say(f"Released the lock of {lock}.")
    if half_done:
        repaired, unread = interrupted.resolve(deployment, resolutions)
        stack.pulumi(["stack", "import"], json.dumps({**exported, "deployment": repaired}))
        if unread:
            stack.say(f"Reading {len(unread)} resource(s) …")
            targets = [argument for urn in unread for argument in ("--target", urn)]
            stack.pulumi(["refresh", "--yes", "--skip-preview", "--non-interactive", *targets], "")
    return resolutions


def engine(account: Account, names: Names, stack: str) -> Pulumi:
    """The engine, logged in to the environment's state; it works in the folder of the project."""
    environment = os.environ | dict(login.variables(account, names))

    def run(arguments: Sequence[str], text: str) -> str:
        try:
            done = subprocess.run(
                ["pulumi", *arguments, "--stack", stack],
                env=environment,
                input=text,
                capture_output=True,
                text=True,
                check=False,
            )
        except FileNotFoundError:
            raise ProblemError("pulumi is not on PATH.") from None
        if done.returncode != 0:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-15:]
            raise ProblemError("\n".join([f"pulumi {' '.join(arguments[:2])} failed:", *said]))
        return done.stdout

    return run


def _settle(stack: Stack, s3: Client, pause: Callable[[float], None]) -> None:
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
            stack.say(f"Waiting {remaining:.0f} s for what the killed update may still be making …")
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

        def ask(path: str, resource: Resource = resource) -> Sequence[Mapping[str, Any]]:
            return _ask_github(deployment, resource, path, get)

        try:
            found = identify.find(stack.account, stack.names, resource, ask)
        except identify.UnknownTypeError:
            undecided.append(urn)
        except identify.StillBeingMadeError:
            raise ProblemError(f"AWS is still making {urn}. Run this again in a few minutes.") from None
        else:
            resolutions.append(_resolution(deployment, resource, found))
    if undecided:
        raise ProblemError(
            "These may have been made, and cannot be found automatically. Nothing was changed. Look for each, then run "
            "this again with --made URN=ID or --not-made URN:\n" + "\n".join(f"  {urn}" for urn in undecided)
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


def _ask_github(
    deployment: Deployment,
    resource: Resource,
    path: str,
    get: Get,
) -> Sequence[Mapping[str, Any]]:
    urn = str(resource["provider"]).rpartition("::")[0]
    settings = next(each["inputs"] for each in deployment["resources"] if each["urn"] == urn)
    base: str = settings.get("baseUrl", "https://api.github.com/")
    server = github.Server.at(f"https://{urlsplit(base).netloc}", api_url=base)
    answer = get(server, f"/orgs/{quote(settings['owner'])}{path}", os.environ.get("GITHUB_TOKEN"))
    if answer.status != http.client.OK:
        raise ProblemError(
            f"{server.url} answered {answer.status} for {settings['owner']}{path.partition('?')[0]}: {github.explain(answer)}. "
            "Set GITHUB_TOKEN to a token that may administer the organization."
        )
    return answer.items
