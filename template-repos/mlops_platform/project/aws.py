"""Clients of AWS, with the credentials and endpoints of the environment, the codes of its errors, and its API's description."""

from functools import cache
from typing import Any

import boto3
import botocore.session
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


@cache
def service_model(service: str) -> Any:
    """Return botocore's description of a service's API, which takes a moment to load."""
    botocore_session: Any = botocore.session  # has no types
    return botocore_session.get_session().get_service_model(service)


def error_code(error: ClientError) -> str:
    """Return the code of an error, such as `AccessDeniedException`."""
    response: Any = error.response
    return response["Error"].get("Code", "")
