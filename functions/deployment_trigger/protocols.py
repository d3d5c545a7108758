"""Interfaces that the deployer works with; tests pass in-memory fakes."""
# ruff: noqa: D102 - each method is described where it is implemented

from collections.abc import Mapping, Sequence
from typing import Protocol

from functions.deployment_trigger.approval_store import Record, StoredRecord
from functions.deployment_trigger.package import Approval, Candidate, ModelPackage
from functions.deployment_trigger.project import Project
from functions.deployment_trigger.project_parameters import ProjectList


class Registry(Protocol):
    """The model registry; `model_registry` implements it."""

    def describe(self, arn: str) -> ModelPackage | None: ...
    def newest_approved(self, group: str) -> Sequence[str]: ...


class Projects(Protocol):
    """The projects that deploy their models; `project_parameters` implements it."""

    def find(self, project_id: str) -> Project | None: ...
    def all(self) -> ProjectList: ...


class Approvals(Protocol):
    """The records of approvals; `approval_store` implements it."""

    def create(self, bucket: str, approval: Approval, record: Record) -> StoredRecord | None: ...
    def replace(self, bucket: str, approval: Approval, found: StoredRecord, record: Record) -> StoredRecord | None: ...
    def read(self, bucket: str, approval: Approval) -> StoredRecord: ...
    def approvals(self, bucket: str) -> Sequence[Approval]: ...


class Artifacts(Protocol):
    """The artifacts of approved packages; `approved_artifacts` implements it."""

    def freeze(self, candidate: Candidate) -> None: ...


class GitHubApi(Protocol):
    """GitHub Actions; `github` implements it."""

    def dispatch(self, full_name: str, workflow: str, branch: str, inputs: Mapping[str, str] | None = None) -> bool: ...
    def run_of(self, repository: str, workflow: str, approval: Approval) -> str | None: ...
