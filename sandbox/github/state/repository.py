"""Repositories with their environments, deployments and pull requests."""

from typing import Literal

from pydantic import BaseModel, Field

from sandbox.github.state.organization import Permission, Secret, Variable, now


class Reviewer(BaseModel):
    """A user or team that may let a job enter an environment."""

    type: Literal["User", "Team"]
    id: int


class BranchPolicy(BaseModel):
    """The deployment branch policy of an environment."""

    protected_branches: bool
    custom_branch_policies: bool


class NamePolicy(BaseModel):
    """A pattern of the names of branches or tags that may deploy to an environment."""

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
    """In force while the branch policy is custom."""
    can_admins_bypass: bool = True
    secrets: dict[str, Secret] = Field(default_factory=dict[str, Secret])
    created_at: str = Field(default_factory=now)
    updated_at: str = Field(default_factory=now)

    @property
    def protected(self) -> bool:
        """Whether a job may have to wait, or be refused."""
        return bool(self.reviewers or self.wait_timer or self.deployment_branch_policy)


class DeploymentStatus(BaseModel):
    """A status of a deployment, from some moment on."""

    id: int
    state: Literal["waiting", "in_progress", "success", "failure"]
    created_at: str = Field(default_factory=now)


class Deployment(BaseModel):
    """A deployment of a job to an environment."""

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
    """An invitation of an account outside the organization, not accepted yet."""

    id: int
    login: str
    inviter: str
    permission: Permission
    created_at: str = Field(default_factory=now)


ReviewState = Literal["APPROVED", "CHANGES_REQUESTED", "COMMENTED"]


class Review(BaseModel):
    """A review of a pull request at one commit."""

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
    last_pusher: str
    """Login of the account that pushed `head_sha`."""
    base_sha: str
    state: Literal["open", "closed"] = "open"
    draft: bool = False
    merge_commit_sha: str | None = None
    merged_at: str | None = None
    merged_by: str | None = None
    reviews: list[Review] = Field(default_factory=list[Review])
    labels: list[str] = Field(default_factory=list[str])
    created_at: str = Field(default_factory=now)
    updated_at: str = Field(default_factory=now)


class Comment(BaseModel):
    """A comment on an issue."""

    id: int
    author: str
    body: str
    created_at: str = Field(default_factory=now)


class Issue(BaseModel):
    """An issue."""

    id: int
    number: int
    title: str
    body: str | None
    author: str
    labels: list[str] = Field(default_factory=list[str])
    comments: list[Comment] = Field(default_factory=list[Comment])
    """Oldest first."""
    state: Literal["open", "closed"] = "open"
    created_at: str = Field(default_factory=now)
    updated_at: str = Field(default_factory=now)


class SubjectTemplate(BaseModel):
    """The setting of a repository that decides about the subjects of its jobs' tokens."""

    use_default: bool = True
    """Whether the subject is made of the repository and the context, whatever the organization says."""
    include_claim_keys: list[str] = Field(default_factory=list[str])
    """The claims that it is made of otherwise; none: those of the organization."""
    use_immutable_subject: bool = False
    """Whether somebody opted in to subjects with ids."""


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
    renamed: bool = False
    subject_template: SubjectTemplate = SubjectTemplate()
    collaborators: dict[str, Permission] = Field(default_factory=dict[str, Permission])
    invitations: list[Invitation] = Field(default_factory=list[Invitation])
    environments: dict[str, Environment] = Field(default_factory=dict[str, Environment])
    """By name as it was first given; `environment` finds one."""
    deployments: list[Deployment] = Field(default_factory=list[Deployment])
    variables: dict[str, Variable] = Field(default_factory=dict[str, Variable])
    secrets: dict[str, Secret] = Field(default_factory=dict[str, Secret])
    pulls: list[PullRequest] = Field(default_factory=list[PullRequest])
    issues: list[Issue] = Field(default_factory=list[Issue])
    pushers: dict[str, str] = Field(default_factory=dict[str, str])
    """Login of the account that last pushed each branch."""
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

    @property
    def next_number(self) -> int:
        """Number of the next issue or pull request, which share them."""
        return len(self.pulls) + len(self.issues) + 1

    def environment(self, name: str) -> Environment | None:
        """Return an environment by its name, in any case.

        Source: GitHub Docs, "Managing environments for deployment": "Environment names are not case sensitive."
        """
        found = (one for known, one in self.environments.items() if known.lower() == name.lower())
        return next(found, None)
