"""The template of a promoted pipeline as its users get it, and its workflows."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.template_repos.conftest import ROOT, run

TOOLS = Path(sys.executable).parent
ENVIRONMENTS = ("dev", "preprod", "prod")
OWN_ACCOUNTS = {"111111111111", "111122223333", "222222222222", "333333333333", "444444444444"}
"""Accounts of its examples and tests."""


def read(template: Path, name: str) -> dict[str, Any]:
    reader: Any = YAML(typ="safe")
    return reader.load((template / ".github" / "workflows" / name).read_text())


@pytest.fixture
def deploy(pipeline_promotion: Path) -> dict[str, Any]:
    return read(pipeline_promotion, "deploy.yml")


@pytest.fixture
def rollback(pipeline_promotion: Path) -> dict[str, Any]:
    return read(pipeline_promotion, "rollback.yml")


@pytest.fixture
def diff(pipeline_promotion: Path) -> dict[str, Any]:
    return read(pipeline_promotion, "diff.yml")


@pytest.fixture
def deploying(pipeline_promotion: Path) -> dict[str, Any]:
    """The job that deploys to one environment."""
    [job] = read(pipeline_promotion, "deploy-environment.yml")["jobs"].values()
    return job


def commands(job: dict[str, Any]) -> list[str]:
    return [step["run"] for step in job["steps"] if "run" in step]


def test_it_names_no_account_but_those_of_its_examples(pipeline_promotion: Path) -> None:
    for file in pipeline_promotion.rglob("*"):
        if file.is_file() and file.suffix in (".py", ".toml", ".yml", ".md"):
            found = set(re.findall(r"(?<![\dA-Za-z.-])\d{12}(?![\dA-Za-z])", file.read_text()))
            assert found <= OWN_ACCOUNTS, file


def test_the_readme_names_only_files_and_commands_that_exist(pipeline_promotion: Path) -> None:
    text = (pipeline_promotion / "README.md").read_text()
    for name in re.findall(r"`([\w./-]+(?:\.\w+|/))`", text):
        assert name == "project.toml" or (pipeline_promotion / name).exists(), name
    makefile = (pipeline_promotion / "Makefile").read_text()
    for target in re.findall(r"make ([a-z-]+)", text):
        if target not in ("main", "production"):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    section = text.partition("## Settings")[2].partition("\n## ")[0]
    named = {
        name for row in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    }
    assert named == {"data", "approval", "schedule", "time_zone"}


def test_its_steps_are_those_of_the_training_template(pipeline_promotion: Path, model_training: Path) -> None:
    for file in (model_training / "steps").iterdir():
        assert (pipeline_promotion / "steps" / file.name).read_bytes() == file.read_bytes()
    assert not (ROOT / "template-repos" / "pipeline-promotion" / "steps").exists()


def test_its_packages_are_those_of_the_training_template(pipeline_promotion: Path, model_training: Path) -> None:
    ours, theirs = (
        tomllib.loads((each / "pyproject.toml").read_text()) for each in (pipeline_promotion, model_training)
    )
    for each in (ours, theirs):
        del each["project"]["name"], each["project"]["description"]
    # What a promoted pipeline has made is not recorded.
    assert theirs["dependency-groups"].pop("mlflow")
    assert ours == theirs
    locked, others = (
        {
            (package["name"], package["version"]): package.get("wheels", [])
            for package in tomllib.loads((each / "uv.lock").read_text())["package"]
            if "registry" in package["source"]
        }
        for each in (pipeline_promotion, model_training)
    )
    assert locked == {package: others.get(package) for package in locked}


def test_a_commit_reaches_an_environment_only_after_a_green_one_before_it(
    deploy: dict[str, Any], deploying: dict[str, Any]
) -> None:
    jobs = deploy["jobs"]
    assert deploy["on"] == {"push": {"branches": ["main"]}, "workflow_dispatch": None}
    assert list(jobs) == ["project", *ENVIRONMENTS, "tell"]
    needs = ["project", ["project", "dev"], ["project", "preprod"]]
    assert [jobs[name]["needs"] for name in ENVIRONMENTS] == needs
    # A job that says nothing of failures is skipped after one.
    assert {jobs[name]["if"] for name in ENVIRONMENTS} == {"needs.project.outputs.launched == 'true'"}
    for name in ENVIRONMENTS:
        role = f"${{{{ needs.project.outputs.{name}_role }}}}"
        region = "${{ needs.project.outputs.region }}"
        assert jobs[name]["with"] == {"environment": name, "region": region, "role": role}
        assert jobs[name]["permissions"] == deploying["permissions"]
    assert deploying["environment"] == "${{ inputs.environment }}"
    assert deploying["permissions"] == {"actions": "read", "contents": "read", "id-token": "write"}


def test_every_environment_gets_the_same_commands(deploying: dict[str, Any]) -> None:
    assert commands(deploying) == [
        'python3 -m mlops_platform.release.released_by "$ENVIRONMENT"',
        "uv sync --frozen",
        'uv run --frozen python -m pipeline converge "$ENVIRONMENT" --minutes 50',
    ]


def test_production_says_who_released_it_before_a_role_is_assumed(
    deploying: dict[str, Any], rollback: dict[str, Any]
) -> None:
    for job in (deploying, rollback["jobs"]["rollback"]):
        names = [step["name"] for step in job["steps"]]
        (said,) = [step for step in job["steps"] if step["name"] == "Say who released this"]
        assert said["if"] == "inputs.environment == 'prod'"
        told = {key: value for key, value in job["steps"][-1]["env"].items() if key == "RELEASED_BY"}
        assert told == {"RELEASED_BY": f"${{{{ steps.{said['id']}.outputs.released_by }}}}"}
        assert names.index(said["name"]) < names.index("Become the project's workflow role")


def test_following_ends_before_the_job_and_its_credentials_do(deploying: dict[str, Any]) -> None:
    (credentials,) = [step["with"] for step in deploying["steps"] if "role-to-assume" in step.get("with", {})]
    minutes = int(commands(deploying)[-1].rpartition(" ")[2])
    assert minutes + 5 <= deploying["timeout-minutes"] <= credentials["role-duration-seconds"] / 60


def test_a_rollback_is_started_by_hand_behind_its_environment_and_waits_for_no_deployment(
    rollback: dict[str, Any], deploy: dict[str, Any]
) -> None:
    assert list(rollback["on"]) == ["workflow_dispatch"]
    inputs = rollback["on"]["workflow_dispatch"]["inputs"]
    assert inputs["environment"]["options"] == list(ENVIRONMENTS)
    job = rollback["jobs"]["rollback"]
    assert job["environment"] == "${{ inputs.environment }}"
    assert rollback["concurrency"]["group"] != deploy["concurrency"]["group"]
    assert commands(job)[-1] == 'uv run --frozen python -m pipeline rollback "$ENVIRONMENT" "$VERSION"'


def test_a_pull_request_gets_roles_that_preview_and_no_environment(diff: dict[str, Any]) -> None:
    assert diff["on"] == {"pull_request": None}
    job = diff["jobs"]["diff"]
    assert "environment" not in job
    assert job["permissions"] == {"contents": "read", "id-token": "write"}
    roles = {name: f"${{{{ needs.project.outputs.{name}_role }}}}" for name in ENVIRONMENTS}
    assert {each["environment"]: each["role"] for each in job["strategy"]["matrix"]["include"]} == roles
    outputs = diff["jobs"]["project"]["outputs"]
    assert {outputs[f"{name}_role"] for name in ENVIRONMENTS} == {
        f"${{{{ steps.project.outputs.{name}_preview }}}}" for name in ENVIRONMENTS
    }
    assert commands(job)[-1] == 'uv run --frozen python -m pipeline diff "$ENVIRONMENT"'


def test_an_input_never_becomes_part_of_a_command(pipeline_promotion: Path) -> None:
    for file in (pipeline_promotion / ".github" / "workflows").iterdir():
        jobs = read(pipeline_promotion, file.name)["jobs"].values()
        assert not [command for job in jobs if "steps" in job for command in commands(job) if "${{" in command]


def first_job(workflow: dict[str, Any], repository: Path, output: Path) -> subprocess.CompletedProcess[str]:
    """Run the step that reads the project like a runner: with the system's Python, before anything is installed."""
    (script,) = commands(workflow["jobs"]["project"])
    environment = {"PATH": f"{TOOLS}:/usr/bin:/bin", "GITHUB_OUTPUT": str(output), "PYTHONDONTWRITEBYTECODE": "1"}
    command = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
    return run(*command, folder=repository, environment=environment)


@pytest.mark.parametrize("name", ["deploy.yml", "diff.yml", "rollback.yml"])
def test_a_repository_without_a_project_is_green_and_an_incomplete_one_red(
    pipeline_promotion: Path, name: str, tmp_path: Path
) -> None:
    workflow = read(pipeline_promotion, name)
    assert first_job(workflow, pipeline_promotion, tmp_path / "output").returncode == 0
    assert (tmp_path / "output").read_text() == "launched=false\n"
    repository = tmp_path / "repository"
    shutil.copytree(pipeline_promotion, repository)
    (repository / "project.toml").write_text('[project]\nname = "abalone"\n')
    done = first_job(workflow, repository, tmp_path / "other")
    assert done.returncode == 1
    assert (
        "project.toml lacks [aws] region, [dev] workflow_role_arn, [dev] account_id, [dev] prefix, [preprod] workflow"
        in done.stderr
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_its_own_tests_pass(promotion_clone: Path, uv_environment: dict[str, str]) -> None:
    done = run("make", "check", folder=promotion_clone, environment=uv_environment)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    assert re.search(r"\d{2,} passed", done.stdout)


@pytest.mark.slow
def test_the_whole_pipeline_runs_on_a_laptop(promotion_clone: Path, uv_environment: dict[str, str]) -> None:
    done = run("make", "local-run", folder=promotion_clone, environment=uv_environment)
    assert done.returncode == 0, done.stderr[-4000:]
    assert "the model answers all 608 rows as in the evaluation" in done.stdout


@pytest.mark.slow
def test_its_types_are_right(promotion_clone: Path, uv_environment: dict[str, str]) -> None:
    synced = run("uv", "sync", "--frozen", "--group", "test", folder=promotion_clone, environment=uv_environment)
    assert synced.returncode == 0, synced.stderr
    python = promotion_clone / ".venv" / "bin" / "python"
    done = run(str(TOOLS / "pyrefly"), "check", "--python-interpreter-path", str(python), folder=promotion_clone)
    assert done.returncode == 0, done.stdout[-4000:]
