"""KMS: aliases, and keys that are called directly, not through another service."""

from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.aws.iam.service_authorization.members import Members
from sandbox.aws.ministack import kms, scope


def resources(operation: str, members: Members) -> Iterator[str]:
    """Yield the alias that a request changes; for other requests none, MiniStack knows their keys."""
    if operation in ("CreateAlias", "UpdateAlias", "DeleteAlias"):
        yield scope.arn("kms", members.get("AliasName", ""))


def context(operation: str, members: Members) -> Iterator[tuple[str, Any]]:
    """Yield the condition keys of a request."""
    yield "kms:CallerAccount", scope.account_id()
    pairs: Mapping[str, str] = members.get("EncryptionContext") or members.get("SourceEncryptionContext") or {}
    for key, value in pairs.items():
        yield f"kms:EncryptionContext:{key}", value
    if pairs:
        yield "kms:EncryptionContextKeys", list(pairs)
    if operation in ("CreateGrant", "ListGrants", "RevokeGrant"):
        yield "kms:GrantIsForAWSResource", "false"
    if operation == "CreateGrant":
        yield "kms:GrantOperations", members.get("Operations", [])
    if operation == "ScheduleKeyDeletion" and "PendingWindowInDays" in members:
        yield "kms:ScheduleKeyDeletionPendingWindowInDays", members["PendingWindowInDays"]
    if members.get("KeyId", "").startswith("alias/"):
        yield "kms:RequestAlias", members["KeyId"]


def key_behind(resource: str) -> str:
    """Return the ARN of the key that an alias stands for; any other ARN stays as it is.

    Cryptography by an alias is authorized on the key behind it. Source: AWS KMS Developer Guide, "Controlling access to
    aliases".
    """
    key_id = kms.key_of_alias(resource) if ":alias/" in resource else None
    return scope.arn("kms", f"key/{key_id}") if key_id else resource


def aliases_of(key_arn: str) -> list[str] | None:
    """Return the aliases that a key has in its own account; None when it has none."""
    account, region = key_arn.split(":")[4], key_arn.split(":")[3]
    with scope.request_scope(account, region):
        found = [alias.rpartition(":")[2] for alias in kms.aliases_of(key_arn.rpartition("/")[2])]
    return found or None
