"""The function that notes what production serves: it sets the stage of a version, and decides nothing."""

import json
import re
from typing import Any

import pytest

from tests.access.authorization import Role, roles_of
from tests.bootstrap.template import Template
from tests.decisions import Request, Values, allowances, denials, permits
from tests.rendering import ROOT, Rendering, Renderings

ROLE = "arn:aws:iam::111111111111:role/analytics-dev-model-life-cycle"
VERSION = "arn:aws:sagemaker:eu-west-1:111111111111:model-package/abalone-p-abcdefghijkl/3"
GROUP = "arn:aws:sagemaker:eu-west-1:111111111111:model-package-group/abalone-p-abcdefghijkl"
STAGE = {"sagemaker:ModelLifeCycle:Stage": "Production"}


@pytest.fixture(scope="module")
def dev(rendered: Renderings) -> Rendering:
    return rendered("dev")


@pytest.fixture(scope="module")
def role(dev: Rendering) -> Role:
    return roles_of(dev)["model-life-cycle"]


def may(role: Role, action: str, resource: str, keys: dict[str, Values] | None = None) -> bool:
    """Whether the role may do something, by its own policies within its boundary."""
    request = Request(principal=ROLE, action=action, resource=resource, keys=keys or {})
    policies: list[Any] = [json.loads(document) for document in role.policies.values()]
    boundary = Template(Parts="development").properties("WorkloadBoundary")["PolicyDocument"]
    allowed = any(allowances(policy, request) for policy in policies)
    return allowed and not any(denials(policy, request) for policy in policies) and permits(boundary, request)


@pytest.mark.parametrize("stage", ["Production", "Archived"])
def test_it_finds_the_versions_of_projects_and_sets_their_stage(role: Role, stage: str) -> None:
    assert may(role, "sagemaker:ListModelPackages", GROUP)
    assert may(role, "sagemaker:DescribeModelPackage", VERSION)
    assert may(role, "sagemaker:UpdateModelPackage", VERSION, {"sagemaker:ModelLifeCycle:Stage": stage})


@pytest.mark.parametrize(
    ("action", "resource", "keys"),
    [
        ("sagemaker:UpdateModelPackage", VERSION, {}),
        ("sagemaker:UpdateModelPackage", VERSION, {"sagemaker:ModelLifeCycle:Stage": "Development"}),
        ("sagemaker:UpdateModelPackage", VERSION, {"sagemaker:ModelApprovalStatus": "Approved"}),
        ("sagemaker:UpdateModelPackage", VERSION, {**STAGE, "sagemaker:ModelApprovalStatus": "Approved"}),
        ("sagemaker:UpdateModelPackage", VERSION, {**STAGE, "sagemaker:ModelApprovalStatus": "Rejected"}),
        ("sagemaker:UpdateModelPackage", VERSION.replace("abalone-p-abcdefghijkl", "experiments"), STAGE),
        ("sagemaker:UpdateModelPackage", VERSION.replace("111111111111", "333333333333"), STAGE),
        ("sagemaker:CreateModelPackage", VERSION, STAGE),
        ("sagemaker:DeleteModelPackage", VERSION, {}),
        ("sagemaker:CreateProject", "arn:aws:sagemaker:eu-west-1:111111111111:project/abalone", {}),
        (
            "s3:GetObject",
            "arn:aws:s3:::analytics-dev-p-abcdefghijkl-111111111111-eu-west-1/approved/3/model.tar.gz",
            {},
        ),
    ],
)
def test_it_approves_registers_and_reads_nothing(
    role: Role, action: str, resource: str, keys: dict[str, Values]
) -> None:
    assert not may(role, action, resource, keys)


def test_it_may_do_whatever_its_code_asks_of_aws_and_no_more(role: Role) -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "functions/model_life_cycle").glob("*.py"))
    assert set(re.findall(r"self\._sagemaker\.([a-z0-9_]+)\(", code)) == {
        "describe_model_package",
        "get_paginator",
        "update_model_package",
    }
    assert re.findall(r'get_paginator\("(\w+)"\)', code) == ["list_model_packages"]
    runtime = {"logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTelemetryRecords", "xray:PutTraceSegments"}
    registry = {f"sagemaker:{verb}" for verb in ("DescribeModelPackage", "ListModelPackages", "UpdateModelPackage")}
    assert {action for each in role.statements for action in each.actions} == registry | runtime


def test_the_account_of_production_alone_invokes_it(dev: Rendering) -> None:
    function = dev.one("lambda/function:Function", "model-life-cycle-function").inputs
    [permission] = [
        each.inputs for each in dev.all("lambda/permission:Permission") if each.inputs["function"] == function["name"]
    ]
    assert (permission["action"], permission["principal"]) == ("lambda:InvokeFunction", "333333333333")
    assert "vpcConfig" not in function


def test_in_production_the_release_function_alone_may_invoke_it(rendered: Renderings) -> None:
    function = "arn:aws:lambda:eu-west-1:111111111111:function:analytics-dev-model-life-cycle"
    invoking = {
        name
        for name, role in roles_of(rendered("prod")).items()
        for each in role.statements
        if "lambda:InvokeFunction" in each.actions and function in each.resources
    }
    assert invoking == {"model-release"}
