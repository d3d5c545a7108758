"""Failure of a pipeline's step on this machine."""

import sys
from pathlib import Path

import pytest

from mlops_platform.pipeline.expressions import Json
from mlops_platform.pipeline.local_run import LINES_OF_A_LOG, LocalRun, StepFailedError


def run(folder: Path, program: str) -> str:
    """Run a pipeline of one step, and return the message of its failure."""
    definition: Json = {
        "Steps": [
            {
                "Name": "Preprocess",
                "Type": "Processing",
                "Arguments": {
                    "AppSpecification": {"ImageUri": "image", "ContainerEntrypoint": ["python3", "-c", program]},
                    "ProcessingInputs": [],
                    "ProcessingOutputConfig": {"Outputs": []},
                },
            }
        ]
    }
    with pytest.raises(StepFailedError) as caught:
        LocalRun(definition=definition, folder=folder, interpreter=lambda _: Path(sys.executable)).run()
    return str(caught.value)


def test_a_failed_step_shows_the_end_of_its_log_whose_file_may_be_gone(tmp_path: Path) -> None:
    said = run(tmp_path, "for number in range(100): print('line', number)\nraise SystemExit(3)")
    assert str(tmp_path) not in said
    first, second, *lines = said.splitlines()
    assert (first, second) == ("Preprocess: exit code 3", "  the end of its log:")
    assert lines == [f"    line {number}" for number in range(100 - LINES_OF_A_LOG, 100)]


def test_a_failed_step_that_printed_nothing_says_so(tmp_path: Path) -> None:
    assert run(tmp_path, "raise SystemExit(4)") == "Preprocess: exit code 4\n  the end of its log: empty"
