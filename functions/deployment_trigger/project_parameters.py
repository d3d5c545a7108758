"""Projects in the Parameter Store, where each launch publishes one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from functions.deployment_trigger.errors import ProjectParameterError
from functions.deployment_trigger.project import Project, parse_project, project_launched_before_documents
from functions.deployment_trigger.settings import Settings
from functions.shared import aws_clients

_OLD_NAME = "deployment-repository"


@dataclass(frozen=True, kw_only=True)
class ProjectList:
    """Every project, and the parameters that describe none although they should."""

    projects: Sequence[Project]
    malformed: Sequence[ProjectParameterError]


class ProjectParameters:
    """Projects as parameters of Systems Manager: `{path}/projects/{project id}` holds a JSON document."""

    def __init__(self, settings: Settings, ssm: Any = None) -> None:
        self._settings = settings
        self._ssm = ssm or aws_clients.client("ssm")
        self._path = f"{settings.parameter_path}/projects"
        self._name = re.compile(rf"{re.escape(self._path)}/(?P<project_id>p-[a-z0-9]{{12}})(?P<old>/{_OLD_NAME})?")

    def find(self, project_id: str) -> Project | None:
        """Return the project; None when it does not deploy its models.

        Raises:
            ProjectParameterError: its parameter is malformed.
        """
        name = f"{self._path}/{project_id}"
        if (value := aws_clients.parameter(self._ssm, name)) is not None:
            return parse_project(name, project_id, value, self._settings)
        repository = aws_clients.parameter(self._ssm, f"{name}/{_OLD_NAME}")
        if repository is None:
            return None
        return project_launched_before_documents(project_id, repository, self._settings)

    def all(self) -> ProjectList:
        """Return every project that deploys its models; a malformed parameter hides no other project."""
        pages = self._ssm.get_paginator("get_parameters_by_path").paginate(Path=self._path, Recursive=True)
        documents: dict[str, str] = {}
        repositories: dict[str, str] = {}
        for parameter in (each for page in pages for each in page["Parameters"]):
            if match := self._name.fullmatch(parameter["Name"]):
                found = repositories if match["old"] else documents
                found[match["project_id"]] = parameter["Value"]
        projects: list[Project] = []
        malformed: list[ProjectParameterError] = []
        for project_id, value in documents.items():
            try:
                projects.append(parse_project(f"{self._path}/{project_id}", project_id, value, self._settings))
            except ProjectParameterError as error:
                malformed.append(error)
        projects += [
            project_launched_before_documents(project_id, repository, self._settings)
            for project_id, repository in repositories.items()
            if project_id not in documents
        ]
        return ProjectList(projects=projects, malformed=malformed)
