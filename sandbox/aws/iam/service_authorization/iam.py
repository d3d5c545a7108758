"""IAM: those operations whose resources or condition keys MiniStack does not know."""

from collections.abc import Iterator
from typing import Any

from sandbox.aws.iam.service_authorization.members import Members
from sandbox.aws.ministack import iam, scope

BOUNDARY_ACTIONS = frozenset(
    {
        "AttachRolePolicy",
        "DeleteRolePermissionsBoundary",
        "DeleteRolePolicy",
        "DetachRolePolicy",
        "PutRolePolicy",
    }
)
"""Actions on an existing role, whose `iam:PermissionsBoundary` is the boundary that the role has."""


def resources(operation: str, members: Members) -> Iterator[str]:
    """Yield the resource of a request; none where MiniStack knows it."""
    account = scope.account_id()
    if provider := members.get("OpenIDConnectProviderArn"):
        yield provider
    elif operation == "CreateOpenIDConnectProvider":
        yield f"arn:aws:iam::{account}:oidc-provider/{members.get('Url', '').partition('://')[2].rstrip('/')}"
    elif operation == "CreateRole":
        yield f"arn:aws:iam::{account}:role{members.get('Path') or '/'}{members.get('RoleName', '')}"
    elif operation == "CreatePolicy":
        yield f"arn:aws:iam::{account}:policy{members.get('Path') or '/'}{members.get('PolicyName', '')}"
    elif operation == "CreateServiceLinkedRole":
        yield f"arn:aws:iam::{account}:role/aws-service-role/{members.get('AWSServiceName', '')}/*"


def context(operation: str, members: Members) -> Iterator[tuple[str, Any]]:
    """Yield the condition keys of a request."""
    if operation in ("CreateRole", "PutRolePermissionsBoundary"):
        yield "iam:PermissionsBoundary", members.get("PermissionsBoundary") or None
    elif operation in BOUNDARY_ACTIONS:
        yield "iam:PermissionsBoundary", boundary_of(members.get("RoleName", ""))
    if operation in ("AttachRolePolicy", "DetachRolePolicy"):
        yield "iam:PolicyARN", members.get("PolicyArn", "")
    if operation == "CreateServiceLinkedRole":
        yield "iam:AWSServiceName", members.get("AWSServiceName", "")


def boundary_of(role_name: str) -> str | None:
    """Return the permissions boundary of a role of the current account, if it has one."""
    role: Members = iam.roles.get(role_name) or {}
    return role.get("PermissionsBoundary") or None
