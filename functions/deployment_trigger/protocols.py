"""Interfaces that the deployer works with; tests pass in-memory fakes."""
# ruff: noqa: D102 - each method is described where it is implemented

from collections.abc import Mapping, Sequence
from typing import Protocol

from functions.deployment_trigger.approval_store import Record
from functions.deployment_trigger.conditional_records import Stored
from functions.deployment_trigger.package import Approval, Candidate, ModelPackage
from functions.deployment_trigger.project import Project
from functions.deployment_trigger.project_parameters import ProjectList
from functions.deployment_trigger.retraining_store import Retraining


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

    def create(self, bucket: str, approval: Approval, record: Record) -> Stored[Record] | None: ...
    def replace(
        self, bucket: str, approval: Approval, found: Stored[Record], record: Record
    ) -> Stored[Record] | None: ...
    def read(self, bucket: str, approval: Approval) -> Stored[Record]: ...
    def approvals(self, bucket: str) -> Sequence[Approval]: ...


class Retrainings(Protocol):
    """The records of retrainings; `retraining_store` implements it."""

    def create(self, bucket: str, key: str, record: Retraining) -> Stored[Retraining] | None: ...
    def replace(
        self, bucket: str, key: str, found: Stored[Retraining], record: Retraining
    ) -> Stored[Retraining] | None: ...
    def read(self, bucket: str, key: str) -> Stored[Retraining]: ...


class Artifacts(Protocol):
    """The artifacts of approved packages; `approved_artifacts` implements it."""

    def freeze(self, candidate: Candidate) -> None: ...


class GitHubApi(Protocol):
    """GitHub; `github` implements it."""

    @property
    def account(self) -> str: ...
    def dispatch(
        self, full_name: str, workflow: str, branch: str, inputs: Mapping[str, str] | None = None
    ) -> str | None: ...
    def run_of(self, repository: str, workflow: str, branch: str, run_id: str) -> str | None: ...
    def tested_commit(
        self, repository: str, workflow: str, branch: str, approval: Approval, url: str | None
    ) -> str | None: ...
    def branch_commit(self, full_name: str, branch: str) -> str | None: ...
    def commit_file(
        self, repository: str, path: str, content: str, message: str, *, tree_of: str, parents: Sequence[str]
    ) -> str: ...
    def create_branch(self, full_name: str, branch: str, commit: str) -> None: ...
    def open_pull_request(self, full_name: str, branch: str, base: str, title: str, body: str) -> None: ...
    def pull_requests(self, full_name: str, base: str, state: str) -> list[dict[str, object]]: ...
    def close_pull_request(self, full_name: str, number: int) -> None: ...
