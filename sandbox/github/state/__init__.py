"""The state that survives requests and restarts: everything except git objects and tokens."""

from pathlib import Path

from pydantic import BaseModel, Field

from sandbox.github.state.organization import (
    PERMISSIONS,
    ActionsPolicy,
    Permission,
    Ruleset,
    Secret,
    Team,
    User,
    Variable,
    now,
)
from sandbox.github.state.repository import (
    BranchPolicy,
    Comment,
    Deployment,
    DeploymentStatus,
    Environment,
    Invitation,
    Issue,
    NamePolicy,
    PullRequest,
    Repository,
    Review,
    Reviewer,
    ReviewState,
    SubjectTemplate,
)
from sandbox.github.state.runs import (
    Approval,
    Group,
    Job,
    Requirements,
    Result,
    Run,
    Step,
)

__all__ = [
    "PERMISSIONS",
    "ActionsPolicy",
    "Approval",
    "BranchPolicy",
    "Comment",
    "Deployment",
    "DeploymentStatus",
    "Environment",
    "Group",
    "Invitation",
    "Issue",
    "Job",
    "NamePolicy",
    "Permission",
    "PullRequest",
    "Repository",
    "Requirements",
    "Result",
    "Review",
    "ReviewState",
    "Reviewer",
    "Ruleset",
    "Run",
    "Secret",
    "State",
    "Step",
    "SubjectTemplate",
    "Team",
    "User",
    "Variable",
    "now",
]


class State(BaseModel):
    """The state of one GitHub."""

    last_id: int = 100_000
    users: dict[str, User] = Field(default_factory=dict[str, User])
    """By login in lower case."""
    repositories: dict[int, Repository] = Field(default_factory=dict[int, Repository])
    teams: dict[int, Team] = Field(default_factory=dict[int, Team])
    rulesets: dict[int, Ruleset] = Field(default_factory=dict[int, Ruleset])
    variables: dict[str, Variable] = Field(default_factory=dict[str, Variable])
    """Of the organization, as the secrets."""
    secrets: dict[str, Secret] = Field(default_factory=dict[str, Secret])
    actions_policy: ActionsPolicy = ActionsPolicy()
    subject_claims: list[str] = Field(default_factory=lambda: ["repo", "context"])
    """The claims of the subjects of repositories that take over the organization's template."""
    runs: dict[int, Run] = Field(default_factory=dict[int, Run])

    def next_id(self) -> int:
        """Return a new id."""
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
