"""MiniStack's KMS."""

from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.aws.ministack import modules


def find_key(key_id: str) -> Mapping[str, Any] | None:
    """Return a key of the current account by its id, its ARN or an alias."""
    return modules.kms._resolve_key(key_id)


def key_of_alias(alias_arn: str) -> str | None:
    """Return the id of the key that an alias of the current account stands for."""
    return modules.kms._aliases.get(alias_arn)


def aliases_of(key_id: str) -> Iterator[str]:
    """Yield the ARNs of a key's aliases in the current account."""
    for alias, target in modules.kms._aliases.items():
        if target == key_id:
            yield alias
