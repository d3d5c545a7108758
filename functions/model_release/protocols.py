"""Interfaces that the releaser works with; tests pass in-memory fakes."""
# ruff: noqa: D102 - each method is described where it is implemented

from collections.abc import Mapping
from typing import Protocol

from functions.model_release.artifacts import FrozenArtifact
from functions.model_release.models import Definition
from functions.model_release.package import ModelPackage
from functions.model_release.records import Record


class Registry(Protocol):
    """The model registry; `registry` implements it."""

    def describe(self, arn: str) -> ModelPackage | None: ...


class ArtifactStore(Protocol):
    """Frozen artifacts and their copies; `artifacts` implements it."""

    def frozen(self, bucket: str, key: str, package_arn: str, sha256: str) -> FrozenArtifact: ...
    def frozen_sha256(self, bucket: str, key: str) -> str | None: ...
    def copy(self, frozen: FrozenArtifact, key: str) -> bool: ...


class RecordStore(Protocol):
    """The records of released versions; `records` implements it."""

    def read(self, project_id: str, version: int) -> Record | None: ...
    def write(self, project_id: str, version: int, record: Record) -> Record: ...


class Registrar(Protocol):
    """Development's view of what production serves; `life_cycle` implements it."""

    def note(self, package_group: str, version: int | None) -> Mapping[str, object]: ...


class ModelStore(Protocol):
    """The SageMaker models; `models` implements it."""

    def ensure(self, name: str, model: Definition, tags: Mapping[str, str]) -> None: ...
