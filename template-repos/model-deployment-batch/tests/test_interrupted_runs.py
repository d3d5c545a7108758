"""Runs that are killed, and runs at once: nothing half-made is taken for results, and what was interrupted is done by doing it again.

The job is the real one, in processes of its own. SageMaker uploads what a job wrote when the job has ended (API reference,
ProcessingS3Output, `S3UploadMode`). It promises no order, and does not say what it uploads of a job that failed: here that is everything.
"""

import hashlib
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from conftest import ARN, WINDOW, arguments

from example.local_run import day
from mlops_platform import REPOSITORY, job

SCRIPT = REPOSITORY / "job" / "run.py"
MANIFEST = f"runs/{WINDOW}/manifest.json"
ROWS = {
    # The spoilt row opens the quarantine when more of the predictions than a buffer holds are written.
    "part-0.csv": day(0, 900) + b"spoilt\n" + day(900, 50),
    "more/part-1.csv": day(950, 20),
}
Objects = dict[str, bytes]
"""Objects in S3, by their keys below the folder that jobs write to."""


@pytest.fixture
def given(artifact: Path, tmp_path: Path) -> Path:
    """The files that a job finds in /opt/ml."""
    inputs = tmp_path / "given" / "processing" / "input"
    for name, content in ROWS.items():
        (inputs / "rows" / name).parent.mkdir(parents=True, exist_ok=True)
        (inputs / "rows" / name).write_bytes(content)
    (inputs / "model").mkdir()
    shutil.copy(artifact, inputs / "model" / "model.tar.gz")
    return tmp_path / "given"


def variables(**more: str) -> dict[str, str]:
    """Return the environment of a job's process, in which libraries start no threads."""
    paths = os.pathsep.join(map(str, (SCRIPT.parent, REPOSITORY)))
    return {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **more}


def run_at_once(machines: Iterable[Path], commands: Iterable[list[str]]) -> None:
    """Run the job on several machines at once."""
    begun = [
        subprocess.Popen([sys.executable, str(SCRIPT), *command], env=variables(SM_BASE=str(machine)))
        for machine, command in zip(machines, commands, strict=True)
    ]
    assert [process.wait() for process in begun] == [0] * len(begun)


def written(machine: Path) -> Objects:
    """Return what a job wrote, by the keys that it gets in S3."""
    folder = machine / "processing" / "output"
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def read(s3: Mapping[str, bytes]) -> Objects | None:
    """Return the results of the window as the README has people read them; None as long as it is not finished."""
    if MANIFEST not in s3:
        return None
    manifest: Any = json.loads(s3[MANIFEST])
    named = [each[kind] for each in manifest["objects"] for kind in ("predictions", "quarantine") if each[kind]]
    found = {each["name"]: s3.get(f"{manifest['results']}{each['name']}", b"") for each in named}
    whole = all(
        (len(found[each["name"]]), hashlib.sha256(found[each["name"]]).hexdigest()) == (each["bytes"], each["sha256"])
        for each in named
    )
    return found if whole else None


def test_a_run_that_is_killed_at_any_step_and_repeated_leaves_what_one_that_was_not_leaves(
    given: Path, artifact: Path, tmp_path: Path
) -> None:
    command = [sys.executable, str(REPOSITORY / "tests" / "killed.py"), str(tmp_path), str(SCRIPT)]
    done = subprocess.run(
        [*command, *arguments("output", job.sha256(artifact))], env=variables(), stdout=subprocess.PIPE, check=True
    )
    steps: list[str] = json.loads(done.stdout.splitlines()[-1])
    complete = written(tmp_path / f"{len(steps):03}")
    for name in complete:
        # Each file is missing, empty or whole when its run is killed; one of them is torn, besides.
        assert sum(name.removesuffix(".json") in step for step in steps) >= 2, steps
    assert (steps[0].split()[0], steps[-1]) == ("read", "end")
    torn: set[str] = set()
    for number, step in enumerate(steps):
        s3 = written(tmp_path / f"{number:03}")
        for name in s3.keys() & complete.keys():
            assert complete[name].startswith(s3[name]), step
            torn |= {name} if 0 < len(s3[name]) < len(complete[name]) else set()
        assert read(s3) == (read(complete) if step == "end" else None), step
        # Jobs share no disk: the run that got to its end is the repetition of each of the others.
        s3.update(complete)
        assert [name for name in s3 if name.endswith("manifest.json")] == [MANIFEST], step
        left = s3.keys() - complete.keys()
        assert all(name.startswith(f"runs/{WINDOW}/") for name in left), step
    assert [name.rpartition("/")[2] for name in torn] == ["part-0.csv.csv"]


def test_a_run_is_not_finished_until_the_last_of_its_files_is_there_in_whatever_order_they_come(
    given: Path, artifact: Path
) -> None:
    run_at_once([given], [arguments("output", job.sha256(artifact))])
    complete = written(given)
    read_by_all = {MANIFEST, *(name for name in complete if "/predictions/" in name or "/quarantine/" in name)}
    assert len(read_by_all) == 4
    for there in itertools.product((True, False), repeat=len(complete)):
        uploaded = dict(itertools.compress(complete.items(), there))
        assert read(uploaded) == (read(complete) if read_by_all <= uploaded.keys() else None)
        # Over the whole of an earlier run, the same bytes change nothing.
        assert read({**complete, **uploaded}) == read(complete)


def test_two_runs_of_a_window_at_once_leave_what_one_leaves(given: Path, artifact: Path, tmp_path: Path) -> None:
    machines = [tmp_path / "schedule", tmp_path / "backfill"]
    for machine in machines:
        shutil.copytree(given, machine)
    run_at_once(machines, [arguments("output", job.sha256(artifact))] * 2)
    one, other = (written(machine) for machine in machines)
    assert one == other
    manifest = json.loads(one[MANIFEST])
    assert manifest["rows"] == {"in": 971, "out": 970, "quarantined": 1}
    assert len([name for name in one if name.endswith("manifest.json")]) == 1


def test_runs_of_two_versions_at_once_leave_the_whole_results_of_one(
    given: Path, artifact: Path, tmp_path: Path
) -> None:
    machines = [tmp_path / "before", tmp_path / "after"]
    for machine in machines:
        shutil.copytree(given, machine)
    run_at_once(machines, [arguments("output", job.sha256(artifact), arn) for arn in (ARN, f"{ARN}2")])
    one, other = (written(machine) for machine in machines)
    assert one.keys() & other.keys() == {MANIFEST}
    for first, second in ((one, other), (other, one)):
        names = [name for name in second if name != MANIFEST]
        for count in range(len(names) + 1):
            uploaded = {**first, **{name: second[name] for name in names[:count]}}
            assert read(uploaded) == read(first)
        assert read({**first, **second}) == read(second)
        # The manifest of the second names results that are not there yet.
        assert read({**first, MANIFEST: second[MANIFEST]}) is None
