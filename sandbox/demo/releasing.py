"""Release by a command: list the runs that wait for a review, and let one in as a person who may review it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from sandbox import servers
from sandbox.demo import reviews, runs
from sandbox.demo.member import Member
from sandbox.demo.progress import Demo
from sandbox.organization import ORGANIZATION, PLATFORM_ENGINEER, USERS
from sandbox.servers import Servers

CALL = ".venv/bin/python -m sandbox release"


class NothingToReleaseError(Exception):
    """No run waits, or not the one that was named; the message says which do."""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A run that waits for a review."""

    repository: str
    """Full name."""
    run: dict[str, Any]
    environments: tuple[str, ...]
    """Names of the environments that wait for a review."""
    reviewer: Member | None
    """The first person who may review it; None where nobody of the sandbox may."""


def run(console: Console, number: int | None) -> None:
    """List the runs that wait; with the id of one, let it in and follow it to its end.

    Raises:
        NothingToReleaseError: no run waits with this id, or nobody may review it.
        RunFailedError: the run failed.
    """
    found = servers.require()
    owner = Member(found, PLATFORM_ENGINEER)
    listed = list(waiting(found, owner))
    if number is None:
        for line in lines(listed):
            console.print(line, soft_wrap=True, markup=False, highlight=False)
        return
    chosen = choose(listed, number)
    reviewer = chosen.reviewer
    if reviewer is None:
        raise NothingToReleaseError(f"nobody of the sandbox may review the run: {chosen.run['html_url']}")
    title = f"Release to {' and '.join(chosen.environments)} as {reviewer.user.login}"
    with Demo(console) as demo, demo.step(title) as step:
        reviews.release(reviewer, chosen.repository, number)
        ended = runs.follow(
            owner,
            chosen.repository,
            lambda: owner.run(chosen.repository, number),
            pipeline=None,
            on_status=step.report,
            released=True,
        )
        step.report(f"succeeded: {ended['html_url']}")
    console.print(f"[bold]All green after {demo.seconds:.0f} s.[/bold]")


def waiting(found: Servers, owner: Member) -> Iterator[Waiting]:
    """Yield the runs of the organization's repositories that wait for a review.

    Args:
        found: the running servers.
        owner: an owner of the organization, who sees every repository.
    """
    for repository in (str(each["full_name"]) for each in owner.repositories(ORGANIZATION.login, "")):
        for each in owner.runs(repository):
            if each["status"] == "waiting":
                path = reviews.pending(repository, int(each["id"]))
                pending = owner.listed(path)
                yield Waiting(
                    repository=repository,
                    run=each,
                    environments=tuple(str(entry["environment"]["name"]) for entry in pending),
                    reviewer=next(_able(found, path, pending), None),
                )


def _able(found: Servers, path: str, pending: list[dict[str, Any]]) -> Iterator[Member]:
    """Yield the reviewers who may let the run in, as GitHub says."""
    named = {str(one["reviewer"].get("login")) for entry in pending for one in entry["reviewers"]}
    for user in (user for user in USERS if user.login in named):
        member = Member(found, user)
        if all(entry["current_user_can_approve"] for entry in member.listed(path)):
            yield member


def choose(listed: list[Waiting], number: int) -> Waiting:
    """Return the run with an id.

    Raises:
        NothingToReleaseError: no run waits with this id; the message has those that do.
    """
    chosen = next((each for each in listed if each.run["id"] == number), None)
    if chosen is None:
        raise NothingToReleaseError("\n".join([f"no run {number} waits for a review", *lines(listed)]))
    return chosen


def lines(listed: list[Waiting]) -> Iterator[str]:
    """Yield what waits, and how to release it."""
    if not listed:
        yield "No run waits for a review."
        return
    for each in listed:
        who = "nobody of the sandbox may review it" if each.reviewer is None else f"{each.reviewer.user.login} may"
        yield f"{each.run['id']}  {each.run['name']}: {each.run['display_title']}"
        yield f"  waits for {' and '.join(each.environments)}; {who}; {each.run['html_url']}"
    yield f"Release one: {CALL} RUN"
