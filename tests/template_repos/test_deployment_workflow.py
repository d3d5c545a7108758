"""What the workflows of a deployment repository do, and in which order."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.template_repos.conftest import ROOT, run

TOOLS = Path(sys.executable).parent


@pytest.fixture
def deploy(model_deployment: Path) -> dict[str, Any]:
    return _read(model_deployment / ".github" / "workflows" / "deploy.yml")


def _read(file: Path) -> dict[str, Any]:
    reader: Any = YAML(typ="safe")
    return reader.load(file.read_text())


def test_a_deployment_is_started_with_one_version_and_its_title_says_which(deploy: dict[str, Any]) -> None:
    assert list(deploy["on"]) == ["workflow_dispatch"]
    inputs = deploy["on"]["workflow_dispatch"]["inputs"]
    assert {name: each.get("required", False) for name, each in inputs.items()} == {
        "model_package_arn": True,
        "approval": False,
    }
    assert deploy["run-name"] == "Deploy ${{ inputs.model_package_arn }} ${{ inputs.approval }}"


def test_a_second_deployment_waits_for_the_first(deploy: dict[str, Any]) -> None:
    assert deploy["concurrency"] == {"group": "deploy", "cancel-in-progress": False}


def test_production_follows_a_green_preprod_and_each_is_reached_from_its_own_environment_alone(
    deploy: dict[str, Any],
) -> None:
    jobs = deploy["jobs"]
    assert list(jobs) == ["project", "preprod", "prod"]
    assert (jobs["preprod"]["needs"], jobs["prod"]["needs"]) == ("project", ["project", "preprod"])
    assert [job.get("environment") for job in jobs.values()] == [None, "preprod", "prod"]
    # A job that says nothing of failures is skipped after one.
    assert {job["if"] for job in (jobs["preprod"], jobs["prod"])} == {"needs.project.outputs.launched == 'true'"}
    assert [job["permissions"] for job in jobs.values()] == [
        {"contents": "read"},
        {"contents": "read", "id-token": "write"},
        {"contents": "read", "id-token": "write"},
    ]


def test_both_environments_get_the_same_steps(deploy: dict[str, Any]) -> None:
    preprod, prod = (str(deploy["jobs"][name]["steps"]) for name in ("preprod", "prod"))
    assert preprod.replace("preprod", "prod") == prod


def test_an_endpoint_is_tested_after_it_was_deployed(deploy: dict[str, Any]) -> None:
    commands = [step["run"] for step in deploy["jobs"]["prod"]["steps"] if "run" in step]
    assert commands == [
        "uv sync --frozen",
        'uv run --frozen python -m deployment deploy prod "$MODEL_PACKAGE_ARN"',
        "uv run --frozen python -m deployment test prod",
    ]


def test_an_input_never_becomes_part_of_a_command(deploy: dict[str, Any]) -> None:
    commands = [step["run"] for job in deploy["jobs"].values() for step in job["steps"] if "run" in step]
    assert not [command for command in commands if "${{" in command]


def test_deploying_ends_while_the_credentials_last_which_its_role_allows(deploy: dict[str, Any]) -> None:
    roles = (ROOT / "products" / "parts" / "project-roles.yaml").read_text()
    (allowed,) = re.findall(r"^ +MaxSessionDuration: (\d+)$", roles.partition("DeploymentRole:")[2], re.MULTILINE)
    for name in ("preprod", "prod"):
        job = deploy["jobs"][name]
        (credentials,) = [step["with"] for step in job["steps"] if "role-to-assume" in step.get("with", {})]
        assert job["timeout-minutes"] < credentials["role-duration-seconds"] / 60 <= int(allowed) / 60
        assert credentials["role-to-assume"] == f"${{{{ needs.project.outputs.{name}_role }}}}"


def test_the_engine_has_the_version_of_its_sdk(deploy: dict[str, Any], model_deployment: Path) -> None:
    versions = {
        step["with"]["pulumi-version"]
        for job in deploy["jobs"].values()
        for step in job["steps"]
        if step.get("uses", "").startswith("pulumi/actions@")
    }
    (version,) = versions
    assert f'"pulumi=={version}"' in (model_deployment / "pyproject.toml").read_text()


def test_checks_run_for_every_change_and_when_the_project_is_launched(model_deployment: Path) -> None:
    checks = _read(model_deployment / ".github" / "workflows" / "checks.yml")
    assert checks["on"] == {"push": {"branches": ["main"]}, "pull_request": None, "workflow_dispatch": None}
    (job,) = checks["jobs"].values()
    assert job["permissions"] == {"contents": "read"}
    assert [step["run"] for step in job["steps"] if "run" in step] == ["make check"]


def first_job(deploy: dict[str, Any], repository: Path, output: Path) -> subprocess.CompletedProcess[str]:
    """Run the step that reads the project as a runner does: by the system's Python, before anything is installed."""
    (script,) = [step["run"] for step in deploy["jobs"]["project"]["steps"] if "run" in step]
    environment = {"PATH": f"{TOOLS}:/usr/bin:/bin", "GITHUB_OUTPUT": str(output), "PYTHONDONTWRITEBYTECODE": "1"}
    command = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
    return run(*command, folder=repository, environment=environment)


def test_a_repository_without_a_project_is_green_and_deploys_nothing(
    deploy: dict[str, Any], model_deployment: Path, tmp_path: Path
) -> None:
    assert first_job(deploy, model_deployment, tmp_path / "output").returncode == 0
    assert (tmp_path / "output").read_text() == "launched=false\n"


def test_an_incomplete_project_is_red_rather_than_skipped(
    deploy: dict[str, Any], model_deployment: Path, tmp_path: Path
) -> None:
    repository = tmp_path / "repository"
    shutil.copytree(model_deployment, repository)
    (repository / "project.toml").write_text('[project]\nname = "abalone"\n')
    done = first_job(deploy, repository, tmp_path / "output")
    assert done.returncode == 1
    assert "project.toml lacks [project] id, [preprod] environment, " in done.stderr
