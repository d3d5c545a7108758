"""IAM policy documents, built from statements that each say what they allow, on what, and under which condition.

Every statement of the platform comes from here, so that two rules hold everywhere: no action is a wildcard, and a
statement reaches every resource only where it says why it must.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pulumi

Condition = Mapping[str, Mapping[str, pulumi.Input[str] | Sequence[pulumi.Input[str]]]]
"""The condition of a statement, by operator and key: `{"StringEquals": {"aws:SourceAccount": "111111111111"}}`."""

Principal = Mapping[str, pulumi.Input[str] | Sequence[pulumi.Input[str]]] | str
"""The principal of a statement, by kind: `{"Service": "lambda.amazonaws.com"}`; `*` for everybody."""


@dataclass(frozen=True, kw_only=True)
class EveryResource:
    """`Resource: "*"`, for actions that AWS offers no narrower resource for."""

    reason: str
    """Reason why no narrower resource will do, kept beside the statement for its reader."""


NO_RESOURCE_TYPE = EveryResource(reason="AWS has no resource type for these actions")


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement of a policy document."""

    sid: str
    effect: str
    actions: tuple[str, ...]
    resources: tuple[pulumi.Input[str], ...]
    principal: Principal | None
    condition: Condition | None


Target = pulumi.Input[str] | Sequence[pulumi.Input[str]] | EveryResource
"""The resources of a statement: one ARN, several, or every resource with the reason."""


def allow(
    sid: str,
    *actions: str,
    on: Target,
    when: Condition | None = None,
    to: Principal | None = None,
) -> Statement:
    """Allow `actions` on `on`, under the condition `when`; `to` names the principal in a resource's own policy.

    Raises:
        ValueError: an action is a wildcard, or the statement id is not alphanumeric.
    """
    return _statement("Allow", sid, actions, on, when, to)


def deny(
    sid: str,
    *actions: str,
    on: Target,
    when: Condition | None = None,
    to: Principal | None = None,
) -> Statement:
    """Deny `actions` on `on`, whatever else allows them; a resource's own policy may deny every action of a service."""
    return _statement("Deny", sid, actions, on, when, to)


def pass_endpoint(sid: str, *, when: Condition) -> Statement:
    """Let requests that satisfy `when` pass through a network endpoint.

    An endpoint's policy grants nothing, it only restricts; so it may name every action and resource.
    """
    return Statement(sid=sid, effect="Allow", actions=("*",), resources=("*",), principal="*", condition=when)


def document(*statements: Statement) -> pulumi.Output[str]:
    """Return the policy document of `statements` as JSON.

    Raises:
        ValueError: two statements share an id.
    """
    ids = [statement.sid for statement in statements]
    if len(set(ids)) != len(ids):
        raise ValueError(f"statement ids must be unique within a policy document: {sorted(ids)}")
    return pulumi.Output.json_dumps(
        {"Version": "2012-10-17", "Statement": [_as_json(statement) for statement in statements]}
    )


def merge(statements: Sequence[Statement]) -> list[Statement]:
    """Make one statement of those that differ in nothing but their resources, named after the first of them.

    The policies of a role may have 10,240 characters together, and owners grant the same for each of their resources.
    """
    merged: list[Statement] = []
    for statement in statements:
        alike = next(
            (it for it in merged if replace(it, sid="", resources=()) == replace(statement, sid="", resources=())), None
        )
        if alike is None:
            merged.append(statement)
        else:
            merged[merged.index(alike)] = replace(alike, resources=(*alike.resources, *statement.resources))
    return merged


def trust_service(service: str, *, account_id: str, names_account: bool = True) -> pulumi.Output[str]:
    """Return a trust policy: an AWS service may assume the role, on behalf of `account_id` and no other.

    Without `names_account`, a service that does not name the account may assume the role, too: for the services that AWS
    does not document to set `aws:SourceAccount`.
    Source: IAM User Guide, "The confused deputy problem"; docs/adr/0017.
    """
    operator = "StringEquals" if names_account else "StringEqualsIfExists"
    return document(
        Statement(
            sid="AssumeByService",
            effect="Allow",
            actions=("sts:AssumeRole",),
            resources=(),
            principal={"Service": service},
            condition={operator: {"aws:SourceAccount": account_id}},
        )
    )


def trust_github(
    *, provider_arn: pulumi.Input[str], issuer: str, subjects: Sequence[pulumi.Input[str]]
) -> pulumi.Output[str]:
    """Return a trust policy: GitHub Actions jobs may assume the role if their token carries exactly one of `subjects`.

    `issuer` is the host and path of the token's issuer, without the scheme.
    Source: GitHub Docs, "Configuring OpenID Connect in Amazon Web Services".
    """
    return document(
        Statement(
            sid="AssumeByGitHubActions",
            effect="Allow",
            actions=("sts:AssumeRoleWithWebIdentity",),
            resources=(),
            principal={"Federated": provider_arn},
            condition={"StringEquals": {f"{issuer}:aud": "sts.amazonaws.com", f"{issuer}:sub": list(subjects)}},
        )
    )


def _statement(
    effect: str,
    sid: str,
    actions: tuple[str, ...],
    on: Target,
    when: Condition | None,
    to: Principal | None,
) -> Statement:
    if not sid.isalnum():
        raise ValueError(f"statement id {sid!r}: AWS accepts letters and digits only")
    if not actions:
        raise ValueError(f"statement {sid}: it names no action")
    wildcards = [action for action in actions if "*" in action]
    if wildcards and effect == "Allow":
        raise ValueError(f"statement {sid}: name the actions instead of {', '.join(wildcards)}")
    match on:
        case EveryResource():
            resources: tuple[pulumi.Input[str], ...] = ("*",)
        case str() | pulumi.Output():
            resources = (on,)
        case Sequence():
            resources = tuple(on)
        case _:
            resources = (on,)
    return Statement(sid=sid, effect=effect, actions=actions, resources=resources, principal=to, condition=when)


def _as_json(statement: Statement) -> dict[str, object]:
    parts: dict[str, object] = {"Sid": statement.sid, "Effect": statement.effect}
    if statement.principal is not None:
        parts["Principal"] = statement.principal
    parts["Action"] = list(statement.actions)
    if statement.resources:
        parts["Resource"] = list(statement.resources)
    if statement.condition is not None:
        parts["Condition"] = statement.condition
    return parts
