"""The demo's steps as they are shown."""

import io
import re

import pytest
from rich.console import Console

from sandbox.demo.progress import Demo


def test_a_demo_knows_whether_any_step_changed_anything() -> None:
    with Demo(Console(file=io.StringIO())) as demo:
        with demo.step("Look") as step:
            step.report("unchanged")
        assert not demo.changed
        with demo.step("Change") as step:
            step.changed = True
    assert demo.changed
    assert demo.seconds == sum(step.seconds or 0.0 for step in demo.steps)


def test_away_from_a_terminal_a_long_step_reports_its_progress_every_few_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    monkeypatch.setattr("sandbox.demo.progress.time.monotonic", lambda: now)
    output = io.StringIO()
    with Demo(Console(file=output, width=120)) as demo, demo.step("Install the engine") as step:
        for now in (5.0, 11.0, 12.0, 30.0):
            step.report(f"{now:.0f} seconds in")
    assert re.findall(r"… Install the engine: (\d+) seconds in", output.getvalue()) == ["11", "30"]


def test_away_from_a_terminal_each_step_is_one_line_with_its_outcome() -> None:
    output = io.StringIO()
    with Demo(Console(file=output, width=120)) as demo, demo.step("Publish the templates") as step:
        step.report("unchanged")
    assert "✓ Publish the templates" in output.getvalue()
    assert output.getvalue().count("\n") == 1


def test_on_a_narrow_terminal_a_step_s_progress_has_a_line_of_its_own() -> None:
    progress = "engine: compiled 682 of 1684 packages, about 248 s left, then linking"
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=80, color_system=None)
    with Demo(console) as demo, demo.step("Install the engine and its environments") as step:
        step.report(progress)
    assert progress in " ".join(shown.getvalue().split())
