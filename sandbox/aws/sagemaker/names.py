"""ARNs, identifiers, pages and tags, as every part of SageMaker uses them."""

import secrets
import string
from collections.abc import Callable, Sequence
from typing import Any

from sandbox.aws.errors import ServiceError
from sandbox.aws.ministack import scope
from sandbox.aws.service import Members

ALPHANUMERIC = string.ascii_lowercase + string.digits


def arn(kind: str, name: str) -> str:
    """Return the ARN of a resource in the current account; SageMaker writes names in lower case there."""
    return f"arn:aws:sagemaker:{scope.region()}:{scope.account_id()}:{kind}/{name.lower()}"


def identifier(length: int = 12) -> str:
    """Return a random identifier of lower-case letters and digits."""
    return "".join(secrets.choice(ALPHANUMERIC) for _ in range(length))


def name_of(name_or_arn: str) -> str:
    """Return the name within an ARN, or the name itself."""
    return name_or_arn.split("/", 1)[1] if name_or_arn.startswith("arn:") else name_or_arn


def found(store: Any, key: Any, message: str, code: str = "ResourceNotFound") -> Members:
    """Return the record of `key`.

    Raises:
        ServiceError: there is none; AWS answers with this `code` and `message`.
    """
    record = store.get(key)
    if record is None:
        raise ServiceError(code, message)
    return record


def page(
    members: Members,
    key: str,
    records: Sequence[Members],
    summary: Callable[[Members], Members],
    *,
    sort_by: str = "CreationTime",
) -> Members:
    """Return one page of a listing under `key`, newest first unless the request says otherwise."""
    ascending = members.get("SortOrder") == "Ascending"
    ordered = sorted(records, key=lambda record: record[sort_by], reverse=not ascending)
    start = int(members.get("NextToken", "0"))
    end = start + members.get("MaxResults", 100)
    result: Members = {key: [summary(record) for record in ordered[start:end]]}
    if end < len(ordered):
        result["NextToken"] = str(end)
    return result


def pick(record: Members, *names: str) -> Members:
    """Return the named members of a record, where it has them."""
    return {name: record[name] for name in names if record.get(name) is not None}
