"""The job of a run: every row is found again, and the same input gives the same bytes."""

import hashlib
import json
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import run as job_script
from conftest import ARN, WINDOW, arguments, packed
from run import Run, RunError

from example.local_run import day
from mlops_platform import job
from mlops_platform.monitoring.drift import Limits
from scoring.model import ModelError
from scoring.objects import Entry, LostRowsError, Output

GOOD = day(0, 300)
FIRST = GOOD.split(b"\n")[0]


@pytest.fixture(autouse=True)
def _forget_the_models_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each test import the code of its own model."""
    places = [place for place in sys.path if not place.endswith("example/code")]
    monkeypatch.setattr(sys, "path", places)
    monkeypatch.delitem(sys.modules, "inference", raising=False)


Score = Callable[..., dict[str, Any]]


@pytest.fixture
def score(artifact: Path, tmp_path: Path) -> Score:
    """Score objects, and return the manifest."""

    def score(
        objects: Mapping[str, bytes],
        model: Path = artifact,
        folder: str = "output",
        window: str = WINDOW,
        **changes: Any,
    ) -> dict[str, Any]:
        rows = tmp_path / "rows"
        shutil.rmtree(rows, ignore_errors=True)
        for name, content in objects.items():
            (rows / name).parent.mkdir(parents=True, exist_ok=True)
            (rows / name).write_bytes(content)
        sys.modules.pop("inference", None)
        work: dict[str, Any] = {
            "window": window,
            "program": "inference.py",
            "model_package_arn": ARN,
            "model_sha256": job.sha256(model),
            "code": "0123456789abcdef",
            "limits": Limits(),
            **changes,
        }

        def output(name: str) -> Path:
            made = tmp_path / folder / name
            made.mkdir(parents=True, exist_ok=True)
            return made

        manifest, _ = job_script.score(Run(**work), rows, model, output)
        return manifest

    return score


def other_model(tmp_path: Path, model_folder: Path, code: str) -> Path:
    """Return the archive of a model with other serving code."""
    content = tmp_path / "other" / "content"
    shutil.copytree(model_folder, content)
    (content / "code" / "inference.py").write_text(code)
    return packed(content)


def lines(tmp_path: Path, manifest: dict[str, Any], kind: str, index: int = 0) -> list[str]:
    """Return the lines of an object's predictions, or of its rows in quarantine."""
    entry = manifest["objects"][index][kind]
    content = (tmp_path / "output" / manifest["results"] / entry["name"]).read_bytes()
    assert (len(content), hashlib.sha256(content).hexdigest()) == (entry["bytes"], entry["sha256"])
    return content.decode().split("\n")[:-1]


def test_every_row_gets_an_answer_with_the_number_of_its_line(score: Score, tmp_path: Path) -> None:
    manifest = score({"part-0.csv": GOOD, "more/part-1.csv": day(300, 10)})
    assert manifest["rows"] == {"in": 310, "out": 310, "quarantined": 0}
    assert [each["name"] for each in manifest["objects"]] == ["more/part-1.csv", "part-0.csv"]
    answers = [line.split(",") for line in lines(tmp_path, manifest, "predictions", 1)]
    assert [int(number) for number, _ in answers] == list(range(1, 301))
    assert all(2 < float(answer) < 30 for _, answer in answers)
    assert manifest["model_package_arn"] == ARN


def test_an_empty_object_such_as_that_of_spark_is_no_row_and_no_failure(score: Score) -> None:
    manifest = score({"part-0.csv": GOOD, "_SUCCESS": b""})
    assert manifest["rows"] == {"in": 300, "out": 300, "quarantined": 0}
    empty = next(each for each in manifest["objects"] if each["name"] == "_SUCCESS")
    assert (empty["predictions"], empty["quarantine"]) == (None, None)


SPOILT = {
    b"X" + FIRST[1:]: "sex is 'X', expected one of F, I, M",
    FIRST + b",1": "9 values, expected 8: sex, length, ",
    FIRST.rpartition(b",")[0]: "7 values, expected 8: sex, length, ",
    FIRST.replace(b",", b",tall", 1): "length is 'tall",
    b'"' + FIRST: "no CSV: ",
    FIRST.replace(FIRST[:1], b"\xff", 1): "no UTF-8 at byte 1",
}


def test_a_row_that_cannot_be_scored_is_put_aside_with_its_reason_and_the_others_are_scored(
    score: Score, tmp_path: Path
) -> None:
    content = b"\n".join([FIRST, *(line for bad in SPOILT for line in (bad, FIRST))])
    manifest = score({"part-0.csv": content})
    assert manifest["rows"] == {"in": 13, "out": 7, "quarantined": 6}
    aside = [json.loads(line) for line in lines(tmp_path, manifest, "quarantine")]
    assert [each["place"] for each in aside] == [f"part-0.csv:{number}" for number in (2, 4, 6, 8, 10, 12)]
    for each, reason in zip(aside, SPOILT.values(), strict=True):
        assert each["reason"].startswith(reason)
    assert [line.split(",")[0] for line in lines(tmp_path, manifest, "predictions")] == [
        str(number) for number in range(1, 14, 2)
    ]


def test_rows_that_the_model_refuses_are_found_among_thousands(score: Score, tmp_path: Path) -> None:
    rows = day(0, 6001).split(b"\n")[:-1]
    for index in (0, 4999, 5000, 6000):
        rows[index] = b"X" + rows[index][1:]
    manifest = score({"part-0.csv": b"\n".join(rows)})
    assert manifest["rows"] == {"in": 6001, "out": 5997, "quarantined": 4}
    aside = [json.loads(line)["place"] for line in lines(tmp_path, manifest, "quarantine")]
    assert aside == [f"part-0.csv:{number}" for number in (1, 5000, 5001, 6001)]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + FIRST + b"\r\n" + FIRST + b"\r\n",
        FIRST + b"\r" + FIRST + b"\r",
        FIRST + b"\n\n \n" + FIRST,
        b"\n" + FIRST + b"\n" + FIRST,
    ],
    ids=["a byte order mark and CRLF", "CR alone", "empty lines, and none at the end", "an empty line first"],
)
def test_lines_are_counted_however_they_end(score: Score, content: bytes) -> None:
    assert score({"part-0.csv": content})["rows"] == {"in": 2, "out": 2, "quarantined": 0}


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        file.relative_to(folder).as_posix(): (file.read_bytes(), file.stat().st_mtime_ns)
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_the_same_window_again_gives_the_same_bytes_in_the_same_places(score: Score, tmp_path: Path) -> None:
    objects = {"part-0.csv": GOOD + b"X\n", "part-1.csv": day(300, 20)}
    score(objects)
    score(dict(reversed(objects.items())), folder="again")
    first, again = (
        {name: content for name, (content, _) in snapshot(tmp_path / name).items()} for name in ("output", "again")
    )
    assert first == again
    assert sum(name.endswith("manifest.json") for name in first) == 1


def test_another_window_with_the_same_input_has_a_manifest_of_its_own_and_no_second_results(
    score: Score, tmp_path: Path
) -> None:
    first = score({"part-0.csv": GOOD})
    second = score({"part-0.csv": GOOD}, window="2026-11-29T02:00:00Z")
    assert first["results"] == second["results"]
    assert len(list((tmp_path / "output" / "results").iterdir())) == 1
    assert sorted(each.name for each in (tmp_path / "output" / "runs").iterdir()) == [WINDOW, "2026-11-29T02:00:00Z"]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"code": "fedcba9876543210"}, id="other code"),
        pytest.param({"limits": Limits(psi=0.2)}, id="other limits"),
        pytest.param({"model_package_arn": f"{ARN}2"}, id="another version"),
    ],
)
def test_whatever_decides_the_results_gives_them_another_place(score: Score, changes: dict[str, Any]) -> None:
    assert score({"part-0.csv": GOOD})["results"] != score({"part-0.csv": GOOD}, **changes)["results"]


def test_another_artifact_than_the_released_one_is_not_opened(score: Score, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"the artifact has the SHA-256 [0-9a-f]{64}, and that of .*/1 is 000"):
        score({"part-0.csv": GOOD}, model_sha256="0" * 64)
    assert snapshot(tmp_path / "output") == {}


@pytest.mark.parametrize("objects", [{}, {"part-0.csv": b""}, {"part-0.csv": b" \n\r\n"}])
def test_a_window_without_a_row_is_a_failure(score: Score, objects: dict[str, bytes]) -> None:
    with pytest.raises(RunError, match=f"the input of {WINDOW} has no row"):
        score(objects)


def test_an_empty_object_among_others_has_no_row_and_the_others_are_scored(score: Score) -> None:
    manifest = score({"part-0.csv": b"", "part-1.csv": GOOD})
    assert manifest["rows"] == {"in": 300, "out": 300, "quarantined": 0}
    assert [each["name"] for each in manifest["objects"]] == ["part-0.csv", "part-1.csv"]


@pytest.mark.parametrize("window", ["", "../runs", "a/b", ".hidden", "x" * 101])
def test_a_window_whose_name_is_no_folder_is_refused(score: Score, window: str) -> None:
    with pytest.raises(RunError, match="is no name of a folder"):
        score({"part-0.csv": GOOD}, window=window)


FAILING = {
    "def model_fn(folder): raise MemoryError('no memory')\ndef transform_fn(*_): pass": (MemoryError, "no memory"),
    "def model_fn(folder): pass": (ModelError, "has no transform_fn"),
    "def model_fn(folder): pass\ndef transform_fn(*_): return '1\\n', 'text/csv'": (
        ModelError,
        "300 rows with 1 lines",
    ),
    "def model_fn(folder): pass\ndef transform_fn(*_): return [1 / 0]": (ZeroDivisionError, "division by zero"),
    "from flask import Response\n"
    "def model_fn(folder): pass\n"
    "def transform_fn(*_): return Response('broken', status=503)": (ModelError, "300 rows with 503: broken"),
}


@pytest.mark.parametrize("code", FAILING)
def test_a_model_that_fails_fails_the_run_which_leaves_no_manifest(
    score: Score, tmp_path: Path, model_folder: Path, code: str
) -> None:
    error, message = FAILING[code]
    with pytest.raises(error, match=message):
        score({"part-0.csv": GOOD}, model=other_model(tmp_path, model_folder, code))
    assert [name for name in snapshot(tmp_path / "output") if "manifest" in name] == []


def test_a_model_may_answer_each_row_with_several_values_or_words(
    score: Score, tmp_path: Path, model_folder: Path
) -> None:
    code = (
        "from flask import Response\n"
        "def model_fn(folder): pass\n"
        "def transform_fn(model, content, content_type, accept):\n"
        "    return Response(content.replace('\\n', ',old\\r\\n'))\n"
    )
    manifest = score({"part-0.csv": FIRST}, model=other_model(tmp_path, model_folder, code))
    assert lines(tmp_path, manifest, "predictions") == [f"1,{FIRST.decode()},old"]


def test_an_artifact_without_its_baseline_is_refused(score: Score, tmp_path: Path, model_folder: Path) -> None:
    content = tmp_path / "other" / "content"
    shutil.copytree(model_folder, content)
    (content / "baseline.json").unlink()
    with pytest.raises(RunError, match=r"the artifact has no baseline\.json, the schema of the input"):
        score({"part-0.csv": GOOD}, model=packed(content))


def test_rows_that_are_lost_on_the_way_fail_the_run(
    score: Score, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Output.write

    def losing(output: Output, line: str) -> None:
        if not line.startswith("7,"):
            write(output, line)

    monkeypatch.setattr(Output, "write", losing)
    with pytest.raises(LostRowsError, match=r"part-0\.csv has 300 rows, and 299 \+ 0 came out"):
        score({"part-0.csv": GOOD})
    assert not list(tmp_path.rglob("manifest.json"))


def test_an_object_is_digested_and_counted_before_it_is_read(tmp_path: Path) -> None:
    file = tmp_path / "part-0.csv"
    file.write_bytes(b"\xef\xbb\xbf\r\n1\n\n2")
    entry = Entry.of(file, tmp_path)
    assert (entry.rows, entry.size, entry.sha256) == (2, 9, hashlib.sha256(file.read_bytes()).hexdigest())


@pytest.fixture
def opt_ml(artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folders of a job with 1,000 rows, and one that is spoilt."""
    monkeypatch.setenv("SM_BASE", str(tmp_path / "ml"))
    for name in ("rows", "model"):
        job.processing_input(name).mkdir(parents=True)
    (job.processing_input("rows") / "part-0.csv").write_bytes(day(0) + b"spoilt\n")
    shutil.copy(artifact, job.processing_input("model") / "model.tar.gz")
    return tmp_path / "ml"


def test_a_run_prints_its_metrics_on_one_line(opt_ml: Path, artifact: Path, capsys: pytest.CaptureFixture[str]) -> None:
    job_script.main(arguments("output", job.sha256(artifact)))
    [line] = capsys.readouterr().out.splitlines()
    printed = json.loads(line)
    assert {name: printed[name] for name in ("Project", "Environment", "Rows", "Quarantined")} == {
        "Project": "p-abcdefghijkl",
        "Environment": "prod",
        "Rows": 1000,
        "Quarantined": 1,
    }
    assert printed["QuarantinedPercent"] == pytest.approx(100 / 1001)
    assert printed["DriftedFeatures"] == 0
    manifest = opt_ml / "processing" / "output" / "runs" / WINDOW / "manifest.json"
    assert json.loads(manifest.read_text())["drift"] == {"features": [], "verdict": "stable"}


def test_the_test_of_a_deployment_counts_in_no_metric(
    opt_ml: Path, artifact: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job_script.main(arguments("test", job.sha256(artifact)))
    assert capsys.readouterr().out == ""


def test_shifted_rows_have_drifted(score: Score, tmp_path: Path) -> None:
    heavier = day(0, 1000, lambda row: [*row[:4], str(1.5 * float(row[4])), *row[5:]])
    manifest = score({"part-0.csv": heavier})
    assert manifest["drift"] == {"verdict": "drift", "features": ["whole_weight"]}
    assert "whole_weight" in (tmp_path / "output" / manifest["results"] / "report.html").read_text()
