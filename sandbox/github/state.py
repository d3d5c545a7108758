"""Everything that is remembered between requests and restarts, except git objects and tokens."""

import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field

Permission = Literal["pull", "triage", "push", "maintain", "admin"]
"""What somebody may do in a repository, weakest first."""
PERMISSIONS: tuple[Permission, ...] = ("pull", "triage", "push", "maintain", "admin")


def now() -> str:
    """Return this second as GitHub writes it."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class User(BaseModel):
    """A person or a machine with an account."""

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


class Reviewer(BaseModel):
    """Somebody who may let a job enter an environment."""

    type: Literal["User", "Team"]
    id: int


class BranchPolicy(BaseModel):
    """Which branches may deploy to an environment."""

    protected_branches: bool
    custom_branch_policies: bool


class NamePolicy(BaseModel):
    """Branches or tags that may deploy to an environment, by a pattern of their names."""

    id: int
    name: str
    type: Literal["branch", "tag"]


class Environment(BaseModel):
    """A deployment environment of a repository."""

    id: int
    name: str
    wait_timer: int = 0
    prevent_self_review: bool = False
    reviewers: list[Reviewer] = Field(default_factory=list[Reviewer])
    deployment_branch_policy: BranchPolicy | None = None
    name_policies: list[NamePolicy] = Field(default_factory=list[NamePolicy])
    """Who may deploy, while the branch policy says that names decide."""
    can_admins_bypass: bool = True
    created_at: str = Field(default_factory=now)
    updated_at: str = Field(default_factory=now)

    @property
    def protected(self) -> bool:
        """Whether not every job may enter it at once."""
        return bool(self.reviewers or self.wait_timer or self.deployment_branch_policy)


class DeploymentStatus(BaseModel):
    """How a deployment stood from some moment on."""

    id: int
    state: Literal["waiting", "in_progress", "success", "failure"]
    created_at: str = Field(default_factory=now)


class Deployment(BaseModel):
    """What a job does to an environment."""

    id: int
    environment: str
    run_id: int
    caller: str
    """Key of the job in the run's workflow file."""
    sha: str
    ref: str
    creator: str
    statuses: list[DeploymentStatus] = Field(default_factory=list[DeploymentStatus])
    """Oldest first."""
    created_at: str = Field(default_factory=now)


class Invitation(BaseModel):
    """An invitation that somebody outside the organization has not accepted yet."""

    id: int
    login: str
    inviter: str
    permission: Permission
    created_at: str = Field(default_factory=now)


ReviewState = Literal["APPROVED", "CHANGES_REQUESTED", "COMMENTED"]


class Review(BaseModel):
    """What somebody thinks of a pull request, as it was at one commit."""

    id: int
    login: str
    state: ReviewState
    body: str
    commit: str
    submitted_at: str = Field(default_factory=now)


class PullRequest(BaseModel):
    """A pull request."""

    id: int
    number: int
    title: str
    body: str | None
    author: str
    base: str
    """Branch that receives the change."""
    head: str
    """Branch that carries the change."""
    head_repository_id: int
    head_sha: str
    base_sha: str
    state: Literal["open", "closed"] = "open"
    draft: bool = False
    merge_commit_sha: str | None = None
    merged_at: str | None = None
    merged_by: str | None = None
    reviews: list[Review] = Field(default_factory=list[Review])
    created_at: str = Field(default_factory=now)
    updated_at: str = Field(default_factory=now)


class Repository(BaseModel):
    """A repository."""

    id: int
    owner: str
    name: str
    private: bool = True
    description: str | None = None
    homepage: str | None = None
    topics: list[str] = Field(default_factory=list[str])
    default_branch: str = "main"
    is_template: bool = False
    archived: bool = False
    features: dict[str, bool] = Field(default_factory=dict[str, bool])
    """Switches such as `has_issues` and `allow_squash_merge` that differ from their defaults."""
    template_id: int | None = None
    fork_of: int | None = None
    collaborators: dict[str, Permission] = Field(default_factory=dict[str, Permission])
    invitations: list[Invitation] = Field(default_factory=list[Invitation])
    environments: dict[str, Environment] = Field(default_factory=dict[str, Environment])
    deployments: list[Deployment] = Field(default_factory=list[Deployment])
    variables: dict[str, Variable] = Field(default_factory=dict[str, Variable])
    pulls: list[PullRequest] = Field(default_factory=list[PullRequest])
    workflow_ids: dict[str, int] = Field(default_factory=dict[str, int])
    """Ids of workflows by the path of their file."""
    run_numbers: dict[str, int] = Field(default_factory=dict[str, int])
    created_at: str = Field(default_factory=now)
    updated_at: str = Field(default_factory=now)
    pushed_at: str | None = None

    @property
    def full_name(self) -> str:
        """Owner and name."""
        return f"{self.owner}/{self.name}"


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


class Step(BaseModel):
    """A step of a job."""

    name: str
    number: int
    status: str = "completed"
    conclusion: str | None
    started_at: str
    completed_at: str


class Job(BaseModel):
    """A job of a run."""

    id: int
    caller: str
    """Key of the job in the run's workflow file."""
    key: str
    """Its key in the file that has its steps: another one if the workflow's job calls a reusable workflow."""
    name: str
    attempt: int = 1
    status: str = "queued"
    conclusion: str | None = None
    started_at: str = Field(default_factory=now)
    completed_at: str | None = None
    steps: list[Step] = Field(default_factory=list[Step])


class Result(BaseModel):
    """How a job of the workflow file ended, for the jobs that need it."""

    result: Literal["success", "failure", "cancelled", "skipped"]
    outputs: dict[str, str] = Field(default_factory=dict[str, str])


class Group(BaseModel):
    """A concurrency group: one holds it, one waits for it."""

    name: str
    """Of the repository that it belongs to, and in lower case: GitHub makes no difference."""
    cancel_in_progress: bool = False
    queue: Literal["single", "max"] = "single"
    """Whether more than one may wait."""


class Demand(BaseModel):
    """What a job of the workflow file needs before it may execute."""

    environments: dict[str, str] = Field(default_factory=dict[str, str])
    """Environments by `path#key` of the jobs that enter them."""
    groups: list[Group] = Field(default_factory=list[Group])


class Approval(BaseModel):
    """What a reviewer decided about the jobs that waited for some environments."""

    state: Literal["approved", "rejected"]
    login: str
    comment: str
    environments: list[str]


class Run(BaseModel):
    """A run of a workflow."""

    id: int
    repository_id: int
    workflow: str
    """Path of the workflow's file."""
    name: str
    number: int
    event: str
    actor: str
    branch: str
    ref: str
    sha: str
    head_sha: str
    """For a pull request the commit that was pushed; `sha` is then its merge with the base."""
    title: str
    payload: dict[str, Any]
    fork: bool = False
    """The run belongs to a pull request from a fork: no identity, no write access."""
    group: Group | None = None
    """Concurrency group of the whole run."""
    pull_number: int | None = None
    attempt: int = 1
    triggering_actor: str
    """Who started this attempt."""
    status: str = "queued"
    conclusion: str | None = None
    admitted: bool = False
    """It holds its concurrency group: its jobs may execute."""
    jobs: list[Job] = Field(default_factory=list[Job])
    earlier_jobs: list[Job] = Field(default_factory=list[Job])
    """Jobs of earlier attempts that were run again."""
    results: dict[str, Result] = Field(default_factory=dict[str, Result])
    """By key in the workflow file, as everything below."""
    demands: dict[str, Demand] = Field(default_factory=dict[str, Demand])
    waiting: dict[str, list[str]] = Field(default_factory=dict[str, list[str]])
    """Environments whose reviewers a job waits for."""
    pending: list[str] = Field(default_factory=list[str])
    """Jobs that wait for a concurrency group."""
    holding: list[str] = Field(default_factory=list[str])
    """Jobs that hold their concurrency groups."""
    approved: list[str] = Field(default_factory=list[str])
    approvals: list[Approval] = Field(default_factory=list[Approval])
    created_at: str = Field(default_factory=now)
    started_at: str | None = None
    updated_at: str = Field(default_factory=now)


class State(BaseModel):
    """All of it."""

    last_id: int = 100_000
    users: dict[str, User] = Field(default_factory=dict[str, User])
    """By login in lower case."""
    repositories: dict[int, Repository] = Field(default_factory=dict[int, Repository])
    teams: dict[int, Team] = Field(default_factory=dict[int, Team])
    rulesets: dict[int, Ruleset] = Field(default_factory=dict[int, Ruleset])
    variables: dict[str, Variable] = Field(default_factory=dict[str, Variable])
    """Of the organization."""
    runs: dict[int, Run] = Field(default_factory=dict[int, Run])

    def next_id(self) -> int:
        """Return an id that nothing has had before."""
        self.last_id += 1
        return self.last_id

    def save(self, file: Path) -> None:
        """Replace `file` in one step, so that a crash leaves the old state or the new one."""
        temporary = file.with_suffix(".new")
        temporary.write_text(self.model_dump_json())
        temporary.replace(file)

    @classmethod
    def load(cls, file: Path) -> "State":
        """Read what `save` wrote; an empty state if there is none."""
        return cls.model_validate_json(file.read_text()) if file.exists() else cls()
