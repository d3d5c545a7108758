"""`login`: shell commands that give Pulumi access to an environment's stack."""

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from botocore.exceptions import ClientError

from bootstrap.account import NO_SUCH_BUCKET, Account, error_code
from bootstrap.errors import BootstrapError
from bootstrap.names import Names
from bootstrap.stack import stack_names

REFUSED = "unset PULUMI_BACKEND_URL; false"
"""Commands for a shell to evaluate when it can be given no others.

A shell takes the evaluation of nothing for a success, and a `pulumi up` behind `&&` would go on with whatever backend the shell had
before.
"""


def commands(account: Account, names: Names, stack: str, environment: Mapping[str, str] = os.environ) -> Sequence[str]:
    """Return shell commands that point Pulumi at the environment's state and select its stack."""
    secrets_provider = f"awskms://{names.state_alias}?region={account.region}"
    return [
        *(f"export {name}={shlex.quote(value)}" for name, value in variables(account, names, environment).items()),
        f"pulumi stack select --create {shlex.quote(stack)} --secrets-provider {shlex.quote(secrets_provider)}",
    ]


def variables(account: Account, names: Names, environment: Mapping[str, str] = os.environ) -> Mapping[str, str]:
    """Return environment variables that point Pulumi at the environment's state."""
    backend = f"s3://{names.state_bucket(account.account_id, account.region)}?region={account.region}"
    # AWS resolves BUCKET.s3.amazonaws.com; the host of a custom S3 endpoint may have no subdomains.
    if environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL"):
        backend += "&use_path_style=true"
    return {
        "AWS_REGION": account.region,
        "PULUMI_BACKEND_URL": backend,
        # The state is saved after each change and grows with every resource; compressed, it takes a tenth of the space.
        "PULUMI_DIY_BACKEND_GZIP": "true",
        # The engine writes the secrets' key into the stack's file when it creates the stack. A fresh checkout has no such
        # line, so the engine must take the key from the state instead of prompting for a passphrase.
        "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true",
    }


def stack_name(names: Names, folder: Path) -> str:
    """Return the unit's own stack if the folder has settings for it, else the one named after the environment."""
    return names.prefix if (folder / f"Pulumi.{names.prefix}.yaml").exists() else names.environment


def require_state(account: Account, names: Names) -> None:
    """Make sure that the environment's state is in this account and region.

    Raises:
        BootstrapError: it is not; most often the credentials are those of another environment.
    """
    bucket = names.state_bucket(account.account_id, account.region)
    try:
        account.client("s3").head_bucket(Bucket=bucket)
    except ClientError as error:
        # Whoever may not see the bucket (403) learns so from Pulumi: it exists.
        if error_code(error) in NO_SUCH_BUCKET:
            raise BootstrapError(
                f"{names.prefix} is not bootstrapped in account {account.account_id}, {account.region} (no bucket "
                f"{bucket}): use the credentials and the region of {names.environment}."
            ) from error


def unit_of(account: Account, environment: str) -> str:
    """Return the only business unit that is bootstrapped for `environment` in this account and region.

    Raises:
        BootstrapError: there is none, or more than one.
    """
    stacks = (Names.of_stack(name) for name in stack_names(account.client("cloudformation")))
    units = sorted({names.unit for names in stacks if names is not None and names.environment == environment})
    where = f"account {account.account_id}, {account.region}"
    if not units:
        raise BootstrapError(
            f"Nothing is bootstrapped for {environment} in {where}. Check the account and --region, or start with:\n"
            f"  python -m bootstrap up --unit UNIT --environment {environment} --github-org ORGANIZATION"
        )
    if len(units) > 1:
        raise BootstrapError(f"{where} has {environment} of several units: choose one with --unit {'|'.join(units)}.")
    return units[0]
