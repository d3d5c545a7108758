"""Calls of the engine in the sandbox's shell, and its other commands: one line says what to do instead."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import botocore.session
import pytest
from botocore.exceptions import EndpointConnectionError
from rich.console import Console

from sandbox import __main__ as command
from sandbox import engine_arguments, paths, servers, shell
from sandbox.demo import runner
from tests.sandbox_demo.test_stacks import SERVERS

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A sandbox whose servers were found, but do not answer."""
    monkeypatch.setattr(servers, "require", lambda: SERVERS)
    monkeypatch.setattr(paths, "STACKS", tmp_path / "stacks")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "PULUMI_STACK"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CA_BUNDLE", "AWS_ENDPOINT_URL"):  # the program sets them for itself
        monkeypatch.setenv(name, "")


def test_the_prompt_of_a_bash_says_as_whom_it_acts_in_aws_and_keeps_the_persons_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(paths, "PROGRAMS", tmp_path)
    (tmp_path / ".bashrc").write_text("PS1='mine> '\n")
    bash = shutil.which("bash")
    assert bash is not None

    def shown(**variables: str) -> str:
        done = subprocess.run(
            [bash, *shell.prompt(bash), "-i", "-c", 'echo "${PS1@P}"'],
            env={"HOME": str(tmp_path), "PATH": os.environ["PATH"], **variables},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.rstrip("\n")

    assert shown(AWS_PROFILE="dev") == "(sandbox: dev) mine> "
    assert shown(AWS_PROFILE="ada") == "(sandbox: ada) mine> "
    assert shown() == "(sandbox: no profile) mine> "
    assert list(shell.prompt("/bin/zsh")) == []


@pytest.mark.parametrize(
    ("arguments", "stack"),
    [
        ("preview", "dev"),
        ("preview -s prod", "prod"),
        ("preview -sprod", "prod"),
        ("preview -s=prod", "prod"),
        ("preview --stack prod", "prod"),
        ("preview --stack=prod", "prod"),
        ("-sprod preview", "prod"),
        ("up -ysprod", "prod"),
        ("up -yfs prod", "prod"),
        ("preview -s dev -s prod", "prod"),
        ("up --target-dependents -s prod", "prod"),
        ("config set --path a.b -5 -sprod", "prod"),
        ("up -msprod", "dev"),
        ("up -m sprod -C folder", "dev"),
        ("up -t urn:pulumi:dev -v9", "dev"),
        ("config set name -- -sprod", "dev"),
    ],
)
def test_the_stack_of_a_call_is_found_in_every_form_that_the_engine_takes(arguments: str, stack: str) -> None:
    assert engine_arguments.read(arguments.split(), {}).stack == stack


def test_a_stack_may_be_chosen_for_all_calls() -> None:
    assert engine_arguments.read(["preview"], {"PULUMI_STACK": "prod"}).stack == "prod"
    assert engine_arguments.read(["preview", "-sdev"], {"PULUMI_STACK": "prod"}).stack == "dev"


@pytest.mark.parametrize(
    ("line", "environment", "reason"),
    [
        ("preview -s staging", {}, "no stack 'staging'; choose one of dev, preprod, prod by -s"),
        ("preview", {"PULUMI_STACK": "staging"}, "no stack 'staging'"),
        ("preview -s organization/mlops-platform/dev", {}, "no stack 'organization/mlops-platform/dev'"),
        ("preview -s", {}, "expected one argument"),
        ("stack select prod", {}, "export PULUMI_STACK=prod"),
        ("preview -sprod", {"AWS_PROFILE": "ada"}, "unset AWS_PROFILE"),
        ("preview -sprod", {"AWS_PROFILE": "preprod"}, "unset AWS_PROFILE"),
        ("preview", {"AWS_PROFILE": "prod"}, "unset AWS_PROFILE"),
        ("preview", {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE"}, "unset AWS_ACCESS_KEY_ID"),
    ],
)
def test_a_call_that_would_not_do_what_it_says_is_refused_in_one_line(
    running: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    line: str,
    environment: dict[str, str],
    reason: str,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert shell.main(line.split()) == 1
    [said] = capsys.readouterr().err.splitlines()
    assert said.startswith("error: ")
    assert reason in said


def called(monkeypatch: pytest.MonkeyPatch, line: str) -> tuple[list[str], dict[str, str]]:
    """Return the arguments and the environment that the engine gets from a call."""
    calls: list[tuple[list[str], dict[str, str]]] = []

    def execute(program: Path, arguments: list[str], environment: dict[str, str]) -> None:
        assert program == paths.ENGINE / "pulumi"
        calls.append((arguments, environment))

    def stay(_: Path) -> None:
        pass

    def log_in(*_: object) -> dict[str, str]:
        return {"AWS_ACCESS_KEY_ID": "the role's"}

    monkeypatch.setattr(shell.login, "deployer", log_in)
    monkeypatch.setattr(os, "execve", execute)
    monkeypatch.setattr(os, "chdir", stay)
    shell.main(line.split())
    [call] = calls
    return call


@pytest.mark.parametrize("profile", ["dev", "prod"])
def test_the_profile_of_the_shell_or_of_the_stack_does_not_matter(
    running: None, monkeypatch: pytest.MonkeyPatch, profile: str
) -> None:
    monkeypatch.setenv("AWS_PROFILE", profile)
    arguments, environment = called(monkeypatch, "preview -sprod --diff")
    assert arguments == ["pulumi", "preview", "-sprod", "--diff"]
    assert environment == {"AWS_ACCESS_KEY_ID": "the role's", "PULUMI_STACK": "prod"}


def test_a_change_of_settings_says_where_it_goes(
    running: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    called(monkeypatch, "config set -sprod --path mlops-platform:tags.owner me")
    [said] = capsys.readouterr().err.splitlines()
    assert str(paths.STACKS / "Pulumi.prod.yaml") in said
    called(monkeypatch, "config get mlops-platform:unit")
    assert capsys.readouterr().err == ""


def test_servers_that_do_not_answer_are_reported_in_one_line(
    running: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://localhost:1")

    monkeypatch.setattr(shell.login, "deployer", refuse)
    assert shell.main(["preview"]) == 1
    [said] = capsys.readouterr().err.splitlines()
    assert said.startswith("error: the local AWS returned an error: ")
    assert said.endswith("run `make demo` again.")


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (["pulumi", "preview"], "error: no sandbox is running in this checkout: start one with `make demo`"),
        (["pulumi", "preview", "-s", "prod"], "error: no sandbox is running"),
    ],
)
def test_without_a_sandbox_a_call_says_how_to_start_one(tmp_path: Path, arguments: list[str], answer: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sandbox.shell", *arguments],
        cwd=CHECKOUT,
        env={**os.environ, "MLOPS_SANDBOX_FOLDER": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(answer)
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("server", "left"), [(SERVERS, "The servers still run; `make demo` goes on"), (None, "No server runs; `make demo`")]
)
def test_an_interrupted_demo_says_what_is_left_and_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], server: servers.Servers | None, left: str
) -> None:
    def interrupt(_: Console) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "run", interrupt)
    monkeypatch.setattr(servers, "running", lambda: server)
    assert command.main(["demo"]) == 130
    [said] = capsys.readouterr().err.splitlines()
    assert said.startswith("Interrupted. ")
    assert left in said
    assert "make demo-down" in said


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Logs of a server and of steps."""
    monkeypatch.setattr(paths, "LOGS", tmp_path)
    for name in ("aws", "pulumi-up-dev", "pulumi-up-prod"):
        (tmp_path / f"{name}.log").write_text(f"line of {name}\n")
    (tmp_path / "github.log").write_bytes(b"line of github \xff\n")


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["aws"], {"aws"}),
        (["aws.log", "prod"], {"aws", "pulumi-up-prod"}),
        (["pulumi-up"], {"pulumi-up-dev", "pulumi-up-prod"}),
        (["git", "github"], {"github"}),
    ],
)
def test_logs_are_chosen_by_name(
    written: None, capsys: pytest.CaptureFixture[str], names: list[str], shown: set[str]
) -> None:
    assert command.main(["logs", *names]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[2] for line in lines if line.startswith("line of ")} == shown


def test_without_a_name_the_logs_are_listed_and_none_is_printed(
    written: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["logs"]) == 0
    *names, hint = capsys.readouterr().out.splitlines()
    assert names == ["aws", "github", "pulumi-up-dev", "pulumi-up-prod"]
    assert hint.endswith("python -m sandbox logs NAME")


def test_a_log_that_does_not_exist_is_answered_with_those_that_do(
    written: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["logs", "sagemaker"]) == 1
    assert capsys.readouterr().err == (
        "there is no log 'sagemaker'; logs: aws, github, pulumi-up-dev, pulumi-up-prod\n"
    )


def test_without_logs_their_absence_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(paths, "LOGS", tmp_path)
    assert command.main(["logs"]) == 0
    assert capsys.readouterr().out == "There is no log yet: `make demo` writes them.\n"
    assert command.main(["logs", "aws"]) == 1
    assert capsys.readouterr().err.endswith("logs: none\n")


def test_the_shell_has_profiles_of_deploy_roles_people_and_administrators(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(shell, "PROFILE_FILE", tmp_path / "profiles")
    monkeypatch.setattr(paths, "PROGRAMS", tmp_path / "bin")
    environment = shell.environment(replace(SERVERS, tokens=dict.fromkeys(["platform-engineer"], "ghp_x")))
    assert environment["AWS_CONFIG_FILE"] == str(tmp_path / "profiles")
    for name, value in environment.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    session = botocore.session.Session()
    assert session.available_profiles == [
        *("dev", "preprod", "prod", "grace", "ada"),
        *("dev-admin", "preprod-admin", "prod-admin"),
    ]
    administrator = botocore.session.Session(profile="prod-admin").get_credentials()
    assert administrator is not None
    assert (administrator.access_key, administrator.token) == ("333333333333", None)
