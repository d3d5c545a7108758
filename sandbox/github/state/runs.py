"""Runs of workflows, their jobs, and what the jobs wait for."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from sandbox.github.state.organization import now


class Step(BaseModel):
    """A step of a job."""

    name: str
    number: int
    status: str = "in_progress"
    conclusion: str | None = None
    started_at: str
    completed_at: str | None = None

    def end(self, conclusion: str) -> None:
        """Record the result of a step that runs."""
        self.status, self.conclusion, self.completed_at = "completed", conclusion, now()


class Job(BaseModel):
    """A job of a run."""

    id: int
    caller: str
    """Key of the job in the run's workflow file."""
    key: str
    """Its key in the file that has its steps: another one if the workflow's job calls a reusable workflow."""
    name: str
    caller_name: str
    """The name of the workflow file's job: another one if that calls a reusable workflow."""
    attempt: int = 1
    status: str = "queued"
    conclusion: str | None = None
    started_at: str = Field(default_factory=now)
    completed_at: str | None = None
    steps: list[Step] = Field(default_factory=list[Step])


class Result(BaseModel):
    """The result of a job of the workflow file, for the jobs that need it."""

    result: Literal["success", "failure", "cancelled", "skipped"]
    outputs: dict[str, str] = Field(default_factory=dict[str, str])


class Group(BaseModel):
    """A concurrency group: one run or job holds it, one waits for it."""

    name: str
    """With the id of the repository, in lower case: groups are not case-sensitive."""
    cancel_in_progress: bool = False
    queue: Literal["single", "max"] = "single"
    """Max: more than one may wait."""


class Requirements(BaseModel):
    """The requirements of a job of the workflow file before it may execute."""

    environments: dict[str, str] = Field(default_factory=dict[str, str])
    """Environments by `path#key` of the jobs that enter them."""
    groups: list[Group] = Field(default_factory=list[Group])


class Approval(BaseModel):
    """The decision of a reviewer about the jobs that waited for some environments."""

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
    """The account that started this attempt."""
    status: str = "queued"
    conclusion: str | None = None
    admitted: bool = False
    """It holds its concurrency group: its jobs may execute."""
    jobs: list[Job] = Field(default_factory=list[Job])
    earlier_jobs: list[Job] = Field(default_factory=list[Job])
    """Jobs of earlier attempts that were run again."""
    results: dict[str, Result] = Field(default_factory=dict[str, Result])
    """By key in the workflow file, as everything below."""
    requirements: dict[str, Requirements] = Field(default_factory=dict[str, Requirements])
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

    @property
    def base_ref(self) -> str:
        """The branch that a pull request would change; empty for other events."""
        return self._branch("base")

    @property
    def head_ref(self) -> str:
        """The branch of a pull request; empty for other events."""
        return self._branch("head")

    def _branch(self, side: str) -> str:
        return str(self.payload.get("pull_request", {}).get(side, {}).get("ref", ""))
