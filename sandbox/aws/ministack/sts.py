"""MiniStack's STS."""

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.aws.ministack import modules
from sandbox.aws.ministack.gateway import Response

sessions: Any = modules.sts._sessions
"""By access key: the sessions of roles, in all accounts."""


def register_session(access_key_id: str, session: dict[str, Any]) -> None:
    """Let an access key stand for a session of a role."""
    modules.sts.register_session(access_key_id, session)


def error(code: str, message: str, status: int) -> Response:
    """Return an error as STS answers it; the message must be escaped for XML."""
    return modules.iam._error(status, code, message, ns="sts")


def add_claims(find: Callable[[str], Mapping[str, Any]]) -> None:
    """Add condition keys to the trust of web identities; `find` gets a token, whose signature was verified."""
    own = modules.sts._web_identity_principal

    def web_identity_principal(token: str, provider_id: str, role_arn: str) -> Any:
        principal, keys = own(token, provider_id, role_arn)
        return principal, {**keys, **find(token)}

    modules.sts._web_identity_principal = web_identity_principal
