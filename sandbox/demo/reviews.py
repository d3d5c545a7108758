"""Review as the second person: merge what somebody else proposed, and release what was tested."""

import time
from collections.abc import Callable
from typing import Any

from sandbox.demo.member import Member

CHECK_SECONDS = 1200
"""A minute on an idle machine; a busy one takes its time."""
_PASSES = ("success", "skipped", "neutral")


class ReviewFailedError(Exception):
    """A pull request was not merged; the message says why."""


def merge(
    author: Member, reviewer: Member, repository: str, number: int, *, on_status: Callable[[str], None] = lambda _: None
) -> str:
    """Approve a pull request as somebody else, wait for its checks, merge it, and return the commit on main.

    Raises:
        ReviewFailedError: a check failed, or took longer than `CHECK_SECONDS`.
    """
    pull = f"/repos/{repository}/pulls/{number}"
    head = author.get(pull)["head"]["sha"]
    reviewer.send("POST", f"{pull}/reviews", {"event": "APPROVE", "commit_id": head})
    deadline = time.monotonic() + CHECK_SECONDS
    while not _checked(author, repository, head):
        if time.monotonic() > deadline:
            raise ReviewFailedError(f"the checks of {pull} did not end within {CHECK_SECONDS} seconds")
        on_status(f"{reviewer.user.login} approved the pull request, whose checks run")
        time.sleep(0.3)
    return str(author.send("PUT", f"{pull}/merge", {})["sha"])


def release(reviewer: Member, repository: str, run: int) -> None:
    """Let a run that waits for its reviewer into the environment that it waits for."""
    path = pending(repository, run)
    waiting = [entry["environment"]["id"] for entry in reviewer.listed(path)]
    reviewer.send("POST", path, {"environment_ids": waiting, "state": "approved", "comment": "Tested in preprod"})


def pending(repository: str, run: int) -> str:
    """Return the path of the environments whose reviewers a run waits for."""
    return f"/repos/{repository}/actions/runs/{run}/pending_deployments"


def _checked(member: Member, repository: str, commit: str) -> bool:
    """Return whether all checks of a commit have ended, and well.

    Raises:
        ReviewFailedError: one failed.
    """
    found: list[dict[str, Any]] = member.get(f"/repos/{repository}/commits/{commit}/check-runs?per_page=100")[
        "check_runs"
    ]
    failed = [check for check in found if check["status"] == "completed" and check["conclusion"] not in _PASSES]
    if failed:
        raise ReviewFailedError(f"{failed[0]['name']}: {failed[0]['conclusion']}, {failed[0]['html_url']}")
    return bool(found) and all(check["status"] == "completed" for check in found)
