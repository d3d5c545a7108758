"""Additions to what a stack declares, which its preview does not show: the engine reads what is in its state, and nothing else.

They are looked for where somebody would be let in: in policies of roles, and in those of functions. Sources: IAM API Reference,
ListRolePolicies and ListAttachedRolePolicies; Lambda API Reference, GetPolicy.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from bootstrap.account import Account, Client, error_code, pages

ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
FUNCTION = "aws:lambda/function:Function"
PERMISSION = "aws:lambda/permission:Permission"
GONE = ("NoSuchEntity", "ResourceNotFoundException")
"""Codes of what was deleted, which the preview shows, and of a function without a policy."""


def find(account: Account, steps: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield what roles and functions of a stack have and its program does not declare, a line of Markdown each.

    Args:
        account: where the stack is.
        steps: the steps of its preview, with the state of each resource.
    """
    declared = [_resource(step["newState"]) for step in steps if "newState" in step]
    iam, functions = account.client("iam"), account.client("lambda")
    for role in _values(declared, ROLE, "name"):
        inline = {each["name"] for each in _of(declared, ROLE_POLICY) if each["role"] == role}
        attached = {each["policyArn"] for each in _of(declared, ATTACHMENT) if each["role"] == role}
        yield from _lines(ROLE_POLICY, role, set(_inline(iam, role)) - inline)
        yield from _lines(ATTACHMENT, role, set(_attached(iam, role)) - attached)
    for function in _values(declared, FUNCTION, "name"):
        statements = {
            each["statementId"]
            for each in _of(declared, PERMISSION)
            if str(each["function"]).rpartition(":")[2] == function
        }
        yield from _lines(PERMISSION, function, set(_statements(functions, function)) - statements)


def _resource(state: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Return the type and the properties of a resource; what AWS chose, such as a name, is among its outputs."""
    return state["type"], {**state.get("outputs", {}), **state.get("inputs", {})}


def _of(declared: Sequence[tuple[str, Mapping[str, Any]]], kind: str) -> Iterator[Mapping[str, Any]]:
    return (properties for each, properties in declared if each == kind)


def _values(declared: Sequence[tuple[str, Mapping[str, Any]]], kind: str, name: str) -> list[str]:
    return sorted(str(properties[name]) for properties in _of(declared, kind))


def _lines(kind: str, owner: str, found: set[str]) -> Iterator[str]:
    return (f"- undeclared `{kind}` `{owner}`: `{name}`" for name in sorted(found))


def _inline(iam: Client, role: str) -> Iterator[str]:
    def of_role(**request: str) -> dict[str, Any]:
        return _unless_gone(lambda: iam.list_role_policies(RoleName=role, **request), {"PolicyNames": []})

    return pages(of_role, "PolicyNames", "Marker", "Marker")


def _attached(iam: Client, role: str) -> Iterator[str]:
    def of_role(**request: str) -> dict[str, Any]:
        return _unless_gone(lambda: iam.list_attached_role_policies(RoleName=role, **request), {"AttachedPolicies": []})

    return (each["PolicyArn"] for each in pages(of_role, "AttachedPolicies", "Marker", "Marker"))


def _statements(functions: Client, function: str) -> Iterator[str]:
    found = _unless_gone(lambda: functions.get_policy(FunctionName=function), {"Policy": '{"Statement": []}'})
    return (each["Sid"] for each in json.loads(found["Policy"])["Statement"])


def _unless_gone(ask: Callable[[], dict[str, Any]], nothing: dict[str, Any]) -> dict[str, Any]:
    try:
        return ask()
    except ClientError as error:
        if error_code(error) not in GONE:
            raise
        return nothing
