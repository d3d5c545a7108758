"""Authorization: principals, sessions of roles, decisions beyond a request's own, and the record of all decisions.

MiniStack decides about the request itself. Much of AWS acts with a role instead: a stack with its service role, a job
with its execution role, Service Catalog with its launch role. Those decisions are taken here, by MiniStack's evaluator.
"""

import json
import secrets
import string
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from sandbox.aws.errors import AccessDeniedError, ServiceError
from sandbox.aws.ministack import evaluator, gateway, iam, scope, sts
from sandbox.aws.ministack.evaluator import Context, Decision
from sandbox.aws.ministack.gateway import Request


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """Temporary credentials of a role."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    expiration: float
    """Seconds since the epoch."""
    role_arn: str


@dataclass(frozen=True, kw_only=True)
class Principal:
    """The identity that makes a request: a session of a role, or an account's root."""

    arn: str
    """ARN of the session, as error messages show it."""
    access_key_id: str
    account_id: str


_decisions: defaultdict[str, dict[tuple[str, str, bool], None]] = defaultdict(dict)
"""By role: every action, the resource, and whether it was allowed, in the order in which they came up."""


def caller(request: Request) -> Principal:
    """Return the principal that signed a request."""
    access_key = gateway.access_key_id(request)
    arn, account = evaluator.principal(access_key, scope.account_id())
    return Principal(arn=arn, access_key_id=access_key, account_id=account)


def assume(role_arn: str, session_name: str, *, seconds: int = 3600) -> Credentials:
    """Open a session of a role; whether its trust policy allows that is for the caller to check first."""
    account, name = split_role_arn(role_arn)
    access_key = "ASIA" + "".join(secrets.choice(string.ascii_uppercase + "234567") for _ in range(16))
    secret, token = secrets.token_urlsafe(30), secrets.token_urlsafe(48)
    expiration = time.time() + seconds
    role = iam.find_role(account, name) or {}
    sts.register_session(
        access_key,
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session_name}",
            "UserId": f"{role.get('RoleId', 'AROA')}:{session_name}",
            "SecretAccessKey": secret,
            "SessionToken": token,
            "Expiration": expiration,
            "AccountId": account,
            "PrincipalType": "AssumedRole",
        },
    )
    return Credentials(
        access_key_id=access_key,
        secret_access_key=secret,
        session_token=token,
        expiration=expiration,
        role_arn=role_arn,
    )


def session(role_arn: str, session_name: str) -> Principal:
    """Open a session of a role; return it as a principal."""
    credentials = assume(role_arn, session_name)
    account, name = split_role_arn(role_arn)
    return Principal(
        arn=f"arn:aws:sts::{account}:assumed-role/{name}/{session_name}",
        access_key_id=credentials.access_key_id,
        account_id=account,
    )


SERVICES_WITHOUT_A_SOURCE = frozenset({"cloudformation.amazonaws.com", "servicecatalog.amazonaws.com"})
"""Services for which no document says that they name an account when they assume a role.

Source: Service Catalog Administrator Guide, "AWS Service Catalog Launch Constraints", and CloudFormation User Guide,
"CloudFormation service role", whose trust policies have no condition; "Cross-service confused deputy prevention" in the
latter is about extensions.
"""


def service_may_assume(role_arn: str, service: str, *, source_account: str, source_arn: str | None = None) -> bool:
    """Return whether the role exists and its trust policy lets an AWS service assume it for that account.

    A service that is not documented to name the account does not: a condition that requires it is not met.
    """
    try:
        account, name = split_role_arn(role_arn)
    except ServiceError:
        return False
    role = iam.find_role(account, name)
    if role is None:
        return False
    # MiniStack's own trust evaluation lets any service principal stand for an account's root, so only the
    # statements that name this very service are handed to it.
    statements = _as_list(json.loads(role["AssumeRolePolicyDocument"]).get("Statement"))
    named = [statement for statement in statements if service in _as_list(_principal(statement).get("Service"))]
    named_account = None if service in SERVICES_WITHOUT_A_SOURCE else source_account
    return evaluator.trusts(named, role_arn, source_account, named_account, source_arn)


def is_allowed(principal: Principal, action: str, resource: str, context: Context | None = None) -> bool:
    """Return whether the principal may do `action` on `resource`; recorded like every decision."""
    return _decide(principal, action, resource, context).allowed


def require(principal: Principal, action: str, resource: str, context: Context | None = None) -> None:
    """Refuse unless the principal may do `action` on `resource`.

    Raises:
        AccessDeniedError: it may not.
    """
    decision = _decide(principal, action, resource, context)
    if not decision.allowed:
        raise AccessDeniedError(
            principal.arn, action, resource, explicit=decision.explicit, by_resource=decision.by_resource
        )


def permissions() -> dict[str, list[dict[str, str | bool]]]:
    """Return every decision so far, by role ARN."""
    return {
        role: [{"action": action, "resource": resource, "allowed": allowed} for action, resource, allowed in decisions]
        for role, decisions in _decisions.items()
    }


def install() -> None:
    """Record the decisions that MiniStack takes about requests, too."""
    evaluator.parse_policies_once()
    evaluator.record_decisions(_record)


def split_role_arn(role_arn: str) -> tuple[str, str]:
    """Return the account and the name of a role.

    Raises:
        ServiceError: it is no role's ARN.
    """
    parts = role_arn.split(":", 5)
    if len(parts) != 6 or parts[2] != "iam" or not parts[5].startswith("role/"):
        raise ServiceError("ValidationException", f"'{role_arn}' is not the ARN of a role")
    return parts[4], parts[5].rpartition("/")[2]


def _decide(principal: Principal, action: str, resource: str, context: Context | None) -> Decision:
    decision = evaluator.decide(principal.access_key_id, principal.account_id, action, resource, context or {})
    _record(decision.principal_arn, action, resource, decision.allowed)
    return decision


def _record(principal_arn: str, action: str, resource: str, allowed: bool) -> None:
    if ":assumed-role/" in principal_arn:
        account, name = principal_arn.split(":")[4], principal_arn.split("/")[1]
        _decisions[f"arn:aws:iam::{account}:role/{name}"][action, resource, allowed] = None


def _principal(statement: Mapping[str, Any]) -> Mapping[str, Any]:
    principal = statement.get("Principal", {})
    return cast(Mapping[str, Any], principal) if isinstance(principal, dict) else {}


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return cast(list[Any], value) if isinstance(value, list) else [value]
