"""The organization: accounts, teams, rulesets, variables and secrets."""

import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

Permission = Literal["pull", "triage", "push", "maintain", "admin"]
"""The permissions in a repository, weakest first."""
PERMISSIONS: tuple[Permission, ...] = ("pull", "triage", "push", "maintain", "admin")


def now() -> str:
    """Return this second as GitHub writes it."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class User(BaseModel):
    """The account of a person or a machine."""

    login: str
    id: int
    member: bool = True
    """Member of the organization."""
    admin: bool = False
    """Owner of the organization."""
    type: Literal["User", "Bot"] = "User"


class Variable(BaseModel):
    """A configuration variable of Actions."""

    name: str
    value: str
    visibility: Literal["all", "private", "selected"] = "all"
    selected_repository_ids: list[int] = Field(default_factory=list[int])
    created_at: str = Field(default_factory=now)
    updated_at: str = Field(default_factory=now)


class Secret(BaseModel):
    """A secret of Actions, as it was sealed to the key of its owner."""

    name: str
    sealed: str
    """Base64."""
    visibility: Literal["all", "private", "selected"] = "all"
    """Only of the organization's secrets, as the next field."""
    selected_repository_ids: list[int] = Field(default_factory=list[int])
    created_at: str = Field(default_factory=now)
    updated_at: str = Field(default_factory=now)


class Team(BaseModel):
    """A team of the organization."""

    id: int
    slug: str
    name: str
    description: str | None = None
    privacy: str = "secret"
    notification_setting: str = "notifications_enabled"
    parent_id: int | None = None
    members: dict[str, Literal["member", "maintainer"]] = Field(
        default_factory=dict[str, Literal["member", "maintainer"]]
    )
    repositories: dict[int, Permission] = Field(default_factory=dict[int, Permission])
    created_at: str = Field(default_factory=now)
    updated_at: str = Field(default_factory=now)


class ActionsPolicy(BaseModel):
    """The repositories that have Actions, the actions that their workflows may use, and what their tokens may do."""

    enabled_repositories: Literal["all", "none", "selected"] = "all"
    allowed_actions: Literal["all", "local_only", "selected"] = "all"
    sha_pinning_required: bool = False
    github_owned_allowed: bool = False
    verified_allowed: bool = False
    patterns_allowed: list[str] = Field(default_factory=list[str])
    can_approve_pull_request_reviews: bool = False
    """Whether tokens of jobs may create and approve pull requests; not in a new organization."""


class Ruleset(BaseModel):
    """Rules for some branches of one or many repositories."""

    id: int
    name: str
    repository_id: int | None
    """The repository that has it; None: the organization."""
    target: str
    enforcement: str
    bypass_actors: list[dict[str, Any]]
    conditions: dict[str, Any]
    rules: list[dict[str, Any]]
    created_at: str = Field(default_factory=now)
    updated_at: str = Field(default_factory=now)
