"""The program that serves as SageMaker's images do: what it prepares. What it then runs is in tests/sandbox_aws."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlops_platform.serving import container

BASE = Path("/somewhere/ml")
TOOLKIT = "import collections\n\nclass MappingMixin(collections.Mapping):\n    pass\n"


def test_an_image_is_served_by_the_module_of_its_repository() -> None:
    uri = "1.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:3.2-0"
    assert container.serving_module(uri) == "sagemaker_xgboost_container.serving"
    with pytest.raises(
        ValueError, match="ours:1 is not served here, only images of sagemaker-xgboost and sagemaker-sc"
    ):
        container.serving_module("1.dkr.ecr.eu-west-1.amazonaws.com/ours:1")


def test_an_environment_is_finished_once_and_what_it_shares_with_other_environments_stays(tmp_path: Path) -> None:
    packages = tmp_path / "site-packages"
    (packages / "sagemaker_containers").mkdir(parents=True)
    mapping, cached = packages / "sagemaker_containers" / "_mapping.py", tmp_path / "cached.py"
    cached.write_text(TOOLKIT)
    os.link(cached, mapping)
    container.finish(packages)
    patched = mapping.read_text()
    container.finish(packages)
    assert mapping.read_text() == patched
    assert cached.read_text() == TOOLKIT
    check = "import gethostname, sagemaker_containers._mapping as m; print(len(m.MappingMixin.__abstractmethods__))"
    done = subprocess.run(
        [sys.executable, "-c", check], env={"PYTHONPATH": str(packages)}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "3"


def test_variables_of_the_model_replace_those_of_the_image_but_not_those_of_the_folder() -> None:
    given = {
        "PATH": "/usr/bin",
        "SAGEMAKER_MODEL_SERVER_WORKERS": "4",
        "SAGEMAKER_USE_NGINX": "true",
        "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
        "OTHER": "/opt/mlx",
    }
    found = container.environment(BASE, given, isolated=False)
    assert found["SAGEMAKER_MODEL_SERVER_WORKERS"] == "4"
    assert found["SAGEMAKER_USE_NGINX"] == "false"
    assert found["SAGEMAKER_BASE_DIR"] == "/somewhere/ml"
    assert found["SAGEMAKER_SUBMIT_DIRECTORY"] == "/somewhere/ml/model/code"
    assert found["OTHER"] == "/opt/mlx"
    assert found["PATH"] == "/somewhere/layer/bin:/usr/bin"
    assert "PIP_INDEX_URL" not in found


def test_an_isolated_container_has_no_package_index_whatever_the_model_says() -> None:
    given = {"PATH": "", "PIP_INDEX_URL": "https://index.example"}
    assert container.environment(BASE, given, isolated=True)["PIP_INDEX_URL"] == "http://127.0.0.1:9"


def test_gunicorn_listens_to_this_machine_only(tmp_path: Path) -> None:
    script = tmp_path / "gunicorn"
    script.write_text(container.GUNICORN.replace("PYTHON", "printf '%s\\n'"))
    given = ["--timeout", "60", "-b", "0.0.0.0:8080", "a module:main"]
    done = subprocess.run(["sh", script, *given], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        *("-m", "gunicorn", "--reuse-port", "--no-control-socket"),
        *("--timeout", "60", "-b", "127.0.0.1:8080", "a module:main"),
    ]
