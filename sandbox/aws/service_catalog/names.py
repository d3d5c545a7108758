"""Identifiers and pages, as every part of Service Catalog uses them."""

import secrets
import string
from collections.abc import Sequence
from typing import Any

from sandbox.aws.errors import ServiceError
from sandbox.aws.ministack import scope
from sandbox.aws.service import Members

ALPHANUMERIC = string.ascii_lowercase + string.digits


def identifier(prefix: str) -> str:
    """Return a random identifier such as `prod-abcdefghij234`."""
    return f"{prefix}-{''.join(secrets.choice(ALPHANUMERIC) for _ in range(13))}"


def arn(kind: str, name: str) -> str:
    """Return the ARN of a portfolio or product; their service is called `catalog` there."""
    return f"arn:aws:catalog:{scope.region()}:{scope.account_id()}:{kind}/{name}"


def found(store: Any, key: Any, what: str) -> Members:
    """Return the record of `key`.

    Raises:
        ServiceError: there is none.
    """
    record = store.get(key)
    if record is None:
        raise ServiceError("ResourceNotFoundException", f"{what} {key} not found.")
    return record


def page(members: Members, key: str, records: Sequence[Members]) -> Members:
    """Return one page of a listing under `key`."""
    start = int(members.get("PageToken", "0"))
    end = start + members.get("PageSize", 20)
    result: Members = {key: list(records[start:end])}
    if end < len(records):
        result["NextPageToken"] = str(end)
    return result
