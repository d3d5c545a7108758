"""MiniStack's evaluation of IAM policies: decisions, and the hooks that complete them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sandbox.aws.errors import ServiceError
from sandbox.aws.ministack import modules, scope

Context = Mapping[str, Any]
"""Condition keys and their values."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The outcome of an evaluation."""

    principal_arn: str
    """ARN of the session that was decided about."""
    allowed: bool
    explicit: bool
    """True if a statement denies it."""
    by_resource: bool
    """True if the resource's policy is what refuses it."""


def principal(access_key_id: str, account: str) -> tuple[str, str]:
    """Return the ARN and the account of the owner of an access key.

    Raises:
        ServiceError: the key is unknown, or no longer valid.
    """
    info = _resolve(access_key_id, account)
    return info.arn, info.account


def caller_arn() -> str:
    """Return the ARN of the principal whose request is being answered."""
    return modules.evaluator.caller_arn()


def decide(access_key_id: str, account: str, action: str, resource: str, context: Context) -> Decision:
    """Decide whether the owner of an access key may do something."""
    info = _resolve(access_key_id, account)
    request = modules.evaluator.EvalContext(
        principal_arn=info.arn,
        principal_type=info.type,
        principal_account=info.account,
        action=action,
        resource_arn=resource,
        region=scope.region(),
        source_ip="127.0.0.1",
        secure_transport=True,
        service_context=_lowered(context),
        principal_keys=info.keys,
    )
    # A root has no policies: it may do whatever belongs to its account, as far as the resource's own policy allows.
    result = (
        modules.evaluator.EvalResult("Allow", info.arn)
        if info.policies is None
        else modules.evaluator.evaluate(request, info.policies, *info.limits)
    )
    service = action.partition(":")[0]
    found = modules.evaluator._resource_policy(service, resource)
    if found is not None:
        result = modules.evaluator.combine_resource_policy(
            result, request, *found, required=requires_policy(service), limits=info.limits
        )
    return Decision(
        principal_arn=info.arn,
        allowed=result.decision == "Allow",
        explicit=result.decision == "Deny",
        by_resource=bool(result.resource_policy_arn),
    )


def requires_policy(service: str) -> bool:
    """Return whether the resources of a service are reached only through their own policies."""
    return service in modules.evaluator._POLICY_REQUIRED


def trusts(
    statements: Sequence[Mapping[str, Any]],
    role_arn: str,
    account: str,
    source_account: str | None,
    source_arn: str | None,
) -> bool:
    """Return whether statements of a role's trust policy let an AWS service assume it on behalf of an account.

    The request has the condition keys `aws:SourceAccount` and `aws:SourceArn` if they are given.
    """
    context = modules.evaluator.EvalContext(
        principal_arn=f"arn:aws:iam::{account}:root",
        principal_type="AWSService",
        principal_account=account,
        action="sts:AssumeRole",
        resource_arn=role_arn,
        region=scope.region(),
        service_context={
            "aws:sourceaccount": source_account,
            "aws:sourcearn": source_arn,
            "aws:principalisawsservice": "true",
        },
    )
    policy = {"Statement": list(statements)}
    return bool(modules.evaluator.evaluate_trust_policy(policy, context.principal_arn, context))


def lets_service_in(
    policy: Any, service: str, action: str, resource: str, source_arn: str, context: Context | None = None
) -> bool:
    """Return whether a resource's policy lets an AWS service do something on behalf of the current account."""
    account = scope.account_id()
    request = modules.evaluator.EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action=action,
        resource_arn=resource,
        region=scope.region(),
        service_context={
            "aws:sourcearn": source_arn,
            "aws:sourceaccount": account,
            "aws:sourceowner": account,
            "aws:principalisawsservice": "true",
            **_lowered(context or {}),
        },
    )
    return modules.evaluator.evaluate_resource_policy(policy, request, service).decision == "Allow"


def use_secure_transport() -> None:
    """Let the policies that are evaluated from now on in this context see a request over TLS."""
    modules.evaluator.pin_request_origin("", secure_transport=True)


def record_decisions(record: Callable[[str, str, str, bool], None]) -> None:
    """Report every decision about a session's request: its ARN, the action, the resource, whether it was allowed."""
    enforce = modules.evaluator.enforce

    def enforce_and_record(
        access_key_id: str,
        iam_action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: Context | None = None,
    ) -> Any:
        denied = enforce(access_key_id, iam_action, service, region, resource_arn, service_context)
        if not isinstance(denied, modules.evaluator.AuthError):
            known = modules.sts._sessions.get(access_key_id)
            if known is not None:
                record(known["Arn"], iam_action, resource_arn, denied is None)
        return denied

    modules.evaluator.enforce = enforce_and_record


def parse_policies_once() -> None:
    """Cache parsed policy documents: MiniStack parses all of a role's documents for each of its requests."""
    parse = modules.evaluator.parse_policy_document
    parse_text = lru_cache(maxsize=1024)(parse)

    def parse_policy_document(document: Any) -> Any:
        return parse_text(document) if isinstance(document, str) else parse(document)

    modules.evaluator.parse_policy_document = parse_policy_document


def intercept_condition_keys(resolve: Callable[[str, Any, Callable[[], Any]], Any]) -> None:
    """Let `resolve` find the values of condition keys; its last argument is MiniStack's own way to find one.

    Its first two are the key in lower case, and an object with `principal_arn`, `principal_type`, `principal_account`
    and `resource_arn`.
    """
    resolve_key = modules.evaluator._resolve_condition_key

    def resolve_condition_key(key: str, context: Any) -> Any:
        return resolve(key.lower(), context, lambda: resolve_key(key, context))

    modules.evaluator._resolve_condition_key = resolve_condition_key


def add_principal_keys(keys: Callable[[str], Mapping[str, Any]]) -> None:
    """Add condition keys that describe the owner of an access key."""
    keys_of = modules.evaluator._principal_keys

    def principal_keys(credential: Any) -> dict[str, Any]:
        return {**keys_of(credential), **_lowered(keys(credential.access_key_id))}

    modules.evaluator._principal_keys = principal_keys


def resource_tags(arn: str) -> Mapping[str, str]:
    """Return the tags of a resource of the current account."""
    return modules.tagging.resource_tags(arn) or {}


def _resolve(access_key_id: str, account: str) -> Any:
    info = modules.evaluator.resolve_principal(access_key_id, account)
    if isinstance(info, modules.evaluator.AuthError):
        raise ServiceError(info.code, info.message, 403)
    return info


def _lowered(context: Context) -> dict[str, Any]:
    return {key.lower(): value for key, value in context.items()}
