"""The demo's steps as they are shown."""

import io
import re
import time

import pytest
from rich.console import Console

from sandbox.demo.progress import Demo
from tests.sandbox_demo.screen import Screen


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


ADDRESS = "https://localhost:40001/acme/mlops-abalone-p-abcdefghijkl-model-deployment-realtime/actions/runs/1000000042"
PROGRESS = "engine: compiled 682 of 1684 packages, about 248 s left, then linking"


@pytest.mark.parametrize("height", [24, 40])
@pytest.mark.parametrize("width", [80, 160])
def test_the_running_step_stays_in_sight_however_many_are_finished(width: int, height: int) -> None:
    screen = Screen(width, height)
    with Demo(screen.console) as demo:
        for number in range(50):
            with demo.step(f"Finished {number}") as step:
                step.report(PROGRESS)
        with demo.step("Running") as step:
            step.report(PROGRESS)
            deadline = time.monotonic() + 5
            while PROGRESS not in (shown := screen.window)[-1]:
                assert time.monotonic() < deadline, shown
                time.sleep(0.01)
            assert "Running" in shown[-2]
            assert "✓ Finished 49 " in "".join(shown)
    assert all(f"✓ Finished {number} " in screen.everything for number in range(50))
    assert screen.everything.count("Running") == 1, "once a step is finished, what was live is gone"


@pytest.mark.parametrize("width", [40, 80, 200])
def test_an_address_is_printed_whole_however_narrow_the_terminal(width: int) -> None:
    screen = Screen(width, 24)
    with Demo(screen.console) as demo, demo.step("Approve version 1") as step:
        step.report(f"production waits for the review of hedy: {ADDRESS} and then goes on")
    assert ADDRESS in screen.everything


def test_the_outcome_of_a_step_that_failed_is_printed_too() -> None:
    screen = Screen(80, 24)

    def fail() -> None:
        with Demo(screen.console) as demo, demo.step("Install the engine") as step:
            step.report(PROGRESS)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert screen.everything.startswith("✗ Install the engine")
    assert PROGRESS in screen.everything
