"""boto3 clients that leave a Lambda function time to say what went wrong."""

import logging
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

# Else it tells in every cold start where it found credentials.
logging.getLogger("botocore").setLevel(logging.WARNING)

_CONFIG = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 4})


def client(service: str) -> Any:
    """A client whose calls do not hang."""
    return boto3.client(service, config=_CONFIG)  # pyright: ignore[reportUnknownMemberType]


def code(error: ClientError) -> str:
    """The error's code, such as `ParameterNotFound`."""
    return error.response.get("Error", {}).get("Code", "")
