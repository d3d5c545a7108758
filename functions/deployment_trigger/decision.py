"""Rules for approvals, on values alone: no request is sent from here."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from functions.deployment_trigger.package import Approval, Candidate

CLAIM_SECONDS = 300.0
"""Seconds for which a claim belongs to its owner: longer than the function can run."""
LEFT_TO_EVENTS_SECONDS = 120.0
"""Age in seconds from which the sweep takes an approval's event for lost."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The outcome for one model package, and the reason for it."""

    model_package_arn: str
    decision: Literal["dispatched", "proposed", "refused", "skipped", "superseded"]
    reason: str
    run_url: str | None = None


class Claim(Protocol):
    """A record of what was begun."""

    @property
    def state(self) -> str:
        """`claimed` until it is done."""
        ...

    @property
    def owner(self) -> str:
        """Id of the request that began it."""
        ...

    @property
    def since(self) -> float:
        """Seconds since 1970."""
        ...


def may_take_over(record: Claim, *, owner: str, now: float) -> bool:
    """Whether a request may finish what was begun: the one that began it has certainly stopped."""
    return record.state == "claimed" and (record.owner == owner or now - record.since >= CLAIM_SECONDS)


def is_superseded(approval: Approval, newest: Approval | None) -> bool:
    """Whether a later approval decided otherwise."""
    return newest is not None and newest.at > approval.at


def lost(candidates: Sequence[Candidate], known: Collection[Approval], *, now: float) -> list[Candidate]:
    """Return the candidates whose event never came, the latest first: it supersedes the others."""
    settled = (now - LEFT_TO_EVENTS_SECONDS) * 1000
    unknown = [each for each in candidates if each.approval not in known and each.approval.at <= settled]
    return sorted(unknown, key=lambda each: each.approval.at, reverse=True)
