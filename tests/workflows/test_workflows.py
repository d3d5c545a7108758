"""The platform's own workflows: linted, and the rules that a linter does not know."""

import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((CHECKOUT / ".github" / "workflows").glob("*.yml"))


def _load(path: Path) -> dict[Any, Any]:
    return cast("dict[Any, Any]", yaml.safe_load(path.read_text()))


def _tool(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / name
    return subprocess.run([program, *arguments], cwd=CHECKOUT, capture_output=True, text=True, check=False)


def test_actionlint_and_shellcheck_find_nothing() -> None:
    result = _tool("actionlint", *WORKFLOWS)
    assert (result.returncode, result.stdout) == (0, "")


def test_zizmor_finds_nothing_for_its_auditor_persona() -> None:
    result = _tool("zizmor", "--persona", "auditor", "--offline", "--format", "json", ".github")
    assert (result.returncode, result.stdout.strip()) == (0, "[]")


def test_the_files_follow_their_published_schemas() -> None:
    for schema, files in {
        "vendor.github-workflows": WORKFLOWS,
        "vendor.dependabot": [CHECKOUT / ".github" / "dependabot.yml"],
    }.items():
        result = _tool("check-jsonschema", "--builtin-schema", schema, *files)
        assert result.returncode == 0, result.stdout


def test_a_pull_request_never_applies() -> None:
    text = (CHECKOUT / ".github" / "workflows" / "pull-request.yml").read_text()
    assert "pulumi preview" in text
    assert not [word for word in ("pulumi up", "pulumi destroy", "pulumi refresh", "deploy_role_arn") if word in text]


def test_nothing_runs_with_rights_on_code_that_nobody_has_reviewed() -> None:
    assert [path.name for path in WORKFLOWS if "pull_request_target" in path.read_text()] == []


def test_environments_are_deployed_one_after_the_other() -> None:
    jobs = _load(CHECKOUT / ".github" / "workflows" / "deploy.yml")["jobs"]
    assert [jobs[name]["needs"] for name in ("dev", "preprod", "prod")] == [
        "stacks",
        ["stacks", "dev"],
        ["stacks", "preprod"],
    ]
    assert {name: jobs[name]["with"]["environment"] for name in ("dev", "preprod", "prod")} == {
        "dev": "dev",
        "preprod": "preprod",
        "prod": "prod",
    }


def test_a_unit_whose_deployment_fails_does_not_interrupt_those_of_others() -> None:
    jobs = _load(CHECKOUT / ".github" / "workflows" / "deploy.yml")["jobs"]
    assert [jobs[name]["strategy"]["fail-fast"] for name in ("dev", "preprod", "prod")] == [False] * 3


def test_each_stack_is_deployed_by_one_run_at_a_time_behind_its_environment() -> None:
    job = _load(CHECKOUT / ".github" / "workflows" / "deploy-stack.yml")["jobs"]["deploy"]
    assert job["concurrency"] == {"group": "stack-${{ inputs.stack }}", "cancel-in-progress": False}
    assert job["environment"] == "${{ inputs.environment }}"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_has_no_permission_that_a_job_does_not_ask_for(path: Path) -> None:
    assert _load(path)["permissions"] == {}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_job_ends_by_itself(path: Path) -> None:
    jobs = cast("dict[str, dict[str, Any]]", _load(path)["jobs"])
    assert [name for name, job in jobs.items() if "uses" not in job and "timeout-minutes" not in job] == []
