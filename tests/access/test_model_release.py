"""The release function of an account: what it may do for a project, and what no project can do through it."""

import json
import re
from typing import Any

import pytest

from tests.access.authorization import Role, roles_of
from tests.bootstrap.template import Template
from tests.decisions import Request, Values, allowances, denials, permits
from tests.rendering import ROOT, Rendering, Renderings

ROLE = "arn:aws:iam::333333333333:role/analytics-prod-model-release"
ARTIFACTS = "arn:aws:s3:::analytics-prod-artifacts-333333333333-eu-west-1"
FROZEN = "arn:aws:s3:::analytics-dev-p-abcdefghijkl-111111111111-eu-west-1"
DATA_KEY = "arn:aws:kms:eu-west-1:333333333333:key/encryption-data-key"
THEIR_KEY = "arn:aws:kms:eu-west-1:111111111111:key/any"
THROUGH_S3 = {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}
MODEL = "arn:aws:sagemaker:eu-west-1:333333333333:model/analytics-prod-p-abcdefghijkl-approved-v3-1a2b3c4d"
PACKAGE = "arn:aws:sagemaker:eu-west-1:111111111111:model-package/abalone-p-abcdefghijkl/3"
LIFE_CYCLE = "arn:aws:lambda:eu-west-1:111111111111:function:analytics-dev-model-life-cycle"
ISOLATED = {"sagemaker:NetworkIsolation": "true"}
SUBNETS = "parameters-network/private-subnet-ids"
TO_SAGEMAKER = {"iam:PassedToService": "sagemaker.amazonaws.com"}


@pytest.fixture(scope="module")
def prod(rendered: Renderings) -> Rendering:
    return rendered("prod")


@pytest.fixture(scope="module")
def role(prod: Rendering) -> Role:
    return roles_of(prod)["model-release"]


def may(role: Role, action: str, resource: str, keys: dict[str, Values] | None = None) -> bool:
    """Whether the role may do something, by its own policies within its boundary."""
    request = Request(principal=ROLE, action=action, resource=resource, keys=keys or {})
    policies: list[Any] = [json.loads(document) for document in role.policies.values()]
    template = Template(Environment="prod", Parts="workload", **{"AWS::AccountId": "333333333333"})
    boundary = template.properties("WorkloadBoundary")["PolicyDocument"]
    allowed = any(allowances(policy, request) for policy in policies)
    return allowed and not any(denials(policy, request) for policy in policies) and permits(boundary, request)


@pytest.mark.parametrize(
    ("action", "resource", "keys"),
    [
        ("sagemaker:DescribeModelPackage", PACKAGE, {}),
        ("s3:GetObject", f"{FROZEN}/approved/3/model.tar.gz", {"aws:ResourceAccount": "111111111111"}),
        ("kms:Decrypt", THEIR_KEY, THROUGH_S3),
        ("s3:PutObject", f"{ARTIFACTS}/approved/p-abcdefghijkl/3/model.tar.gz", {}),
        ("s3:GetObject", f"{ARTIFACTS}/approved/p-abcdefghijkl/3.json", {}),
        ("s3:AbortMultipartUpload", f"{ARTIFACTS}/approved/p-abcdefghijkl/3/model.tar.gz", {}),
        ("s3:ListBucket", ARTIFACTS, {}),
        ("kms:Decrypt", DATA_KEY, THROUGH_S3),
        ("kms:GenerateDataKey", DATA_KEY, THROUGH_S3),
        ("sagemaker:CreateModel", MODEL, ISOLATED),
        ("sagemaker:AddTags", MODEL, {}),
        ("sagemaker:DescribeModel", MODEL, {}),
        ("iam:PassRole", "arn:aws:iam::333333333333:role/analytics-prod-p-abcdefghijkl-model", TO_SAGEMAKER),
        ("lambda:InvokeFunction", LIFE_CYCLE, {}),
    ],
)
def test_it_may_do_everything_that_a_release_takes(
    role: Role, action: str, resource: str, keys: dict[str, Values]
) -> None:
    assert may(role, action, resource, keys)


@pytest.mark.parametrize(
    ("action", "resource", "keys"),
    [
        ("sagemaker:UpdateModelPackage", PACKAGE, {}),
        ("sagemaker:CreateModelPackage", PACKAGE, {}),
        ("s3:GetObject", f"{FROZEN}/pipelines/run/output/model.tar.gz", {"aws:ResourceAccount": "111111111111"}),
        ("s3:GetObject", f"{FROZEN}/approved/3/model.tar.gz", {"aws:ResourceAccount": "999999999999"}),
        ("s3:PutObject", f"{FROZEN}/approved/3/model.tar.gz", {}),
        ("kms:Decrypt", THEIR_KEY, {}),
        ("kms:GenerateDataKey", THEIR_KEY, THROUGH_S3),
        ("s3:PutObject", f"{ARTIFACTS}/p-abcdefghijkl/models/x/model.tar.gz", {}),
        ("s3:PutObject", f"{ARTIFACTS}/onboarding/x.yaml", {}),
        ("s3:DeleteObject", f"{ARTIFACTS}/approved/p-abcdefghijkl/3/model.tar.gz", {}),
        ("s3:ListBucket", ARTIFACTS, {"s3:prefix": "onboarding/"}),
        ("sagemaker:CreateModel", MODEL, {}),
        ("sagemaker:CreateModel", MODEL, {"sagemaker:NetworkIsolation": "false"}),
        ("sagemaker:CreateModel", MODEL.replace("-approved-", "-"), ISOLATED),
        ("sagemaker:CreateModel", MODEL.replace("analytics-prod", "analytics-dev"), ISOLATED),
        ("sagemaker:DeleteModel", MODEL, {}),
        ("sagemaker:CreateEndpoint", MODEL.replace(":model/", ":endpoint/"), {}),
        ("sagemaker:CreateEndpointConfig", MODEL.replace(":model/", ":endpoint-config/"), {}),
        ("iam:PassRole", "arn:aws:iam::333333333333:role/analytics-prod-p-abcdefghijkl-model", {}),
        ("iam:PassRole", "arn:aws:iam::333333333333:role/analytics-prod-p-abcdefghijkl-deployment", TO_SAGEMAKER),
        ("iam:PassRole", "arn:aws:iam::333333333333:role/analytics-prod-deploy", TO_SAGEMAKER),
        ("sts:AssumeRole", "arn:aws:iam::333333333333:role/analytics-prod-p-abcdefghijkl-deployment", {}),
        ("lambda:InvokeFunction", LIFE_CYCLE.replace("model-life-cycle", "template-cloner"), {}),
    ],
)
def test_it_approves_serves_and_replaces_nothing(
    role: Role, action: str, resource: str, keys: dict[str, Values]
) -> None:
    assert not may(role, action, resource, keys)


def test_it_may_do_whatever_its_code_asks_of_aws_and_no_more(role: Role) -> None:
    modules = [*(ROOT / "functions/model_release").glob("*.py"), ROOT / "functions/shared/write_once_copy.py"]
    code = "".join(path.read_text(encoding="utf-8") for path in modules)
    actions = {
        "abort_multipart_upload": "s3:AbortMultipartUpload",
        "complete_multipart_upload": "s3:PutObject",
        "create_model": "sagemaker:CreateModel",
        "create_multipart_upload": "s3:PutObject",
        "describe_model": "sagemaker:DescribeModel",
        "describe_model_package": "sagemaker:DescribeModelPackage",
        "get_object": "s3:GetObject",
        "head_object": "s3:GetObject",
        "put_object": "s3:PutObject",
        "invoke": "lambda:InvokeFunction",
        "upload_part_copy": "s3:PutObject",
    }
    called = set(re.findall(r"self\._(?:s3|copying_s3|lambda|sagemaker)\.([a-z0-9_]+)\(", code))
    assert called == set(actions)
    with_them = {"iam:PassRole", "kms:Decrypt", "kms:GenerateDataKey", "s3:ListBucket", "sagemaker:AddTags"}
    runtime = {"logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTelemetryRecords", "xray:PutTraceSegments"}
    granted = {action for each in role.statements for action in each.actions}
    assert granted == {*actions.values(), *with_them, *runtime}


def test_it_stands_in_no_network_and_only_its_account_invokes_it(prod: Rendering) -> None:
    function = prod.one("lambda/function:Function", "model-release-function").inputs
    assert (function["name"], "vpcConfig" in function) == ("analytics-prod-model-release", False)
    assert function["name"] not in {each.inputs["function"] for each in prod.all("lambda/permission:Permission")}
    assert function["environment"]["variables"] == {
        "ACCOUNT_ID": "333333333333",
        "APPROVER_ROLE": "analytics-dev-lead-data-scientist",
        "APPROVERS": "[]",
        "ARTIFACTS_BUCKET": "analytics-prod-artifacts-333333333333-eu-west-1",
        "DEVELOPMENT_ACCOUNT_ID": "111111111111",
        "DEVELOPMENT_PREFIX": "analytics-dev",
        "EARLIER_VERSIONS": "{}",
        "LIFE_CYCLE_FUNCTION_ARN": LIFE_CYCLE,
        "LIFE_CYCLE_ROLE": "analytics-dev-model-life-cycle",
        "PLATFORM_PREFIX": "analytics-prod",
        "RELEASE_MANAGERS": '["hedy", "lise"]',
        "SECURITY_GROUP_ID": "sg-network-workload",
        "SUBNET_IDS": ",".join(prod.one("Parameter", SUBNETS).inputs["value"].split(",")),
    }


def test_the_role_that_approves_has_the_name_by_which_the_function_knows_it(
    rendered: Renderings, prod: Rendering
) -> None:
    variables = prod.one("lambda/function:Function", "model-release-function").inputs["environment"]["variables"]
    assert variables["APPROVER_ROLE"] == roles_of(rendered("dev"))["lead-data-scientist"].name


def test_the_function_knows_the_approvers_that_the_settings_name(rendered: Renderings) -> None:
    workload = {"developmentAccountId": "111111111111", "approvers": ["d-abcdefghijkl/grace"]}
    function = rendered("preprod", {"workload": workload}).one("lambda/function:Function", "model-release-function")
    assert function.inputs["environment"]["variables"]["APPROVERS"] == '["d-abcdefghijkl/grace"]'


def test_without_named_approvers_the_role_of_leads_counts_alone(rendered: Renderings) -> None:
    function = rendered("preprod").one("lambda/function:Function", "model-release-function").inputs
    assert function["environment"]["variables"]["APPROVERS"] == "[]"


def test_where_models_are_only_tested_it_tells_nobody_what_serves(rendered: Renderings) -> None:
    preprod = rendered("preprod")
    granted = {action for each in roles_of(preprod)["model-release"].statements for action in each.actions}
    variables = preprod.one("lambda/function:Function", "model-release-function").inputs["environment"]["variables"]
    assert "lambda:InvokeFunction" not in granted
    assert "LIFE_CYCLE_FUNCTION_ARN" not in variables
