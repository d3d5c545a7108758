"""The result of a run of the demo."""

from dataclasses import dataclass
from typing import Any

from sandbox.demo.launch import Project
from sandbox.demo.models import RegisteredModel
from sandbox.demo.projects import LaunchedProject
from sandbox.demo.releases import Release


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account and the platform's stack in it."""

    name: str
    id: str
    region: str
    state: list[dict[str, Any]]
    """The resources of the stack's state."""
    serves: int | None
    """Version of the model that the account's endpoint serves; None where there is no endpoint."""

    @property
    def resources(self) -> int:
        """Number of resources that AWS or GitHub have: without the engine's own entries, such as components."""
        return sum(
            bool(resource.get("custom")) and not str(resource["type"]).startswith("pulumi:") for resource in self.state
        )

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
    projects: list[LaunchedProject]
    """All launched projects, that of the demo among them."""
    models: list[RegisteredModel]
    """The versions, oldest first."""
    releases: list[Release]
    """The deployments of this run; empty when an earlier run made them."""
    predictions: list[tuple[float, float]]
    """Rings counted, and rings that production predicts, of abalones that the model was not trained on."""
    places: list[tuple[str, str]]
    """Pairs of a thing to look at and the address or command that shows it."""
