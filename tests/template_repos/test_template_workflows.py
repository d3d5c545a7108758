"""The workflows of every launched repository, and those of training in particular."""

import json
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
TELLING = {"actions": "read", "contents": "read", "issues": "write"}
PINNED = re.compile(r"^\s*(?:- )?uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
USED = re.compile(r"^\s*(?:- )?uses: (?!\./)")
"""An action; reusable workflows of the same repository need no version."""
WORKFLOWS = {
    "model-training": ("checks.yml", "tell.yml", "train.yml", "trial.yml"),
    "model-deployment-batch": (
        "checks.yml",
        "deploy-environment.yml",
        "deploy.yml",
        "production.yml",
        "retire-environment.yml",
        "retire.yml",
        "run.yml",
        "tell.yml",
    ),
    "model-deployment-realtime": (
        "checks.yml",
        "deploy-environment.yml",
        "deploy.yml",
        "production.yml",
        "retire-environment.yml",
        "retire.yml",
        "tell.yml",
    ),
    "pipeline-promotion": (
        "checks.yml",
        "deploy-environment.yml",
        "deploy.yml",
        "diff.yml",
        "rollback.yml",
        "tell.yml",
    ),
}


def read(template: Path) -> dict[str, Any]:
    reader: Any = YAML(typ="safe")
    found = sorted((template / ".github" / "workflows").iterdir())
    assert [file.name for file in found] == sorted(WORKFLOWS[template.name])
    return {file.name: reader.load(file.read_text()) for file in found}


@pytest.fixture
def workflows(model_training: Path) -> dict[str, Any]:
    return read(model_training)


@pytest.fixture(params=WORKFLOWS)
def template(templates: Path, request: pytest.FixtureRequest) -> Path:
    """Each template in turn."""
    return templates / request.param


def steps(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def test_the_strictest_audit_finds_nothing(template: Path) -> None:
    command = (str(TOOLS / "zizmor"), "--offline", "--persona", "auditor", "--format", "json", ".github")
    done = run(*command, folder=template)
    assert json.loads(done.stdout) == []


def test_actionlint_and_shellcheck_find_nothing(template: Path, tmp_path: Path) -> None:
    copy = tmp_path / ".github" / "workflows"
    shutil.copytree(template / ".github" / "workflows", copy)
    for file in copy.iterdir():
        # actionlint knows the inputs of actions by their tags only.
        file.write_text(re.sub(r"@[0-9a-f]{40} # (v\S+)", r"@\1", file.read_text()))
    files = [str(file) for file in copy.iterdir()]
    done = run(str(TOOLS / "actionlint"), "-shellcheck", str(TOOLS / "shellcheck"), *files, folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_the_files_follow_githubs_schemas(templates: Path) -> None:
    for schema, pattern, count in (("github-workflows", "workflows/*.yml", 25), ("dependabot", "dependabot.yml", 4)):
        files = [str(file) for file in templates.glob(f"*/.github/{pattern}")]
        assert len(files) == count
        command = (str(TOOLS / "check-jsonschema"), "--builtin-schema", f"vendor.{schema}", *files)
        done = run(*command, folder=templates)
        assert done.returncode == 0, done.stdout


def test_every_action_is_pinned_by_its_commit_and_names_its_version(template: Path) -> None:
    for file in (template / ".github" / "workflows").iterdir():
        used = [line for line in file.read_text().splitlines() if USED.match(line)]
        assert used
        assert [line for line in used if not PINNED.match(line)] == []


def test_templates_and_the_platform_use_the_same_actions(templates: Path) -> None:
    folders = [ROOT / ".github" / "workflows", *(templates / name / ".github" / "workflows" for name in WORKFLOWS)]
    used = {
        line.split("uses: ")[1]
        for folder in folders
        for file in folder.iterdir()
        for line in file.read_text().splitlines()
        if "uses: " in line and "@" in line
    }
    names = [line.partition("@")[0] for line in used]
    assert sorted(names) == sorted(set(names))


def test_no_secret_is_used(template: Path) -> None:
    for file in (template / ".github" / "workflows").iterdir():
        assert "secrets." not in file.read_text()


def test_a_workflow_has_no_permission_that_a_job_does_not_ask_for(template: Path) -> None:
    assert all(workflow["permissions"] == {} for workflow in read(template).values())


def test_every_job_has_a_time_limit_and_a_shell_that_notices_a_failure_within_a_pipe(template: Path) -> None:
    for workflow in read(template).values():
        assert all(job["timeout-minutes"] for job in workflow["jobs"].values() if "uses" not in job)
        assert workflow["defaults"]["run"]["shell"] == "bash"


def test_training_starts_on_main_and_by_hand_and_never_for_a_pull_request(workflows: dict[str, Any]) -> None:
    train = workflows["train.yml"]
    reason = train["on"]["workflow_dispatch"]["inputs"]["reason"]
    assert train["on"] == {"push": {"branches": ["main"]}, "workflow_dispatch": {"inputs": {"reason": reason}}}
    # The platform finds its run by the title.
    assert (reason["default"], train["run-name"]) == ("", "${{ inputs.reason }}")
    assert workflows["checks.yml"]["on"] == {"pull_request": None}


def test_only_training_may_ask_for_credentials_in_its_environment_and_a_trial_outside_of_any(
    workflows: dict[str, Any],
) -> None:
    jobs = [
        (name, key, job.get("permissions"), job.get("environment"))
        for name, workflow in workflows.items()
        for key, job in workflow["jobs"].items()
    ]
    assert jobs == [
        ("checks.yml", "checks", {"contents": "read"}, None),
        ("tell.yml", "tell", TELLING, None),
        ("train.yml", "project", {"contents": "read"}, None),
        ("train.yml", "train", {"contents": "read", "id-token": "write"}, "dev"),
        ("train.yml", "tell", TELLING, None),
        ("trial.yml", "project", {"contents": "read"}, None),
        ("trial.yml", "trial", {"contents": "read", "id-token": "write"}, None),
    ]


def test_a_pull_request_runs_the_tests_and_the_quality_gate(workflows: dict[str, Any]) -> None:
    assert [step["run"] for step in steps(workflows["checks.yml"]) if "run" in step] == ["make check", "make local-run"]


def test_a_pull_request_is_trained_on_aws_when_somebody_asks_for_it_and_its_pipeline_is_always_removed(
    workflows: dict[str, Any],
) -> None:
    workflow = workflows["trial.yml"]
    assert workflow["on"] == {"pull_request": {"types": ["labeled"]}}
    jobs = workflow["jobs"]
    assert jobs["project"]["if"] == "github.event.label.name == 'train'"
    assert jobs["trial"]["needs"] == "project"
    (credentials,) = [step["with"] for step in jobs["trial"]["steps"] if "role-to-assume" in step.get("with", {})]
    assert credentials["role-to-assume"] == "${{ needs.project.outputs.trial_role }}"
    training, removal = jobs["trial"]["steps"][-2:]
    assert (removal["if"], "remove-trial" in removal["run"]) == ("always()", True)
    minutes = int(training["run"].rpartition(" ")[2])
    # Stopping what still runs takes up to five minutes.
    assert minutes + 5 + 5 <= jobs["trial"]["timeout-minutes"] < credentials["role-duration-seconds"] / 60


def test_the_readme_says_how_the_label_that_a_workflow_waits_for_is_made(template: Path) -> None:
    workflows = "".join(file.read_text() for file in (template / ".github" / "workflows").iterdir())
    for label in re.findall(r"label\.name == '([^']+)'", workflows):
        assert f"gh label create {label}\n" in (template / "README.md").read_text()


def test_waiting_ends_before_the_credentials_and_the_job_do(workflows: dict[str, Any]) -> None:
    job = workflows["train.yml"]["jobs"]["train"]
    (credentials,) = [step["with"] for step in job["steps"] if "role-to-assume" in step.get("with", {})]
    (wait,) = [step["run"] for step in job["steps"] if "pipeline wait" in step.get("run", "")]
    minutes = int(wait.rpartition(" ")[2])
    assert minutes + 5 <= job["timeout-minutes"] <= credentials["role-duration-seconds"] / 60


TELLS = {
    ("model-training", "train.yml"): ("Training failed", "${{ inputs.reason != '' }}"),
    ("model-deployment-batch", "deploy.yml"): ("Deployment failed", "${{ inputs.approval != '' }}"),
    ("model-deployment-batch", "production.yml"): ("Release to production failed", True),
    ("model-deployment-realtime", "deploy.yml"): ("Deployment failed", "${{ inputs.approval != '' }}"),
    ("model-deployment-realtime", "production.yml"): ("Release to production failed", True),
    ("pipeline-promotion", "deploy.yml"): ("Deployment failed", True),
}
"""The workflows whose runs somebody else than those concerned has started: title of the issue, and when nobody else is told."""


def test_runs_that_the_platform_starts_or_somebody_else_lets_in_are_told_when_they_fail(templates: Path) -> None:
    found = {
        (name, file): (job["with"]["title"], job["with"]["unattended"])
        for name in WORKFLOWS
        for file, workflow in read(templates / name).items()
        for job in workflow["jobs"].values()
        if job.get("uses") == "./.github/workflows/tell.yml"
    }
    assert found == TELLS


@pytest.mark.parametrize(("name", "file"), TELLS)
def test_the_job_that_tells_comes_last_sees_every_result_and_no_other_writes_issues(
    templates: Path, name: str, file: str
) -> None:
    jobs = read(templates / name)[file]["jobs"]
    tell = jobs["tell"]
    assert set(tell["needs"]) == set(jobs) - {"tell"}
    assert tell["if"].startswith("${{ !cancelled() && ")
    assert tell["with"]["results"] == "${{ join(needs.*.result, ' ') }}"
    assert tell["permissions"] == TELLING
    assert [key for key, job in jobs.items() if "issues" in job.get("permissions", {})] == ["tell"]


def test_every_workflow_tells_by_the_same_job(templates: Path) -> None:
    texts = {(templates / name / ".github" / "workflows" / "tell.yml").read_text() for name in WORKFLOWS}
    assert len(texts) == 1


def test_two_trainings_never_overlap(workflows: dict[str, Any]) -> None:
    assert workflows["train.yml"]["concurrency"]["cancel-in-progress"] is False


GROUPS = {
    # The newest state of a branch.
    "checks-${{ github.ref }}": {"checks.yml"},
    # The newest commit, or the newest version that somebody wants there. Whoever retires wants none.
    "deploy": {"deploy.yml", "retire.yml"},
    "diff-${{ github.ref }}": {"diff.yml"},
    "drift": {"drift.yml"},
    # The branch says what production has, whether that is a version or none.
    "production": {"production.yml"},
    "pull-request-${{ github.event.pull_request.number }}": {"pull-request.yml"},
    "rollback-${{ inputs.environment }}": {"rollback.yml"},
    "run-${{ inputs.environment }}-${{ inputs.first }}-${{ inputs.last }}": {"run.yml"},
    "stack-${{ inputs.stack }}": {"deploy-stack.yml"},
    "train-${{ github.ref }}": {"train.yml"},
    "trial-${{ github.event.pull_request.number }}-${{ github.event.label.name }}": {"trial.yml"},
}
"""The concurrency groups of all workflows, the platform's own included. Of the runs that wait in a group, GitHub keeps only the newest
(Workflow syntax for GitHub Actions, `concurrency`), so it has to do what the others would have done."""


def test_no_workflow_shares_a_group_with_one_whose_waiting_run_it_must_not_replace(templates: Path) -> None:
    reader: Any = YAML(typ="safe")
    found: dict[str, set[str]] = {}
    for folder in (ROOT, *(templates / name for name in WORKFLOWS)):
        for file in (folder / ".github" / "workflows").iterdir():
            workflow = reader.load(file.read_text())
            for each in (workflow, *workflow["jobs"].values()):
                if "concurrency" in each:
                    found.setdefault(each["concurrency"]["group"], set()).add(file.name)
    assert found == GROUPS


def test_a_run_that_an_event_makes_do_nothing_replaces_none_that_waits(templates: Path) -> None:
    for name in WORKFLOWS:
        for file, workflow in read(templates / name).items():
            # A run enters the group of its workflow before any condition of a job is looked at.
            conditions = " ".join(job.get("if", "") for job in workflow["jobs"].values())
            decided_by = set(re.findall(r"github\.event\.[\w.]+", conditions))
            assert decided_by <= set(re.findall(r"github\.event\.[\w.]+", str(workflow.get("concurrency")))), (
                name,
                file,
            )


PROJECT = """
[project]
name = "abalone"
id = "p-abcdefghijkl"
[aws]
region = "eu-west-1"
[pipeline]
name = "abalone-p-abcdefghijkl"
role_arn = "arn:aws:iam::111111111111:role/pipeline"
job_role_arn = "arn:aws:iam::111111111111:role/job"
artifact_bucket = "bucket"
kms_key_arn = "arn:aws:kms:eu-west-1:111111111111:key/1"
model_package_group = "abalone-p-abcdefghijkl"
subnet_ids = ["subnet-1"]
security_group_ids = ["sg-1"]
[workflow]
role_arn = "arn:aws:iam::111111111111:role/workflow"
[trial]
role_arn = "arn:aws:iam::111111111111:role/trial"
pipeline_role_arn = "arn:aws:iam::111111111111:role/trial-steps"
job_role_arn = "arn:aws:iam::111111111111:role/trial-job"
[images]
account_id = "222222222222"
"""


def first_job(workflows: dict[str, Any], repository: Path, output: Path) -> subprocess.CompletedProcess[str]:
    """Run the step that reads the project like a runner: with the system's Python, before anything is installed."""
    (script,) = [step["run"] for step in workflows["train.yml"]["jobs"]["project"]["steps"] if "run" in step]
    environment = {"PATH": f"{TOOLS}:/usr/bin:/bin", "GITHUB_OUTPUT": str(output), "PYTHONDONTWRITEBYTECODE": "1"}
    command = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
    return run(*command, folder=repository, environment=environment)


def test_a_repository_without_a_project_is_green_and_trains_nothing(
    workflows: dict[str, Any], model_training: Path, tmp_path: Path
) -> None:
    assert first_job(workflows, model_training, tmp_path / "output").returncode == 0
    assert (tmp_path / "output").read_text() == "launched=false\n"
    assert workflows["train.yml"]["jobs"]["train"]["if"] == "needs.project.outputs.launched == 'true'"


def test_a_launched_repository_passes_its_region_and_role_to_the_training_job(
    workflows: dict[str, Any], model_training: Path, tmp_path: Path
) -> None:
    repository = tmp_path / "repository"
    shutil.copytree(model_training, repository)
    (repository / "project.toml").write_text(PROJECT)
    assert first_job(workflows, repository, tmp_path / "output").returncode == 0
    assert (tmp_path / "output").read_text().splitlines() == [
        "launched=true",
        "region=eu-west-1",
        "role=arn:aws:iam::111111111111:role/workflow",
        "trial_role=arn:aws:iam::111111111111:role/trial",
        "mlflow=false",
    ]


def test_an_incomplete_project_is_red_rather_than_skipped(
    workflows: dict[str, Any], model_training: Path, tmp_path: Path
) -> None:
    repository = tmp_path / "repository"
    shutil.copytree(model_training, repository)
    (repository / "project.toml").write_text(PROJECT.replace("region", "regoin"))
    done = first_job(workflows, repository, tmp_path / "output")
    assert done.returncode == 1
    assert "project.toml lacks [aws] region" in done.stderr
