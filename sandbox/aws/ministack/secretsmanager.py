"""MiniStack's Secrets Manager."""

from collections.abc import Mapping
from typing import Any

from sandbox.aws.ministack import modules


def find_secret(secret_id: str) -> Mapping[str, Any] | None:
    """Return a secret of the current account by its name or ARN."""
    _, secret = modules.secretsmanager._resolve(secret_id)
    return secret or None
