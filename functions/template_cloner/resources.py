"""The custom resources of the project templates, as values."""

from collections.abc import Mapping
from dataclasses import dataclass

MAIN = "main"
"""The branch on which the templates' workflows train and deploy, and which the deployment trigger starts."""


@dataclass(frozen=True, kw_only=True)
class ProjectRepository:
    """A repository of a project: `Custom::ProjectRepository`."""

    organization: str
    project_name: str
    project_id: str
    kind: str
    users: tuple[str, ...]
    """Logins of those who work in it; the platform's approvals count theirs."""
    environments: tuple[str, ...]
    settings: Mapping[str, Mapping[str, str | list[str]]]
    released: tuple[str, ...] = ()
    """The project's environments that jobs enter when a release manager lets them; the others need nobody."""

    @property
    def name(self) -> str:
        """Name of the repository."""
        return f"mlops-{self.project_name}-{self.project_id}-{self.kind}"

    @property
    def full_name(self) -> str:
        """Organization and name of the repository."""
        return f"{self.organization}/{self.name}"

    @property
    def physical_id(self) -> str:
        """Physical id of the custom resource."""
        return self.full_name

    @property
    def template(self) -> str:
        """Name of the template repository."""
        return f"mlops-template-{self.kind}"

    @property
    def marker(self) -> str:
        """Description of the repository, by which a later attempt knows its own work."""
        return f"MLOps project {self.project_name} ({self.project_id}), {self.kind}"

    @property
    def record_key(self) -> str:
        """Key of the launch's record."""
        return f"{self.project_id}/{self.kind}"


@dataclass(frozen=True, kw_only=True)
class FirstRun:
    """A workflow to start once everything that it uses exists: `Custom::FirstWorkflowRun`."""

    repository: str
    workflow: str

    @property
    def physical_id(self) -> str:
        """Physical id of the custom resource."""
        return f"{self.repository}/{self.workflow}"


@dataclass(frozen=True, kw_only=True)
class DeploymentRoles:
    """The roles that a project deploys with in the account of one environment: `Custom::DeploymentRoles`."""

    unit: str
    environment: str
    account_id: str
    project_name: str
    project_id: str
    repository_name: str = ""
    """Name of the deployment repository; empty in requests of products that were published earlier."""
    repository_id: str = ""
    """The number that GitHub gave it."""

    @property
    def name(self) -> str:
        """Name of their stack, and the beginning of the names of all that the project deploys there."""
        return f"{self.unit}-{self.environment}-{self.project_id}"

    @property
    def physical_id(self) -> str:
        """Physical id of the custom resource."""
        return self.name

    @property
    def arns(self) -> Mapping[str, str]:
        """ARNs of the roles, which follow from their names, by the names of the stack's outputs."""
        role = f"arn:aws:iam::{self.account_id}:role/{self.name}"
        return {"DeploymentRoleArn": f"{role}-deployment", "ModelRoleArn": f"{role}-model"}

    @property
    def deploy_advice(self) -> str:
        """Advice for the user when the platform is missing in the account."""
        return deploy_advice(self.unit, self.environment)


def deploy_advice(unit: str, environment: str) -> str:
    """Return advice for the user when the platform is missing in the account of an environment."""
    return f"deploy the platform's stack of {unit}-{environment} there, then try again"


@dataclass(frozen=True, kw_only=True)
class DeletionCheck:
    """A check that keeps a project from being deleted as long as it serves anywhere: `Custom::DeletionCheck`."""

    project_id: str
    accounts: tuple[DeploymentRoles, ...]
    """The project's roles in each account that it deploys to."""
    protects: bool
    """Whether CloudFormation refuses to delete the project's stack, whatever the accounts say."""

    @property
    def physical_id(self) -> str:
        """Physical id of the custom resource."""
        return f"{self.project_id}/deletion-check"


Resource = ProjectRepository | FirstRun | DeploymentRoles | DeletionCheck
