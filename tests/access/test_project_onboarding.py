"""Onboarding: a function of an account that models are deployed to gives development's projects their roles there."""

import re

import pytest

from products.template import Template
from tests.access.authorization import Role, roles_of
from tests.access.stack_permissions import actions_of
from tests.cloudformation import parse
from tests.products.resolution import published as published_text
from tests.rendering import ROOT, Rendering, Renderings, letting_in

STACK = "arn:aws:cloudformation:eu-west-1:333333333333:stack/analytics-prod-p-abcdefghijkl/1"
STACK_ROLE = "arn:aws:iam::333333333333:role/analytics-prod-project-roles"
BUCKET = "analytics-prod-artifacts-333333333333-eu-west-1"
RELEASE = "arn:aws:lambda:eu-west-1:333333333333:function:analytics-prod-model-release"
SAGEMAKER = "arn:aws:sagemaker:eu-west-1:333333333333"


@pytest.fixture(scope="module")
def prod(rendered: Renderings) -> Rendering:
    return rendered("prod", letting_in("prod"))


@pytest.fixture(scope="module")
def onboarding(prod: Rendering) -> Role:
    return roles_of(prod)["project-onboarding"]


@pytest.fixture(scope="module")
def project_roles(prod: Rendering) -> Role:
    return roles_of(prod)["project-roles"]


TEMPLATES = ("project-roles-batch", "project-roles-realtime", "promoted-pipeline")
"""The published templates of what projects get, where all kinds of them are let in."""


def test_a_template_is_published_under_a_name_that_its_content_gives_it(prod: Rendering) -> None:
    published = {each.inputs["key"]: each.inputs for each in prod.all("BucketObjectv2")}

    assert len(published) == len(TEMPLATES)
    for key in TEMPLATES:
        template = Template(key=key, text=published_text(prod, f"{key}-prod"))
        assert published[f"onboarding/{template.object_name}"]["bucket"] == BUCKET


def test_projects_get_their_roles_by_the_published_templates_and_one_role_only(
    prod: Rendering, onboarding: Role
) -> None:
    keys = [each.inputs["key"] for each in prod.all("BucketObjectv2")]
    urls = [f"https://{BUCKET}.s3.eu-west-1.amazonaws.com/{key}" for key in sorted(keys)]
    exactly = {"cloudformation:RoleArn": STACK_ROLE, "cloudformation:TemplateUrl": urls}

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


def test_the_function_may_do_whatever_its_code_asks_of_the_account(onboarding: Role) -> None:
    modules = ("deployments.py", "roles_stacks.py")
    code = "".join((ROOT / "functions/project_onboarding" / module).read_text(encoding="utf-8") for module in modules)
    services = {
        "_cloudformation": "cloudformation",
        "_sagemaker": "sagemaker",
        "_scaling": "application-autoscaling",
        "_cloudwatch": "cloudwatch",
        "_scheduler": "scheduler",
        "_storage": "s3",
    }
    asked = [
        *re.findall(rf"self\.({'|'.join(services)})\.([a-z_]+)\(", code),
        *re.findall(r'list_all\(\s*self\.(_\w+), "([a-z_]+)"', code),
        *(("_sagemaker", operation) for operation in re.findall(r'self\._names\("([a-z_]+)"', code)),
    ]

    used = {f"{services[client]}:{operation.title().replace('_', '')}" for client, operation in asked}
    granted = {action for each in onboarding.statements for action in each.actions}
    runtime = {*("logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTelemetryRecords", "xray:PutTraceSegments")}
    assert granted - used - runtime == {"iam:PassRole", "kms:Decrypt", "s3:GetObject"}, "CloudFormation asks for these"
    assert used - granted == set()


@pytest.mark.parametrize(
    ("action", "own", "others"),
    [
        ("cloudformation:DeleteStack", STACK, STACK.replace("analytics-prod-p-", "analytics-prod-platform-")),
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
        ("s3:GetObject", f"arn:aws:s3:::{BUCKET}/onboarding/x.yaml", f"arn:aws:s3:::{BUCKET}/p-1/models/x"),
    ],
)
def test_the_function_removes_what_belongs_to_projects_and_nothing_of_the_platform(
    onboarding: Role, action: str, own: str, others: str
) -> None:
    assert onboarding.may(action, own)
    assert not onboarding.may(action, others)


def test_the_function_makes_no_deployment_and_ends_none(onboarding: Role) -> None:
    for kind in ("Endpoint", "EndpointConfig", "Model"):
        assert not onboarding.may(f"sagemaker:Create{kind}")
    for action in (
        *(
            "sagemaker:DeleteEndpoint",
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
    assert services == {"cloudwatch", "iam", "lambda", "s3", "sagemaker", "scheduler", "sqs", "ssm"}
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


@pytest.mark.parametrize(
    ("action", "own", "anothers"),
    [
        (
            "s3:DeleteBucket",
            "arn:aws:s3:::analytics-prod-p-abcdefghijkl-333333333333-eu-west-1",
            "arn:aws:s3:::analytics-prod-artifacts-333333333333-eu-west-1",
        ),
        (
            "sagemaker:DeleteModelPackageGroup",
            f"{SAGEMAKER}:model-package-group/abalone-p-abcdefghijkl",
            f"{SAGEMAKER}:model-package-group/somebody-elses",
        ),
    ],
)
def test_the_function_deletes_what_is_empty_of_projects_alone_and_nothing_in_it(
    onboarding: Role, action: str, own: str, anothers: str
) -> None:
    assert onboarding.may(action, own)
    assert not onboarding.may(action, anothers)
    for within in ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:ListBucket", "s3:PutBucketPolicy"):
        assert not onboarding.may(within)
    for within in ("sagemaker:DeleteModelPackage", "sagemaker:UpdateModelPackage"):
        assert not onboarding.may(within)


OWN = "analytics-prod-p-abcdefghijkl"
RESOURCES = {
    "AWS::CloudWatch::Alarm": f"arn:aws:cloudwatch:eu-west-1:333333333333:alarm:{OWN}-dead-letters",
    "AWS::IAM::Role": f"arn:aws:iam::333333333333:role/{OWN}-deployment",
    "AWS::Lambda::Alias": RELEASE,
    "AWS::S3::Bucket": f"arn:aws:s3:::{OWN}-333333333333-eu-west-1",
    "AWS::S3::BucketPolicy": f"arn:aws:s3:::{OWN}-333333333333-eu-west-1",
    "AWS::SQS::Queue": f"arn:aws:sqs:eu-west-1:333333333333:{OWN}-dead-letters",
    "AWS::SageMaker::ModelPackageGroup": (
        "arn:aws:sagemaker:eu-west-1:333333333333:model-package-group/abalone-p-abcdefghijkl"
    ),
    "AWS::Scheduler::ScheduleGroup": f"arn:aws:scheduler:eu-west-1:333333333333:schedule-group/{OWN}",
}
CONTENTS = {"scheduler:DeleteSchedule": f"arn:aws:scheduler:eu-west-1:333333333333:schedule/{OWN}/weekly"}


@pytest.mark.parametrize("name", [f"{key}-prod" for key in TEMPLATES])
def test_cloudformation_may_create_change_and_delete_every_resource_of_a_published_template(
    prod: Rendering, project_roles: Role, name: str
) -> None:
    for resource in parse(published_text(prod, name))["Resources"].values():
        needed, arn = actions_of(resource["Type"], resource["Properties"]), RESOURCES[resource["Type"]]
        assert [each for each in needed if not project_roles.may(each, CONTENTS.get(each, arn))] == []


def test_cloudformation_makes_the_alarms_of_a_promoted_pipeline_and_not_one_that_starts_trainings(
    project_roles: Role,
) -> None:
    alarms = RESOURCES["AWS::CloudWatch::Alarm"].removesuffix("dead-letters")

    for name, expected in {"dead-letters": True, "failed": True, "drift": False}.items():
        assert project_roles.may("cloudwatch:PutMetricAlarm", f"{alarms}{name}") is expected, name


@pytest.mark.parametrize(
    ("action", "elsewhere"),
    [
        ("s3:DeleteBucket", "arn:aws:s3:::analytics-prod-artifacts-333333333333-eu-west-1"),
        ("s3:PutBucketPolicy", "arn:aws:s3:::analytics-prod-state-333333333333-eu-west-1"),
        ("s3:GetObject", f"arn:aws:s3:::{OWN}-333333333333-eu-west-1/incoming/rows.csv"),
        ("sqs:DeleteQueue", "arn:aws:sqs:eu-west-1:333333333333:analytics-prod-failures"),
        ("scheduler:DeleteScheduleGroup", "arn:aws:scheduler:eu-west-1:333333333333:schedule-group/default"),
        ("scheduler:CreateSchedule", f"arn:aws:scheduler:eu-west-1:333333333333:schedule/{OWN}/weekly"),
        ("cloudwatch:DeleteAlarms", f"arn:aws:cloudwatch:eu-west-1:333333333333:alarm:{OWN}-errors"),
    ],
)
def test_cloudformation_touches_nothing_but_what_a_promoted_pipeline_has(
    project_roles: Role, action: str, elsewhere: str
) -> None:
    assert not project_roles.may(action, elsewhere)


def test_cloudformation_names_the_release_function_for_projects_and_changes_no_function(project_roles: Role) -> None:
    for action in ("lambda:CreateAlias", "lambda:DeleteAlias", "lambda:UpdateAlias"):
        assert project_roles.may(action, RELEASE)
        assert not project_roles.may(action, RELEASE.replace("model-release", "another"))
    for action in ("lambda:InvokeFunction", "lambda:UpdateFunctionCode", "lambda:AddPermission"):
        assert not project_roles.may(action, RELEASE), action


def test_the_template_cloner_invokes_exactly_these_functions_elsewhere_and_becomes_no_role(
    rendered: Renderings,
) -> None:
    cloner = roles_of(rendered("dev"))["template-cloner"]

    assert cloner.statement("OnboardProjects").actions == ("lambda:InvokeFunction",)
    assert cloner.statement("OnboardProjects").resources == (
        "arn:aws:lambda:eu-west-1:222222222222:function:analytics-preprod-project-onboarding",
        "arn:aws:lambda:eu-west-1:333333333333:function:analytics-prod-project-onboarding",
    )
    assert not [each for each in cloner.statements if "sts:AssumeRole" in each.actions]


@pytest.mark.parametrize("environment", ["preprod", "prod"])
def test_exactly_the_template_cloners_role_of_development_invokes_the_function(
    rendered: Renderings, environment: str
) -> None:
    permission = rendered(environment).one("lambda/permission:Permission").inputs

    assert permission["action"] == "lambda:InvokeFunction"
    assert permission["function"] == f"analytics-{environment}-project-onboarding"
    assert permission["principal"] == "arn:aws:iam::111111111111:role/analytics-dev-template-cloner"


def test_no_role_here_is_trusted_to_another_account(prod: Rendering) -> None:
    for role in roles_of(prod).values():
        assert "111111111111" not in str([each.principal for each in role.trust]), role.name
