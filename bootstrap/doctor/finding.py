"""A finding of `doctor`, and checks that report one whatever happens."""

from collections.abc import Callable
from dataclasses import dataclass

from botocore.exceptions import ClientError

from bootstrap.account import refusal_reason
from bootstrap.errors import BootstrapError

Check = Callable[[], tuple[bool, str]]
"""Examines one thing; returns whether it is fine, and the message of its finding."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The state of one thing."""

    subject: str
    fine: bool
    message: str
    """Its state and, if it isn't fine, what to do about it."""


def checked(subject: str, check: Check) -> Finding:
    """Run a check; one that AWS or GitHub refuse becomes a finding, too."""
    try:
        fine, message = check()
    except ClientError as error:
        return Finding(subject=subject, fine=False, message=f"cannot be examined: {refusal_reason(error)}")
    except BootstrapError as error:
        return Finding(subject=subject, fine=False, message=str(error))
    return Finding(subject=subject, fine=fine, message=message)
