"""The priority of functions on this machine: AWS runs them elsewhere than the services that they call.

Here many functions that start at once would leave the server no time to answer them, and would give up on their requests.
"""

from sandbox.aws.ministack import lambda_runtime

NICENESS = 5
"""Steps by which a function stands back behind the server: it gets about a third of the server's time when both want it."""


def install() -> None:
    """Let functions stand back behind the server."""
    lambda_runtime.extend_python_worker(f"import os\nos.nice({NICENESS})\n")
