"""Who may do what: principals, decisions beyond a request's own, and the record of every decision.

MiniStack decides about the request itself. Much of AWS happens on behalf of somebody: a stack acts as its role, a job
as its execution role, Service Catalog as its launch role. Those decisions are taken here, by MiniStack's evaluator.
"""

import secrets
import string
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from sandbox.aws import emulator
from sandbox.aws.errors import AccessDeniedError, ServiceError

Context = Mapping[str, Any]
"""Condition keys and their values."""


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
    """Somebody who asks: a session of a role, or an account's root."""

    arn: str
    """ARN of the session, as error messages show it."""
    access_key_id: str
    account_id: str


Decision = tuple[str, str, bool]
"""Action, resource, and whether it was allowed."""

_record: defaultdict[str, dict[Decision, None]] = defaultdict(dict)


def caller(headers: Mapping[str, str], query: Mapping[str, Any]) -> Principal:
    """The principal that signed a request."""
    access_key = emulator.router.extract_access_key_id(headers, query) or ""
    info = _resolve(access_key, emulator.account_id())
    return Principal(arn=info.arn, access_key_id=access_key, account_id=info.account)


def assume(role_arn: str, session_name: str, *, seconds: int = 3600) -> Credentials:
    """Open a session of a role; whether its trust policy allows that is for the caller to ask first."""
    account, name = split_role_arn(role_arn)
    access_key = "ASIA" + "".join(secrets.choice(string.ascii_uppercase + "234567") for _ in range(16))
    secret, token = secrets.token_urlsafe(30), secrets.token_urlsafe(48)
    expiration = time.time() + seconds
    role: Mapping[str, Any] = emulator.iam._roles.get_scoped(account, None, name) or {}
    emulator.sts.register_session(
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
    """A new session of a role, as a principal."""
    credentials = assume(role_arn, session_name)
    account, name = split_role_arn(role_arn)
    return Principal(
        arn=f"arn:aws:sts::{account}:assumed-role/{name}/{session_name}",
        access_key_id=credentials.access_key_id,
        account_id=account,
    )


def service_may_assume(role_arn: str, service: str, *, source_account: str, source_arn: str | None = None) -> bool:
    """Whether the role exists and its trust policy lets the AWS service `service` assume it for that account."""
    try:
        account, name = split_role_arn(role_arn)
    except ServiceError:
        return False
    role = emulator.iam._roles.get_scoped(account, None, name)
    if role is None:
        return False
    document = emulator.evaluator.json.loads(role["AssumeRolePolicyDocument"])
    statements = document.get("Statement", [])
    context = emulator.evaluator.EvalContext(
        principal_arn=f"arn:aws:iam::{source_account}:root",
        principal_type="AWSService",
        principal_account=source_account,
        action="sts:AssumeRole",
        resource_arn=role_arn,
        region=emulator.region(),
        service_context={
            "aws:sourceaccount": source_account,
            "aws:sourcearn": source_arn,
            "aws:principalisawsservice": "true",
        },
    )
    # MiniStack's own trust evaluation lets any service principal stand for an account's root, so only the
    # statements that name this very service are handed to it.
    named = [
        statement for statement in _as_list(statements) if service in _as_list(_principal(statement).get("Service"))
    ]
    return bool(emulator.evaluator.evaluate_trust_policy({"Statement": named}, context.principal_arn, context))


def is_allowed(principal: Principal, action: str, resource: str, context: Context | None = None) -> bool:
    """Whether the principal may do `action` on `resource`; recorded like every decision."""
    return _decide(principal, action, resource, context).decision == "Allow"


def require(principal: Principal, action: str, resource: str, context: Context | None = None) -> None:
    """Refuse unless the principal may do `action` on `resource`.

    Raises:
        AccessDeniedError: it may not.
    """
    result = _decide(principal, action, resource, context)
    if result.decision != "Allow":
        raise AccessDeniedError(
            principal.arn,
            action,
            resource,
            explicit=result.decision == "Deny",
            by_resource=bool(result.resource_policy_arn),
        )


def permissions() -> dict[str, list[dict[str, str | bool]]]:
    """Every decision so far, by role ARN."""
    return {
        role: [{"action": action, "resource": resource, "allowed": allowed} for action, resource, allowed in decisions]
        for role, decisions in _record.items()
    }


def record(principal_arn: str, action: str, resource: str, *, allowed: bool) -> None:
    """Remember a decision about a role's session."""
    if ":assumed-role/" in principal_arn:
        account, name = principal_arn.split(":")[4], principal_arn.split("/")[1]
        _record[f"arn:aws:iam::{account}:role/{name}"][action, resource, allowed] = None


def watch() -> None:
    """Record the decisions that MiniStack takes about requests."""
    enforce = emulator.evaluator.enforce

    def enforce_and_record(
        access_key_id: str,
        iam_action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: Context | None = None,
    ) -> Any:
        denied = enforce(access_key_id, iam_action, service, region, resource_arn, service_context)
        if not isinstance(denied, emulator.evaluator.AuthError):
            known = emulator.sts._sessions.get(access_key_id)
            if known is not None:
                record(known["Arn"], iam_action, resource_arn, allowed=denied is None)
        return denied

    emulator.evaluator.enforce = enforce_and_record


def remember_policies() -> None:
    """Read every policy document once: MiniStack parses all of a role's for each of its requests."""
    parse = emulator.evaluator.parse_policy_document
    parse_text = lru_cache(maxsize=1024)(parse)

    def parse_policy_document(document: Any) -> Any:
        return parse_text(document) if isinstance(document, str) else parse(document)

    emulator.evaluator.parse_policy_document = parse_policy_document


def split_role_arn(role_arn: str) -> tuple[str, str]:
    """Account and name of a role.

    Raises:
        ServiceError: it is no role's ARN.
    """
    parts = role_arn.split(":", 5)
    if len(parts) != 6 or parts[2] != "iam" or not parts[5].startswith("role/"):
        raise ServiceError("ValidationException", f"'{role_arn}' is not the ARN of a role")
    return parts[4], parts[5].rpartition("/")[2]


def _decide(principal: Principal, action: str, resource: str, context: Context | None) -> Any:
    info = _resolve(principal.access_key_id, principal.account_id)
    request = emulator.evaluator.EvalContext(
        principal_arn=info.arn,
        principal_type=info.type,
        principal_account=info.account,
        action=action,
        resource_arn=resource,
        region=emulator.region(),
        source_ip="127.0.0.1",
        secure_transport=True,
        service_context={key.lower(): value for key, value in (context or {}).items()},
        principal_keys=info.keys,
    )
    # A root has no policies: whatever belongs to its account it may do, as far as the resource's own policy lets it.
    result = (
        emulator.evaluator.EvalResult("Allow", info.arn)
        if info.policies is None
        else emulator.evaluator.evaluate(request, info.policies, *info.limits)
    )
    service = action.partition(":")[0]
    found = emulator.evaluator._resource_policy(service, resource)
    if found is not None:
        result = emulator.evaluator.combine_resource_policy(
            result, request, *found, required=service in emulator.evaluator._POLICY_REQUIRED, limits=info.limits
        )
    record(info.arn, action, resource, allowed=result.decision == "Allow")
    return result


def _resolve(access_key: str, account: str) -> Any:
    info = emulator.evaluator.resolve_principal(access_key, account)
    if isinstance(info, emulator.evaluator.AuthError):
        raise ServiceError(info.code, info.message, 403)
    return info


def _principal(statement: Mapping[str, Any]) -> Mapping[str, Any]:
    principal = statement.get("Principal", {})
    return cast(Mapping[str, Any], principal) if isinstance(principal, dict) else {}


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return cast(list[Any], value) if isinstance(value, list) else [value]
