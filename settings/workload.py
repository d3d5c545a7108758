"""Settings of an environment in which models are deployed."""

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from components.environment import Environment
from settings.types import AccountId, EnvironmentName, Login, ProfileName, Section, problem, without_repeats


class Workload(Section):
    """An environment in which models are deployed."""

    development_account_id: AccountId
    """Id of the account in which the models are trained."""
    development_environment: EnvironmentName = "dev"
    """Name of the unit's environment in that account."""
    release: Literal["environment", "unprotected"] = "environment"
    """The way of a model into production: a release manager lets the job into the project's GitHub environment, or nobody does.

    `unprotected` is for a trial on a plan of GitHub without reviewers, and `doctor` and each deployment repeat it."""
    release_managers: Annotated[list[Login], Field(min_length=0, max_length=6)] = Field(default_factory=list[Login])
    """Logins at GitHub of the people who release models to this account, if it is production; one suffices for a release.

    They are members of the organization who may read its repositories, and neither approve models nor write to a project's
    repositories. Production without any refuses launches. Name two, or nothing is released while the only one is away. GitHub's
    reviewers of a project are written by its launch and its updates alone: after a change, deploy it and update every project
    (README, "Update a project")."""

    approvers: Annotated[list[ProfileName], Field(min_length=0, max_length=20)] = Field(
        default_factory=list[ProfileName]
    )
    """User profiles in Studio of the leads whose approvals count in this environment. Without any, those of all leads do.

    Whom development makes a lead later, by itself, approves nothing for an environment that names its approvers. They approve in an
    app of their own in Studio: of what is done elsewhere, SageMaker tells no user profile, and it is refused."""

    @field_validator("approvers")
    @classmethod
    def _approvers_are_listed_once(cls, approvers: list[str]) -> list[str]:
        return without_repeats(approvers, str.casefold)

    @field_validator("release_managers")
    @classmethod
    def _managers_release(cls, managers: list[str], info: ValidationInfo) -> list[str]:
        if managers and info.data.get("release") == "unprotected":
            raise problem("nobody releases models where release is unprotected: remove one of the two")
        return without_repeats(managers, str.lower)

    def development(self, environment: Environment) -> Environment:
        """Return the environment of the unit in which the models were trained that `environment` deploys."""
        return replace(environment, name=self.development_environment, account_id=self.development_account_id)
