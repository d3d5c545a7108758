"""The template of batches as its users get it."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.sandbox_github.client import encoded, repository, seed, start
from tests.template_repos.conftest import ROOT, run

SAME = (
    *("checks.yml", "deploy-environment.yml", "deploy.yml", "production.yml"),
    *("retire-environment.yml", "retire.yml", "tell.yml"),
)
"""Workflows that do what those of real-time deployment do."""


def workflow(template: Path, name: str) -> dict[str, Any]:
    reader: Any = YAML(typ="safe")
    return reader.load((template / ".github" / "workflows" / name).read_text())


def test_it_is_complete_and_has_a_version(batch_deployment: Path) -> None:
    for name in (
        "README.md",
        "Makefile",
        "uv.lock",
        "settings.toml",
        "Pulumi.yaml",
        "mlops_platform/monitoring",
        "smoke",
    ):
        assert (batch_deployment / name).exists(), name
    assert re.search(r'^version = "[0-9a-f]{12}"$', (batch_deployment / "template.toml").read_text(), re.MULTILINE)


def test_it_has_the_engine_and_the_provider_that_the_platform_was_tested_with(batch_deployment: Path) -> None:
    def versions(file: Path) -> dict[str, str]:
        locked = tomllib.loads(file.read_text())["package"]
        return {each["name"]: each["version"] for each in locked if each["name"] in ("pulumi", "pulumi-aws")}

    assert versions(batch_deployment / "uv.lock") == versions(ROOT / "uv.lock")


def test_its_packages_of_the_image_have_the_versions_of_the_training_repository(
    batch_deployment: Path, model_training: Path
) -> None:
    ours, theirs = (
        set(tomllib.loads((each / "pyproject.toml").read_text())["dependency-groups"]["xgboost-image"])
        for each in (batch_deployment, model_training)
    )
    assert ours <= theirs


def test_its_rows_are_of_the_public_data_set_with_source_and_licence(
    batch_deployment: Path, model_training: Path
) -> None:
    every = (model_training / "data" / "abalone.csv").read_text()
    assert (batch_deployment / "example" / "abalone.csv").read_text() == every
    assert set((batch_deployment / "smoke" / "abalone.csv").read_text().splitlines()) <= set(every.splitlines())
    for folder in ("example", "smoke"):
        readme = (batch_deployment / folder / "README.md").read_text()
        for text in ("CC BY 4.0", "https://doi.org/10.24432/C55C7W"):
            assert text in readme


def test_it_names_no_account_but_those_of_its_examples(batch_deployment: Path) -> None:
    for file in batch_deployment.rglob("*"):
        if (
            file.is_file()
            and file.suffix in (".py", ".toml", ".yml", ".yaml", ".md")
            and file.parent.name not in ("tests", "testing", "example")
        ):
            found = set(re.findall(r"(?<![\dA-Za-z.-])\d{12}(?![\dA-Za-z])", file.read_text()))
            assert found == set(), file


def test_the_readme_names_only_files_and_commands_that_exist(batch_deployment: Path) -> None:
    text = (batch_deployment / "README.md").read_text()
    in_the_bucket = text.partition("## Where rows come from")[2].partition("\n## ")[0]
    written_later = {"model.tar.gz", "project.toml", "baseline.json", "report.html", "quarantine/"}
    for name in re.findall(r"`([\w./-]+(?:\.\w+|/))`", text.replace(in_the_bucket, "")):
        assert name in written_later or (batch_deployment / name).exists(), name
    makefile = (batch_deployment / "Makefile").read_text()
    for target in re.findall(r"make ([a-z-]+)", text):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("name", SAME)
def test_what_changes_an_account_goes_the_way_of_an_endpoint(
    name: str, batch_deployment: Path, model_deployment: Path
) -> None:
    ours, theirs = workflow(batch_deployment, name), workflow(model_deployment, name)
    assert ours == theirs


def test_neither_a_deployment_nor_another_window_is_lost_when_runs_wait(batch_deployment: Path, tmp_path: Path) -> None:
    call = start(tmp_path, seed())
    call.github.store.seed.runners = 0  # so that every run waits
    path = repository(call, "batch")
    for file in sorted((batch_deployment / ".github" / "workflows").iterdir()):
        body = {"message": "Workflow [skip ci]", "content": encoded(file.read_text())}
        assert call("PUT", f"{path}/contents/.github/workflows/{file.name}", body).status == 201
    version = {"model_package_arn": "arn:aws:sagemaker:eu-west-1:111111111111:model-package/batch/2"}
    one, another = ({"environment": "prod", "first": f"2026-11-{day}T02:00:00Z"} for day in (27, 28))
    for name, inputs in (("run", one), ("deploy", version), ("run", another), ("run", one), ("run", one)):
        body = {"ref": "main", "inputs": inputs}
        assert call("POST", f"{path}/actions/workflows/{name}.yml/dispatches", body).status in (200, 204)
    runs = call("GET", f"{path}/actions/runs").json["workflow_runs"]
    call.github.close()
    assert [(run["name"], run["conclusion"] or run["status"]) for run in reversed(runs)] == [
        ("Run", "queued"),
        ("Deploy", "queued"),
        ("Run", "queued"),
        ("Run", "cancelled"),  # the same window again waits
        ("Run", "pending"),
    ]


def test_windows_are_run_by_hand_in_one_environment_behind_what_a_deployment_is(
    batch_deployment: Path, model_deployment: Path
) -> None:
    running, deploying = workflow(batch_deployment, "run.yml"), workflow(model_deployment, "deploy-environment.yml")
    assert running["on"]["workflow_dispatch"]["inputs"]["environment"]["options"] == ["preprod", "prod"]
    job, [same] = running["jobs"]["run"], deploying["jobs"].values()
    for key in ("environment", "permissions", "timeout-minutes"):
        assert job[key] == same[key], key
    steps = [step["name"] for step in job["steps"]]
    of_deployments = ("Install Pulumi", "Compare the artifact with the approved digest", "Deploy", "Test")
    assert steps == [*(step["name"] for step in same["steps"] if step["name"] not in of_deployments), "Run"]
    # Where releases are pull requests, whoever starts a run on their branch enters nothing.
    entering = "(inputs.environment != 'prod' || needs.project.outputs.prod_branch == 'main')"
    assert job["if"] == f"needs.project.outputs.launched == 'true' && {entering}"
    [credentials] = [step["with"] for step in job["steps"] if "role-to-assume" in step.get("with", {})]
    assert job["timeout-minutes"] < credentials["role-duration-seconds"] / 60 <= 120


def test_its_price_is_the_highest_that_the_platform_knows(batch_deployment: Path) -> None:
    prices = tomllib.loads((ROOT / "costs" / "prices.toml").read_text())["prices"]
    settings = tomllib.loads((batch_deployment / "settings.toml").read_text())
    for environment in ("preprod", "prod"):
        known = prices[f"{settings[environment]['instance_type']}-hour"]["usd"]
        assert settings[environment]["usd_per_hour"] == max(known.values())


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_its_own_checks_pass_without_a_project(batch_clone: Path, uv_environment: dict[str, str]) -> None:
    assert not (batch_clone / "project.toml").exists()
    done = run("make", "check", folder=batch_clone, environment=uv_environment)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    assert re.search(r"\d{2,} passed", done.stdout)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_it_scores_with_the_model_that_the_training_repository_makes(
    batch_clone: Path, trained_model: Path, uv_environment: dict[str, str], tmp_path: Path
) -> None:
    rows = tmp_path / "rows.csv"
    lines = (batch_clone / "smoke" / "abalone.csv").read_text().splitlines()
    rows.write_text("".join(f"{line.rpartition(',')[0]}\n" for line in [*lines, "X,0.4,0.3,0.1,0.5,0.2,0.1,0.1,1"]))
    done = run(
        "make", "local-run", f"MODEL={trained_model}", f"ROWS={rows}", folder=batch_clone, environment=uv_environment
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "51 rows in, 50 out, 1 in quarantine" in done.stderr
    assert "sex is 'X', expected one of those in the training rows" in done.stderr
