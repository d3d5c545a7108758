"""Settings of development: SageMaker Studio, and the projects that are launched from it."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from settings.limits import MOST_INSTANCE_TYPES
from settings.types import (
    AccountId,
    AppInstanceType,
    JobInstanceType,
    Login,
    Number,
    ProfileName,
    Section,
    problem,
    without_repeats,
)


class UserProfile(Section):
    """A person in Studio."""

    name: ProfileName
    """Name of the user profile."""
    role: Literal["lead", "dataScientist"]
    """A `lead` launches projects and approves models; a `dataScientist` works in the projects."""
    github_login: Login | None = None
    """Login at GitHub. A launch refuses a lead as release manager, if it knows that this login is a lead's."""


class Studio(Section):
    """SageMaker Studio."""

    user_profiles: Annotated[list[UserProfile], Field(min_length=1)]
    """The people who work in it."""
    idle_minutes: Annotated[Number, Field(ge=60, le=525_600)] = 60
    """Minutes without activity after which a person's app in Studio is shut down."""
    allowed_instance_types: Annotated[
        list[AppInstanceType], Field(min_length=1, max_length=MOST_INSTANCE_TYPES), AfterValidator(without_repeats)
    ] = Field(default_factory=lambda: ["ml.t3.medium", "ml.t3.large", "ml.m5.large", "ml.m5.xlarge", "ml.g4dn.xlarge"])
    """Instance types that people may choose for their apps; at most twelve."""
    job_instance_types: Annotated[
        list[JobInstanceType], Field(min_length=1, max_length=MOST_INSTANCE_TYPES), AfterValidator(without_repeats)
    ] = Field(
        default_factory=lambda: [
            "ml.t3.medium",
            "ml.m5.large",
            "ml.m5.xlarge",
            "ml.m5.2xlarge",
            "ml.m5.4xlarge",
            "ml.c5.2xlarge",
            "ml.g4dn.xlarge",
            "ml.g5.xlarge",
        ]
    )
    """Instance types on which people and projects' pipelines may run jobs; at most twelve. A change reaches a project's pipeline with its next
    update (README, "Update a project")."""
    default_instance_type: AppInstanceType = "ml.t3.medium"
    """Instance type of an app whose user chooses none."""

    @field_validator("user_profiles")
    @classmethod
    def _people_are_listed_once(cls, profiles: list[UserProfile]) -> list[UserProfile]:
        return without_repeats(profiles, lambda profile: profile.name)

    @field_validator("default_instance_type")
    @classmethod
    def _default_is_allowed(cls, instance_type: str, info: ValidationInfo) -> str:
        if instance_type not in info.data.get("allowed_instance_types", [instance_type]):
            raise problem("add it to development.studio.allowedInstanceTypes, or choose one that is there")
        return instance_type


class Projects(Section):
    """Projects that lead data scientists launch by themselves."""

    preprod_account_id: AccountId | None = None
    """Id of the account in which models are tested. Not set: they are not."""
    prod_account_id: AccountId | None = None
    """Id of the account in which models serve. Not set: none do."""
    launches_at_once: Annotated[Number, Field(ge=1, le=100)] = 20
    """Number of launches that proceed at the same time; further ones wait."""
    publish_template_repositories: bool = True
    """Whether this stack manages the template repositories of the GitHub organization, and its rules for projects' repositories.
    Exactly one stack of an organization does."""


class Development(Section):
    """Development of models: people work in Studio, and launch projects from it."""

    studio: Studio
    """SageMaker Studio."""
    projects: Projects = Field(default_factory=Projects)
    """Self-service projects."""
    mlflow: bool = False
    """Whether the account has a serverless MLflow app, in which projects record their training runs and people in Studio compare them. It costs
    nothing when idle. A project gets its part with its next update (README, "Compare runs in MLflow")."""

    @property
    def lead_logins(self) -> list[str]:
        """Logins at GitHub of those who approve models, as far as they are known."""
        return [each.github_login for each in self.studio.user_profiles if each.role == "lead" and each.github_login]

    @property
    def deployment_accounts(self) -> dict[str, str]:
        """Accounts that projects launched here deploy to, by the name of the environment."""
        accounts = {"preprod": self.projects.preprod_account_id, "prod": self.projects.prod_account_id}
        return {environment: account for environment, account in accounts.items() if account}
