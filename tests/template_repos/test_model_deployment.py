"""The template of real-time deployment as its users get it."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.template_repos.conftest import ROOT, run


def test_it_is_complete_and_has_a_version(model_deployment: Path) -> None:
    for name in ("README.md", "Makefile", "uv.lock", "settings.toml", "Pulumi.yaml", "mlops_platform/release", "smoke"):
        assert (model_deployment / name).exists(), name
    assert re.search(r'^version = "[0-9a-f]{12}"$', (model_deployment / "template.toml").read_text(), re.MULTILINE)


def test_what_deploys_has_nothing_that_trains_or_serves(model_deployment: Path) -> None:
    locked = tomllib.loads((model_deployment / "uv.lock").read_text())["package"]
    assert not {package["name"] for package in locked} & {"sagemaker", "xgboost-cpu", "pandas"}
    # The job that watches has it from its image; here it is for the checks.
    needed = tomllib.loads((model_deployment / "pyproject.toml").read_text())["project"]["dependencies"]
    assert [each for each in needed if "numpy" in each] == []


def test_a_local_run_serves_with_the_packages_by_which_training_serves(
    model_deployment: Path, model_training: Path
) -> None:
    ours, theirs = (
        {
            (each["name"], each["version"])
            for each in tomllib.loads((folder / "uv.lock").read_text())["package"]
            if "registry" in each["source"]
        }
        for folder in (model_deployment / "local_run", model_training)
    )
    assert ours <= theirs
    groups = [
        tomllib.loads((folder / "pyproject.toml").read_text())["dependency-groups"]["xgboost-image"]
        for folder in (model_deployment / "local_run", model_training)
    ]
    assert groups[0] == groups[1]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_it_serves_the_model_that_the_training_repository_makes(
    deployment_clone: Path, trained_model: Path, uv_environment: dict[str, str]
) -> None:
    command = ("make", "local-run", f"MODEL={trained_model}")
    done = run(*command, folder=deployment_clone, environment=uv_environment)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "## the model answers\n\n50 rows, off by " in done.stdout
    settings = deployment_clone / "settings.toml"
    before = settings.read_text()
    settings.write_text(re.sub(r"mean_absolute_error = \S+", "mean_absolute_error = 0.1", before))
    done = run(*command, folder=deployment_clone, environment=uv_environment)
    settings.write_text(before)
    assert done.returncode != 0
    assert re.search(r"error: the model is off by \S+ on average; settings.toml allows 0.1", done.stderr)


def test_it_has_the_engine_and_the_provider_that_the_platform_was_tested_with(model_deployment: Path) -> None:
    def versions(file: Path) -> dict[str, str]:
        locked = tomllib.loads(file.read_text())["package"]
        return {each["name"]: each["version"] for each in locked if each["name"] in ("pulumi", "pulumi-aws")}

    assert versions(model_deployment / "uv.lock") == versions(ROOT / "uv.lock")


def test_it_names_no_account_but_those_of_its_examples(model_deployment: Path) -> None:
    for file in model_deployment.rglob("*"):
        if (
            file.is_file()
            and file.suffix in (".py", ".toml", ".yml", ".yaml", ".md")
            and file.parent.name not in ("tests", "testing")
        ):
            found = set(re.findall(r"(?<![\dA-Za-z.-])\d{12}(?![\dA-Za-z])", file.read_text()))
            assert found == set(), file


def test_its_rows_are_of_the_public_data_set_with_source_and_licence(
    model_deployment: Path, model_training: Path
) -> None:
    every = (model_training / "data" / "abalone.csv").read_text().splitlines()
    rows = (model_deployment / "smoke" / "abalone.csv").read_text().splitlines()
    assert len(rows) == 50
    assert set(rows) <= set(every)
    readme = (model_deployment / "smoke" / "README.md").read_text()
    for text in ("CC BY 4.0", "https://doi.org/10.24432/C55C7W"):
        assert text in readme


def test_the_readme_names_only_files_and_commands_that_exist(model_deployment: Path) -> None:
    text = (model_deployment / "README.md").read_text()
    written_later = {
        "model.tar.gz",
        "project.toml",
        "release.json",
        "baseline.json",
        "drift.json",
        "report.html",
        "quarantine.jsonl",
    }
    for name in re.findall(r"`([\w./-]+(?:\.\w+|/))`", text):
        assert name in written_later or (model_deployment / name).exists(), name
    makefile = (model_deployment / "Makefile").read_text()
    for target in re.findall(r"make ([a-z-]+)", text):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_its_own_checks_pass_without_a_project(deployment_clone: Path, uv_environment: dict[str, str]) -> None:
    assert not (deployment_clone / "project.toml").exists()
    done = run("make", "check", folder=deployment_clone, environment=uv_environment)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    assert re.search(r"\d{2,} passed", done.stdout)


@pytest.mark.slow
def test_rows_with_another_column_change_no_test(deployment_clone: Path, uv_environment: dict[str, str]) -> None:
    rows = deployment_clone / "smoke" / "abalone.csv"
    before = rows.read_text()
    rows.write_text(re.sub(r",(\d+)$", r",0.\1,\1", "\n".join(before.splitlines()[:40]), flags=re.MULTILINE))
    done = run("make", "test", folder=deployment_clone, environment=uv_environment)
    rows.write_text(before)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_its_types_are_checked(deployment_clone: Path, uv_environment: dict[str, str]) -> None:
    wrong = deployment_clone / "deployment" / "wrong.py"
    wrong.write_text("number: int = 'text'\n")
    command = ("uv", "run", "--frozen", "--group", "check", "pyrefly", "check", "--summary=none")
    done = run(*command, folder=deployment_clone, environment=uv_environment)
    wrong.unlink()
    assert done.returncode != 0
    assert "deployment/wrong.py:1" in done.stdout + done.stderr
