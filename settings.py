"""What one stack of the platform is to be: the only reader of Pulumi's configuration.

Settings come from `Pulumi.<stack>.yaml` (namespace `mlops-platform`). They are checked for shape and for meaning before
any resource exists, and every problem is reported at once with its key, its value and what to do about it.
`python -m settings` writes the configuration's schema into `Pulumi.yaml`.
"""

import difflib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Network
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar
from urllib.parse import urlsplit

import pulumi
from pulumi.runtime import config as runtime_config
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails, PydanticCustomError

from components.environment import Environment
from components.github.connection import GitHubConnection, GitHubRepository
from components.needs import EVERYWHERE, PROJECTS, STUDIO, WORKLOAD, Needs
from components.parameters import Values

NAMESPACE = "mlops-platform"
"""The Pulumi project, and the namespace of its configuration."""

LONGEST_BUCKET_NAME = 63
LONGEST_ROLE_NAME = 64
MOST_EXTRA_TAGS = 6
"""S3 accepts ten tags on an object; four of them are the platform's own: one lets Studio show a template."""

MOST_SUBNETS = 6
"""One in each availability zone: no region has more, and IAM holds 10,240 characters of a role's policies, which name
each subnet and each instance type."""
MOST_INSTANCE_TYPES = 12
"""As many as leave room in these policies, where each takes up to 28 characters."""

BUCKET_PURPOSES = ("access-logs", "artifacts", "catalog", "data", "sagemaker", "state", "p-abcdefghijkl")
"""What the platform's buckets are for; the last stands for a project's id."""
ROLE_PURPOSES = (
    "data-scientist",
    "deploy",
    "deployment-trigger",
    "lead-data-scientist",
    "p-abcdefghijkl-deployment",
    "p-abcdefghijkl-model",
    "p-abcdefghijkl-pipeline",
    "p-abcdefghijkl-workflow",
    "project-launch",
    "project-onboarding",
    "project-roles",
    "template-cloner",
)
"""What the platform's roles are for, with those of a launched project; its functions are called like their roles."""

DOCKER_BRIDGE = IPv4Network("172.17.0.0/16")
"""Docker's own network on every SageMaker instance: addresses in it cannot be reached from there."""

Value = TypeVar("Value")


def _problem(text: str) -> PydanticCustomError:
    return PydanticCustomError("platform", "{text}", {"text": text})


def _pattern(expression: str, remedy: str) -> AfterValidator:
    compiled = re.compile(expression)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise _problem(remedy)
        return value

    return AfterValidator(check)


def _without_repeats(values: list[Value], key: Callable[[Value], str] = str) -> list[Value]:
    names = [key(value) for value in values]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise _problem(f"list each once; more than once: {', '.join(repeated)}")
    return values


def _plain_number(value: object) -> object:
    if isinstance(value, bool):
        raise _problem("write a whole number")
    return value


AccountId = Annotated[
    str, _pattern(r"\d{12}", "an AWS account id is 12 digits; keep it in quotes, or YAML drops zeros")
]
SubnetId = Annotated[
    str, _pattern(r"subnet-[0-9a-f]{8,17}", "give the id of an existing subnet, such as subnet-0a1b2c3d4e5f60718")
]
InstanceType = Annotated[
    str, _pattern(r"ml\.[a-z0-9-]{1,10}\.[a-z0-9]{1,11}", "give a SageMaker instance type, such as ml.t3.medium")
]
Email = Annotated[
    str,
    _pattern(
        r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+",
        "give an address, such as mlops@example.com",
    ),
]
EnvironmentName = Annotated[
    str, _pattern(r"[a-z][a-z0-9]{1,7}", "use 2 to 8 lower-case letters and digits, a letter first")
]
Number = Annotated[int, BeforeValidator(_plain_number)]
HttpsUrl = Annotated[
    str,
    _pattern(
        r"https://[A-Za-z0-9.-]+(:\d{1,5})?(/[A-Za-z0-9._~/-]*[A-Za-z0-9._~-])?",
        "give a URL that starts with https:// and does not end with a slash",
    ),
]


class _Section(BaseModel):
    """A group of settings: immutable, in camelCase, closed to unknown keys."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        validate_by_alias=True,
        validate_by_name=False,
        validate_default=True,
    )


class NewNetwork(_Section):
    """A network of the platform's own."""

    zones: Annotated[Number, Field(ge=2, le=6)] = 2
    """Availability zones to spread over; two at least, so that the loss of one is survived."""
    nat: Literal["none", "single", "perZone"] = "single"
    """NAT gateways: none, one for all zones, or one in each."""
    connected_cidrs: list[IPv4Network] = Field(default_factory=list[IPv4Network])
    """Networks that this one is to be routed to: those of the other environments, of the office."""
    cidr: IPv4Network
    """Addresses of the network; a sixteenth of them for each subnet."""

    @field_validator("connected_cidrs")
    @classmethod
    def _connected_networks_are_apart(cls, networks: list[IPv4Network]) -> list[IPv4Network]:
        for position, network in enumerate(networks):
            for other in networks[:position]:
                if network.overlaps(other):
                    raise _problem(f"{network} overlaps {other}; list networks that share no address")
        return networks

    @field_validator("cidr")
    @classmethod
    def _cidr_can_hold_the_platform(cls, cidr: IPv4Network, info: ValidationInfo) -> IPv4Network:
        if not cidr.is_private:
            raise _problem("choose private addresses, within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16")
        if cidr.prefixlen < 16:
            raise _problem("AWS accepts no network larger than /16; choose /16 to /20")
        if cidr.prefixlen > 20:
            raise _problem(
                "too small: a subnet is a sixteenth of it and must hold endpoints, Studio apps and jobs; choose /16 to /20"
            )
        if cidr.overlaps(DOCKER_BRIDGE):
            raise _problem(
                f"overlaps {DOCKER_BRIDGE}, which Docker uses on SageMaker's instances; choose other addresses"
            )
        connected: list[IPv4Network] = info.data.get("connected_cidrs", [])
        overlapping = [str(network) for network in connected if network.overlaps(cidr)]
        if overlapping:
            raise _problem(f"overlaps {', '.join(overlapping)} of network.connectedCidrs; choose addresses of its own")
        return cidr


class ExistingNetwork(_Section):
    """A network that somebody else made and looks after: its routes, endpoints and flow logs are theirs."""

    vpc_id: Annotated[
        str, _pattern(r"vpc-[0-9a-f]{8,17}", "give the id of an existing VPC, such as vpc-0a1b2c3d4e5f60718")
    ]
    """The VPC."""
    subnet_ids: Annotated[
        list[SubnetId], Field(min_length=2, max_length=MOST_SUBNETS), AfterValidator(_without_repeats)
    ]
    """Its private subnets, in two availability zones at least; at most six, one in each zone."""
    security_group_id: (
        Annotated[
            str,
            _pattern(r"sg-[0-9a-f]{8,17}", "give the id of an existing security group, such as sg-0a1b2c3d4e5f60718"),
        ]
        | None
    ) = None
    """Security group of everything that the platform runs; made when it is not given."""


def _network_kind(value: object) -> str:
    return "existing" if isinstance(value, ExistingNetwork) or (isinstance(value, dict) and "vpcId" in value) else "new"


Network = Annotated[
    Annotated[NewNetwork, Tag("new")] | Annotated[ExistingNetwork, Tag("existing")], Discriminator(_network_kind)
]


def _api_url(known: Mapping[str, str]) -> str:
    server = known.get("server_url", "")
    return "https://api.github.com" if server == "https://github.com" else f"{server}/api/v3"


def _token_issuer(known: Mapping[str, str]) -> str:
    server = known.get("server_url", "")
    return (
        "https://token.actions.githubusercontent.com" if server == "https://github.com" else f"{server}/_services/token"
    )


def _subject_form(known: Mapping[str, str]) -> str:
    return "immutable" if known.get("server_url") == "https://github.com" else "legacy"


class GitHub(_Section):
    """Where the platform's repository and those of its projects live."""

    organization: Annotated[
        str, _pattern(r"[A-Za-z0-9](-?[A-Za-z0-9]){0,38}", "give the organization's login, as in its URL")
    ]
    """Login of the organization."""
    organization_id: Annotated[Number, Field(gt=0)]
    """Its id: `gh api orgs/ORGANIZATION --jq .id`."""
    repository: Annotated[str, _pattern(r"[A-Za-z0-9._-]{1,100}", "give the repository's name without its owner")]
    """Name of the platform's own repository."""
    repository_id: Annotated[Number, Field(gt=0)]
    """Its id: `gh api repos/ORGANIZATION/REPOSITORY --jq .id`."""
    server_url: HttpsUrl = "https://github.com"
    """GitHub itself, or an Enterprise Server."""
    api_url: HttpsUrl = Field(default_factory=_api_url)
    """Its REST API; follows from the server."""
    oidc_issuer: HttpsUrl = Field(default_factory=_token_issuer)
    """Who issues its workflows' tokens; follows from the server."""
    oidc_subjects: Literal["immutable", "legacy"] = Field(default_factory=_subject_form)  # pyright: ignore[reportAssignmentType]
    """Whether a token's subject carries ids (`repo:acme@1001/name@2005`) or names only (`repo:acme/name`)."""

    @field_validator("server_url")
    @classmethod
    def _server_has_no_path(cls, url: str) -> str:
        if urlsplit(url).path:
            raise _problem("give the server alone, such as https://github.example.com")
        return url

    @property
    def oidc_issuer_host(self) -> str:
        """The issuer without its scheme, as IAM names providers and condition keys."""
        return self.oidc_issuer.removeprefix("https://")

    @property
    def platform_repository(self) -> GitHubRepository:
        """The platform's own repository, as tokens of its jobs name it."""
        return GitHubRepository(
            organization=self.organization,
            organization_id=self.organization_id,
            name=self.repository,
            repository_id=self.repository_id,
            subject_form=self.oidc_subjects,
        )

    @property
    def connection(self) -> GitHubConnection:
        """Where projects get their repositories."""
        return GitHubConnection(
            organization=self.organization,
            api_url=self.api_url,
            server_url=self.server_url,
            subject_form=self.oidc_subjects,
        )


class UserProfile(_Section):
    """A person in Studio."""

    name: Annotated[
        str, _pattern(r"[A-Za-z0-9](-*[A-Za-z0-9]){0,62}", "use letters, digits and single hyphens, at most 63")
    ]
    """Name of the user profile."""
    role: Literal["lead", "dataScientist"]
    """A lead launches projects and approves models; a data scientist works in them."""


class Studio(_Section):
    """SageMaker Studio."""

    user_profiles: Annotated[list[UserProfile], Field(min_length=1)]
    """The people who work in it."""
    idle_minutes: Annotated[Number, Field(ge=60, le=525_600)] = 60
    """Minutes without activity after which an app is shut down."""
    allowed_instance_types: Annotated[
        list[InstanceType], Field(min_length=1, max_length=MOST_INSTANCE_TYPES), AfterValidator(_without_repeats)
    ] = Field(default_factory=lambda: ["ml.t3.medium", "ml.t3.large", "ml.m5.large", "ml.m5.xlarge", "ml.g4dn.xlarge"])
    """Instance types that its people may start; at most twelve."""
    default_instance_type: InstanceType = "ml.t3.medium"
    """Instance type of an app for which nobody chose one."""

    @field_validator("user_profiles")
    @classmethod
    def _people_are_listed_once(cls, profiles: list[UserProfile]) -> list[UserProfile]:
        return _without_repeats(profiles, lambda profile: profile.name)

    @field_validator("default_instance_type")
    @classmethod
    def _default_is_allowed(cls, instance_type: str, info: ValidationInfo) -> str:
        if instance_type not in info.data.get("allowed_instance_types", [instance_type]):
            raise _problem("add it to studio.allowedInstanceTypes, or choose one that is there")
        return instance_type


class Alarms(_Section):
    """Who is told when something fails."""

    emails: Annotated[list[Email], AfterValidator(_without_repeats)] = Field(default_factory=list[str])
    """Addresses that alarms are sent to; AWS asks each to confirm."""


class Projects(_Section):
    """Projects that data scientists launch by themselves."""

    preprod_account_id: AccountId | None = None
    """Account in which their models are tested."""
    prod_account_id: AccountId | None = None
    """Account in which their models serve."""
    launches_at_once: Annotated[Number, Field(ge=1, le=100)] = 20
    """Launches that are worked on at the same time; more wait."""
    publish_template_repositories: bool = True
    """Whether this stack looks after the organization's template repositories; one stack of an organization does."""


class Workload(_Section):
    """Models that are deployed here."""

    development_account_id: AccountId
    """Account in which they were trained."""
    development_environment: EnvironmentName = "dev"
    """Environment of the unit there."""


class Settings(_Section):
    """Everything that one stack of the platform is told."""

    unit: Annotated[str, _pattern(r"[a-z][a-z0-9]{1,11}", "use 2 to 12 lower-case letters and digits, a letter first")]
    """Business unit; begins every physical name."""
    environment: EnvironmentName
    """Environment of the unit, such as dev; follows the unit in every physical name."""
    region: Annotated[
        str,
        _pattern(r"(?!cn-|us-gov-|us-iso|eu-isoe)[a-z]{2}(-[a-z]+){1,2}-\d", "give an AWS region, such as eu-west-1"),
    ]
    """AWS region."""
    account_id: AccountId
    """AWS account; any other is refused."""
    tags: dict[str, str] = Field(default_factory=dict[str, str])
    """Further tags of every resource."""
    keep_data_on_destroy: bool = True
    """Whether buckets, keys and the Studio domain outlive the stack, and cannot be deleted by mistake."""
    network: Network
    """A network of the platform's own (`cidr`, `zones`, `nat`) or an existing one (`vpcId`, `subnetIds`)."""
    github: GitHub
    """GitHub organization and server."""
    alarms: Alarms = Field(default_factory=Alarms)
    """Who is told of alarms; without it they are only shown."""
    studio: Studio | None = None
    """SageMaker Studio; without it this environment has none."""
    projects: Projects | None = None
    """Self-service projects; without it none can be launched here."""
    workload: Workload | None = None
    """Deployed models; without it none can be deployed here."""

    @field_validator("region")
    @classmethod
    def _names_fit(cls, region: str, info: ValidationInfo) -> str:
        if "unit" not in info.data or "environment" not in info.data:
            return region
        prefix = f"{info.data['unit']}-{info.data['environment']}"
        bucket = max((f"{prefix}-{purpose}-{'0' * 12}-{region}" for purpose in BUCKET_PURPOSES), key=len)
        role = max((f"{prefix}-{purpose}" for purpose in ROLE_PURPOSES), key=len)
        excess = max(len(bucket) - LONGEST_BUCKET_NAME, len(role) - LONGEST_ROLE_NAME)
        if excess > 0:
            raise _problem(
                f"the bucket name {bucket} would be {len(bucket)} characters, of {LONGEST_BUCKET_NAME} allowed: "
                f"shorten the unit {info.data['unit']} or the environment {info.data['environment']} by {excess}"
            )
        return region

    @field_validator("tags")
    @classmethod
    def _tags_are_acceptable(cls, tags: dict[str, str]) -> dict[str, str]:
        problems = list(_tag_problems(tags))
        if problems:
            raise _problem("; ".join(problems))
        return tags

    @field_validator("projects")
    @classmethod
    def _projects_have_what_they_need(cls, projects: Projects | None, info: ValidationInfo) -> Projects | None:
        if "studio" in info.data:
            studio: Studio | None = info.data["studio"]
            if projects is not None and studio is None:
                raise _problem("projects are launched from Studio: set studio as well, or remove projects")
            if projects is None and studio is not None:
                raise _problem("Studio is where projects are launched: set projects as well, or remove studio")
        network: NewNetwork | ExistingNetwork | None = info.data.get("network")
        if projects is not None and isinstance(network, NewNetwork) and network.nat == "none":
            raise _problem("a launch reaches GitHub through a NAT gateway: set network.nat to single or perZone")
        return projects

    @property
    def context(self) -> Environment:
        """Where the stack's components stand."""
        return Environment(
            unit=self.unit,
            name=self.environment,
            region=self.region,
            account_id=self.account_id,
            keep_on_destroy=self.keep_data_on_destroy,
        )

    @property
    def needs(self) -> Needs:
        """The keys, buckets and private endpoints that this environment has."""
        parts = ((self.studio, STUDIO), (self.projects, PROJECTS), (self.workload, WORKLOAD))
        return sum((needed for part, needed in parts if part), start=EVERYWHERE)

    @property
    def default_tags(self) -> dict[str, str]:
        """Tags of every resource."""
        return {**self.tags, "unit": self.unit, "environment": self.environment, "managed-by": "pulumi"}

    @property
    def deployment_accounts(self) -> dict[str, str]:
        """Accounts that projects launched here deploy to, by environment."""
        if self.projects is None:
            return {}
        accounts = {"preprod": self.projects.preprod_account_id, "prod": self.projects.prod_account_id}
        return {environment: account for environment, account in accounts.items() if account}

    @property
    def onboarding_role_arns(self) -> dict[str, str]:
        """Role in each of those accounts, by environment, as which the template cloner gives projects their roles."""
        return {
            environment: replace(self.context, name=environment, account_id=account).onboarding_role_arn
            for environment, account in self.deployment_accounts.items()
        }

    @property
    def parameters(self) -> Values:
        """What projects need to know and no component does: it is decided here."""
        return {
            "access/boundary-arn": self.context.boundary_arn,
            "github/organization": self.github.organization,
            "github/server-url": self.github.server_url,
            "github/api-url": self.github.api_url,
            "github/oidc-provider-arn": self.context.oidc_provider_arn(self.github.oidc_issuer_host),
            "github/oidc-issuer": self.github.oidc_issuer_host,
            **{f"accounts/{environment}": account for environment, account in self.deployment_accounts.items()},
            **({"accounts/development": self.workload.development_account_id} if self.workload else {}),
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
            problems = [
                _explained(detail)
                for detail in error.errors(include_url=False)
                # What follows from another setting has no problem of its own.
                if detail["type"] != "default_factory_not_called"
            ]
            raise SettingsError(sorted(problems, key=lambda problem: problem.key)) from None


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What is wrong with one setting."""

    key: str
    """Path of the setting, such as `network.cidr` or `studio.userProfiles[1].role`."""
    value: str
    """What it is set to, as far as that may be shown."""
    remedy: str
    """What to do."""


class SettingsError(pulumi.RunError):
    """The configuration of a stack cannot be used."""

    problems: Sequence[Problem]

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = problems
        lines = [f"  {NAMESPACE}:{problem.key} = {problem.value}\n      {problem.remedy}" for problem in problems]
        count = "1 setting is" if len(problems) == 1 else f"{len(problems)} settings are"
        super().__init__("\n".join([f"{count} wrong; nothing was created or changed.", *lines]))


def project_file() -> str:
    """Text of Pulumi.yaml: how the program runs, and the schema of its configuration."""
    import yaml

    settings: dict[str, object] = {}
    for name, field in Settings.model_json_schema()["properties"].items():
        kind = field.get("type", "object")
        unset: object = "" if kind == "string" else {}
        default = field.get("default", unset)
        settings[name] = {
            "type": kind,
            "description": field["description"],
            "default": unset if default is None else default,
        }
    project = {
        "name": NAMESPACE,
        "description": "A secure, multi-account MLOps platform on AWS.",
        "runtime": {"name": "python", "options": {"toolchain": "uv", "virtualenv": ".venv"}},
        "config": {"pulumi:disable-default-providers": {"value": ["*"]}, **settings},
    }
    header = "# Written by `python -m settings`; change settings.py instead.\n"
    return header + yaml.safe_dump(project, sort_keys=False, width=120, allow_unicode=True)


def _decoded(text: str) -> object:
    """A configuration value: the engine hands over mappings and lists as JSON, everything else as text."""
    if text[:1] in ("{", "["):
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            return text
    return text


def _explained(detail: ErrorDetails) -> Problem:
    """What pydantic found, in words that say what to do."""
    path = list(detail["loc"])
    if path[0] == "network":
        del path[1:2]  # which of the two kinds of network pydantic took it for
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
    context = detail.get("ctx", {})
    match detail["type"]:
        case "platform":
            remedy = str(context["text"])
        case "missing":
            return Problem(key=key, value="(not set)", remedy=f"set it: {_description(path)}")
        case "extra_forbidden":
            known = _known_keys(path[:-1])
            close = difflib.get_close_matches(str(path[-1]), known, n=1)
            likely = f"did you mean {close[0]}? " if close else ""
            remedy = f"there is no such setting: {likely}known here: {', '.join(known)}"
        case "literal_error":
            remedy = f"choose {context['expected']}"
        case "string_type":
            remedy = "write it in quotes"
        case "int_type" | "int_parsing" | "int_from_float":
            remedy = "write a whole number"
        case "bool_type" | "bool_parsing":
            remedy = "write true or false"
        case "model_type" | "model_attributes_type" | "dict_type":
            remedy = f"write keys with their values: {', '.join(_known_keys(path)) or 'name: value'}"
        case "list_type":
            remedy = "write a list"
        case "ip_v4_network":
            remedy = "give a network in CIDR form, whose address has no bit beyond the prefix, such as 10.16.0.0/16"
        case "too_short":
            remedy = f"list at least {context['min_length']}"
        case "too_long":
            remedy = f"list at most {context['max_length']}, because a role's policies have no room for more"
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal":
            bounds = {"gt": "more than", "ge": "at least", "lt": "less than", "le": "at most"}
            remedy = "choose " + ", ".join(
                f"{words} {context[name]}" for name, words in bounds.items() if name in context
            )
        case _:
            remedy = detail["msg"]
    return Problem(key=key, value=_shown(key, detail["input"]), remedy=remedy)


def _shown(key: str, value: object) -> str:
    """`value` for a message: short, and never one that may be a secret."""
    if re.search(r"token|secret|password|credential|private|key", key, re.IGNORECASE):
        return "(not shown)"
    text = json.dumps(value, default=str)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _section(path: Sequence[int | str]) -> type[_Section] | None:
    """The group of settings at `path`."""
    sections: dict[str, type[_Section]] = {
        "": Settings,
        "alarms": Alarms,
        "github": GitHub,
        "network": NewNetwork,
        "projects": Projects,
        "studio": Studio,
        "studio.userProfiles": UserProfile,
        "workload": Workload,
    }
    return sections.get(".".join(part for part in path if isinstance(part, str)))


def _known_keys(path: Sequence[int | str]) -> list[str]:
    section = _section(path)
    sections = [NewNetwork, ExistingNetwork] if section is NewNetwork else [section] if section else []
    return [field.alias or name for each in sections for name, field in each.model_fields.items()]


def _description(path: Sequence[int | str]) -> str:
    section = _section(path[:-1])
    fields = {} if section is None else {field.alias: field for field in section.model_fields.values()}
    field = fields.get(str(path[-1]))
    return (field.description if field else None) or "it has no default"


def _tag_problems(tags: Mapping[str, str]) -> Iterator[str]:
    # IAM does not tell capitals from small letters in the names of a role's tags.
    folded = [name.casefold() for name in tags]
    reserved = sorted(name for name in tags if name.casefold() in {"unit", "environment", "managed-by"})
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


if __name__ == "__main__":
    (Path(__file__).parent / "Pulumi.yaml").write_text(project_file(), encoding="utf-8")
