"""Clients of one AWS account and region, and the errors of AWS."""

import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError


class AbsentError(Exception):
    """AWS's response does not contain the requested resource."""


Client = Any
"""A botocore client; its methods are generated at run time."""


class Aws:
    """One account and region, with the endpoint and credentials of the environment."""

    partition = "aws"

    def __init__(self, region: str, default_tags: Mapping[str, str]) -> None:
        self.region = region
        self.default_tags = dict(default_tags)
        self._session = botocore.session.get_session()
        self._clients: dict[str, Client] = {}
        self._lock = threading.Lock()

    def client(self, service: str) -> Client:
        """Return a service's client, created once: it is thread-safe, but slow to create."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._session.create_client(
                    service,
                    region_name=self.region,
                    config=Config(
                        retries={"mode": "standard", "max_attempts": 6}, max_pool_connections=64, read_timeout=120
                    ),
                )
            return self._clients[service]

    @cached_property
    def account(self) -> str:
        """The account that the credentials belong to."""
        return str(self.client("sts").get_caller_identity()["Account"])

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource of this account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"


def code_of(error: ClientError) -> str:
    """Return AWS's code of an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def explain(error: Exception) -> str | None:
    """Return AWS's message with the operation that it refused, or None for any other error."""
    if isinstance(error, ClientError):
        details: Any = error.response.get("Error", {})
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", "?")
        return f"{error.operation_name} failed with status {status}, {details.get('Code')}: {details.get('Message')}"
    if isinstance(error, BotoCoreError):
        return str(error)
    return None


def only(found: Sequence[Any]) -> Any:
    """Return the only result of a request for one id.

    Raises:
        AbsentError: there is none; some operations return an empty list then, others an error.
    """
    if not found:
        raise AbsentError
    return found[0]
