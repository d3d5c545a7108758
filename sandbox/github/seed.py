"""The seed of a local GitHub: initial contents, limits and delays."""

from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SeedOrganization(_Strict):
    """The one organization."""

    login: str
    id: int


class SeedUser(_Strict):
    """An account."""

    login: str
    id: int
    member: bool = True
    admin: bool = False


class SeedRepository(_Strict):
    """A repository that exists, without commits, from the start."""

    name: str
    id: int
    private: bool = True


class SeedToken(_Strict):
    """A personal access token."""

    token: str
    login: str
    scopes: str | None
    """Scopes of a classic token, comma-separated, as GitHub shows them; None: a fine-grained token with all permissions."""
    ends: datetime | None = None
    """The time from which it is rejected, with its zone; None: never."""


class Limits(_Strict):
    """GitHub's limits per account; lower ones make tests short."""

    requests_per_hour: int = 5000
    points_per_minute: int = 900
    """A read is one point, a write five."""
    content_per_minute: int = 80
    content_per_hour: int = 500
    seconds_per_minute: float = 60
    """Length of one of GitHub's minutes; an hour has sixty of them."""


class Timing(_Strict):
    """Delays of GitHub, in seconds."""

    generation: float = 0.3
    """Until a repository that was made from a template has its first commit."""
    workflow_registration: float = 0.5
    """Until a workflow can be dispatched after the first commit."""
    cancel_interrupt: float = 0.75
    """From SIGINT to SIGTERM for a step that is cancelled; 7.5 on GitHub."""
    cancel_terminate: float = 0.25
    """From SIGTERM to SIGKILL; 2.5 on GitHub."""
    cancel_force: float = 5
    """For the steps that run in spite of a cancellation; 300 on GitHub."""


class Seed(_Strict):
    """Contents of seed.json."""

    organization: SeedOrganization
    plan: Literal["free", "team", "enterprise"] = "enterprise"
    default_branch: str = "main"
    """Name of the default branch of new repositories, a setting of the organization that the API does not show."""
    users: list[SeedUser]
    repositories: list[SeedRepository] = Field(default_factory=list[SeedRepository])
    tokens: list[SeedToken]
    subjects: Literal["immutable", "legacy"] = "immutable"
    """Form of the subject in tokens of jobs."""
    runner_environment: dict[str, str] = Field(default_factory=dict[str, str])
    """Environment variables of jobs."""
    action_stand_ins: dict[str, Path] = Field(default_factory=dict[str, Path])
    """Folders by owner/repository, besides those that come with the sandbox."""
    limits: Limits = Limits()
    timing: Timing = Timing()
    runners: int = 4
    """Jobs that execute concurrently; the combinations of a matrix count as one."""

    def owner_id(self, login: str) -> int:
        """Return the id of the organization or of an account, either of which can own repositories."""
        if login.lower() == self.organization.login.lower():
            return self.organization.id
        return next(user.id for user in self.users if user.login.lower() == login.lower())

    @classmethod
    def load(cls, folder: Path) -> "Seed":
        """Read seed.json of `folder`."""
        return cls.model_validate_json((folder / "seed.json").read_text())
