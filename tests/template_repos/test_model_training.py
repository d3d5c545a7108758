"""The model training template as its users get it."""

import json
import re
import shutil
import sys
import tomllib
from hashlib import sha256
from pathlib import Path

import pytest
import yaml

from settings.development import Studio
from tests.template_repos.conftest import ROOT, run

SHA256_OF_ABALONE = "de37cdcdcaaa50c309d514f248f7c2302a5f1f88c168905eba23fe2fbc78449f"


def test_it_is_complete_and_has_a_version(model_training: Path) -> None:
    for name in (
        "README.md",
        "Makefile",
        "uv.lock",
        "settings.toml",
        "mlops_platform/pipeline",
        ".github/workflows/train.yml",
    ):
        assert (model_training / name).exists(), name
    assert re.search(r'^version = "[0-9a-f]{12}"$', (model_training / "template.toml").read_text(), re.MULTILINE)


def test_it_contains_no_caches(model_training: Path) -> None:
    left = [path for path in model_training.rglob("*") if path.name in (".venv", "__pycache__", ".pytest_cache")]
    assert left == []


def test_it_names_no_account_but_those_of_its_examples(model_training: Path) -> None:
    allowed = {"111122223333", "111111111111"}
    for file in model_training.rglob("*"):
        if file.is_file() and file.suffix in (".py", ".toml", ".yml", ".md"):
            found = set(re.findall(r"(?<![\dA-Za-z.-])\d{12}(?![\dA-Za-z])", file.read_text()))
            assert found <= allowed, file


def test_its_data_is_the_public_data_set_with_source_and_licence(model_training: Path) -> None:
    assert sha256((model_training / "data" / "abalone.csv").read_bytes()).hexdigest() == SHA256_OF_ABALONE
    readme = (model_training / "data" / "README.md").read_text()
    for text in (SHA256_OF_ABALONE, "CC BY 4.0", "https://doi.org/10.24432/C55C7W"):
        assert text in readme


def test_no_step_reads_variables_that_only_sagemakers_own_toolkit_sets(model_training: Path) -> None:
    for script in (*(model_training / "steps").glob("*.py"), model_training / "mlops_platform" / "job" / "__init__.py"):
        names = set(re.findall(r"environ[^\n]*?\"(SM_\w+)\"", script.read_text()))
        assert names <= {"SM_BASE"}, script


def test_no_model_is_pickled_and_every_archive_is_unpacked_by_the_function_that_checks_it(model_training: Path) -> None:
    for file in model_training.rglob("*.py"):
        text = file.read_text()
        assert not re.search(r"^\s*(import|from) (pickle|joblib|cloudpickle|dill)", text, re.MULTILINE), file
        assert not re.search(r"\.extract(all)?\(", text), file


def test_the_readme_names_only_files_and_commands_that_exist(model_training: Path) -> None:
    text = (model_training / "README.md").read_text()
    elsewhere = {"project.toml", "smoke/abalone.csv", "smoke/README.md"}
    for name in re.findall(r"`([\w./-]+(?:\.\w+|/))`", text):
        assert name in elsewhere or (model_training / name).exists(), name
    makefile = (model_training / "Makefile").read_text()
    for target in re.findall(r"make ([a-z-]+)", text):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_readme_names_the_instance_types_on_which_people_may_run_jobs(model_training: Path) -> None:
    section = (model_training / "README.md").read_text().partition("## From a notebook")[2].partition("\n## ")[0]
    assert re.findall(r"ml\.\w+\.\w+", section) == Studio.model_fields["job_instance_types"].get_default(
        call_default_factory=True
    )


@pytest.mark.parametrize("image", ["xgboost", "scikit-learn"])
def test_the_packages_of_an_image_are_those_that_the_sandbox_runs_it_with(model_training: Path, image: str) -> None:
    sandbox = tomllib.loads((ROOT / "sandbox" / "images" / f"sagemaker-{image}" / "pyproject.toml").read_text())
    template = tomllib.loads((model_training / "pyproject.toml").read_text())["dependency-groups"][f"{image}-image"]
    assert len(template) >= 6
    assert set(template) <= set(sandbox["project"]["dependencies"])
    code = (model_training / "pipeline" / "images.py").read_text()
    for uri in sandbox["tool"]["sandbox"]["images"]:
        assert f'"{uri.rpartition("/")[2]}"' in code


def test_mlflow_is_pinned_and_in_no_environment_but_its_own(model_training: Path) -> None:
    project = tomllib.loads((model_training / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    assert [re.split("==", pin)[0] for pin in groups["mlflow"]] == ["mlflow-skinny", "sagemaker-mlflow"]
    assert project["tool"]["uv"]["default-groups"] == []
    others = {name: content for name, content in groups.items() if name != "mlflow"}
    assert "mlflow" not in json.dumps([project["project"], others])


def test_dependabot_leaves_the_packages_of_the_images_alone(model_training: Path) -> None:
    groups = tomllib.loads((model_training / "pyproject.toml").read_text())["dependency-groups"]
    names = {re.split("[=;]", pin)[0] for name, pins in groups.items() if name.endswith("-image") for pin in pins}
    configuration = yaml.safe_load((model_training / ".github" / "dependabot.yml").read_text())
    [python] = [update for update in configuration["updates"] if update["package-ecosystem"] == "uv"]
    assert {entry["dependency-name"] for entry in python["ignore"]} == names


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_its_own_tests_pass(clone: Path, uv_environment: dict[str, str]) -> None:
    done = run("make", "check", folder=clone, environment=uv_environment)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    assert re.search(r"\d{2,} passed", done.stdout)


@pytest.mark.slow
def test_the_whole_pipeline_runs_on_a_laptop_and_its_model_is_good_and_served(
    clone: Path, uv_environment: dict[str, str]
) -> None:
    data = clone / "data" / "abalone.csv"
    plain = data.read_text()
    # A value that only quotes can hold, as any data set may have.
    data.write_text(re.sub("^I,", '"I, infant",', plain, flags=re.MULTILINE))
    done = run("make", "local-run", folder=clone, environment=uv_environment)
    data.write_text(plain)
    assert done.returncode == 0, done.stderr[-4000:]
    assert "good enough to be registered" in done.stderr
    assert "the model answers all 587 rows as in the evaluation" in done.stdout
    metrics = {
        name: float(value) for name, value in re.findall(r"^\| ([^|]+) \| ([\d.]+) \|", done.stdout, re.MULTILINE)
    }
    assert 4.0 < metrics["mse"] < 5.1
    assert metrics["mse of always predicting the mean"] > 9


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_another_measurement_in_data_and_features_changes_no_test(clone: Path, uv_environment: dict[str, str]) -> None:
    data, features = clone / "data" / "abalone.csv", clone / "steps" / "features.py"
    before = {file: file.read_text() for file in (data, features)}
    data.write_text(re.sub(r",(\d+)$", r",0.\1,\1", before[data], flags=re.MULTILINE))
    features.write_text(before[features].replace('    "shell_weight",\n', '    "shell_weight",\n    "light",\n'))
    command = ("uv", "run", "--frozen", "--group", "test", "pytest", "-x")
    about_rows = [f"tests/test_{name}.py" for name in ("features", "commands", "inference")]
    done = run(*command, *about_rows, folder=clone, environment=uv_environment)
    for file, text in before.items():
        assert file.read_text() != text
        file.write_text(text)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]


@pytest.mark.parametrize(
    "template", ["model-training", "model-deployment-realtime", "model-deployment-batch", "pipeline-promotion"]
)
def test_dependencies_without_their_lock_are_refused_and_a_mirror_of_packages_is_not(
    template: str, templates: Path, uv_environment: dict[str, str], tmp_path: Path
) -> None:
    for name in ("Makefile", "pyproject.toml", "uv.lock"):
        shutil.copy(templates / template / name, tmp_path)
    mirrors: list[dict[str, str]] = [{}, {"UV_DEFAULT_INDEX": "https://packages.example.com/simple"}]
    for mirror in mirrors:
        done = run("make", "lock", folder=tmp_path, environment={**uv_environment, **mirror, "UV_OFFLINE": "1"})
        assert done.returncode == 0, done.stderr
    pyproject = tmp_path / "pyproject.toml"
    pyproject.write_text(re.sub(r'"boto3>=[^"]*"', '"boto3==1.0.0"', pyproject.read_text()))
    assert run("make", "lock", folder=tmp_path, environment={**uv_environment, "UV_OFFLINE": "1"}).returncode != 0


def test_what_people_and_pull_requests_run_compares_dependencies_and_lock_first(templates: Path) -> None:
    for template, commands in (
        ("model-training", ["test", "local-run"]),
        ("model-deployment-realtime", ["test", "local-run"]),
        ("model-deployment-batch", ["test", "local-run"]),
        ("pipeline-promotion", ["test", "local-run"]),
    ):
        makefile = (templates / template / "Makefile").read_text()
        assert [name for name in commands if not re.search(rf"^{name}: lock\b", makefile, re.MULTILINE)] == []
        checks = (templates / template / ".github" / "workflows" / "checks.yml").read_text()
        assert re.search(r"^check: test\b", makefile, re.MULTILINE)
        assert re.search(r"run: make check$", checks, re.MULTILINE)


@pytest.mark.parametrize(
    "template", ["model-training", "model-deployment-realtime", "model-deployment-batch", "pipeline-promotion"]
)
def test_the_readme_runs_the_repositorys_python_with_its_packages(templates: Path, template: str) -> None:
    readme = (templates / template / "README.md").read_text()
    assert re.findall(r"^.*(?<!uv run )(?<!uv run --frozen )python -m .*$", readme, re.MULTILINE) == []


@pytest.mark.parametrize("template", ["model-deployment-realtime", "model-deployment-batch"])
def test_a_rollback_depends_on_no_index(template: str, templates: Path) -> None:
    deployment = templates / template
    rollback = re.search(r"^rollback:.*\n\t(.+)$", (deployment / "Makefile").read_text(), re.MULTILINE)
    assert rollback
    assert rollback[1].startswith("uv run --frozen ")
    workflow = (deployment / ".github" / "workflows" / "deploy-environment.yml").read_text()
    assert "uv sync --frozen" in workflow
    assert "--locked" not in workflow


@pytest.mark.slow
@pytest.mark.parametrize("target", ["test", "local-run"])
def test_a_dependency_that_is_not_locked_is_refused_with_the_command_that_locks_it(
    clone: Path, uv_environment: dict[str, str], target: str
) -> None:
    project = clone / "pyproject.toml"
    before = project.read_text()
    project.write_text(before.replace('dependencies = ["boto3>=1.44,<2"]', 'dependencies = ["boto3>=1.44,<2", "six"]'))
    done = run("make", target, folder=clone, environment=uv_environment)
    assert project.read_text() != before
    project.write_text(before)
    assert done.returncode != 0
    assert "The lockfile at `uv.lock` needs to be updated" in done.stderr
    assert "run `uv lock`" in done.stderr


@pytest.mark.slow
def test_its_types_are_right(clone: Path, uv_environment: dict[str, str]) -> None:
    synced = run("uv", "sync", "--frozen", "--group", "test", folder=clone, environment=uv_environment)
    assert synced.returncode == 0, synced.stderr
    checker = Path(sys.executable).parent / "pyrefly"
    python = clone / ".venv" / "bin" / "python"
    done = run(str(checker), "check", "--python-interpreter-path", str(python), folder=clone)
    assert done.returncode == 0, done.stdout[-4000:]


@pytest.mark.slow
def test_the_pipeline_alone_needs_boto3_and_nothing_that_trains(
    clone: Path, uv_environment: dict[str, str], tmp_path: Path
) -> None:
    environment = {**uv_environment, "UV_PROJECT_ENVIRONMENT": str(tmp_path / "venv")}
    command = ("uv", "run", "--frozen", "python", "-m", "pipeline", "definition")
    done = run(*command, folder=clone, environment=environment)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["Version"] == "2020-12-01"
    installed = {path.name for path in tmp_path.glob("venv/lib/python*/site-packages/*")}
    assert "boto3" in installed
    assert not installed & {"numpy", "sklearn", "xgboost", "pandas", "sagemaker", "mlflow", "sagemaker_mlflow"}
