"""The model training template as its users get it."""

import json
import re
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from tests.template_repos.conftest import run

SHA256_OF_ABALONE = "de37cdcdcaaa50c309d514f248f7c2302a5f1f88c168905eba23fe2fbc78449f"


def test_it_is_complete_and_has_a_version(model_training: Path) -> None:
    for name in (
        "README.md",
        "Makefile",
        "uv.lock",
        "settings.toml",
        "mlops_platform/pipeline",
        ".github/workflows/train.yml",
    ):
        assert (model_training / name).exists(), name
    assert re.search(r'^version = "[0-9a-f]{12}"$', (model_training / "template.toml").read_text(), re.MULTILINE)


def test_it_contains_no_caches(model_training: Path) -> None:
    left = [path for path in model_training.rglob("*") if path.name in (".venv", "__pycache__", ".pytest_cache")]
    assert left == []


def test_it_names_no_account_but_those_of_its_examples(model_training: Path) -> None:
    allowed = {"111122223333", "111111111111"}
    for file in model_training.rglob("*"):
        if file.is_file() and file.suffix in (".py", ".toml", ".yml", ".md"):
            found = set(re.findall(r"(?<![\dA-Za-z.-])\d{12}(?![\dA-Za-z])", file.read_text()))
            assert found <= allowed, file


def test_its_data_is_the_public_data_set_with_source_and_licence(model_training: Path) -> None:
    assert sha256((model_training / "data" / "abalone.csv").read_bytes()).hexdigest() == SHA256_OF_ABALONE
    readme = (model_training / "data" / "README.md").read_text()
    for text in (SHA256_OF_ABALONE, "CC BY 4.0", "https://doi.org/10.24432/C55C7W"):
        assert text in readme


def test_no_step_reads_variables_that_only_sagemakers_own_toolkit_sets(model_training: Path) -> None:
    for script in (model_training / "steps").glob("*.py"):
        names = set(re.findall(r"environ[^\n]*?\"(SM_\w+)\"", script.read_text()))
        assert names <= {"SM_BASE"}, script


def test_no_model_is_pickled_and_every_archive_is_unpacked_by_the_function_that_checks_it(model_training: Path) -> None:
    for file in model_training.rglob("*.py"):
        text = file.read_text()
        assert not re.search(r"^\s*(import|from) (pickle|joblib|cloudpickle|dill)", text, re.MULTILINE), file
        assert not re.search(r"\.extract(all)?\(", text), file


def test_the_readme_names_only_files_and_commands_that_exist(model_training: Path) -> None:
    text = (model_training / "README.md").read_text()
    written_later = {"project.toml"}
    for name in re.findall(r"`([\w./-]+(?:\.\w+|/))`", text):
        assert name in written_later or (model_training / name).exists(), name
    makefile = (model_training / "Makefile").read_text()
    for target in re.findall(r"make ([a-z-]+)", text):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_its_own_tests_pass(clone: Path, uv_environment: dict[str, str]) -> None:
    done = run("make", "test", folder=clone, environment=uv_environment)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    assert re.search(r"\d{2,} passed", done.stdout)


@pytest.mark.slow
def test_the_whole_pipeline_runs_on_a_laptop_and_its_model_is_good(clone: Path, uv_environment: dict[str, str]) -> None:
    done = run("make", "local-run", folder=clone, environment=uv_environment)
    assert done.returncode == 0, done.stderr[-4000:]
    assert "good enough to be registered" in done.stderr
    metrics = {
        name: float(value) for name, value in re.findall(r"^\| ([^|]+) \| ([\d.]+) \|", done.stdout, re.MULTILINE)
    }
    assert 4.0 < metrics["mse"] < 5.1
    assert metrics["mse of always predicting the mean"] > 10


@pytest.mark.slow
def test_its_types_are_right(clone: Path, uv_environment: dict[str, str]) -> None:
    synced = run("uv", "sync", "--frozen", "--group", "test", folder=clone, environment=uv_environment)
    assert synced.returncode == 0, synced.stderr
    checker = Path(sys.executable).parent / "pyrefly"
    python = clone / ".venv" / "bin" / "python"
    done = run(str(checker), "check", "--python-interpreter-path", str(python), folder=clone)
    assert done.returncode == 0, done.stdout[-4000:]


@pytest.mark.slow
def test_the_pipeline_alone_needs_boto3_and_nothing_that_trains(
    clone: Path, uv_environment: dict[str, str], tmp_path: Path
) -> None:
    environment = {**uv_environment, "UV_PROJECT_ENVIRONMENT": str(tmp_path / "venv")}
    command = ("uv", "run", "--frozen", "python", "-m", "pipeline", "definition")
    done = run(*command, folder=clone, environment=environment)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["Version"] == "2020-12-01"
    installed = {path.name for path in tmp_path.glob("venv/lib/python*/site-packages/*")}
    assert "boto3" in installed
    assert not installed & {"numpy", "sklearn", "xgboost", "pandas", "sagemaker"}
