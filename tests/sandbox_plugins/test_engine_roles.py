"""Runs of the real engine in which the settings of development begin to use a role that was held for them, and end it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from tests.sandbox_plugins.project import Project

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).parents[2]
ENVIRONMENT = """
    from components import iam
    from components.environment import Environment
    from components.iam.held_roles import HeldRoles, HeldRolesArgs
    from components.iam.role import Role, RoleArgs

    environment = Environment(unit="library", name="dev", account_id="111111111111", region="eu-west-1")
    options = pulumi.ResourceOptions(providers=[provider])
"""
HELD = """
    HeldRoles("held-roles", HeldRolesArgs(environment=environment, purposes=["mlflow"]), options)
"""
USED = """
    HeldRoles("held-roles", HeldRolesArgs(environment=environment, purposes=[]), options)
    app = pulumi.ComponentResource("mlops:index:MlflowApp", "mlflow", None, options)
    Role(
        "mlflow",
        RoleArgs(
            environment=environment,
            purpose="mlflow",
            description="In use",
            trust_policy=iam.trust_service("sagemaker.amazonaws.com", account_id="111111111111"),
            policies={"see": iam.document(iam.allow("See", "sagemaker:ListMlflowApps", on=iam.NO_RESOURCE_TYPE))},
        ),
        pulumi.ResourceOptions(parent=app),
    )
"""


@pytest.mark.usefixtures("environment")
def test_a_role_that_was_held_is_taken_over_with_its_trust_and_given_back_and_is_never_made_anew(
    project: Callable[[str], Project],
) -> None:
    session: Any = botocore.session.get_session()
    client = session.create_client("iam", region_name="eu-west-1")
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    client.create_policy(PolicyName="library-dev-boundary", PolicyDocument=document)
    stack = project("library")
    stack.environment["PYTHONPATH"] = str(CHECKOUT)
    stack.program(ENVIRONMENT + HELD)
    stack.up()
    stack.unchanged()
    held = client.get_role(RoleName="library-dev-mlflow")["Role"]
    assert client.list_role_policies(RoleName="library-dev-mlflow")["PolicyNames"] == []

    stack.program(ENVIRONMENT + USED)
    stack.up()
    stack.unchanged()
    used = client.get_role(RoleName="library-dev-mlflow")["Role"]
    assert (used["RoleId"], used["CreateDate"]) == (held["RoleId"], held["CreateDate"])
    assert (used["AssumeRolePolicyDocument"], used["Description"]) == (held["AssumeRolePolicyDocument"], "In use")
    assert client.list_role_policies(RoleName="library-dev-mlflow")["PolicyNames"] == ["see"]

    stack.program(ENVIRONMENT + HELD)
    stack.up()
    stack.unchanged()
    again = client.get_role(RoleName="library-dev-mlflow")["Role"]
    assert (again["RoleId"], again["AssumeRolePolicyDocument"]) == (held["RoleId"], held["AssumeRolePolicyDocument"])
    assert client.list_role_policies(RoleName="library-dev-mlflow")["PolicyNames"] == []
