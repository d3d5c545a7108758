"""Actions that roles are granted, and those that they used; the local AWS records every decision."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import boto3

from sandbox import http_client, identities
from sandbox.servers import Servers

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

PROJECT_ID = re.compile(r"-p-[a-z0-9]{12}-")


@dataclass(frozen=True, kw_only=True)
class RoleUse:
    """A role, or the roles of one kind of all projects: what their policies allow, and what they used."""

    name: str
    """Name without the business unit, such as `dev-template-cloner` or `prod-p-*-model`."""
    granted: frozenset[str]
    used: frozenset[str]


def uses(servers: Servers) -> list[RoleUse]:
    """Return the roles of the platform and of its projects that exist now, and what they used since the sandbox was started."""
    decisions = cast("dict[str, Any]", http_client.call(servers, "GET", f"{servers.aws.url}/_sandbox/permissions", {}))
    granted, used = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for arn, made in decisions.items():
        used[kind_of(arn)] |= {str(decision["action"]) for decision in made if decision["allowed"]}
    for account in sorted({arn.split(":")[4] for arn in decisions}):
        iam = _iam(account)
        for page in iam.get_paginator("list_roles").paginate():
            for role in page["Roles"]:
                if "PermissionsBoundary" in iam.get_role(RoleName=role["RoleName"])["Role"]:
                    granted[kind_of(role["Arn"])] |= set(_granted(iam, role["RoleName"]))
    return [
        RoleUse(name=name, granted=frozenset(actions), used=frozenset(used[name] & actions))
        for name, actions in sorted(granted.items())
    ]


def kind_of(role_arn: str) -> str:
    """Return the name of a role without its unit and the id of its project."""
    name = role_arn.rpartition("/")[2].partition("-")[2]
    return PROJECT_ID.sub("-p-*-", name)


def _iam(account: str) -> "IAMClient":
    root = identities.root(account)
    return boto3.client(
        "iam",
        aws_access_key_id=root["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=root["AWS_SECRET_ACCESS_KEY"],
        region_name="us-east-1",
    )


def _granted(iam: "IAMClient", role: str) -> Iterator[str]:
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        yield from _allowed(iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])
    for attached in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        arn = attached.get("PolicyArn", "")
        version = iam.get_policy(PolicyArn=arn)["Policy"].get("DefaultVersionId", "")
        yield from _allowed(iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"].get("Document"))


def _allowed(document: Any) -> Iterator[str]:
    policy = cast("dict[str, Any]", json.loads(document) if isinstance(document, str) else document)
    for statement in policy["Statement"]:
        if statement["Effect"] == "Allow":
            actions = statement["Action"]
            yield from [actions] if isinstance(actions, str) else actions
