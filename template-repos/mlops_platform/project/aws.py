"""Clients of AWS, with the credentials and endpoints of the environment, and the codes of its errors."""

from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError


def client(service: str, region: str, *, attempts: int = 8, read_timeout_seconds: float = 60) -> Any:
    """Return a client that retries requests which AWS throttles or does not answer."""
    configuration = Config(
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=10,
        read_timeout=read_timeout_seconds,
    )
    boto: Any = boto3  # has no types
    return boto.client(service, region_name=region, config=configuration)


def error_code(error: ClientError) -> str:
    """Return the code of an error, such as `AccessDeniedException`."""
    response: Any = error.response
    return response["Error"].get("Code", "")
