"""`login`: commands that a shell can evaluate."""

import os
import subprocess
from pathlib import Path

import pytest

from bootstrap import login
from bootstrap.errors import BootstrapError
from bootstrap.names import Names
from tests.bootstrap.fakes import CloudFormation, account

NAMES = Names(unit="analytics", environment="dev")
BUCKET = "analytics-dev-state-111111111111-eu-west-1"


def evaluate(commands: list[str], folder: Path) -> list[str]:
    """Run the commands in a shell; return the arguments that Pulumi gets, then its variables."""
    pulumi = folder / "pulumi"
    pulumi.write_text('#!/bin/sh\nprintf "%s\\n" "$@" "$PULUMI_BACKEND_URL" "$PULUMI_DIY_BACKEND_GZIP" "$AWS_REGION"\n')
    pulumi.chmod(0o755)
    environment = {"PATH": f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin", "COMMANDS": "\n".join(commands)}
    shell = subprocess.run(
        ["sh", "-c", 'eval "$COMMANDS"'], capture_output=True, text=True, check=True, env=environment
    )
    return shell.stdout.splitlines()


def test_a_shell_that_evaluates_it_has_selected_the_stack_with_its_key(tmp_path: Path) -> None:
    commands = list(login.commands(account(), NAMES, "dev", {}))
    assert evaluate(commands, tmp_path) == [
        "stack",
        "select",
        "--create",
        "dev",
        "--secrets-provider",
        "awskms://alias/analytics-dev-state?region=eu-west-1",
        f"s3://{BUCKET}?region=eu-west-1",
        "true",
        "eu-west-1",
    ]


def test_a_fresh_checkout_finds_the_secrets_key_in_the_state() -> None:
    assert login.variables(account(), NAMES, {})["PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER"] == "true"


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
def test_a_custom_s3_endpoint_is_addressed_by_path(tmp_path: Path, variable: str) -> None:
    commands = list(login.commands(account(), NAMES, "dev", {variable: "https://s3.internal.example.com"}))
    assert f"s3://{BUCKET}?region=eu-west-1&use_path_style=true" in evaluate(commands, tmp_path)


def test_a_units_own_settings_choose_its_own_stack(tmp_path: Path) -> None:
    assert login.stack_name(NAMES, tmp_path) == "dev"
    (tmp_path / "Pulumi.analytics-dev.yaml").touch()
    assert login.stack_name(NAMES, tmp_path) == "analytics-dev"


def stacks(*names: str) -> CloudFormation:
    return CloudFormation(stacks={name: {"StackName": name, "StackStatus": "CREATE_COMPLETE"} for name in names})


def test_the_only_unit_of_an_environment_need_not_be_named() -> None:
    found = stacks("analytics-dev-bootstrap", "risk-prod-bootstrap", "somebody-elses-dev-bootstrap", "vpc")
    assert login.unit_of(account(cloudformation=found), "dev") == "analytics"


def test_the_caller_chooses_between_two_units_of_an_environment() -> None:
    found = stacks("risk-dev-bootstrap", "analytics-dev-bootstrap")
    with pytest.raises(BootstrapError, match=r"--unit analytics\|risk"):
        login.unit_of(account(cloudformation=found), "dev")


def test_for_an_environment_that_is_not_bootstrapped_the_error_says_how_to_start() -> None:
    with pytest.raises(BootstrapError, match="python -m bootstrap up --unit UNIT --environment dev"):
        login.unit_of(account(cloudformation=stacks()), "dev")
