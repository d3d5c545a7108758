"""The platform's own workflows: linters, and rules that no linter checks."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from bootstrap import arguments

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


UV_CHECKSUM = "68a509da24b06b4223a1c0175fb5eb5bc79342b76cbeff0cfe51ac3f5b17b6b2"
"""SHA-256 of uv 0.12.5 for x86_64-unknown-linux-gnu. Source: astral-sh/setup-uv, src/download/checksum/known-checksums.json."""


def test_every_job_installs_the_makefiles_version_of_uv_and_checks_it() -> None:
    version = re.search(r"^UV_VERSION := (\S+)$", (CHECKOUT / "Makefile").read_text(), re.MULTILINE)
    assert version is not None
    templates = (CHECKOUT / "template-repos").glob("*/.github/workflows/*.yml")
    jobs = [job for path in (*WORKFLOWS, *templates) for job in _load(path)["jobs"].values()]
    steps = [step for job in jobs for step in job.get("steps", ())]
    installing = [step["with"] for step in steps if step.get("uses", "").startswith("astral-sh/setup-uv@")]
    assert len(installing) == 17
    expected = {"version": version[1], "checksum": UV_CHECKSUM, "enable-cache": False}
    assert [each for each in installing if each != expected] == []
    assert [step["run"] for step in steps if re.search(r"pip3? install|astral\.sh", step.get("run", ""))] == []


def test_a_pull_request_never_applies() -> None:
    text = (CHECKOUT / ".github" / "workflows" / "pull-request.yml").read_text()
    assert "bootstrap preview" in text
    assert not [word for word in ("pulumi up", "pulumi destroy", "pulumi refresh", "deploy_role_arn") if word in text]


def test_the_search_for_drift_changes_nothing_and_has_no_secret() -> None:
    path = CHECKOUT / ".github" / "workflows" / "drift.yml"
    text, workflow = path.read_text(), _load(path)
    others = ("pulumi ", "deploy_role_arn", "preview_role_arn", "secrets.")
    assert [word for word in others if word in text] == []
    assert workflow[True].keys() == {"schedule", "workflow_dispatch"}
    job = workflow["jobs"]["compare"]
    assert job["permissions"] == {"contents": "read", "id-token": "write", "issues": "write"}
    # The role trusts jobs on main that run in no environment.
    assert "environment" not in job


def test_no_workflow_gives_permissions_to_code_that_was_not_reviewed() -> None:
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


def test_a_failed_deployment_of_one_unit_does_not_interrupt_those_of_others() -> None:
    jobs = _load(CHECKOUT / ".github" / "workflows" / "deploy.yml")["jobs"]
    assert [jobs[name]["strategy"]["fail-fast"] for name in ("dev", "preprod", "prod")] == [False] * 3


def test_each_stack_is_deployed_by_one_run_at_a_time_behind_its_environment() -> None:
    job = _load(CHECKOUT / ".github" / "workflows" / "deploy-stack.yml")["jobs"]["deploy"]
    assert job["concurrency"] == {"group": "stack-${{ inputs.stack }}", "cancel-in-progress": False}
    assert job["environment"] == "${{ inputs.environment }}"


def _find_stacks(folder: Path, *files: str) -> subprocess.CompletedProcess[str]:
    steps = _load(CHECKOUT / ".github" / "workflows" / "pull-request.yml")["jobs"]["stacks"]["steps"]
    [script] = [step["run"] for step in steps if step.get("id") == "find"]
    for name in files:
        (folder / name).touch()
    environment = {"PATH": os.environ["PATH"], "GITHUB_OUTPUT": str(folder / "output")}
    return subprocess.run(
        ["bash", "-e", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_a_pull_request_previews_every_stack_that_has_a_file(tmp_path: Path) -> None:
    done = _find_stacks(tmp_path, "Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.analytics-prod.yaml")
    assert done.returncode == 0, done.stderr
    name, _, value = (tmp_path / "output").read_text().partition("=")
    assert (name, json.loads(value)) == ("names", ["analytics-prod", "dev"])


@pytest.mark.parametrize("file", ['Pulumi.a","b.yaml', 'Pulumi.a\nnames=["dev"]\nother=b.yaml', "Pulumi.a b.yaml"])
def test_a_file_whose_name_is_no_stacks_is_refused_and_adds_nothing_to_the_outputs(tmp_path: Path, file: str) -> None:
    done = _find_stacks(tmp_path, file)
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 1
    assert done.stdout.startswith("::error::A stack's name has")
    assert not (tmp_path / "output").exists()


def _script(workflow: str, job: str, name: str) -> str:
    steps = _load(CHECKOUT / ".github" / "workflows" / workflow)["jobs"][job]["steps"]
    [script] = [step["run"] for step in steps if step.get("name") == name]
    return cast("str", script)


@pytest.fixture
def runner(tmp_path: Path) -> Path:
    """A folder with a `pulumi` that updates and knows outputs, and a `python` that logs in, previews and counts costs."""
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    engine = 'echo "$@" >> calls\necho "+ a bucket"\necho "the reason" >&2\nexit "${STATUS:-0}"\n'
    pulumi = f"""[ "$LOGGED_IN" = yes ] || exit 9
        [ "$*" = "stack output --json --stack dev" ] && {{ echo "${{DEPLOYED:?AccessDenied}}"; exit; }}
        {engine}"""
    python = f"""case "$*" in
        *login*) [ "${{LOGIN:-}}" = refused ] && {{ echo "not bootstrapped" >&2; exit 1; }}; echo export LOGGED_IN=yes ;;
        *costs*) echo "costs of $4, and $5 before" ;;
        *) [ -z "${{NEW:-}}" ] || echo "New stack: dev does not exist yet"; {engine} ;;
    esac"""
    for name, text in {"pulumi": pulumi, "python": python}.items():
        (programs / name).write_text(f"#!/bin/sh\n{text}")
        (programs / name).chmod(0o755)
    return tmp_path


def _run(runner: Path, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "STACK": "dev",
        "UNIT": "analytics",
        "ENVIRONMENT": "dev",
        "ACCOUNT": "111111111111",
        "GITHUB_REPOSITORY": "acme/mlops-platform",
        "GITHUB_STEP_SUMMARY": str(runner / "summary.md"),
        **variables,
    }
    return subprocess.run(
        # GitHub's shell of a step that names none. Source: GitHub Docs, "Workflow syntax", steps.shell.
        ["bash", "-e", "-c", script],
        cwd=runner,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def _deploy(runner: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return _run(runner, _script("deploy-stack.yml", "deploy", "Deploy"), **variables)


def _preview(runner: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return _run(runner, _script("pull-request.yml", "preview", "Preview"), **variables)


def test_a_deployment_logs_the_preview_that_it_applies(runner: Path) -> None:
    done = _deploy(runner)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "### dev\n```\n+ a bucket\nthe reason\n```\n"
    assert (runner / "summary.md").read_text() == done.stdout
    [call] = (runner / "calls").read_text().splitlines()
    assert call == "up --stack dev --yes --diff --non-interactive --color never"
    assert "--skip-preview" not in call


def test_a_deployment_that_fails_ends_the_job_with_its_reason(runner: Path) -> None:
    done = _deploy(runner, STATUS="255")
    assert done.returncode == 255
    assert done.stdout == "### dev\n```\n+ a bucket\nthe reason\n```\n"
    assert (runner / "summary.md").read_text() == done.stdout


def test_a_deployment_whose_login_fails_ends_with_its_reason_alone(runner: Path) -> None:
    done = _deploy(runner, LOGIN="refused")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "not bootstrapped\n")
    assert not (runner / "calls").exists()


def test_a_preview_is_logged_and_summarised(runner: Path) -> None:
    done = _preview(runner, DEPLOYED="{}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("### dev\n```\n+ a bucket\nthe reason\n```\n")
    assert (runner / "summary.md").read_text() == done.stdout
    assert (runner / "calls").read_text() == "-m bootstrap preview dev\n"


def test_a_preview_that_fails_ends_the_job_with_its_reason(runner: Path) -> None:
    done = _preview(runner, STATUS="3")
    assert (done.returncode, done.stdout) == (3, "### dev\n```\n+ a bucket\nthe reason\n```\n")
    assert (runner / "summary.md").read_text() == done.stdout


def test_a_role_that_cannot_be_taken_is_explained_in_one_line() -> None:
    steps = _load(CHECKOUT / ".github" / "workflows" / "pull-request.yml")["jobs"]["preview"]["steps"]
    [login] = [position for position, step in enumerate(steps) if step.get("id") == "login"]
    assert "configure-aws-credentials@" in steps[login]["uses"]
    assert steps[login + 1]["if"] == "failure() && steps.login.outcome == 'failure'"


def test_the_explanation_names_the_role_the_account_and_the_command_that_prepares_it(runner: Path) -> None:
    done = _run(runner, _script("pull-request.yml", "preview", "Explain the failed login"))
    [said] = done.stdout.splitlines()
    assert (done.returncode, said.startswith("::error::No preview of dev: the role analytics-dev-preview")) == (0, True)
    assert "in account 111111111111" in said
    assert said.removeprefix("::error::") in (runner / "summary.md").read_text().splitlines()
    words = said.partition("python -m bootstrap ")[2].split()
    chosen = arguments.parser().parse_args(words)
    assert (chosen.command, chosen.unit, chosen.environment) == ("up", "analytics", "dev")
    assert (chosen.github_org, chosen.github_repository) == ("acme", "mlops-platform")


def test_the_summary_of_a_pull_request_ends_with_the_difference_in_costs(runner: Path) -> None:
    done = _preview(runner, DEPLOYED='{"idleMonthUsd": 172.9}')
    assert done.returncode == 0, done.stderr
    assert (
        done.stdout == '### dev\n```\n+ a bucket\nthe reason\n```\ncosts of dev, and {"idleMonthUsd": 172.9} before\n'
    )
    assert (runner / "summary.md").read_text() == done.stdout


def test_a_pull_request_tells_a_new_stack_from_one_whose_outputs_cannot_be_read(runner: Path) -> None:
    new = _preview(runner, NEW="yes")
    assert (new.returncode, new.stdout.splitlines()[-1]) == (0, "costs of dev, and new before")
    assert (runner / "calls").read_text() == "-m bootstrap preview dev\n"
    denied = _preview(runner)
    assert (denied.returncode, denied.stdout.splitlines()[-1]) == (0, "costs of dev, and unread before")
    assert "AccessDenied" in denied.stderr


def test_the_preview_of_a_new_stack_begins_as_the_workflow_expects() -> None:
    [beginning] = re.findall(r"grep -q '\^(.+?)' ", _script("pull-request.yml", "preview", "Preview"))
    assert f'report(f"{beginning}' in (CHECKOUT / "bootstrap" / "preview.py").read_text()


def _compare(runner: Path, differences: str, *, status: int = 0) -> subprocess.CompletedProcess[str]:
    python = f"""case "$3" in
        drift) printf '%s' "$DIFFERENCES"; exit {status} ;;
        drift-issue) echo "$4"; cat > issue ;;
    esac"""
    (runner / ".venv" / "bin" / "python").write_text(f"#!/bin/sh\n{python}\n")
    return _run(runner, _script("drift.yml", "compare", "Compare"), DIFFERENCES=differences)


@pytest.mark.parametrize(("differences", "summary"), [("- update `a`\n- delete `b`", None), ("", "No drift.")])
def test_drift_is_summarised_and_told_to_the_issue_of_its_stack(
    runner: Path, differences: str, summary: str | None
) -> None:
    done = _compare(runner, differences)
    assert (done.returncode, done.stdout) == (0, f"### dev\n{summary or differences}\ndev\n"), done.stderr
    assert (runner / "summary.md").read_text() == f"### dev\n{summary or differences}\n"
    assert (runner / "issue").read_text().strip() == differences


def test_a_comparison_that_fails_ends_the_job_and_leaves_the_issue_as_it_is(runner: Path) -> None:
    done = _compare(runner, "", status=1)
    assert (done.returncode, done.stdout) == (1, "")
    assert not (runner / "issue").exists()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_has_no_permissions_of_its_own(path: Path) -> None:
    assert _load(path)["permissions"] == {}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_job_has_a_time_limit(path: Path) -> None:
    jobs = cast("dict[str, dict[str, Any]]", _load(path)["jobs"])
    assert [name for name, job in jobs.items() if "uses" not in job and "timeout-minutes" not in job] == []
