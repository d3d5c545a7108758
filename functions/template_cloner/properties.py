"""Checks of the properties that the project templates give their custom resources."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

from functions.template_cloner.errors import LaunchError
from functions.template_cloner.resources import DeletionCheck, DeploymentRoles, FirstRun, ProjectRepository

_PROJECT_NAME = re.compile(r"[a-z0-9](-*[a-z0-9])*")
_PROJECT_ID = re.compile(r"p-[a-z0-9]{12}")
_KIND = re.compile(r"[a-z][a-z0-9-]{0,30}")
_LOGIN = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,38}")
_ENVIRONMENT = re.compile(r"[a-z][a-z0-9-]{0,30}")
_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_REPOSITORY_NAME = re.compile(r"mlops-[a-z0-9-]+")
_REPOSITORY_ID = re.compile(r"[0-9]+")
_WORKFLOW = re.compile(r"[a-z0-9][a-z0-9-]*\.yml")
_LONGEST_PROJECT_NAME = 32


def parse_project(properties: object, organization: str) -> ProjectRepository:
    """Read the properties of a `Custom::ProjectRepository`.

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
    users = _users(values, problems)
    environments = _texts(values.get("Environments", []))
    if environments is None or not all(_ENVIRONMENT.fullmatch(name) for name in environments):
        problems.append("Environments must be a list of names of lower-case letters, digits and hyphens")
    released = _texts(values.get("ReleasedEnvironments", []))
    if released is None or not all(_ENVIRONMENT.fullmatch(name) for name in released):
        problems.append("ReleasedEnvironments must be a list of names like those of Environments")
    settings = _settings(values.get("Settings", {}))
    if settings is None:
        problems.append("Settings must be tables of texts and lists of texts")
    if problems:
        raise LaunchError("; ".join(problems))
    return ProjectRepository(
        organization=organization,
        project_name=name,
        project_id=project_id,
        kind=kind,
        users=users,
        environments=tuple(environments or ()),
        settings=settings or {},
        released=tuple(released or ()),
    )


def parse_first_run(properties: object, organization: str) -> FirstRun:
    """Read the properties of a `Custom::FirstWorkflowRun`.

    Raises:
        LaunchError: with every problem that they have.
    """
    values = _mapping(properties)
    problems: list[str] = []
    ours = re.compile(rf"(?i:{re.escape(organization)})/mlops-[a-z0-9-]+")
    repository = _matching(values, "Repository", ours, f"a project's repository, {organization}/mlops-…", problems)
    workflow = _matching(values, "Workflow", _WORKFLOW, "the file name of a workflow, such as train.yml", problems)
    if problems:
        raise LaunchError("; ".join(problems))
    return FirstRun(repository=repository, workflow=workflow)


def parse_deployment_roles(properties: object, unit: str) -> DeploymentRoles:
    """Read the properties of a `Custom::DeploymentRoles`.

    Products that were published earlier name no repository; such roles can be removed, and not provisioned.

    Raises:
        LaunchError: with every problem that they have.
    """
    values = _mapping(properties)
    problems: list[str] = []
    wanted = _roles(values, unit, values.get("Environment"), values.get("AccountId"), problems)
    if "RepositoryName" in values:
        wanted = replace(
            wanted,
            repository_name=_matching(values, "RepositoryName", _REPOSITORY_NAME, "a project's repository", problems),
            repository_id=_matching(values, "RepositoryId", _REPOSITORY_ID, "GitHub's number of it", problems),
        )
    if problems:
        raise LaunchError("; ".join(problems))
    return wanted


def parse_deletion_check(properties: object, unit: str) -> DeletionCheck:
    """Read the properties of a `Custom::DeletionCheck`.

    Products that were published earlier have no protection.

    Raises:
        LaunchError: with every problem that they have.
    """
    values = _mapping(properties)
    problems: list[str] = []
    accounts = [
        _roles(values, unit, environment, account_id, problems)
        for environment, account_id in _mapping(values.get("Accounts")).items()
    ]
    if not accounts:
        problems.append("Accounts must be ids of accounts, by environment")
    protection = values.get("DeletionProtection", "off")
    if protection not in ("on", "off"):
        problems.append(f"DeletionProtection {protection!r} must be on or off")
    if problems:
        raise LaunchError("; ".join(problems))
    return DeletionCheck(project_id=accounts[0].project_id, accounts=tuple(accounts), protects=protection == "on")


def _roles(
    values: Mapping[str, object], unit: str, environment: object, account_id: object, problems: list[str]
) -> DeploymentRoles:
    values = {**values, "Environment": environment, "AccountId": account_id}
    return DeploymentRoles(
        unit=unit,
        environment=_matching(values, "Environment", _ENVIRONMENT, "an environment, such as prod", problems),
        account_id=_matching(values, "AccountId", _ACCOUNT_ID, "the 12 digits of an account", problems),
        project_name=_matching(values, "ProjectName", _PROJECT_NAME, "the name of a project", problems),
        project_id=_matching(values, "ProjectId", _PROJECT_ID, "p- and 12 lower-case letters or digits", problems),
    )


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


def _users(values: Mapping[str, object], problems: list[str]) -> tuple[str, ...]:
    # A project that was launched earlier has one, `User`.
    found = _texts(values.get("Users", [values.get("User")]))
    logins = _split(found or [])
    if not logins or not all(_LOGIN.fullmatch(login) for login in logins):
        problems.append(f"Users {found!r} must be GitHub logins, such as octocat")
    elif len({login.lower() for login in logins}) < len(logins):
        problems.append(f"Users {', '.join(logins)}: name everybody once; nobody approves their own changes")
    return tuple(logins)


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
