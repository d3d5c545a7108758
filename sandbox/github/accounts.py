"""Accounts, their tokens, and the permissions that both have."""

import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sandbox.github import errors
from sandbox.github.git import Person
from sandbox.github.seed import SeedToken
from sandbox.github.state import PERMISSIONS, Permission, Repository, State, User

ACTIONS_BOT = User(login="github-actions[bot]", id=41898282, member=False, type="Bot")
"""The account of the tokens that jobs get."""

_IMPLIED_SCOPES = {
    "admin:org": ("write:org", "read:org"),
    "write:org": ("read:org",),
    "repo": ("public_repo",),
}


@dataclass(frozen=True, kw_only=True)
class Caller:
    """An account and the token that it used."""

    user: User
    scopes: frozenset[str] | None = None
    """Scopes of a classic personal access token; None: the token has permissions instead."""
    ends: datetime | None = None
    """The time from which the token is rejected; None: it has no end."""
    job_repository_id: int | None = None
    """The repository whose job has the token; None: it belongs to a person."""
    job_permissions: Mapping[str, str] = field(default_factory=dict[str, str])
    """Permissions of a job's token, for example contents: write."""

    @property
    def is_job(self) -> bool:
        """Whether the token belongs to a job of a workflow."""
        return self.job_repository_id is not None

    def has_scope(self, scope: str) -> bool:
        """Whether the token carries a scope, itself or as part of a wider one, or permissions instead of scopes."""
        if self.scopes is None:
            return True
        implied = {narrower for wider in self.scopes for narrower in _IMPLIED_SCOPES.get(wider, ())}
        return scope in self.scopes | implied

    def job_may(self, permission: str) -> bool:
        """Whether a job's token has a permission such as contents:read."""
        name, _, level = permission.partition(":")
        granted = self.job_permissions.get(name, "none")
        return name == "metadata" or granted == "write" or granted == level


class Tokens:
    """All valid tokens; they are never written to disk."""

    def __init__(self, seeded: list[SeedToken]) -> None:
        self._lock = threading.Lock()
        self._people = {token.token: token for token in seeded}
        self._jobs: dict[str, Caller] = {}

    def caller(self, token: str, state: State) -> Caller:
        """Return the account that a token belongs to.

        Raises:
            ApiError: 401, the token is unknown, or has ended.
        """
        with self._lock:
            if token in self._jobs:
                return self._jobs[token]
            seeded = self._people.get(token)
        user = state.users.get(seeded.login.lower()) if seeded else None
        if seeded is None or user is None or (seeded.ends and seeded.ends <= datetime.now(UTC)):
            raise errors.bad_credentials()
        if seeded.scopes is None:
            return Caller(user=user, ends=seeded.ends)
        scopes = frozenset(scope.strip() for scope in seeded.scopes.split(",") if scope.strip())
        return Caller(user=user, scopes=scopes, ends=seeded.ends)

    def issue(self, repository: Repository, permissions: Mapping[str, str]) -> str:
        """Create a token for one job."""
        token = f"ghs_{secrets.token_urlsafe(48)}"
        caller = Caller(user=ACTIONS_BOT, job_repository_id=repository.id, job_permissions=dict(permissions))
        with self._lock:
            self._jobs[token] = caller
        return token

    def revoke(self, token: str) -> None:
        """Make a job's token invalid."""
        with self._lock:
            self._jobs.pop(token, None)


def commit_author(user: User) -> Person:
    """Return an account as the author of commits."""
    return Person(name=user.login, email=f"{user.id}+{user.login}@users.noreply.localhost")


def role(user: User, repository: Repository, state: State) -> Permission | None:
    """Return the permission of an account in a repository; None: it cannot see the repository."""
    if user.admin or repository.owner.lower() == user.login.lower():
        return "admin"
    found: list[Permission] = []
    if user.member or not repository.private:
        found.append("pull")
    direct: dict[str, Permission] = {login.lower(): held for login, held in repository.collaborators.items()}
    if user.login.lower() in direct:
        found.append(direct[user.login.lower()])
    for team in state.teams.values():
        if repository.id in team.repositories and user.login in team.members:
            found.append(team.repositories[repository.id])  # noqa: PERF401 - keeps the literal type
    return max(found, key=PERMISSIONS.index) if found else None


def reaches(held: Permission | None, needed: Permission) -> bool:
    """Whether a permission includes another."""
    return held is not None and PERMISSIONS.index(held) >= PERMISSIONS.index(needed)


def caller_role(caller: Caller, repository: Repository, state: State) -> Permission | None:
    """Return the permission of the caller's token in a repository; None: it cannot see the repository."""
    if caller.is_job:
        if caller.job_repository_id != repository.id:
            return None if repository.private else "pull"
        return "push" if "write" in caller.job_permissions.values() else "pull"
    if repository.private and not caller.has_scope("repo"):
        return None
    return role(caller.user, repository, state)
