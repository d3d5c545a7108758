"""What the deployer needs of the world outside; tests put memory in its place."""
# ruff: noqa: D102 - each method is described where it is implemented: trigger.aws and trigger.github

from collections.abc import Mapping, Sequence
from typing import Protocol

from functions.deployment_trigger.package import Approval, Candidate, ModelPackage, Project
from functions.deployment_trigger.records import Record, StoredRecord


class Registry(Protocol):
    """The model registry."""

    def describe(self, arn: str) -> ModelPackage | None: ...
    def newest_approved(self, group: str) -> Sequence[str]: ...


class Projects(Protocol):
    """The projects that deploy their models."""

    def find(self, project_id: str) -> Project | None: ...
    def all(self) -> Sequence[Project]: ...


class Buckets(Protocol):
    """The buckets of projects."""

    def create_record(self, bucket: str, approval: Approval, record: Record) -> StoredRecord | None: ...
    def replace_record(
        self, bucket: str, approval: Approval, found: StoredRecord, record: Record
    ) -> StoredRecord | None: ...
    def read_record(self, bucket: str, approval: Approval) -> StoredRecord: ...
    def approvals(self, bucket: str) -> Sequence[Approval]: ...
    def freeze(self, candidate: Candidate) -> None: ...


class GitHubApi(Protocol):
    """GitHub Actions."""

    def dispatch(self, full_name: str, workflow: str, branch: str, inputs: Mapping[str, str] | None = None) -> bool: ...
    def run_of(self, repository: str, workflow: str, approval: Approval) -> str | None: ...
