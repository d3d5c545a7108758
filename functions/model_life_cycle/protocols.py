"""Interface that the life cycle works with; tests pass an in-memory fake."""
# ruff: noqa: D102 - each method is described where it is implemented

from collections.abc import Sequence
from typing import Protocol

from functions.model_life_cycle.registry import Version


class Registry(Protocol):
    """The model registry; `registry` implements it."""

    def staged(self, group: str) -> Sequence[str]: ...
    def describe(self, arn: str) -> Version: ...
    def set_stage(self, arn: str, stage: str, status: str) -> None: ...
