"""Write the demo's page: one HTML file that loads no other."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from sandbox.architecture.components import components
from sandbox.architecture.layout import BOX_HEIGHT, BOX_WIDTH, Drawing, draw
from sandbox.demo.launch import Project
from sandbox.demo.models import RegisteredModel
from sandbox.demo.page import plots
from sandbox.demo.progress import Step
from sandbox.demo.releases import Release

TEMPLATE = Path(__file__).parent / "page.html.jinja"


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
    def drawing(self) -> Drawing:
        """The components of the stack, drawn."""
        return draw(components(self.state))


def write(
    path: Path,
    *,
    accounts: list[Account],
    project: Project,
    models: list[RegisteredModel],
    releases: list[Release],
    predictions: list[tuple[float, float]],
    steps: list[Step],
    places: list[tuple[str, str]],
) -> None:
    """Write the page.

    Args:
        path: the path of the file.
        accounts: the accounts.
        project: the launched project.
        models: its registered versions, oldest first.
        releases: the deployments to production.
        predictions: pairs of rings counted and rings that production predicts.
        steps: the steps of the demo.
        places: pairs of a thing to look at and the address or command that shows it.
    """
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    done = [step for step in steps if step.seconds is not None]
    path.write_text(
        environment.from_string(TEMPLATE.read_text()).render(
            accounts=accounts,
            box_height=BOX_HEIGHT,
            box_width=BOX_WIDTH,
            predictions=predictions,
            longest=max((step.seconds or 0.0 for step in done), default=1.0),
            models=[
                {
                    "package": model,
                    "predictions": plots.predictions(model.predictions),
                    "errors": plots.errors(model.predictions),
                }
                for model in models
            ],
            places=places,
            project=project,
            releases=releases,
            steps=done,
            total=sum(account.resources for account in accounts),
        )
    )
