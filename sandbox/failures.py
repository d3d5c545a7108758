"""Failures that a person can understand from their message alone; they are printed without a traceback."""

from botocore.exceptions import BotoCoreError, ClientError

from bootstrap.errors import BootstrapError
from sandbox import commands, http_client, servers

FAILURES = (
    BootstrapError,
    BotoCoreError,
    ClientError,
    commands.CommandFailedError,
    http_client.RefusedError,
    servers.NotRunningError,
    servers.NotStartedError,
)


def explain(error: Exception) -> str:
    """Return the message of a failure, with advice where the message has none."""
    if isinstance(error, BotoCoreError | ClientError):
        return f"the local AWS returned an error: {error}. If the demo was not finished, run `make demo` again."
    return str(error)
