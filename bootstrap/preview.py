"""`preview`: the changes that a stack's settings would make, with a role that may only read the state.

A stack that does not exist yet is previewed from an empty state of its own, in a folder that is deleted afterwards:
creating it in the state's bucket is left to its first deployment.
"""

import os
import secrets
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bootstrap import agreement, login, settings_file, stack_file
from bootstrap.account import Account, connect
from bootstrap.errors import BootstrapError
from bootstrap.names import PROJECT, Names

STATES = f".pulumi/stacks/{PROJECT}/"
"""Prefix of the state of each stack in the state's bucket. Source: pulumi/pulumi, pkg/backend/diy."""
ENDINGS = (".json", ".json.gz")
SECRETS_SETTINGS = ("secretsprovider:", "encryptedkey:", "encryptionsalt:")
"""Beginnings of the lines of a stack's file that say how its secrets are encrypted."""

Run = Callable[[Sequence[str], Mapping[str, str]], int]
"""Runs a program in this folder with an environment, its output passed on; returns its exit status."""


def preview(stack: str, folder: Path, run: Run, report: Callable[[str], None]) -> int:
    """Preview a stack whose settings are in `folder`; return the engine's exit status.

    Args:
        stack: name of the stack, as in Pulumi.<stack>.yaml.
        folder: the project's folder.
        run: runs the engine there.
        report: called with what a reader of the preview must know.

    Raises:
        BootstrapError: there are no settings, they cannot be read, the credentials are of another account, the
            environment is not bootstrapped there, its state belongs to a stack of another name, or the settings of other stacks
            in the folder contradict its own.
    """
    account, names = account_of(stack, folder)
    if different := list(agreement.disagreements(folder, names.unit)):
        raise BootstrapError(f"The stacks of {names.unit} must agree; nothing was previewed. {'; '.join(different)}.")
    variables = {**os.environ, **login.variables(account, names)}
    command = ["pulumi", "preview", "--stack", stack, "--diff", "--non-interactive", "--color", "never"]
    existing = _stacks(account, names)
    if stack in existing:
        return run(command, variables)
    if existing:
        raise BootstrapError(
            f"The state of {names.prefix} has the stack {', '.join(existing)}, and no {stack}: a second one would create "
            f"everything again, under the same names. If you renamed the settings, rename the stack as well: "
            f"pulumi stack rename {stack} --stack {existing[0]}"
        )
    report(f"New stack: {stack} does not exist yet, and everything would be created. The preview begins with nothing.")
    with tempfile.TemporaryDirectory() as scratch:
        return _preview_from_nothing(stack, folder, Path(scratch), run, command, variables)


def account_of(stack: str, folder: Path) -> tuple[Account, Names]:
    """Return the account of a stack whose settings are in `folder`, and the names of its environment.

    Raises:
        BootstrapError: there are no settings, they cannot be read, the credentials are of another account, or the
            environment is not bootstrapped there.
    """
    described = settings_file.describe(stack_file.find(folder, stack))
    names = Names(unit=described["unit"], environment=described["environment"])
    account = connect(described["region"])
    if account.account_id != described["account_id"]:
        raise BootstrapError(
            f"{stack} lives in account {described['account_id']}, and your credentials are of {account.account_id}: "
            "use credentials of its account."
        )
    login.require_state(account, names)
    return account, names


def _stacks(account: Account, names: Names) -> list[str]:
    """Return the names of the stacks that the environment's state has."""
    bucket = names.state_bucket(account.account_id, account.region)
    listed = account.client("s3").list_objects_v2(Bucket=bucket, Prefix=STATES).get("Contents", [])
    files = [str(each["Key"]).removeprefix(STATES) for each in listed]
    return sorted({file.removesuffix(end) for file in files for end in ENDINGS if file.endswith(end)})


def _preview_from_nothing(
    stack: str, folder: Path, scratch: Path, run: Run, command: list[str], variables: Mapping[str, str]
) -> int:
    # The engine writes the salt of a new stack's secrets into the stack's file, and the preview role may not create a
    # data key with the state's key: so the file is copied, and the passphrase is forgotten with the folder.
    lines = (folder / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8").splitlines(keepends=True)
    copy = scratch / f"Pulumi.{stack}.yaml"
    copy.write_text("".join(line for line in lines if not line.startswith(SECRETS_SETTINGS)), encoding="utf-8")
    (scratch / "Pulumi.yaml").write_bytes((folder / "Pulumi.yaml").read_bytes())
    throwaway = {
        **variables,
        "PULUMI_BACKEND_URL": scratch.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": secrets.token_hex(16),
    }
    created = run(
        ["pulumi", "stack", "init", stack, "--no-select", "--secrets-provider", "passphrase", "--non-interactive"]
        + ["--cwd", str(scratch)],
        throwaway,
    )
    return created or run([*command, "--config-file", str(copy)], throwaway)


def run_in(folder: Path) -> Run:
    """Return a function that runs programs in `folder`."""

    def run(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
        try:
            return subprocess.run(arguments, cwd=folder, env=dict(environment), check=False).returncode
        except FileNotFoundError:
            raise BootstrapError(f"{arguments[0]} is not on PATH.") from None

    return run
