"""Parts of the platform on the local AWS, as its stacks would make them: roles under their boundary, and functions."""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.access.authorization import roles_of
from tests.bootstrap.policies import parts_of
from tests.bootstrap.template import Template
from tests.rendering import Rendering
from tests.sandbox_aws.account import Account


def has_roles_of(account: Account, environment: str, rendering: Rendering, *purposes: str) -> None:
    """Create some of the platform's roles, under their boundary."""
    names = {"Unit": "analytics", "Environment": environment, "AWS::AccountId": account.number}
    boundary = Template(Parts=parts_of(rendering), **names)
    document = json.dumps(boundary.properties("WorkloadBoundary")["PolicyDocument"])
    iam = account.client("iam")
    iam.create_policy(PolicyName=f"analytics-{environment}-boundary", PolicyDocument=document)
    rendered = {each.inputs["name"]: each.inputs for each in rendering.all("iam/role:Role")}
    for purpose in purposes:
        role = roles_of(rendering)[purpose]
        iam.create_role(
            RoleName=role.name,
            AssumeRolePolicyDocument=rendered[role.name]["assumeRolePolicy"],
            PermissionsBoundary=role.boundary,
        )
        for name, policy in role.policies.items():
            iam.put_role_policy(RoleName=role.name, PolicyName=name, PolicyDocument=policy)


def zipped(assets: Mapping[str, Any]) -> bytes:
    """Return the archive of a rendered function's code."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, asset in assets.items():
            archive.write(Path(asset.path), name)
    return buffer.getvalue()


def has_function(account: Account, rendering: Rendering, name: str) -> None:
    """Create a function with its code and the statements of its policy; its role exists."""
    function = rendering.one("lambda/function:Function", name).inputs
    client = account.client("lambda")
    client.create_function(
        FunctionName=function["name"],
        Runtime=function["runtime"],
        Handler=function["handler"],
        Role=f"arn:aws:iam::{account.number}:role/{function['name']}",
        Timeout=function["timeout"],
        Environment={"Variables": function["environment"]["variables"]},
        Code={"ZipFile": zipped(function["code"].assets)},
    )
    for permission in rendering.all("lambda/permission:Permission"):
        if permission.inputs["function"] == function["name"]:
            client.add_permission(
                FunctionName=function["name"],
                StatementId=permission.name,
                Action=permission.inputs["action"],
                Principal=permission.inputs["principal"],
            )
