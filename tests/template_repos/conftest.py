"""The templates as they are published, and their environments."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PUBLISH = ROOT / "template-repos" / "publish.py"


def run(*command: str, folder: Path, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program and return its output and exit code."""
    return subprocess.run(
        command, cwd=folder, env=environment or dict(os.environ), capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All templates as they are published, one folder each; read only."""
    folder = tmp_path_factory.mktemp("templates")
    done = run(sys.executable, str(PUBLISH), "--assemble", str(folder), folder=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def model_training(templates: Path) -> Path:
    """The model training template as it is published; read only."""
    return templates / "model-training"


@pytest.fixture(scope="session")
def model_deployment(templates: Path) -> Path:
    """The template of real-time deployment as it is published; read only."""
    return templates / "model-deployment-realtime"


@pytest.fixture(scope="session")
def batch_deployment(templates: Path) -> Path:
    """The template of batches as it is published; read only."""
    return templates / "model-deployment-batch"


@pytest.fixture(scope="session")
def batch_clone(batch_deployment: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A writable copy of the template of batches; its environment is installed once."""
    return _clone(batch_deployment, tmp_path_factory)


@pytest.fixture(scope="session")
def pipeline_promotion(templates: Path) -> Path:
    """The template of a promoted pipeline as it is published; read only."""
    return templates / "pipeline-promotion"


@pytest.fixture(scope="session")
def clone(model_training: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A writable copy of the training template; its environment is installed once."""
    return _clone(model_training, tmp_path_factory)


@pytest.fixture(scope="session")
def deployment_clone(model_deployment: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A writable copy of the deployment template; its environment is installed once."""
    return _clone(model_deployment, tmp_path_factory)


@pytest.fixture(scope="session")
def promotion_clone(pipeline_promotion: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A writable copy of the template of a promoted pipeline; its environment is installed once."""
    return _clone(pipeline_promotion, tmp_path_factory)


@pytest.fixture(scope="session")
def trained_model(clone: Path, uv_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of the model that `make local-run` of the training template trains; read only."""
    folder = tmp_path_factory.mktemp("trained")
    done = run("make", "local-run", f"FOLDER={folder}", folder=clone, environment=uv_environment)
    assert done.returncode == 0, done.stderr[-2000:]
    [model] = folder.glob("s3/**/model.tar.gz")
    assert f"The model's archive: {model}" in done.stderr
    return model


def _clone(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clone") / template.name
    shutil.copytree(template, folder)
    return folder


@pytest.fixture(scope="session")
def uv_environment() -> dict[str, str]:
    """Variables with which `uv` is found, and uses no other project's environment."""
    # `uv run` gives its children the path of uv.
    uv = os.environ.get("UV") or shutil.which("uv")
    assert uv, "these tests need uv: run them with `make test`"
    # Without bytecode every job of a local run would compile its libraries anew.
    left_out = ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "PYTHONDONTWRITEBYTECODE")
    others = {name: value for name, value in os.environ.items() if name not in left_out}
    return {**others, "PATH": f"{Path(uv).parent}{os.pathsep}{os.environ['PATH']}", "OMP_NUM_THREADS": "2"}
