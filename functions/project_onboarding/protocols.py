"""Interfaces that onboarding works with; tests pass in-memory fakes."""
# ruff: noqa: D102 - each method is described where it is implemented

from collections.abc import Mapping
from typing import Literal, Protocol

from functions.project_onboarding.request import Project, Repository
from functions.project_onboarding.roles_stacks import RolesStack


class ProjectStacks(Protocol):
    """The stacks of projects' roles; `roles_stacks` implements it."""

    def stack(self, name: str) -> RolesStack | None: ...
    def create_stack(self, name: str, project: Project, repository: Repository, launch: str) -> None: ...
    def update_stack(
        self, name: str, project: Project, repository: Repository, launch: str
    ) -> Literal["started", "unchanged", "busy"]: ...
    def delete_stack(self, name: str) -> None: ...


class ProjectDeployments(Protocol):
    """The deployments of projects; `deployments` implements it."""

    def endpoints(self, prefix: str) -> Mapping[str, str]: ...
    def schedules(self, prefix: str) -> Mapping[str, str]: ...
    def delete_what_served(self, prefix: str) -> None: ...
    def delete_what_is_empty(self, bucket: str, group: str) -> None: ...
