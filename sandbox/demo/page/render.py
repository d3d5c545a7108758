"""Write the demo's page: one HTML file that loads no other."""

from pathlib import Path

import jinja2

from sandbox.architecture.components import components
from sandbox.architecture.layout import BOX_HEIGHT, BOX_WIDTH, draw
from sandbox.demo.outcome import Outcome
from sandbox.demo.page import plots, projects
from sandbox.demo.progress import Step
from sandbox.organization import USERS

TEMPLATE = Path(__file__).parent / "page.html.jinja"


def write(path: Path, outcome: Outcome, steps: list[Step]) -> None:
    """Write the page about a run of the demo and its steps."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    done = [step for step in steps if step.seconds is not None]
    path.write_text(
        environment.from_string(TEMPLATE.read_text()).render(
            accounts=[(account, draw(components(account.state))) for account in outcome.accounts],
            box_height=BOX_HEIGHT,
            box_width=BOX_WIDTH,
            idle_month_usd=sum(account.idle_month_usd for account in outcome.accounts),
            longest=max((step.seconds or 0.0 for step in done), default=1.0),
            models=[
                {
                    "package": model,
                    "predictions": plots.predictions(model.predictions),
                    "errors": plots.errors(model.predictions),
                }
                for model in outcome.models
            ],
            places=outcome.places,
            predictions=outcome.predictions,
            project=outcome.project,
            projects=projects.section(outcome.projects),
            releases=outcome.releases,
            steps=done,
            people=USERS,
            total=sum(account.resources for account in outcome.accounts),
        )
    )
