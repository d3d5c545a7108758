"""Onboarding: an account that models are deployed to lets development give its projects their roles there."""

import re

import pytest

from products.template import Template
from tests.access.authorization import Role, roles_of
from tests.access.stack_permissions import actions_of
from tests.cloudformation import parse
from tests.rendering import ROOT, Rendering, Renderings

STACK = "arn:aws:cloudformation:eu-west-1:333333333333:stack/analytics-prod-p-abcdefghijkl/1"
STACK_ROLE = "arn:aws:iam::333333333333:role/analytics-prod-project-roles"
BUCKET = "analytics-prod-artifacts-333333333333-eu-west-1"
RELEASE = "arn:aws:lambda:eu-west-1:333333333333:function:analytics-prod-model-release"
SAGEMAKER = "arn:aws:sagemaker:eu-west-1:333333333333"


@pytest.fixture(scope="module")
def prod(rendered: Renderings) -> Rendering:
    return rendered("prod")


@pytest.fixture(scope="module")
def onboarding(prod: Rendering) -> Role:
    return roles_of(prod)["project-onboarding"]


@pytest.fixture(scope="module")
def project_roles(prod: Rendering) -> Role:
    return roles_of(prod)["project-roles"]


def test_the_template_is_published_under_a_name_that_its_content_gives_it(prod: Rendering) -> None:
    published = prod.one("BucketObjectv2")

    template = Template(key="project-roles", text=published.inputs["content"])
    assert published.inputs["bucket"] == BUCKET
    assert published.inputs["key"] == f"onboarding/{template.object_name}"


def test_projects_get_their_roles_by_the_published_template_and_one_role_only(
    prod: Rendering, onboarding: Role
) -> None:
    url = f"https://{BUCKET}.s3.eu-west-1.amazonaws.com/{prod.one('BucketObjectv2').inputs['key']}"
    exactly = {"cloudformation:RoleArn": STACK_ROLE, "cloudformation:TemplateUrl": url}

    making = [each for each in onboarding.statements if {"cloudformation:CreateStack"} & set(each.actions)]
    assert [(each.actions, each.condition) for each in making] == [
        (("cloudformation:CreateStack", "cloudformation:UpdateStack"), {"StringEquals": exactly})
    ]
    deleting = onboarding.statement("TakeThemAway")
    assert deleting.actions == ("cloudformation:DeleteStack",)
    assert deleting.condition == {"StringEquals": {"cloudformation:RoleArn": STACK_ROLE}}
    passing = onboarding.statement("PassStackRole")
    assert passing.resources == (STACK_ROLE,)
    assert passing.condition == {"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}}


def test_the_template_cloner_finds_the_parameters_that_this_account_publishes(prod: Rendering) -> None:
    published = {each.inputs["name"]: each.inputs["value"] for each in prod.all("ssm/parameter:Parameter")}

    key = prod.one("BucketObjectv2").inputs["key"]
    path = "/mlops/analytics/prod/projects"
    assert published[f"{path}/roles-template-url"] == f"https://{BUCKET}.s3.eu-west-1.amazonaws.com/{key}"
    assert published[f"{path}/roles-stack-role-arn"] == STACK_ROLE


def test_the_template_cloner_may_do_whatever_its_code_asks_of_the_account(onboarding: Role) -> None:
    modules = ("deployments.py", "releases.py", "roles_stacks.py")
    code = "".join((ROOT / "functions/template_cloner" / module).read_text(encoding="utf-8") for module in modules)
    services = {
        "_cloudformation": "cloudformation",
        "_ssm": "ssm",
        "_sagemaker": "sagemaker",
        "_scaling": "application-autoscaling",
        "_cloudwatch": "cloudwatch",
    }
    asked = [
        *re.findall(rf"self\.({'|'.join(services)})\.([a-z_]+)\(", code),
        *re.findall(r'\.list_all\(\s*self\.(_\w+), "([a-z_]+)"', code),
        *(("_sagemaker", operation) for operation in re.findall(r'self\._names\("([a-z_]+)"', code)),
        *((client, "get_parameter") for client in re.findall(r"aws_clients\.parameter\(self\.(_\w+),", code)),
    ]

    used = {f"{services[client]}:{operation.title().replace('_', '')}" for client, operation in asked}
    granted = {action for each in onboarding.statements for action in each.actions}
    assert granted - used == {"iam:PassRole", "kms:Decrypt", "s3:GetObject"}, "CloudFormation asks for these"
    assert used - granted == set()


@pytest.mark.parametrize(
    ("action", "own", "others"),
    [
        ("cloudformation:DeleteStack", STACK, STACK.replace("analytics-prod-p-", "analytics-prod-platform-")),
        ("sagemaker:DeleteEndpoint", f"{SAGEMAKER}:endpoint/analytics-prod-p-1", f"{SAGEMAKER}:endpoint/other"),
        (
            "sagemaker:DeleteEndpointConfig",
            f"{SAGEMAKER}:endpoint-config/analytics-prod-p-1",
            f"{SAGEMAKER}:endpoint/x",
        ),
        ("sagemaker:DeleteModel", f"{SAGEMAKER}:model/analytics-prod-p-1", f"{SAGEMAKER}:model/analytics-dev-p-1"),
        (
            "cloudwatch:DeleteAlarms",
            "arn:aws:cloudwatch:eu-west-1:333333333333:alarm:analytics-prod-p-1",
            "arn:aws:cloudwatch:eu-west-1:333333333333:alarm:analytics-prod-queue",
        ),
        (
            "cloudwatch:DeleteDashboards",
            "arn:aws:cloudwatch::333333333333:dashboard/analytics-prod-p-1",
            "arn:aws:cloudwatch::333333333333:dashboard/analytics-prod",
        ),
        (
            "ssm:GetParameter",
            "arn:aws:ssm:eu-west-1:333333333333:parameter/mlops/analytics/prod/projects/roles-template-url",
            "arn:aws:ssm:eu-west-1:333333333333:parameter/mlops/analytics/prod/network/vpc-id",
        ),
        ("s3:GetObject", f"arn:aws:s3:::{BUCKET}/onboarding/x.yaml", f"arn:aws:s3:::{BUCKET}/p-1/models/x"),
    ],
)
def test_development_changes_deployments_of_projects_and_nothing_of_the_platform(
    onboarding: Role, action: str, own: str, others: str
) -> None:
    assert onboarding.may(action, own)
    assert not onboarding.may(action, others)


def test_development_removes_deployments_and_makes_none(onboarding: Role) -> None:
    for kind in ("Endpoint", "EndpointConfig", "Model"):
        assert not onboarding.may(f"sagemaker:Create{kind}")
    for action in (
        *(
            "sagemaker:UpdateEndpoint",
            "sagemaker:InvokeEndpoint",
            "cloudwatch:PutMetricAlarm",
            "cloudwatch:PutDashboard",
        ),
        *("iam:CreateRole", "iam:PutRolePolicy", "s3:PutObject", "application-autoscaling:RegisterScalableTarget"),
    ):
        assert not onboarding.may(action), action


def test_cloudformation_makes_only_bounded_roles_of_projects(project_roles: Role) -> None:
    own = "arn:aws:iam::333333333333:role/analytics-prod-p-abcdefghijkl-deployment"

    assert project_roles.trust[0].principal == {"Service": "cloudformation.amazonaws.com"}
    services = {action.partition(":")[0] for each in project_roles.statements for action in each.actions}
    assert services == {"iam", "lambda"}
    for action in ("iam:CreateRole", "iam:PutRolePolicy", "iam:DeleteRolePolicy", "iam:PutRolePermissionsBoundary"):
        granting = [each for each in project_roles.statements if action in each.actions]
        assert [each.condition for each in granting] == [
            {"StringEquals": {"iam:PermissionsBoundary": "arn:aws:iam::333333333333:policy/analytics-prod-boundary"}}
        ]
    assert project_roles.may("iam:DeleteRole", own)
    for another in ("deploy", "project-onboarding", "project-roles"):
        assert not project_roles.may("iam:DeleteRole", f"arn:aws:iam::333333333333:role/analytics-prod-{another}")
    for action in ("iam:PassRole", "iam:AttachRolePolicy", "iam:DeleteRolePermissionsBoundary"):
        assert not project_roles.may(action)


def test_cloudformation_may_create_change_and_delete_every_resource_of_the_published_template(
    prod: Rendering, project_roles: Role
) -> None:
    resources = parse(prod.one("BucketObjectv2").inputs["content"])["Resources"]

    own = {
        "AWS::IAM::Role": "arn:aws:iam::333333333333:role/analytics-prod-p-abcdefghijkl-deployment",
        "AWS::Lambda::Alias": RELEASE,
    }
    assert {resource["Type"] for resource in resources.values()} == set(own)
    for resource in resources.values():
        needed = actions_of(resource["Type"], resource["Properties"])
        assert [action for action in needed if not project_roles.may(action, own[resource["Type"]])] == []


def test_cloudformation_names_the_release_function_for_projects_and_changes_no_function(project_roles: Role) -> None:
    for action in ("lambda:CreateAlias", "lambda:DeleteAlias", "lambda:UpdateAlias"):
        assert project_roles.may(action, RELEASE)
        assert not project_roles.may(action, RELEASE.replace("model-release", "another"))
    for action in ("lambda:InvokeFunction", "lambda:UpdateFunctionCode", "lambda:AddPermission"):
        assert not project_roles.may(action, RELEASE), action


def test_the_template_cloner_becomes_exactly_these_roles_elsewhere(rendered: Renderings) -> None:
    cloner = roles_of(rendered("dev"))["template-cloner"].statement("OnboardProjects")

    assert cloner.actions == ("sts:AssumeRole",)
    assert cloner.resources == (
        "arn:aws:iam::222222222222:role/analytics-preprod-project-onboarding",
        "arn:aws:iam::333333333333:role/analytics-prod-project-onboarding",
    )
