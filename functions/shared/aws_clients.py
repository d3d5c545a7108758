"""boto3 clients whose timeouts leave a Lambda function time to report an error."""

import functools
import logging
from typing import Any, cast

import boto3
import botocore
from botocore.config import Config
from botocore.exceptions import ClientError

# Otherwise it logs in every cold start where it found credentials.
logging.getLogger("botocore").setLevel(logging.WARNING)

logger = logging.getLogger(__name__)

_CONNECT_SECONDS = 10
"""A busy service takes as long for the handshake of TLS, which is a part of connecting, as for an answer."""
_CONFIG = Config(
    connect_timeout=_CONNECT_SECONDS, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 4}
)
"""87 seconds at most for a call, with the pauses between its attempts: less than each function has."""


def client(service: str) -> Any:
    """Return a client with short timeouts."""
    _log_versions()
    return cast("Any", boto3).client(service, config=_CONFIG)


@functools.cache
def _log_versions() -> None:
    """Log, once in a process, the versions that the Lambda runtime has just now: AWS changes them at any time.

    Source: AWS Lambda Developer Guide, "Runtime-included SDK versions".
    """
    logger.info("boto3 %s, botocore %s", cast("Any", boto3).__version__, botocore.__version__)


def patient_client(service: str, seconds: float) -> Any:
    """Return a client for a call that may take `seconds` and is sent once: a second one would conflict with it."""
    once = Config(
        connect_timeout=_CONNECT_SECONDS, read_timeout=seconds, retries={"mode": "standard", "total_max_attempts": 1}
    )
    return cast("Any", boto3).client(service, config=once)


def parameter(ssm: Any, name: str) -> str | None:
    """Return the value of a parameter of Systems Manager; None when there is none."""
    try:
        return ssm.get_parameter(Name=name)["Parameter"]["Value"]
    except ClientError as error:
        if code(error) == "ParameterNotFound":
            return None
        raise


def code(error: ClientError) -> str:
    """Return the error's code, such as `ParameterNotFound`."""
    return error.response.get("Error", {}).get("Code", "")
