"""Additions to roles and functions of a stack, besides what it declares."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bootstrap import additions
from tests.bootstrap.fakes import Service, account, answer, refuse

FUNCTION = "arn:aws:lambda:eu-west-1:111111111111:function:release"


def step(kind: str, outputs: Mapping[str, str] | None = None, **inputs: str) -> dict[str, Any]:
    return {"op": "same", "newState": {"type": kind, "inputs": inputs, "outputs": {**inputs, **(outputs or {})}}}


STEPS = [
    step(additions.ROLE, name="jobs"),
    step(additions.ROLE_POLICY, role="jobs", name="work"),
    step(additions.ATTACHMENT, role="jobs", policyArn="arn:aws:iam::aws:policy/Mine"),
    step(additions.FUNCTION, name="release"),
    step(additions.PERMISSION, {"statementId": "made-by-the-provider"}, function="release"),
    step(additions.PERMISSION, function=FUNCTION, statementId="events"),
    {"op": "delete", "oldState": {"type": additions.ROLE, "inputs": {"name": "former"}}},
]


def found(
    inline: Callable[..., dict[str, Any]],
    attached: Callable[..., dict[str, Any]],
    policy: Callable[..., dict[str, Any]],
) -> list[str]:
    iam = Service({"list_role_policies": inline, "list_attached_role_policies": attached})
    return list(additions.find(account(**{"iam": iam, "lambda": Service({"get_policy": policy})}), STEPS))


def statements(*names: str) -> Callable[..., dict[str, Any]]:
    return answer({"Policy": json.dumps({"Statement": [{"Sid": name} for name in names]})})


def inline(**request: str) -> dict[str, Any]:
    """Answer two pages."""
    assert request["RoleName"] == "jobs"
    if "Marker" in request:
        return {"PolicyNames": ["another"]}
    return {"PolicyNames": ["work"], "IsTruncated": True, "Marker": "next"}


def attached(*names: str) -> Callable[..., dict[str, Any]]:
    return answer({"AttachedPolicies": [{"PolicyArn": f"arn:aws:iam::aws:policy/{name}"} for name in names]})


def test_a_policy_of_a_role_and_a_statement_of_a_function_that_are_not_declared_are_found() -> None:
    assert found(inline, attached("Mine", "Theirs"), statements("events", "made-by-the-provider", "somebody")) == [
        "- undeclared `aws:iam/rolePolicy:RolePolicy` `jobs`: `another`",
        "- undeclared `aws:iam/rolePolicyAttachment:RolePolicyAttachment` `jobs`: `arn:aws:iam::aws:policy/Theirs`",
        "- undeclared `aws:lambda/permission:Permission` `release`: `somebody`",
    ]


def test_what_is_declared_and_what_is_gone_is_no_addition() -> None:
    gone = refuse("NoSuchEntity")
    assert found(gone, gone, refuse("ResourceNotFoundException")) == []
    assert found(answer({"PolicyNames": ["work"]}), attached("Mine"), statements("events")) == []


def test_a_comparison_that_may_not_look_is_an_error() -> None:
    with pytest.raises(ClientError):
        found(refuse("AccessDenied"), attached(), statements())
