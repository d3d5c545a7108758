"""The result of a run of the demo."""

from dataclasses import dataclass
from typing import Any

from sandbox.demo.launch import Project
from sandbox.demo.models import RegisteredModel
from sandbox.demo.releases import Release


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account and the platform's stack in it."""

    name: str
    id: str
    state: list[dict[str, Any]]
    """The resources of the stack's state."""

    @property
    def resources(self) -> int:
        """Number of cloud resources."""
        return sum(1 for resource in self.state if resource.get("custom"))

    @property
    def idle_month_usd(self) -> float:
        """Cost of a month on AWS in which nobody does anything, as the stack's outputs have it."""
        stack = next(resource for resource in self.state if resource["type"] == "pulumi:pulumi:Stack")
        return stack["outputs"]["idleMonthUsd"]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Everything that exists after a run of the demo, and what the run did."""

    accounts: list[Account]
    project: Project
    models: list[RegisteredModel]
    """The versions, oldest first."""
    releases: list[Release]
    """The deployments of this run; empty when an earlier run made them."""
    predictions: list[tuple[float, float]]
    """Rings counted, and rings that production predicts, of abalones that the model was not trained on."""
    places: list[tuple[str, str]]
    """Pairs of a thing to look at and the address or command that shows it."""
