"""The workflows of a deployment repository."""

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


@pytest.fixture
def job(model_deployment: Path) -> dict[str, Any]:
    """The job that deploys to one environment."""
    called = _read(model_deployment / ".github" / "workflows" / "deploy-environment.yml")
    assert list(called["jobs"]) == ["deploy"]
    return called["jobs"]["deploy"]


def _read(file: Path) -> dict[str, Any]:
    reader: Any = YAML(typ="safe")
    return reader.load(file.read_text())


def test_a_deployment_is_started_with_one_version_which_its_title_names(deploy: dict[str, Any]) -> None:
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
    deploy: dict[str, Any], job: dict[str, Any]
) -> None:
    jobs = deploy["jobs"]
    assert list(jobs) == ["project", "preprod", "prod", "tell"]
    assert (jobs["preprod"]["needs"], jobs["prod"]["needs"]) == ("project", ["project", "preprod"])
    assert [caller.get("with", {}).get("environment") for caller in jobs.values()] == [None, "preprod", "prod", None]
    assert (jobs["project"].get("environment"), job["environment"]) == (None, "${{ inputs.environment }}")
    # A job that says nothing of failures is skipped after one.
    launched = "needs.project.outputs.launched == 'true'"
    on_main = f"{launched} && needs.project.outputs.prod_branch == 'main'"
    assert [jobs[name]["if"] for name in ("preprod", "prod")] == [launched, on_main]
    assert [each["permissions"] for each in (*jobs.values(), job)] == [
        {"contents": "read"},
        *[{"actions": "read", "contents": "read", "id-token": "write", "pull-requests": "read"}] * 2,
        {"actions": "read", "contents": "read", "issues": "write"},
        jobs["prod"]["permissions"],
    ]


def test_both_environments_get_the_same_steps(deploy: dict[str, Any]) -> None:
    preprod, prod = (deploy["jobs"][name] for name in ("preprod", "prod"))
    assert preprod["uses"] == prod["uses"] == "./.github/workflows/deploy-environment.yml"
    assert str(preprod["with"]).replace("preprod", "prod") == str(prod["with"])


def test_a_job_is_found_by_the_environment_in_its_name(deploy: dict[str, Any]) -> None:
    names = [deploy["jobs"][name]["name"] for name in ("preprod", "prod")]
    assert names == ["Deploy to preprod", "Deploy to prod"]


def test_an_endpoint_is_tested_after_it_was_deployed(job: dict[str, Any]) -> None:
    commands = [step["run"] for step in job["steps"] if "run" in step]
    assert commands == [
        'python3 -m mlops_platform.release.released_by "$ENVIRONMENT"',
        "uv sync --frozen",
        'uv run --frozen python -m deployment verify "$ENVIRONMENT" "$MODEL_PACKAGE_ARN" "$SHA256"',
        'uv run --frozen python -m deployment deploy "$ENVIRONMENT" "$MODEL_PACKAGE_ARN"',
        'uv run --frozen python -m deployment test "$ENVIRONMENT"',
    ]
    variables: dict[str, str] = {name: value for step in job["steps"] for name, value in step.get("env", {}).items()}
    assert variables == {
        "ENVIRONMENT": "${{ inputs.environment }}",
        "GITHUB_TOKEN": "${{ github.token }}",
        "MODEL_PACKAGE_ARN": "${{ inputs.model_package_arn }}",
        "RELEASED_BY": "${{ steps.released.outputs.released_by }}",
        "SHA256": "${{ inputs.artifact_sha256 }}",
    }
    (verified,) = [step for step in job["steps"] if "SHA256" in step.get("env", {})]
    assert verified["if"] == "inputs.artifact_sha256 != ''"


def test_production_says_who_released_it_before_it_becomes_the_role(job: dict[str, Any]) -> None:
    names = [step["name"] for step in job["steps"]]
    (said,) = [step for step in job["steps"] if step["name"] == "Say who released this"]
    assert said["if"] == "inputs.environment == 'prod'"
    assert names.index(said["name"]) < names.index("Become the project's deployment role")
    assert said["id"] == "released"


def test_an_input_never_becomes_part_of_a_command(deploy: dict[str, Any], job: dict[str, Any]) -> None:
    commands = [step["run"] for each in (deploy["jobs"]["project"], job) for step in each["steps"] if "run" in step]
    assert len(commands) == 6
    assert not [command for command in commands if "${{" in command]


@pytest.fixture
def retire(model_deployment: Path) -> dict[str, Any]:
    return _read(model_deployment / ".github" / "workflows" / "retire.yml")


@pytest.fixture
def retiring(model_deployment: Path) -> dict[str, Any]:
    """The job that retires the endpoint of one environment."""
    [job] = _read(model_deployment / ".github" / "workflows" / "retire-environment.yml")["jobs"].values()
    return job


def test_a_retirement_is_started_by_hand_and_never_runs_beside_a_deployment(
    retire: dict[str, Any], deploy: dict[str, Any]
) -> None:
    assert retire["on"] == {"workflow_dispatch": None}
    assert retire["concurrency"] == deploy["concurrency"]


def test_production_is_retired_behind_its_reviewers_before_preprod(
    retire: dict[str, Any], deploy: dict[str, Any], retiring: dict[str, Any], job: dict[str, Any]
) -> None:
    jobs = retire["jobs"]
    assert {name: each.get("needs") for name, each in jobs.items()} == {
        "project": None,
        "prod": "project",
        "preprod": ["project", "prod"],
    }
    for name in ("preprod", "prod"):
        given = deploy["jobs"][name]["with"]
        assert jobs[name]["with"] == {key: given[key] for key in ("environment", "region", "role")}
        assert jobs[name]["permissions"] == deploy["jobs"][name]["permissions"]
    for key in ("environment", "permissions", "timeout-minutes"):
        assert retiring[key] == job[key]


def test_a_retirement_runs_on_what_a_deployment_runs_on_and_then_does_one_thing(
    retiring: dict[str, Any], job: dict[str, Any]
) -> None:
    *same, last = retiring["steps"]
    session = {"role-session-name": "retire-${{ github.run_id }}-${{ github.run_attempt }}"}
    deploying = [
        {**step, "with": {**step["with"], **session}} if "role" in str(step) else step for step in job["steps"]
    ]
    assert same == deploying[: len(same)]
    assert last["run"] == 'uv run --frozen python -m deployment retire "$ENVIRONMENT"'
    assert last["env"] == {
        "ENVIRONMENT": "${{ inputs.environment }}",
        "RELEASED_BY": "${{ steps.released.outputs.released_by }}",
    }


def test_deploying_ends_before_its_credentials_which_the_role_allows(
    deploy: dict[str, Any], job: dict[str, Any]
) -> None:
    roles = (ROOT / "products" / "parts" / "project-roles.yaml").read_text()
    (allowed,) = re.findall(r"^ +MaxSessionDuration: (\d+)$", roles.partition("DeploymentRole:")[2], re.MULTILINE)
    (credentials,) = [step["with"] for step in job["steps"] if "role-to-assume" in step.get("with", {})]
    assert job["timeout-minutes"] < credentials["role-duration-seconds"] / 60 <= int(allowed) / 60
    assert credentials["role-to-assume"] == "${{ inputs.role }}"
    for name in ("preprod", "prod"):
        assert deploy["jobs"][name]["with"]["role"] == f"${{{{ needs.project.outputs.{name}_role }}}}"


@pytest.fixture
def production(model_deployment: Path) -> dict[str, Any]:
    return _read(model_deployment / ".github" / "workflows" / "production.yml")


def test_a_release_starts_by_a_change_of_the_branch_and_never_by_hand(production: dict[str, Any]) -> None:
    assert production["on"] == {"push": {"branches": ["production"]}}
    assert production["concurrency"] == {"group": "production", "cancel-in-progress": False}


def test_a_release_deploys_or_retires_production_like_the_other_way(
    production: dict[str, Any], deploy: dict[str, Any], retire: dict[str, Any]
) -> None:
    jobs = production["jobs"]
    for name, action, other in (("deploy", "deploy", deploy), ("retire", "retire", retire)):
        job, like = jobs[name], other["jobs"]["prod"]
        assert (job["needs"], job["if"]) == ("release", f"needs.release.outputs.action == '{action}'")
        assert {key: job[key] for key in ("name", "permissions", "uses")} == {
            key: like[key] for key in ("name", "permissions", "uses")
        }
        assert job["with"].keys() - {"artifact_sha256"} == like["with"].keys()
    assert jobs["release"]["permissions"] == {"contents": "read"}
    commands = [step["run"] for step in jobs["release"]["steps"] if "run" in step]
    assert not [command for command in commands if "${{" in command]


def test_nothing_that_is_started_by_hand_enters_production_from_another_branch(
    deploy: dict[str, Any], retire: dict[str, Any]
) -> None:
    for workflow in (deploy, retire):
        assert workflow["jobs"]["prod"]["if"].endswith(" && needs.project.outputs.prod_branch == 'main'")
        assert workflow["jobs"]["project"]["outputs"]["prod_branch"] == "${{ steps.project.outputs.prod_branch }}"


def test_preprod_is_retired_where_production_was_or_is_not_retired_here(retire: dict[str, Any]) -> None:
    assert retire["jobs"]["preprod"]["if"] == (
        "always() && needs.project.outputs.launched == 'true' && "
        'contains(fromJSON(\'["success", "skipped"]\'), needs.prod.result)'
    )


def test_the_engine_has_the_version_of_its_sdk(job: dict[str, Any], model_deployment: Path) -> None:
    versions = {
        step["with"]["pulumi-version"] for step in job["steps"] if step.get("uses", "").startswith("pulumi/actions@")
    }
    (version,) = versions
    assert f'"pulumi=={version}"' in (model_deployment / "pyproject.toml").read_text()


def test_checks_run_for_every_change_and_when_the_project_is_launched(model_deployment: Path) -> None:
    checks = _read(model_deployment / ".github" / "workflows" / "checks.yml")
    assert checks["on"] == {"push": {"branches": ["main"]}, "pull_request": None, "workflow_dispatch": None}
    (only,) = checks["jobs"].values()
    assert only["permissions"] == {"contents": "read"}
    assert [step["run"] for step in only["steps"] if "run" in step] == ["make check"]


def first_job(deploy: dict[str, Any], repository: Path, output: Path) -> subprocess.CompletedProcess[str]:
    """Run the step that reads the project like a runner: with the system's Python, before anything is installed."""
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
