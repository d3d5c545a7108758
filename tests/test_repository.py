"""The repository itself: its layout, and statements in its pages that can be checked."""

import ast
import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from tests import architecture
from tests.conftest import STACKS
from tests.rendering import Rendering, Renderings

CHECKOUT = Path(__file__).parents[1]
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
CONTROLS = (CHECKOUT / "docs" / "controls.md").read_text(encoding="utf-8")
HAS_CONTROLS = {
    "appautoscaling": "AutoScaling",
    "budgets": "Budgets",
    "cloudwatch": "CloudWatch",
    "ec2": "EC2",
    "iam": "IAM",
    "kms": "KMS",
    "lambda": "Lambda",
    "s3": "S3",
    "sagemaker": "SageMaker",
    "scheduler": "EventBridge",
    "secretsmanager": "SecretsManager",
    "servicecatalog": "ServiceCatalog",
    "sns": "SNS",
    "sqs": "SQS",
    "ssm": "SSM",
    "vpc": "EC2",
}
"""Security Hub's name of a service in its controls, by module of the SDK."""
NO_PACKAGES = {
    "sandbox/github/actions/stand_ins/aws-actions/configure-aws-credentials": "an action, with its program beside it",
}
KNOW_THE_SANDBOX = (
    *("sandbox/", "tests/", "docs/", "README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"),
    *("Makefile", "pyproject.toml", "uv.lock", ".gitignore", ".github/dependabot.yml"),
)
COMMUNITY_FILES = (
    *("CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "SECURITY.md", ".devcontainer/devcontainer.json"),
    *(".github/CODEOWNERS", ".github/pull_request_template.md", ".pre-commit-config.yaml"),
)
PAGES = [
    *(CHECKOUT / f"{name}.md" for name in ("CHANGELOG", "CONTRIBUTING", "README", "SECURITY")),
    *sorted((CHECKOUT / "docs").glob("**/*.md")),
]
CREDENTIALS = re.compile(
    r"(?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{30}|-----BEGIN [A-Z ]*PRIVATE KEY"
)


def files(*places: str) -> list[Path]:
    """Return the files in the repository, and new ones that are not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *places],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = [CHECKOUT / name for name in listed.split("\0") if name]
    return [path for path in found if path.is_file()]


def relative(path: Path) -> str:
    return path.relative_to(CHECKOUT).as_posix()


def is_described(folder: Path) -> bool:
    package = folder / "__init__.py"
    documented = package.is_file() and ast.get_docstring(ast.parse(package.read_text(encoding="utf-8")))
    return bool(documented) or (folder / "README.md").is_file()


def commands(start: str) -> list[list[str]]:
    """Return the command lines of the README that begin with `start`, without redirections and pipes."""
    return [shlex.split(line) for line in re.findall(rf"{re.escape(start)}[^`\n#<)]*", README)]


def test_every_python_folder_is_described() -> None:
    folders = {
        path.parent
        for path in files("components", "functions", "products", "settings", "bootstrap", "sandbox", "tests")
        if path.suffix == ".py"
    }
    undescribed = {relative(folder) for folder in folders if not is_described(folder)}
    assert undescribed == set(NO_PACKAGES)


def test_no_docstring_begins_with_a_question_word() -> None:
    question = re.compile(r'^ *"""(What|Who|Whose|Whom|Where|How|Which)\b', re.MULTILINE)
    asking = [relative(path) for path in files() if path.suffix == ".py" and question.search(path.read_text("utf-8"))]
    assert asking == []


def test_every_template_repository_has_a_readme() -> None:
    folders = {path.parent for path in files("template-repos") if path.name == "pyproject.toml"}
    assert len(folders) >= 1
    assert [relative(folder) for folder in sorted(folders) if not (folder / "README.md").is_file()] == []


def test_the_readme_lists_every_folder() -> None:
    table = README.partition("## Where things are")[2].partition("\n## ")[0]
    named = {name.partition("/")[0] for name in re.findall(r"^\| `([^`]+)`", table, re.MULTILINE)}
    top = {path.relative_to(CHECKOUT).parts[0] for path in files() if len(path.relative_to(CHECKOUT).parts) > 1}
    assert {name for name in top if not name.startswith(".")} - named == set()


def test_no_file_that_production_uses_mentions_the_sandbox() -> None:
    knowing = {
        relative(path)
        for path in files()
        if not relative(path).startswith(KNOW_THE_SANDBOX) and b"sandbox" in path.read_bytes().lower()
    }
    assert knowing == set()


def test_no_tracked_file_is_a_link() -> None:
    """A link to an environment of one machine would replace those of all others."""
    listed = subprocess.run(["git", "ls-files", "--stage"], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert [line for line in listed.stdout.splitlines() if line.startswith("120000")] == []


def test_no_file_holds_a_credential() -> None:
    found = [
        relative(path) for path in files() if CREDENTIALS.search(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert found == []


@pytest.mark.parametrize(
    "text", ["AKIA" + "A" * 16, "ghp_" + "a" * 36, "github_pat_" + "a" * 30, "-----BEGIN RSA " + "PRIVATE KEY"]
)
def test_credentials_are_recognized(text: str) -> None:
    assert CREDENTIALS.search(f"token = '{text}'")


def test_no_stack_has_a_secrets_value_or_uses_a_key_of_aws(stack: Rendering) -> None:
    secrets = stack.all("Secret")
    assert [each.name for each in secrets if "alias/aws/" in each.inputs.get("kmsKeyId", "alias/aws/")] == []
    # Resources with the values of secrets, or that create or rotate them, would put them into the state.
    kinds = re.compile(
        r":Secret(Version|Rotation)$|:RandomPassword$|:AccessKey$|:LoginProfile$|:ServiceSpecificCredential$"
    )
    assert [each.name for each in stack.resources if kinds.search(each.type)] == []
    managed = {"manageMasterUserPassword", "passwordWo", "secretString"}
    assert [each.name for each in stack.resources if managed & each.inputs.keys()] == []


def test_the_page_of_controls_has_a_verdict_for_every_service(rendered: Renderings) -> None:
    declared = {each.type for name in STACKS for each in rendered(name).resources if each.type.startswith("aws:")}
    deployed = {
        f"aws:{module}/{kind}"
        for path in files("template-repos")
        if path.suffix == ".py" and "tests" not in path.parts
        for module, kind in re.findall(r"\baws\.(\w+)\.([A-Z]\w+)\(", path.read_text(encoding="utf-8"))
    }
    assert "aws:sagemaker/Endpoint" in deployed
    modules = {kind.split(":")[1].split("/")[0] for kind in declared | deployed}
    services = {HAS_CONTROLS[module] for module in modules} | {"EventBridge"}
    rows = {row.split("|")[1].strip(): row for row in CONTROLS.splitlines() if row.startswith("| ")}
    assert {service for service in services if not any(re.match(rf"{service}\b", name) for name in rows)} == set()
    verdicts = re.compile(r"satisfied|does not apply|exception")
    assert [name for name, row in rows.items() if name not in ("control", "---") and not verdicts.search(row)] == []


@pytest.mark.parametrize(
    ("page", "expected"), [("README.md", "demo test check"), ("CONTRIBUTING.md", "setup test check")]
)
def test_make_targets_in_a_page_exist(page: str, expected: str) -> None:
    targets = set(re.findall(r"^([a-z][\w-]*):", MAKEFILE, re.MULTILINE))
    text = (CHECKOUT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^|`)make ([\w-]+)(?=`| +#|$)", text, re.MULTILINE))
    assert named >= set(expected.split())
    assert named - targets == set()


@pytest.mark.parametrize("name", COMMUNITY_FILES)
def test_a_visitor_finds_the_usual_files(name: str) -> None:
    assert (CHECKOUT / name).stat().st_size > 100


def test_the_license_is_the_one_that_the_project_declares() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["license"] == "Apache-2.0"
    text = (CHECKOUT / "LICENSE").read_text(encoding="utf-8")
    assert re.match(r"\s*Apache License\s+Version 2\.0, January 2004", text)
    assert "END OF TERMS AND CONDITIONS" in text


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_links_of_a_page_lead_to_files(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_contributing_covers_changes_with_files_and_tests_that_exist() -> None:
    text = (CHECKOUT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = [row.split(" | ") for row in text.splitlines() if row.startswith("| ")][2:]
    assert len(rows) >= 15
    for what, *columns in rows:
        paths = [path for column in columns for path in re.findall(r"`([\w./-]+)`", column) if not path.startswith("/")]
        assert paths or "`make test`" in columns[-1] or what == "| this table, or another page", what
        assert [path for path in paths if not (CHECKOUT / path).exists()] == [], what


def test_every_path_with_an_owner_exists() -> None:
    text = (CHECKOUT / ".github" / "CODEOWNERS").read_text(encoding="utf-8")
    rules = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    assert rules[0][0] == "*"
    assert [path for path, *_ in rules if not list(CHECKOUT.glob(path.strip("/")))] == []
    assert [path for path, *owners in rules if not owners or not all(each.startswith("@") for each in owners)] == []


def test_pre_commit_runs_the_steps_of_make_check() -> None:
    prerequisites, recipe = re.findall(r"^check: (.*)\n\t@\$\(MAKE\) (.*)$", MAKEFILE, re.MULTILINE)[0]
    steps = {word for word in f"{prerequisites} {recipe}".split() if re.fullmatch(r"[a-z][\w-]*", word)} - {"setup"}
    config = yaml.safe_load((CHECKOUT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    hooks = [hook for repository in config["repos"] for hook in repository["hooks"]]
    assert {repository["repo"] for repository in config["repos"]} == {"local"}
    assert {hook["entry"] for hook in hooks} == {f"make {step}" for step in steps}
    assert [hook["id"] for hook in hooks if hook["language"] != "system" or hook["pass_filenames"]] == []


def test_the_development_container_has_what_make_setup_needs() -> None:
    container = json.loads((CHECKOUT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    assert re.search(r"/devcontainers/python:3\.1[1-4]\b", container["image"])
    assert [name.rpartition("/")[2] for name in container["features"]] == ["go:1"]
    assert container["postCreateCommand"] == "make setup"


@pytest.mark.parametrize("program", [["-m", "sandbox"], ["template-repos/publish.py"], ["-m", "bootstrap"]])
def test_options_in_the_readme_exist(program: list[str]) -> None:
    lines = commands(shlex.join(["python", *program]))
    assert len(lines) >= 1
    for line in lines:
        words = line[1 + len(program) :]
        command = [word for word in words[:1] if not word.startswith("-")]
        shown = subprocess.run(
            [sys.executable, *program, *command, "--help"], cwd=CHECKOUT, capture_output=True, text=True, check=False
        )
        assert shown.returncode == 0, shown.stderr
        assert [word for word in words if word.startswith("--") and word not in shown.stdout] == []


def test_the_picture_of_the_architecture_shows_what_the_program_declares(rendered: Renderings) -> None:
    picture = architecture.PICTURE.read_text(encoding="utf-8")
    assert picture == architecture.drawn(rendered), "draw it again: python -m tests.architecture"


def test_every_file_in_tests_is_a_test_or_is_used_by_one() -> None:
    modules = [path for path in files("tests") if path.parent != CHECKOUT / "tests/products/resolved"]
    texts = {path: path.read_text(encoding="utf-8") for path in modules}
    assert [relative(path) for path in modules if path.suffix not in (".json", ".py")] == []
    for data in [path for path in modules if path.suffix == ".json"]:
        assert any(data.name in text for text in texts.values()), f"{data}: no test reads it"
    programs = [path for path in modules if path.suffix == ".py"]
    helpers = [path for path in programs if not re.match(r"(test_\w+|conftest|__init__)\.py$", path.name)]
    words = {path: set(re.findall(r"\w+", text)) for path, text in texts.items()}
    for helper in helpers:
        assert ast.get_docstring(ast.parse(texts[helper])), helper
        assert not re.search(r"^def test_", texts[helper], re.MULTILINE), f"{helper}: pytest does not find these tests"
        assert any(helper.stem in found for path, found in words.items() if path != helper), (
            f"{helper}: no test uses it"
        )


def test_every_test_has_a_name_that_pytest_finds() -> None:
    lost = [
        f"{relative(path)}: {name}"
        for path in files("tests")
        if path.name.startswith("test_")
        for name in re.findall(r"^(?:async )?def (\w*test\w*)\(", path.read_text(encoding="utf-8"), re.MULTILINE)
        if not name.startswith("test_")
    ]
    assert lost == []
