"""Settings of an environment in which models are deployed."""

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from components.environment import Environment
from components.github.rulesets import MAIN, RELEASE_BRANCH
from settings.earlier_versions import MOST_EARLIER_VERSIONS, EarlierVersion
from settings.limits import MOST_INSTANCE_TYPES
from settings.types import (
    AccountId,
    Approver,
    BatchInstanceType,
    EndpointInstanceType,
    EnvironmentName,
    Login,
    RoleName,
    Section,
    problem,
    without_repeats,
)


class Workload(Section):
    """An environment in which models are deployed."""

    development_account_id: AccountId
    """Id of the account in which the models are trained."""
    development_environment: EnvironmentName = "dev"
    """Name of the unit's environment in that account."""
    release: Literal["environment", "branch", "unprotected"] = "environment"
    """The way of a model into production. With `environment`, a release manager lets the job into the project's GitHub environment
    (GitHub Enterprise). With `branch`, a release manager approves a pull request to the branch `production` of its deployment repository
    (GitHub Team); `github.releaseManagers` of development names the same people, and whole pipelines cannot be promoted. `unprotected` is
    for a trial on a plan without either: nobody releases, and `doctor` and each deployment repeat it."""
    release_managers: Annotated[list[Login], Field(min_length=0, max_length=6)] = Field(default_factory=list[Login])
    """Logins at GitHub of the people who release models to this account, if it is production; one suffices for a release.

    They are members of the organization who may read its repositories, and neither approve models nor work in a project's
    repositories; with `environment`, they may not even write to them. Production without any refuses launches; elsewhere GitHub asks
    nobody, so name nobody. Name two, or nothing is released while the only one is away. GitHub's reviewers of a project are written by
    its launch and its updates alone: after a change, deploy it, from when on the account refuses what others let in, and update every
    project (README, "Update a project")."""
    approvers: Annotated[list[Approver], Field(min_length=0, max_length=20)] = Field(default_factory=list[Approver])
    """User profiles in Studio of the leads whose approvals count in this environment. Without any, those of all leads do.

    Whom development makes a lead later, by itself, approves nothing for an environment that names its approvers. They approve in an
    app of their own in Studio: of what is done elsewhere, SageMaker tells no user profile, and it is refused.

    Name each with the id of the domain (`studioDomainId` of development's stack), such as `d-abcdefghijkl/grace`, once there is one:
    development may make another domain later, with a profile of that name. If its domain is replaced, change the entries."""
    endpoint_instance_types: Annotated[
        list[EndpointInstanceType], Field(min_length=1, max_length=MOST_INSTANCE_TYPES), AfterValidator(without_repeats)
    ] = Field(
        default_factory=lambda: [
            "ml.m5.large",
            "ml.m5.xlarge",
            "ml.m5.2xlarge",
            "ml.m6i.large",
            "ml.m6i.xlarge",
            "ml.m6i.2xlarge",
            "ml.c5.large",
            "ml.c5.xlarge",
            "ml.c6i.large",
            "ml.c6i.xlarge",
            "ml.r5.large",
            "ml.inf2.xlarge",
        ]
    )
    """Instance types that projects' endpoints may run on here; at most twelve. How many instances, a project's reviewed settings and the
    account's service quotas decide. A change reaches a project with its next update (README, "Update a project")."""
    batch_instance_types: Annotated[
        list[BatchInstanceType], Field(min_length=1, max_length=MOST_INSTANCE_TYPES), AfterValidator(without_repeats)
    ] = Field(
        default_factory=lambda: [
            "ml.m5.large",
            "ml.m5.xlarge",
            "ml.m5.2xlarge",
            "ml.m5.4xlarge",
            "ml.c5.xlarge",
            "ml.c5.2xlarge",
            "ml.c5.4xlarge",
            "ml.r5.large",
            "ml.r5.xlarge",
            "ml.r5.2xlarge",
        ]
    )
    """Instance types that the jobs of projects may run on here, of batches, of what watches endpoints and of promoted pipelines; at most
    twelve. A job has one, for as long as a project's reviewed settings say at most. A change reaches a project with its next update (README,
    "Update a project")."""
    batches: bool = False
    """Whether projects that score batches may come here. The code that scores is main of their own repository, and the release to production
    is the only lock in front of it, at GitHub: that it takes an approved model, that code alone decides. Whoever can loosen the release,
    an owner of the organization or the token of the platform, then scores with what they like, and runs code on the project's rows, alone
    (ADR 30 and the threat model). Without it, this account refuses such a project before anything of it is created here; a project that is here already keeps
    what it has, and is refused when it is updated: to end that, delete it. It is not about the code that watches an endpoint, which the same
    people can have run on what that endpoint captured, with this setting and without it (ADR 32)."""
    promoted_pipelines: bool = False
    """Whether projects whose whole pipeline is promoted may come here. Their own repository decides what runs here: nobody approves it in
    development, and the release to production is the only lock, at GitHub. Whoever can loosen that, an owner of the organization or the
    token of the platform, then runs code on this account's data alone (ADR 33 and the threat model). Without it, this account refuses
    such a project before anything of it is created here; a project that is here already keeps what it has, and is refused when it is updated: to
    end that, delete it."""
    truth_writers: Annotated[list[RoleName], Field(min_length=0, max_length=20), AfterValidator(without_repeats)] = (
        Field(default_factory=list[RoleName])
    )
    """Names of roles of this account, with their paths, that may bring the truth about requests to projects' endpoints; nobody else may,
    whatever their policies grant. Truth decides whether a model is trained again. For which project, each role's own policy says, which
    somebody who administers the account gives it: the README of a project's deployment repository has it."""
    earlier_versions: Annotated[list[EarlierVersion], Field(min_length=0, max_length=MOST_EARLIER_VERSIONS)] = Field(
        default_factory=list[EarlierVersion]
    )
    """Versions that were approved before versions carried digests, and may be released here all the same, such as for a rollback.

    Look at each before you enter it. Once it was released, the account has a record of it, and it needs no entry any more."""

    @field_validator("approvers")
    @classmethod
    def _approvers_are_listed_once(cls, approvers: list[str]) -> list[str]:
        return without_repeats(approvers, str.casefold)

    @field_validator("earlier_versions")
    @classmethod
    def _versions_are_listed_once(cls, versions: list[EarlierVersion]) -> list[EarlierVersion]:
        return without_repeats(versions, lambda each: each.version)

    @field_validator("release_managers")
    @classmethod
    def _managers_release(cls, managers: list[str], info: ValidationInfo) -> list[str]:
        if managers and info.data.get("release") == "unprotected":
            raise problem("nobody releases models where release is unprotected: remove one of the two")
        return without_repeats(managers, str.lower)

    @property
    def is_production(self) -> bool:
        """Whether this is where models are released to: elsewhere GitHub asks nobody, and nobody is named."""
        return bool(self.release_managers) or self.release == "unprotected"

    @property
    def release_branch(self) -> str:
        """The branch of a deployment repository whose jobs deploy to this account."""
        return RELEASE_BRANCH if self.release == "branch" else MAIN

    @property
    def parameters(self) -> dict[str, str]:
        """Parameters that projects read and no component decides."""
        return {
            "accounts/development": self.development_account_id,
            "batches/instance-types": ",".join(self.batch_instance_types),
            "endpoints/instance-types": ",".join(self.endpoint_instance_types),
        }

    def development(self, environment: Environment) -> Environment:
        """Return the environment of the unit in which the models were trained that `environment` deploys."""
        return replace(environment, name=self.development_environment, account_id=self.development_account_id)
