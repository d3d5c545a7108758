"""What follows from what is known about an approval; nothing here asks anybody."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from functions.deployment_trigger.package import Approval, Candidate
from functions.deployment_trigger.records import Record

CLAIM_SECONDS = 300.0
"""How long a claim is its owner's: longer than the function can run."""
LEFT_TO_EVENTS_SECONDS = 120.0
"""How old an approval is before the sweep takes its event for lost."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What was done about a model package, and why."""

    model_package_arn: str
    decision: Literal["dispatched", "refused", "skipped", "superseded"]
    reason: str
    run_url: str | None = None


def may_take_over(record: Record, *, owner: str, now: float) -> bool:
    """Whether a deployment that was begun can be finished: whoever began it has stopped for certain."""
    return record.state == "claimed" and (record.owner == owner or now - record.since >= CLAIM_SECONDS)


def is_superseded(approval: Approval, newest: Approval | None) -> bool:
    """Whether a later approval decided otherwise."""
    return newest is not None and newest.at > approval.at


def lost(candidates: Sequence[Candidate], known: Collection[Approval], *, now: float) -> list[Candidate]:
    """Those whose event never came, the latest first: it supersedes the others."""
    settled = (now - LEFT_TO_EVENTS_SECONDS) * 1000
    unknown = [each for each in candidates if each.approval not in known and each.approval.at <= settled]
    return sorted(unknown, key=lambda each: each.approval.at, reverse=True)
