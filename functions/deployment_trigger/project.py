"""Projects that deploy their models, and the parameter in which a launch describes one."""

import json
import re
from dataclasses import dataclass

from functions.deployment_trigger.errors import ProjectParameterError
from functions.deployment_trigger.settings import Settings
from functions.shared.github_api.values import Json, nested, text

_REPOSITORY = re.compile(r"(?!\.+/)[\w.-]+/(?!\.+$)[\w.-]+", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Project:
    """A project that deploys its models."""

    project_id: str
    repository: str
    """Full name of its deployment repository."""
    package_group: str
    """Group of its model packages."""
    bucket: str
    training_repository: str = ""
    """Full name of its training repository; empty for a project that was launched before launches published it."""


def parse_project(parameter: str, project_id: str, value: str, settings: Settings) -> Project:
    """Read the JSON that the project's launch published in `parameter`.

    Other roles than the launch's may write parameters. So a project is held to what its id says: it names its own
    bucket, group and repository, and never those of another one.

    Raises:
        ProjectParameterError: it does not describe the project; the message names every problem.
    """
    try:
        content: object = json.loads(value)
    # Python before 3.13 does not read deeply nested documents.
    except (ValueError, RecursionError):
        raise ProjectParameterError(parameter, "it is not JSON") from None
    document: Json = nested(content)
    values = {key: text(document, key) for key in ("repository", "package_group", "bucket")}
    repository, group, bucket = values.values()
    training = text(document, "training_repository")
    problems = [f"{key!r} is missing" for key, value in values.items() if not value]
    for key, name in (("repository", repository), ("training_repository", training)):
        if name and not (_REPOSITORY.fullmatch(name) and f"-{project_id}-" in name):
            problems.append(f"{key!r} {name!r} is not the full name of a repository of {project_id}")
    if group and not group.endswith(f"-{project_id}"):
        problems.append(f"'package_group' {group!r} is not the group of {project_id}")
    if bucket and bucket != _bucket(project_id, settings):
        problems.append(f"'bucket' {bucket!r} is not the bucket of {project_id}")
    if problems:
        raise ProjectParameterError(parameter, ", ".join(problems))
    return Project(
        project_id=project_id,
        repository=repository,
        package_group=group,
        bucket=bucket,
        training_repository=training,
    )


def project_launched_before_documents(project_id: str, repository: str, settings: Settings) -> Project:
    """Return the project of a launch that published the name of its deployment repository and nothing else.

    Compatibility: launches did so until they published a JSON document, and their projects keep the old parameter
    until they are updated in Service Catalog. Their products composed the names as this function does: the repository's
    is `mlops-{name}-{project id}-{kind}`, the package group's `{name}-{project id}`. Remove it, with what reads
    `deployment-repository`, once no such parameter is left.
    """
    name, _, _ = repository.partition("/")[2].removeprefix("mlops-").partition(project_id)
    return Project(
        project_id=project_id,
        repository=repository,
        package_group=name + project_id,
        bucket=_bucket(project_id, settings),
    )


def _bucket(project_id: str, settings: Settings) -> str:
    return f"{settings.prefix}-{project_id}-{settings.account_id}-{settings.region}"
