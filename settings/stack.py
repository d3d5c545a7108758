"""All settings of one stack of the platform, and the values that follow from them."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Self

from pulumi.runtime import config as runtime_config
from pydantic import Field, ValidationError, ValidationInfo, field_validator

from components.environment import Environment
from components.github.connection import ReviewRules
from costs import price_list
from settings.alarms import Alarms
from settings.costs import Costs
from settings.development import Development
from settings.github import GitHub
from settings.limits import BUCKET_PURPOSES, LONGEST_BUCKET_NAME, LONGEST_ROLE_NAME, MOST_EXTRA_TAGS, ROLE_PURPOSES
from settings.network import ExistingNetwork, Network, NewNetwork
from settings.problems import NAMESPACE, explain
from settings.requirements import STUDIO_STARTS_WITH, Requirements, required
from settings.types import AccountId, EnvironmentName, Region, Section, pattern, problem
from settings.ways_out import WaysOut, ways_out
from settings.workload import Workload

RESERVED_TAGS = frozenset({"unit", "environment", "managed-by"})
"""Tags that the platform sets itself."""


class Settings(Section):
    """All settings of one stack of the platform."""

    unit: Annotated[str, pattern(r"[a-z][a-z0-9]{1,11}", "use 2 to 12 lower-case letters and digits, a letter first")]
    """Business unit, a short name of the part of the organization that the platform serves. All names of resources begin with it."""
    environment_name: EnvironmentName = Field(alias="environment")
    """Environment of the unit, such as dev. It follows the unit in all names of resources."""
    # Before the region, which may have no prices.
    costs: Costs = Field(default_factory=Costs)
    """A budget, and the cost of an idle month that every update shows."""
    region: Region
    """AWS region, such as eu-west-1."""
    account_id: AccountId
    """Id of the AWS account. Credentials of any other account are refused."""
    tags: dict[str, str] = Field(default_factory=dict[str, str])
    """Tags that every resource gets beside the platform's own, which are `unit`, `environment` and `managed-by`."""
    keep_data_on_destroy: bool = True
    """Whether buckets, keys and the Studio domain are protected from deletion, also when the stack is destroyed."""
    network: Network
    """A network of the platform's own (`cidr`, `zones`, `privateAccess`) or an existing one (`vpcId`, `subnetIds`)."""
    github: GitHub
    """The GitHub organization, the platform's repository in it, and the server."""
    alarms: Alarms = Field(default_factory=Alarms)
    """Recipients of alarms. Without any, alarms are seen in CloudWatch only."""
    development: Development | None = Field(default=None, validate_default=True)
    """SageMaker Studio and the projects that are launched from it. Without this section the environment has neither."""
    workload: Workload | None = None
    """Origin of the models that are deployed in this environment. Without this section none can be deployed."""

    @field_validator("region")
    @classmethod
    def _names_fit(cls, region: str, info: ValidationInfo) -> str:
        if "unit" not in info.data or "environment_name" not in info.data:
            return region
        environment = Environment(
            unit=info.data["unit"], name=info.data["environment_name"], region=region, account_id="0" * 12
        )
        bucket = max((environment.bucket_name(purpose) for purpose in BUCKET_PURPOSES), key=len)
        role = max((environment.role_name(purpose) for purpose in ROLE_PURPOSES), key=len)
        excess = max(len(bucket) - LONGEST_BUCKET_NAME, len(role) - LONGEST_ROLE_NAME)
        if excess > 0:
            raise problem(
                f"the bucket name {bucket} would be {len(bucket)} characters, of {LONGEST_BUCKET_NAME} allowed: "
                f"shorten the unit {environment.unit} or the environment {environment.name} by {excess}"
            )
        return region

    @field_validator("region")
    @classmethod
    def _prices_are_known(cls, region: str, info: ValidationInfo) -> str:
        costs: object = info.data.get("costs")
        known = price_list.regions()
        if isinstance(costs, Costs) and costs.estimate and region not in known:
            raise problem(
                f"the price list has {' and '.join(known)} only: set costs.estimate to false, which leaves out the cost of an "
                "idle month and nothing else, or add the region to costs/prices.toml"
            )
        return region

    @field_validator("tags")
    @classmethod
    def _tags_are_acceptable(cls, tags: dict[str, str]) -> dict[str, str]:
        problems = list(_tag_problems(tags))
        if problems:
            raise problem("; ".join(problems))
        return tags

    @field_validator("github")
    @classmethod
    def _github_is_reached(cls, github: GitHub, info: ValidationInfo) -> GitHub:
        network: object = info.data.get("network")
        closed = isinstance(network, NewNetwork) and network.private_access in ("none", "endpoints")
        if github.through_network and closed and not github.is_enterprise_server:
            raise problem(
                f"github.throughNetwork: {github.server_url} is reached through a NAT gateway; set network.privateAccess to nat "
                "or both, or remove throughNetwork"
            )
        return github

    @field_validator("development")
    @classmethod
    def _platforms_user_is_known(cls, development: Development | None, info: ValidationInfo) -> Development | None:
        github: object = info.data.get("github")
        if development is None or not development.projects.publish_template_repositories:
            return development
        if isinstance(github, GitHub) and github.platform_user is None:
            raise problem(
                "the organization's rulesets let only the platform's own account past: set github.platformUser to its login, "
                "or leave the organization to another stack (development.projects.publishTemplateRepositories: false)"
            )
        return development

    @field_validator("development")
    @classmethod
    def _others_release_than_approve(cls, development: Development | None, info: ValidationInfo) -> Development | None:
        github: object = info.data.get("github")
        if development is None or not isinstance(github, GitHub):
            return development
        leads = [each.github_login for each in development.studio.user_profiles if each.role == "lead"]
        others = {login.lower() for login in (github.platform_user, *leads) if login}
        if both := [login for login in github.release_managers if login.lower() in others]:
            raise problem(
                f"{', '.join(both)} of github.releaseManagers approves models, or is the platform's own account: name "
                "somebody else, or one person could do both"
            )
        return development

    @field_validator("workload")
    @classmethod
    def _managers_are_where_they_count(cls, workload: Workload | None, info: ValidationInfo) -> Workload | None:
        github: object = info.data.get("github")
        if workload is not None and isinstance(github, GitHub) and github.release_managers:
            raise problem(
                "github.releaseManagers belongs to the stack of development, which makes their team; production names the same "
                "people by workload.releaseManagers"
            )
        return workload

    @field_validator("development")
    @classmethod
    def _jobs_are_apart_from_studio(cls, development: Development | None, info: ValidationInfo) -> Development | None:
        network: object = info.data.get("network")
        if development is None and isinstance(network, ExistingNetwork) and network.job_security_group_id:
            raise problem(
                "network.jobSecurityGroupId keeps jobs apart from Studio, and without this section there is none: remove it, and "
                "name the group of jobs by network.securityGroupId"
            )
        return development

    @field_validator("development")
    @classmethod
    def _studio_reaches_aws(cls, development: Development | None, info: ValidationInfo) -> Development | None:
        network: object = info.data.get("network")
        if development is not None and isinstance(network, NewNetwork):
            if network.private_access == "none":
                raise problem(
                    "Studio does not start without a way to AWS: set network.privateAccess to nat, endpoints or both"
                )
            if network.from_before and network.nat == "none":
                raise problem(
                    "a launch reaches GitHub through a NAT gateway: set network.nat to single or perZone; or replace it by "
                    "network.privateAccess, whose functions reach GitHub without one"
                )
        return development

    @field_validator("development")
    @classmethod
    def _projects_deploy_elsewhere(cls, development: Development | None, info: ValidationInfo) -> Development | None:
        name: object = info.data.get("environment_name")
        # The boundary lets the functions of one environment invoke none of the same.
        if development is not None and name in development.deployment_accounts:
            raise problem(
                f"projects that are launched in {name} cannot deploy to {name}, too: launch them from an environment of another name, such as dev"
            )
        return development

    @property
    def environment(self) -> Environment:
        """The environment that the stack's components belong to."""
        return Environment(unit=self.unit, name=self.environment_name, region=self.region, account_id=self.account_id)

    @property
    def requirements(self) -> Requirements:
        """The keys, buckets and services of this environment."""
        return required(
            development=self.development is not None,
            workload=self.workload is not None,
            functions_in_network=self.functions_in_network,
        )

    @property
    def functions_in_network(self) -> bool:
        """Whether functions stand in the network: to reach GitHub from there, or because they did before."""
        if self.github.through_network is not None:
            return self.github.through_network
        return isinstance(self.network, ExistingNetwork) or self.network.from_before

    @property
    def indispensable_services(self) -> Sequence[str]:
        """Services that an existing network must lead to, if it does not lead to the internet."""
        return STUDIO_STARTS_WITH if self.development else ()

    @property
    def ways_out(self) -> WaysOut:
        """The ways out of a network of the platform's own."""
        if not isinstance(self.network, NewNetwork):
            return WaysOut()
        return ways_out(
            self.network,
            self.requirements,
            development=self.development is not None,
            workload=self.workload is not None,
        )

    @property
    def default_tags(self) -> dict[str, str]:
        """Tags of every resource."""
        return {**self.tags, "unit": self.unit, "environment": self.environment_name, "managed-by": "pulumi"}

    @property
    def deployment_accounts(self) -> dict[str, str]:
        """Accounts that projects launched here deploy to, by the name of the environment."""
        return self.development.deployment_accounts if self.development else {}

    @property
    def review_rules(self) -> ReviewRules:
        """The rules about reviews that a launch checks."""
        leads = self.development.lead_logins if self.development else []
        return ReviewRules(required_approvals=self.github.required_approvals, leads=leads)

    @property
    def onboarding_function_arns(self) -> dict[str, str]:
        """Functions in these accounts that the template cloner invokes to give projects their roles, by environment."""
        return {
            name: replace(self.environment, name=name, account_id=account_id).onboarding_function_arn
            for name, account_id in self.deployment_accounts.items()
        }

    @property
    def parameters(self) -> dict[str, str]:
        """Parameters that projects read and no component decides."""
        issuer = self.github.oidc_issuer_host
        return {
            "access/boundary-arn": self.environment.boundary_arn,
            "github/organization": self.github.organization,
            "github/server-url": self.github.server_url,
            "github/api-url": self.github.api_url,
            "github/oidc-provider-arn": self.environment.oidc_provider_arn(issuer),
            "github/oidc-issuer": issuer,
            **{f"accounts/{name}": account_id for name, account_id in self.deployment_accounts.items()},
            **(self.workload.parameters if self.workload else {}),
        }

    @classmethod
    def load(cls) -> Self:
        """Read and check the configuration of the stack that runs.

        Raises:
            SettingsError: something is wrong with it; carries every problem.
        """
        return cls.parse({**runtime_config.get_config_env(), **runtime_config.CONFIG.get()})

    @classmethod
    def parse(cls, configuration: Mapping[str, str]) -> Self:
        """Check `configuration`, a stack's keys with their namespaces and values as the engine hands them over.

        Raises:
            SettingsError: something is wrong with it; carries every problem.
        """
        values: dict[str, object] = {}
        for key, text in configuration.items():
            namespace, _, name = key.partition(":")
            if namespace == NAMESPACE:
                values[name] = _decoded(text)
        try:
            # The schema in Pulumi.yaml gives every setting an empty default, because the engine would otherwise stop
            # at those that are missing, before the rest could be checked.
            return cls.model_validate({name: value for name, value in values.items() if value not in ("", {}, [])})
        except ValidationError as error:
            raise explain(error, cls) from None


def _decoded(text: str) -> object:
    """Decode a value: the engine hands over mappings and lists as JSON, everything else as text."""
    if text[:1] in ("{", "["):
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            return text
    return text


def _tag_problems(tags: Mapping[str, str]) -> Iterator[str]:
    # IAM does not tell capitals from small letters in the names of a role's tags.
    folded = [name.casefold() for name in tags]
    reserved = sorted(name for name in tags if name.casefold() in RESERVED_TAGS)
    if reserved:
        yield f"the platform sets {', '.join(reserved)} itself: remove"
    repeated = sorted(name for name in tags if folded.count(name.casefold()) > 1)
    if repeated:
        yield f"IAM takes {', '.join(repeated)} for one name: keep one"
    if len(tags) > MOST_EXTRA_TAGS:
        yield f"list at most {MOST_EXTRA_TAGS}, because S3 accepts ten tags on an object and four are the platform's own"
    for name, value in tags.items():
        if not re.fullmatch(r"(?!aws:)[A-Za-z0-9 _.:/=+@-]{1,128}", name) or not re.fullmatch(
            r"[A-Za-z0-9 _.:/=+@-]{0,256}", value
        ):
            yield f"{name}: use letters, digits, spaces and _.:/=+-@, at most 128 for the name and 256 for the value"
