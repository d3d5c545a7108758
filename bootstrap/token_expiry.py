"""The time at which a token of GitHub ends, which every answer to it tells.

Source: GitHub Changelog of 2021-07-26, "Expiration options for personal access tokens"; google/go-github, `parseTokenExpiration`, for
the two forms of the time. A token without an end has no such header.
"""

from datetime import UTC, datetime, timedelta

from bootstrap.github import Answer

HEADER = "github-authentication-token-expiration"
WARNING = timedelta(days=14)
"""Time that is left for the rotation of a token when somebody is told."""


def expiry(answer: Answer) -> datetime | None:
    """Return the time at which the token that was answered ends; None: it has no end, or GitHub does not tell it."""
    told = answer.headers.get(HEADER, "").replace("UTC", "+0000")
    try:
        return datetime.strptime(told, "%Y-%m-%d %H:%M:%S %z")
    except ValueError:
        return None


def soon(ends: datetime | None, now: datetime) -> bool:
    """Return whether a token has to be rotated now."""
    return ends is not None and ends - now < WARNING


def said(ends: datetime | None, now: datetime) -> str:
    """Return the part of a sentence that says when a token ends."""
    if ends is None:
        return "has no end that GitHub tells"
    days = (ends - now).days
    return f"ends on {ends.astimezone(UTC):%Y-%m-%d at %H:%M UTC}, in {days} day{'' if days == 1 else 's'}"
