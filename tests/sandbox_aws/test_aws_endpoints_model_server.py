"""The model server: the inference toolkit's contract, kept with nothing but Python, and the real abalone model."""

import csv
import json
import os
import socket
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from sandbox import environments

REPOSITORY = Path(__file__).parents[2]
SERVER = REPOSITORY / "sandbox" / "aws" / "sagemaker" / "hosting" / "model_server.py"
TEMPLATE = REPOSITORY / "template-repos" / "model-training"

ANSWERED_WITHIN_SECONDS = 60

ECHO = """
def model_fn(model_dir):
    return 1
def transform_fn(model, data, content_type, accept):
    if data == "no":
        raise ValueError("I was told no")
    if data == "never":
        from sagemaker_inference.errors import GenericInferenceToolkitError
        raise GenericInferenceToolkitError(415, "I do not take that")
    return f"{data} as {accept}"
"""


@contextmanager
def serving(
    folder: Path, environment: Mapping[str, str] | None = None, python: Path = Path(sys.executable)
) -> Generator[tuple[subprocess.Popen[bytes], int]]:
    """Run a model server over a folder like `/opt/ml`; yield its process and its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        process = subprocess.Popen(
            [python, SERVER, str(listening.fileno())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[listening.fileno()],
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(folder / "model" / "code"),
                "SM_BASE": str(folder),
                **(environment or {}),
            },
        )
    try:
        yield process, port
    finally:
        process.communicate(timeout=10)


def request(port: int, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, str, bytes]:
    """Return status, content type and body of an answer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=ANSWERED_WITHIN_SECONDS)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    response = connection.getresponse()
    answer = response.status, response.getheader("Content-Type", ""), response.read()
    connection.close()
    return answer


def write_code(folder: Path, code: str, name: str = "inference.py") -> None:
    """Write the code of a model."""
    (folder / "model" / "code").mkdir(parents=True)
    (folder / "model" / "code" / name).write_text(code)


def test_it_answers_as_the_toolkit_does(tmp_path: Path) -> None:
    write_code(tmp_path, ECHO)
    with serving(tmp_path) as (_, port):
        assert request(port, "GET", "/ping")[0] == 200
        assert request(port, "GET", "/other")[0] == 404
        csv_answer = request(port, "POST", "/invocations", b"1,2", Content_Type="text/csv", Accept="text/csv")
        assert csv_answer == (200, "text/csv", b"1,2 as text/csv")
        # Without Accept the toolkit promises JSON; what it does not know as text stays bytes.
        plain = request(port, "POST", "/invocations", b"x", Content_Type="image/png")
        assert plain == (200, "application/json", b"b'x' as application/json")
        status, _, body = request(port, "POST", "/invocations", b"no", Content_Type="text/csv")
        assert (status, body.splitlines()[0]) == (500, b"I was told no")
        status, _, body = request(port, "POST", "/invocations", b"never", Content_Type="text/csv")
        assert (status, body.splitlines()[0]) == (415, b"I do not take that")


def test_the_environment_names_the_program_its_folder_and_the_default_answer(tmp_path: Path) -> None:
    write_code(tmp_path, ECHO, "serve_me.py")
    environment = {
        "SAGEMAKER_PROGRAM": "serve_me.py",
        "SAGEMAKER_SUBMIT_DIRECTORY": str(tmp_path / "model" / "code"),
        "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "text/csv",
    }
    with serving(tmp_path, environment) as (_, port):
        assert request(port, "POST", "/invocations", b"1", Content_Type="text/csv")[1] == "text/csv"


@pytest.mark.parametrize(
    "code",
    ["", "def model_fn(model_dir): pass\ndef transform_fn(m, d, c, a): pass\ndef predict_fn(d, m): pass"],
    ids=["code without functions", "functions that exclude each other"],
)
def test_code_that_breaks_the_contract_is_not_served(tmp_path: Path, code: str) -> None:
    write_code(tmp_path, code)
    with serving(tmp_path) as (process, _):
        assert process.wait(timeout=10) != 0


def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    write_code(tmp_path, ECHO)
    with serving(tmp_path) as (process, port):
        assert request(port, "GET", "/ping")[0] == 200
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=10) == 0
        process.stdin = None


@pytest.mark.slow
def test_the_abalone_model_is_served_as_it_was_evaluated(tmp_path: Path) -> None:
    image = REPOSITORY / "sandbox" / "images" / "sagemaker-xgboost"
    subprocess.run(environments.uv("sync", "--quiet", "--frozen", "--project", str(image)), check=True)
    python = image / ".venv" / "bin" / "python"
    with (TEMPLATE / "data" / "abalone.csv").open() as file:
        rows = [row for row in csv.reader(file) if row[-1].isdigit()][:200]
    train_and_predict = """
import json, pathlib, sys
steps, folder, rows = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), json.loads(sys.stdin.read())
import features, inference, shutil, xgboost
data, rings = [row[:-1] for row in rows], [float(row[-1]) for row in rows]
count = len(features.MEASUREMENTS)
preprocessing = features.Preprocessing(means=(0.0,) * count, scales=(1.0,) * count, categories=("F", "I", "M"))
matrix = xgboost.DMatrix(preprocessing.apply(data), rings, feature_names=preprocessing.names)
booster = xgboost.train({"objective": "reg:squarederror"}, matrix, num_boost_round=10)
(folder / "code").mkdir(parents=True)
booster.save_model(folder / inference.MODEL_FILE)
preprocessing.save(folder / inference.PREPROCESSING_FILE)
for name in ("inference.py", "features.py"):
    shutil.copy(steps / name, folder / "code")
print(json.dumps([float(value) for value in booster.predict(matrix)]))
"""
    trained = subprocess.run(
        [python, "-c", train_and_predict, TEMPLATE / "steps", tmp_path / "model"],
        input=json.dumps(rows),
        env={**os.environ, "PYTHONPATH": str(TEMPLATE / "steps")},
        capture_output=True,
        text=True,
        check=True,
    )
    expected: list[float] = json.loads(trained.stdout)
    body = "\n".join(",".join(row[:-1]) for row in rows).encode()
    settings = {
        "SAGEMAKER_PROGRAM": "inference.py",
        "SAGEMAKER_SUBMIT_DIRECTORY": str(tmp_path / "model" / "code"),
    }
    with serving(tmp_path, settings, python) as (_, port):
        status, kind, answer = request(port, "POST", "/invocations", body, Content_Type="text/csv", Accept="text/csv")
        assert (status, kind) == (200, "text/csv")
        assert [float(line) for line in answer.split()] == pytest.approx(expected, abs=1e-5)
        refused = request(port, "POST", "/invocations", b"1,2", Content_Type="text/csv", Accept="text/csv")
        assert refused[0] == 400
        assert b"expected 8" in refused[2]
        assert request(port, "POST", "/invocations", b"", Content_Type="image/png", Accept="text/csv")[0] == 415
