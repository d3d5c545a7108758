"""The reviewed file of permissions that no story of the sandbox uses, and how it differs from what is true."""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from sandbox.permissions.use import RoleUse

FILE = Path(__file__).parent / "unused.toml"


class PermissionsDifferError(Exception):
    """Permissions and the reviewed file differ; says in what."""


@dataclass(frozen=True, kw_only=True)
class Unused:
    """Permissions that are granted without being used here, and why."""

    reason: str
    roles: Sequence[str]
    """Names of roles, or patterns of them."""
    actions: Sequence[str]
    """Actions, or patterns of them."""

    def covers(self, role: str, action: str) -> bool:
        """Return whether this is the reason for a permission of a role."""
        return _matches(role, self.roles) and _matches(action, self.actions)


def read(file: Path = FILE) -> list[Unused]:
    """Return what the file lists."""
    return [Unused(**each) for each in tomllib.loads(file.read_text(encoding="utf-8"))["unused"]]


def differences(uses: Sequence[RoleUse], listed: Sequence[Unused]) -> Iterator[str]:
    """Yield each permission that nothing used and that has no reason, and each reason for what no role is granted.

    What is listed may have been used all the same: since the demo more was done in the sandbox.
    """
    for use in uses:
        for action in sorted(use.granted - use.used):
            if not any(each.covers(use.name, action) for each in listed):
                yield f"{use.name} is granted {action}, which nothing used: remove it, or give the reason in {FILE.name}"
    for each in listed:
        for pattern in each.roles:
            for wanted in each.actions:
                if not any(_grants(use, pattern, wanted) for use in uses):
                    yield f"{pattern} is not granted {wanted}: remove it from {FILE.name}"


def _grants(use: RoleUse, role: str, action: str) -> bool:
    return fnmatchcase(use.name, role) and any(fnmatchcase(each, action) for each in use.granted)


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
