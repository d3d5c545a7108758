"""The demo's page and summary: what they read out of a stack's state, and how they tell it."""

import io
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from sandbox.demo import page
from sandbox.demo.launch import Project
from sandbox.demo.models import RegisteredModel
from sandbox.demo.page import architecture
from sandbox.demo.page.render import Account
from sandbox.demo.progress import Step, Story
from sandbox.demo.releases import Release


def _urn(kind: str, name: str) -> str:
    return f"urn:pulumi:dev::mlops-platform::{kind}::{name}"


STACK = _urn("pulumi:pulumi:Stack", "dev")
NETWORK = _urn("mlops:index:Network", "network")
VPC = _urn("mlops:index:Network$aws:ec2/vpc:Vpc", "vpc")
CLONER = _urn("mlops:index:TemplateCloner", "template-cloner")
ROLE = _urn("mlops:index:TemplateCloner$mlops:index:Role", "role")
FUNCTION = _urn("mlops:index:TemplateCloner$aws:lambda/function:Function", "function")
STATE: list[dict[str, Any]] = [
    {"urn": STACK, "type": "pulumi:pulumi:Stack"},
    {"urn": CLONER, "type": "mlops:index:TemplateCloner", "parent": STACK},
    {"urn": ROLE, "type": "mlops:index:Role", "parent": CLONER},
    {
        "urn": FUNCTION,
        "type": "aws:lambda/function:Function",
        "custom": True,
        "parent": CLONER,
        "propertyDependencies": {"vpcConfig": [VPC]},
    },
    {"urn": NETWORK, "type": "mlops:index:Network", "parent": STACK},
    {"urn": VPC, "type": "aws:ec2/vpc:Vpc", "custom": True, "parent": NETWORK},
]
MODEL = RegisteredModel(
    arn="arn:aws:sagemaker:eu-west-1:111111111111:model-package/abalone/3",
    version=3,
    approval="PendingManualApproval",
    metrics={"mse": 4.5, "mae": 1.5},
    predictions=[(9.0, 8.5), (12.0, 11.0)],
    held_out=["M,0.455,0.365,0.095,0.514,0.2245,0.101,0.15,15"],
)
RELEASE = Release(arn=MODEL.arn, page="https://localhost:1/run", moments={"dispatched": 1.5, "preprod serves": 9.5})


def test_a_component_stands_for_everything_below_it() -> None:
    network, cloner = architecture.components(STATE)
    assert (network.kind, dict(network.resources)) == ("Network", {"ec2/vpc": 1})
    assert (cloner.kind, dict(cloner.resources)) == ("Template cloner", {"lambda/function": 1})


def test_a_component_needs_those_whose_resources_its_own_refer_to() -> None:
    network, cloner = architecture.components(STATE)
    assert (network.needs, cloner.needs) == (frozenset(), frozenset({"network"}))


def test_a_component_is_drawn_below_what_it_needs() -> None:
    drawing = architecture.draw(architecture.components(STATE))
    places = {box.component.name: box.y for box in drawing.boxes}
    assert places["network"] < places["template-cloner"]
    assert len(drawing.lines) == 1


def test_more_components_than_fit_in_a_row_take_another_row() -> None:
    parts = [
        architecture.Component(name=f"part-{number}", kind="Part", resources=architecture.Counter(), needs=frozenset())
        for number in range(5)
    ]
    assert len({box.y for box in architecture.draw(parts, per_row=4).boxes}) == 2


def test_the_page_needs_nothing_but_itself(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    page.write(
        path,
        accounts=[Account(name="dev", id="111111111111", state=STATE)],
        project=Project(name="abalone", id="p-abcdefghijkl", created=True),
        models=[MODEL],
        releases=[RELEASE],
        answers=[(15.0, 13.25)],
        steps=[Step(title="Deploy <everything>", seconds=2.0)],
        places=[("A page", "https://localhost:1/acme"), ("A command", "make demo-down")],
    )
    text = path.read_text()
    assert "dev, account 111111111111: 2 resources" in text
    assert "Deploy &lt;everything&gt;" in text
    assert '<a href="https://localhost:1/acme">' in text
    assert "<td>15</td><td>13.25</td>" in text
    assert "dispatched 1.5 s · preprod serves 8.0 s" in text
    assert "<code>make demo-down</code>" in text
    assert not [word for word in ("<script", "<link", "<img", "@import") if word in text]


def test_the_summary_names_the_models_and_what_they_measured_and_answered() -> None:
    output = io.StringIO()
    page.print_summary(
        Console(file=output, width=120),
        accounts=[Account(name="dev", id="111111111111", state=STATE)],
        models=[MODEL],
        releases=[RELEASE],
        answers=[(15.0, 13.25)],
        places=[("Remove all of it", "make demo-down")],
        closing="Done in 3 s.",
    )
    text = output.getvalue()
    assert "Network (1), Template cloner (1)" in text
    assert "mse 4.50, mae 1.50" in text
    assert "13.25 rings predicted, 15 counted" in text
    assert "dispatched 1.5 s, preprod serves 8.0 s" in text
    assert "make demo-down" in text
    assert text.rstrip().endswith("Done in 3 s.")


def test_a_story_knows_whether_anything_changed() -> None:
    with Story(Console(file=io.StringIO())) as story:
        with story.step("Look") as step:
            step.say("as it was")
        assert not story.changed
        with story.step("Change") as step:
            step.changed = True
    assert story.changed
    assert story.seconds == sum(step.seconds or 0.0 for step in story.steps)


def test_away_from_a_terminal_a_long_step_says_from_time_to_time_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("sandbox.demo.progress.time.monotonic", lambda: now)
    output = io.StringIO()
    with Story(Console(file=output, width=120)) as story, story.step("Install the engine") as step:
        for now in (5.0, 11.0, 12.0, 30.0):
            step.say(f"{now:.0f} seconds in")
    assert re.findall(r"… Install the engine: (\d+) seconds in", output.getvalue()) == ["11", "30"]


def test_away_from_a_terminal_each_step_is_one_line_with_its_outcome() -> None:
    output = io.StringIO()
    with Story(Console(file=output, width=120)) as story, story.step("Publish the templates") as step:
        step.say("unchanged")
    assert "✓ Publish the templates" in output.getvalue()
    assert output.getvalue().count("\n") == 1
