"""Stacks of a role that may create those of one template, with one service role: delegation in a shared account."""

import json
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.installed import local_aws_python
from tests.sandbox_aws.account import Account, Credentials, allow, document, trust
from tests.sandbox_aws.test_aws_functions import ECHO
from tests.sandbox_aws.test_aws_functions import create as create_function
from tests.sandbox_aws.test_aws_permissions import refusal

URL = "https://stacks-templates.s3.eu-west-1.amazonaws.com/onboarding/project-roles.json"
BOUNDARY = "arn:aws:iam::333333333333:policy/stacks-boundary"
TEMPLATE: Mapping[str, Any] = {
    "Parameters": {"ProjectId": {"Type": "String"}, "Reviewer": {"Type": "String"}, "User": {"Type": "String"}},
    "Rules": {
        "ReviewerIsSomebodyElse": {
            "Assertions": [
                {
                    "Assert": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Reviewer"}, {"Ref": "User"}]}]},
                    "AssertDescription": "Nobody reviews their own work.",
                }
            ]
        }
    },
    "Resources": {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "RoleName": {"Fn::Sub": "stacks-${ProjectId}-model"},
                "PermissionsBoundary": BOUNDARY,
                "AssumeRolePolicyDocument": {
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "sagemaker.amazonaws.com"},
                            "Action": "sts:AssumeRole",
                        }
                    ]
                },
                "Policies": [
                    {
                        "PolicyName": "read",
                        "PolicyDocument": {
                            "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]
                        },
                    }
                ],
            },
        },
    },
    "Outputs": {"RoleArn": {"Value": {"Fn::GetAtt": "Role.Arn"}}},
}
OTHER_RESOURCES = {"Parameter": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "a"}}}


@pytest.fixture(scope="module")
def service_role(prod: Account) -> str:
    """The role that CloudFormation works with; it creates roles under the boundary and nothing else."""
    prod.client("iam").create_policy(PolicyName="stacks-boundary", PolicyDocument=document(allow("*")))
    bounded = {"StringEquals": {"iam:PermissionsBoundary": BOUNDARY}}
    return prod.role(
        "stacks-service",
        allow(["iam:CreateRole", "iam:PutRolePolicy", "iam:DeleteRolePolicy"], when=bounded),
        allow(
            [
                "iam:DeleteRole",
                "iam:GetRole",
                "iam:GetRolePolicy",
                "iam:ListAttachedRolePolicies",
                "iam:ListRolePolicies",
            ]
        ),
        trust=trust("cloudformation.amazonaws.com"),
    )


@pytest.fixture(scope="module")
def onboarder(prod: Account, service_role: str) -> Credentials:
    """Credentials of a role that may create stacks `stacks-p-*` of the one template with the one role."""
    s3 = prod.client("s3")
    s3.create_bucket(Bucket="stacks-templates", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for key, template in (("project-roles", TEMPLATE), ("other", {"Resources": OTHER_RESOURCES})):
        body = json.dumps(template).encode()
        s3.put_object(Bucket="stacks-templates", Key=f"onboarding/{key}.json", Body=body)
    stacks = "arn:aws:cloudformation:eu-west-1:333333333333:stack/stacks-p-*/*"
    exactly = {"StringEquals": {"cloudformation:TemplateUrl": URL, "cloudformation:RoleArn": service_role}}
    role = prod.role(
        "stacks-onboarder",
        allow(["cloudformation:CreateStack", "cloudformation:UpdateStack"], stacks, exactly),
        allow(["cloudformation:DeleteStack", "cloudformation:DescribeStacks"], stacks),
        allow(["s3:GetObject", "s3:ListBucket"], ["arn:aws:s3:::stacks-templates", "arn:aws:s3:::stacks-templates/*"]),
        allow("iam:PassRole", service_role, {"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}}),
    )
    return prod.assume(role)


def request(service_role: str, **changes: Any) -> dict[str, Any]:
    """Return a request for the stack of a project."""
    values = {"ProjectId": "p-one", "Reviewer": "hedy", "User": "ada"} | changes.pop("parameters", {})
    return {
        "StackName": "stacks-p-one",
        "TemplateURL": URL,
        "RoleARN": service_role,
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
    } | changes


def at_rest(account: Account, stack: str) -> Any:
    """Wait until a stack is settled; return it."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = account.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        if not found["StackStatus"].endswith("IN_PROGRESS"):
            return found
        time.sleep(0.05)
    pytest.fail(f"{stack} does not settle")


def test_a_stack_is_created_and_deleted_with_its_service_roles_permissions_by_a_caller_who_has_none_of_them(
    prod: Account, onboarder: Credentials, service_role: str
) -> None:
    cloudformation = prod.client("cloudformation", onboarder)
    created = cloudformation.create_stack(**request(service_role))["StackId"]
    found = at_rest(prod, created)
    assert (found["StackStatus"], found["RoleARN"]) == ("CREATE_COMPLETE", service_role)
    assert found["Outputs"][0]["OutputValue"] == "arn:aws:iam::333333333333:role/stacks-p-one-model"
    code, message = refusal(cloudformation.update_stack, **request(service_role))
    assert (code, message) == ("ValidationError", "No updates are to be performed.")
    cloudformation.delete_stack(StackName="stacks-p-one")
    assert at_rest(prod, created)["StackStatus"] == "DELETE_COMPLETE"
    assert refusal(prod.client("iam").get_role, RoleName="stacks-p-one-model")[0] == "NoSuchEntity"


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"TemplateURL": URL.replace("project-roles", "other")}, "cloudformation:CreateStack"),
        ({"RoleARN": None}, "cloudformation:CreateStack"),
        ({"RoleARN": "arn:aws:iam::333333333333:role/stacks-onboarder"}, "cloudformation:CreateStack"),
        ({"StackName": "another-p-one"}, "cloudformation:CreateStack"),
        ({"TemplateURL": None, "TemplateBody": json.dumps(TEMPLATE)}, "cloudformation:CreateStack"),
    ],
    ids=["another template", "without a role", "another role", "another name", "a template of its own"],
)
def test_no_other_stack_is_made(
    changes: dict[str, Any], refused: str, prod: Account, onboarder: Credentials, service_role: str
) -> None:
    wanted = {key: value for key, value in request(service_role, **changes).items() if value is not None}
    code, message = refusal(prod.client("cloudformation", onboarder).create_stack, **wanted)
    assert (code, refused in message) == ("AccessDenied", True)


def test_a_role_is_given_to_a_stack_only_by_those_who_may_pass_it(prod: Account, service_role: str) -> None:
    maker = prod.assume(prod.role("stacks-maker", allow(["cloudformation:*", "s3:GetObject", "s3:ListBucket"])))
    code, message = refusal(prod.client("cloudformation", maker).create_stack, **request(service_role))
    assert (code, f"iam:PassRole on resource: {service_role}" in message) == ("AccessDenied", True)


def test_a_trust_policy_that_requires_the_account_of_cloudformation_does_not_trust_it(prod: Account) -> None:
    template = json.dumps({"Resources": {"Nothing": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}})
    trusting = {
        operator: prod.role(
            f"stacks-{operator}",
            allow("sqs:CreateQueue"),
            trust={
                **trust("cloudformation.amazonaws.com"),
                "Condition": {operator: {"aws:SourceAccount": "333333333333"}},
            },
        )
        for operator in ("StringEquals", "StringEqualsIfExists")
    }
    create = prod.client("cloudformation").create_stack
    code, message = refusal(create, StackName="stacks-strict", TemplateBody=template, RoleARN=trusting["StringEquals"])
    assert (code, "cannot be assumed" in message) == ("ValidationError", True)
    create(StackName="stacks-lenient", TemplateBody=template, RoleARN=trusting["StringEqualsIfExists"])


@pytest.mark.usefixtures("onboarder")
def test_a_template_is_read_with_the_permissions_of_the_caller(prod: Account, service_role: str) -> None:
    blind = prod.assume(prod.role("stacks-blind", allow(["cloudformation:*", "iam:PassRole"])))
    code, message = refusal(prod.client("cloudformation", blind).create_stack, **request(service_role))
    assert (code, message.splitlines()[0]) == ("ValidationError", "S3 error: Access Denied")
    missing = request(service_role, TemplateURL=URL.replace("project-roles", "none"))
    code, message = refusal(prod.client("cloudformation").create_stack, **missing)
    assert (code, message.splitlines()[0]) == ("ValidationError", "S3 error: The specified key does not exist.")


def test_a_rule_that_fails_refuses_the_stack_and_says_why(
    prod: Account, onboarder: Credentials, service_role: str
) -> None:
    same = request(service_role, StackName="stacks-p-two", parameters={"Reviewer": "ada"})
    code, message = refusal(prod.client("cloudformation", onboarder).create_stack, **same)
    assert (code, "Nobody reviews their own work." in message) == ("ValidationError", True)


@pytest.mark.usefixtures("onboarder")
def test_a_role_without_the_permissions_of_the_template_creates_no_stack(prod: Account, service_role: str) -> None:
    wanted = request(
        service_role, StackName="stacks-other", TemplateURL=URL.replace("project-roles", "other"), Parameters=[]
    )
    prod.client("cloudformation").create_stack(**wanted, DisableRollback=True)
    assert at_rest(prod, "stacks-other")["StackStatus"] == "CREATE_FAILED"


def test_an_alias_is_made_and_deleted_by_who_may_change_its_function_and_of_no_function_that_is_missing(
    prod: Account,
) -> None:
    create_function(prod, "stacks-function", "handler.handler", ECHO)
    function = "arn:aws:lambda:eu-west-1:333333333333:function:stacks-function"
    actions = [f"lambda:{verb}Alias" for verb in ("Create", "Delete", "Get")]
    roles = {
        name: prod.role(f"stacks-{name}", allow(actions, resource), trust=trust("cloudformation.amazonaws.com"))
        for name, resource in (("naming", function), ("qualified", f"{function}:one"), ("every", "*"))
    }
    stacks: dict[str, str] = {}
    outcomes = {
        ("stacks-function", "naming"): "CREATE_COMPLETE",
        ("stacks-function", "qualified"): "CREATE_FAILED",
        ("stacks-missing", "every"): "CREATE_FAILED",
    }
    for (name, role), expected in outcomes.items():
        properties = {"FunctionName": name, "FunctionVersion": "$LATEST", "Name": f"one-{role}"}
        template = json.dumps({"Resources": {"Alias": {"Type": "AWS::Lambda::Alias", "Properties": properties}}})
        stacks[role] = prod.client("cloudformation").create_stack(
            StackName=f"stacks-{name}-{role}", TemplateBody=template, RoleARN=roles[role], DisableRollback=True
        )["StackId"]
        assert at_rest(prod, stacks[role])["StackStatus"] == expected, (name, role)
    listed = prod.client("lambda").list_aliases(FunctionName="stacks-function")["Aliases"]
    assert [alias["Name"] for alias in listed] == ["one-naming"]
    prod.client("cloudformation").delete_stack(StackName=stacks["naming"])
    at_rest(prod, stacks["naming"])
    assert prod.client("lambda").list_aliases(FunctionName="stacks-function")["Aliases"] == []


def test_a_groups_policy_is_set_and_deleted_with_the_group(dev: Account) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::333333333333:root"},
        "Action": "sagemaker:DescribeModelPackage",
        "Resource": "arn:aws:sagemaker:eu-west-1:111111111111:model-package/stacks-group/*",
    }
    properties = {"ModelPackageGroupName": "stacks-group", "ModelPackageGroupPolicy": {"Statement": [statement]}}
    template = {"Resources": {"Group": {"Type": "AWS::SageMaker::ModelPackageGroup", "Properties": properties}}}
    dev.client("cloudformation").create_stack(StackName="stacks-group", TemplateBody=json.dumps(template))
    created = at_rest(dev, "stacks-group")
    sagemaker = dev.client("sagemaker")
    policy = sagemaker.get_model_package_group_policy(ModelPackageGroupName="stacks-group")["ResourcePolicy"]
    assert json.loads(policy) == {"Statement": [statement]}
    dev.client("cloudformation").delete_stack(StackName="stacks-group")
    assert at_rest(dev, created["StackId"])["StackStatus"] == "DELETE_COMPLETE"
    sagemaker.create_model_package_group(ModelPackageGroupName="stacks-group")
    assert refusal(sagemaker.get_model_package_group_policy, ModelPackageGroupName="stacks-group")[0] == (
        "ValidationException"
    )


PARSE = """
import json
from sandbox.aws.ministack import cloudformation, modules
load, loaded = modules.engine.yaml.load, []
def count(text, Loader):
    loaded.append(text)
    return load(text, Loader=Loader)
modules.engine.yaml.load = count
cloudformation.parse_templates_once()
changed = modules.stack_handlers._parse_template("Resources: {Queue: {Type: 'AWS::SQS::Queue'}}")
del changed["Resources"]["Queue"]
again = cloudformation.parse_template("Resources: {Queue: {Type: 'AWS::SQS::Queue'}}")
print(json.dumps([again, len(loaded)]))
"""


def test_a_template_of_many_stacks_is_parsed_once_and_each_has_its_own() -> None:
    command, folder = local_aws_python("-c", PARSE), Path(__file__).parents[2]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder)
    assert json.loads(done.stdout) == [{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}, 1]
