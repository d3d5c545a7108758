"""The repository itself: its folders, and the statements of its pages."""

import ast
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests import architecture
from tests.conftest import STACKS
from tests.rendering import Rendering, Renderings

CHECKOUT = Path(__file__).parents[1]
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
CONTROLS = (CHECKOUT / "docs" / "controls.md").read_text(encoding="utf-8")
HAS_CONTROLS = {
    "appautoscaling": "AutoScaling",
    "cloudwatch": "CloudWatch",
    "ec2": "EC2",
    "iam": "IAM",
    "kms": "KMS",
    "lambda": "Lambda",
    "s3": "S3",
    "sagemaker": "SageMaker",
    "secretsmanager": "SecretsManager",
    "servicecatalog": "ServiceCatalog",
    "sns": "SNS",
    "sqs": "SQS",
    "ssm": "SSM",
    "vpc": "EC2",
}
"""Security Hub's names of services, by the SDK's module."""
NO_PACKAGES = {
    "sandbox/github/actions/stand_ins/aws-actions/configure-aws-credentials": "an action, with its program beside it",
}
KNOW_THE_SANDBOX = (
    *("sandbox/", "tests/", "docs/", "README.md"),
    *("Makefile", "pyproject.toml", "uv.lock", ".gitignore", ".github/dependabot.yml"),
)
CREDENTIALS = re.compile(
    r"(?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{30}|-----BEGIN [A-Z ]*PRIVATE KEY"
)


def files(*places: str) -> list[Path]:
    """Return the files that are in the repository, or are about to be."""
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


def says_what_it_is(folder: Path) -> bool:
    package = folder / "__init__.py"
    documented = package.is_file() and ast.get_docstring(ast.parse(package.read_text(encoding="utf-8")))
    return bool(documented) or (folder / "README.md").is_file()


def commands(start: str) -> list[list[str]]:
    """The command lines of the README that begin with `start`, up to what is the shell's."""
    return [shlex.split(line) for line in re.findall(rf"{re.escape(start)}[^`\n#<)]*", README)]


def test_every_folder_of_python_says_what_lives_there() -> None:
    folders = {
        path.parent
        for path in files("components", "functions", "settings", "bootstrap", "sandbox", "tests")
        if path.suffix == ".py"
    }
    silent = {relative(folder) for folder in folders if not says_what_it_is(folder)}
    assert silent == set(NO_PACKAGES)


def test_every_template_repository_has_a_readme() -> None:
    folders = {path.parent for path in files("template-repos") if path.name == "pyproject.toml"}
    assert len(folders) >= 1
    assert [relative(folder) for folder in sorted(folders) if not (folder / "README.md").is_file()] == []


def test_the_readme_says_where_everything_is() -> None:
    table = README.partition("## Where things are")[2].partition("\n## ")[0]
    named = {name.partition("/")[0] for name in re.findall(r"^\| `([^`]+)`", table, re.MULTILINE)}
    top = {path.relative_to(CHECKOUT).parts[0] for path in files() if len(path.relative_to(CHECKOUT).parts) > 1}
    assert {name for name in top if not name.startswith(".")} - named == set()


def test_nothing_that_production_runs_names_the_sandbox() -> None:
    knowing = {
        relative(path)
        for path in files()
        if not relative(path).startswith(KNOW_THE_SANDBOX) and b"sandbox" in path.read_bytes().lower()
    }
    assert knowing == set()


def test_no_file_holds_a_credential() -> None:
    found = [
        relative(path) for path in files() if CREDENTIALS.search(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert found == []


@pytest.mark.parametrize(
    "text", ["AKIA" + "A" * 16, "ghp_" + "a" * 36, "github_pat_" + "a" * 30, "-----BEGIN RSA " + "PRIVATE KEY"]
)
def test_a_credential_would_be_found(text: str) -> None:
    assert CREDENTIALS.search(f"token = '{text}'")


def test_no_stack_leaves_a_secret_or_its_key_to_aws(stack: Rendering) -> None:
    secrets = stack.all("Secret")
    assert [each.name for each in secrets if "alias/aws/" in each.inputs.get("kmsKeyId", "alias/aws/")] == []
    # Their values, and whatever makes or rotates them, would be in the state.
    kinds = re.compile(
        r":Secret(Version|Rotation)$|:RandomPassword$|:AccessKey$|:LoginProfile$|:ServiceSpecificCredential$"
    )
    assert [each.name for each in stack.resources if kinds.search(each.type)] == []
    managed = {"manageMasterUserPassword", "passwordWo", "secretString"}
    assert [each.name for each in stack.resources if managed & each.inputs.keys()] == []


def test_every_service_that_is_used_has_its_controls_judged(rendered: Renderings) -> None:
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


def test_the_readmes_make_targets_exist() -> None:
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][\w-]*):", makefile, re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([\w-]+)(?=`| +#|$)", README, re.MULTILINE))
    assert named >= {"demo", "test", "check"}
    assert named - targets == set()


@pytest.mark.parametrize("program", [["-m", "sandbox"], ["template-repos/publish.py"], ["-m", "bootstrap"]])
def test_the_readmes_programs_have_the_options_that_it_names(program: list[str]) -> None:
    lines = commands(shlex.join(["python", *program]))
    assert len(lines) >= 1
    for line in lines:
        words = line[1 + len(program) :]
        command = [word for word in words[:1] if not word.startswith("-")]
        told = subprocess.run(
            [sys.executable, *program, *command, "--help"], cwd=CHECKOUT, capture_output=True, text=True, check=False
        )
        assert told.returncode == 0, told.stderr
        assert [word for word in words if word.startswith("--") and word not in told.stdout] == []


def test_the_picture_of_the_architecture_shows_what_the_program_declares(rendered: Renderings) -> None:
    picture = architecture.PICTURE.read_text(encoding="utf-8")
    assert picture == architecture.drawn(rendered), "draw it again: python -m tests.architecture"


def test_every_file_of_the_tests_is_a_test_or_helps_one() -> None:
    modules = files("tests")
    texts = {path: path.read_text(encoding="utf-8") for path in modules}
    assert [relative(path) for path in modules if path.suffix != ".py"] == []
    helpers = [path for path in modules if not re.match(r"(test_\w+|conftest|__init__)\.py$", path.name)]
    for helper in helpers:
        assert ast.get_docstring(ast.parse(texts[helper])), helper
        assert not re.search(r"^def test_", texts[helper], re.MULTILINE), f"{helper}: pytest does not find these tests"
        use = re.compile(rf"\b{helper.stem}\b")
        assert [path for path, text in texts.items() if path != helper and use.search(text)], (
            f"{helper}: nobody uses it"
        )


def test_every_test_is_found() -> None:
    lost = [
        f"{relative(path)}: {name}"
        for path in files("tests")
        if path.name.startswith("test_")
        for name in re.findall(r"^(?:async )?def (\w*test\w*)\(", path.read_text(encoding="utf-8"), re.MULTILINE)
        if not name.startswith("test_")
    ]
    assert lost == []
