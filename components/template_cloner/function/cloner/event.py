"""What CloudFormation asks for, checked before anything is done about it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from cloner.errors import LaunchError

REPOSITORY = "Custom::ProjectRepository"
FIRST_RUN = "Custom::FirstWorkflowRun"

_PROJECT_NAME = re.compile(r"[a-z0-9](-*[a-z0-9])*")
_PROJECT_ID = re.compile(r"p-[a-z0-9]{12}")
_KIND = re.compile(r"[a-z][a-z0-9-]{0,30}")
_LOGIN = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,38}")
_ENVIRONMENT = re.compile(r"[a-z][a-z0-9-]{0,30}")
_WORKFLOW = re.compile(r"[a-z0-9][a-z0-9-]*\.yml")
_LONGEST_PROJECT_NAME = 32


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where the organization is, as the function's environment says."""

    organization: str
    api_url: str
    server_url: str
    credential_secret_arn: str
    immutable_subjects: bool
    """Tokens of GitHub Actions name the organization and repository by id too."""
    records_path: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the function's environment variables.

        Raises:
            LaunchError: variables are missing or have no meaning; the message names all of them.
        """
        names = (
            "GITHUB_ORGANIZATION",
            "GITHUB_API_URL",
            "GITHUB_SERVER_URL",
            "GITHUB_CREDENTIAL_SECRET_ARN",
            "OIDC_SUBJECTS",
            "LAUNCH_RECORDS_PATH",
        )
        wrong = [name for name in names if not environment.get(name)]
        if environment.get("OIDC_SUBJECTS", "immutable") not in ("immutable", "legacy", ""):
            wrong.append("OIDC_SUBJECTS (immutable or legacy)")
        if wrong:
            raise LaunchError(f"the template cloner is not configured: {', '.join(wrong)}; deploy the platform again")
        return cls(
            organization=environment["GITHUB_ORGANIZATION"],
            api_url=environment["GITHUB_API_URL"].rstrip("/"),
            server_url=environment["GITHUB_SERVER_URL"].rstrip("/"),
            credential_secret_arn=environment["GITHUB_CREDENTIAL_SECRET_ARN"],
            immutable_subjects=environment["OIDC_SUBJECTS"] == "immutable",
            records_path=environment["LAUNCH_RECORDS_PATH"].rstrip("/"),
        )


@dataclass(frozen=True, kw_only=True)
class Project:
    """The repository that a project asks for."""

    organization: str
    project_name: str
    project_id: str
    kind: str
    user: str
    environments: tuple[str, ...]
    settings: Mapping[str, Mapping[str, str | list[str]]]

    @property
    def name(self) -> str:
        """Name of the repository."""
        return f"mlops-{self.project_name}-{self.project_id}-{self.kind}"

    @property
    def full_name(self) -> str:
        """Organization and name of the repository; the physical id of the resource."""
        return f"{self.organization}/{self.name}"

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
        """Where this launch is recorded."""
        return f"{self.project_id}/{self.kind}"


@dataclass(frozen=True, kw_only=True)
class FirstRun:
    """The workflow to start once everything that it uses exists."""

    repository: str
    workflow: str


def project(properties: object, organization: str) -> Project:
    """Check the properties of a `Custom::ProjectRepository`.

    Raises:
        LaunchError: with every problem that they have.
    """
    values = _mapping(properties)
    problems: list[str] = []
    name = _matching(values, "ProjectName", _PROJECT_NAME, "1 to 32 lower-case letters, digits and hyphens", problems)
    if len(name) > _LONGEST_PROJECT_NAME:
        problems.append(
            f"ProjectName {name!r} has {len(name)} characters; at most {_LONGEST_PROJECT_NAME} are possible"
        )
    project_id = _matching(values, "ProjectId", _PROJECT_ID, "p- and 12 lower-case letters or digits", problems)
    kind = _matching(values, "Kind", _KIND, "the kind of a template repository, such as model-training", problems)
    user = _matching(values, "User", _LOGIN, "a GitHub login, such as octocat", problems)
    environments = _texts(values.get("Environments", []))
    if environments is None or not all(_ENVIRONMENT.fullmatch(name) for name in environments):
        problems.append("Environments must be a list of names of lower-case letters, digits and hyphens")
    settings = _settings(values.get("Settings", {}))
    if settings is None:
        problems.append("Settings must be tables of texts and lists of texts")
    if problems:
        raise LaunchError("; ".join(problems))
    return Project(
        organization=organization,
        project_name=name,
        project_id=project_id,
        kind=kind,
        user=user,
        environments=tuple(environments or ()),
        settings=settings or {},
    )


def first_run(properties: object, organization: str) -> FirstRun:
    """Check the properties of a `Custom::FirstWorkflowRun`.

    Raises:
        LaunchError: with every problem that they have.
    """
    values = _mapping(properties)
    problems: list[str] = []
    ours = re.compile(rf"{re.escape(organization)}/mlops-[a-z0-9-]+")
    repository = _matching(values, "Repository", ours, f"a project's repository, {organization}/mlops-…", problems)
    workflow = _matching(values, "Workflow", _WORKFLOW, "the file name of a workflow, such as train.yml", problems)
    if problems:
        raise LaunchError("; ".join(problems))
    return FirstRun(repository=repository, workflow=workflow)


def _mapping(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}


def _matching(
    values: Mapping[str, object], key: str, pattern: re.Pattern[str], meaning: str, problems: list[str]
) -> str:
    value = values.get(key)
    if isinstance(value, str) and pattern.fullmatch(value):
        return value
    problems.append(f"{key} {value!r} must be {meaning}")
    return ""


def _texts(value: object) -> list[str] | None:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return None
    items = [item for item in cast("Sequence[object]", value) if isinstance(item, str)]
    return items if len(items) == len(cast("Sequence[object]", value)) else None


def _settings(value: object) -> dict[str, dict[str, str | list[str]]] | None:
    if not isinstance(value, Mapping):
        return None
    tables: dict[str, dict[str, str | list[str]]] = {}
    for table, entries in cast("Mapping[str, object]", value).items():
        if not isinstance(entries, Mapping):
            return None
        tables[table] = {}
        for key, entry in cast("Mapping[str, object]", entries).items():
            texts = [entry] if isinstance(entry, str) else _texts(entry)
            if texts is None:
                return None
            tables[table][key] = entry if isinstance(entry, str) else _split(texts)
    return tables


def _split(texts: list[str]) -> list[str]:
    """CloudFormation resolves a reference to a StringList parameter to one text with commas."""
    return [part.strip() for text in texts for part in text.split(",")]
