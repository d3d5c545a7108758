"""The roles of a project that has an endpoint where it deploys: all that they need, and nothing of another project.

`test_scheduled_roles.py` asks what those do that compare its requests with training.
"""

import pytest

from functions.model_release.project import calling_project
from tests.access.project_roles import ISSUER, ProjectRoles
from tests.products.product import launched
from tests.products.resolution import published as published_text
from tests.rendering import Renderings

OWN = "analytics-prod-p-abcdefghijkl"
OTHER = "analytics-prod-p-mnopqrstuvwx"
AWS = "arn:aws:{}:eu-west-1:333333333333:{}"
ARTIFACTS = "arn:aws:s3:::analytics-prod-artifacts-333333333333-eu-west-1"
DATA_KEY = AWS.format("kms", "key/encryption-data-key")
THROUGH_S3 = {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}
OWN_MODEL = {
    "sagemaker:InstanceTypes": "ml.m5.large",
    "sagemaker:ModelArn": AWS.format("sagemaker", f"model/{OWN}-approved-v3-1a2b3c4d"),
}
FROM_DEVELOPMENT = "arn:aws:s3:::analytics-dev-p-abcdefghijkl-111111111111-eu-west-1"
ROLES = ("DeploymentRole", "ModelRole")


@pytest.fixture(scope="module")
def published(rendered: Renderings) -> ProjectRoles:
    return ProjectRoles(text=published_text(rendered("prod"), "project-roles-realtime-prod"))


def test_the_published_template_names_what_the_platform_provides(published: ProjectRoles) -> None:
    for provided in (
        AWS.format("sns", "analytics-prod-alarms"),
        DATA_KEY,
        f"{ISSUER}:sub",
        f"arn:aws:iam::333333333333:oidc-provider/{ISSUER}",
        AWS.format("ec2", "security-group/sg-network-workload"),
        AWS.format("ec2", "vpc/vpc-network-vpc"),
    ):
        assert provided in published.text


def test_models_are_served_by_the_images_that_train_them(published: ProjectRoles) -> None:
    training = launched("model-building-training").documents("JobRole")
    ours, theirs = (
        [each["Resource"] for document in documents for each in document["Statement"] if each["Sid"] == "PullImages"]
        for documents in (published.documents("ModelRole"), training)
    )

    assert len(ours) == 1
    assert ours == theirs


def test_only_sagemaker_of_this_account_runs_models(published: ProjectRoles) -> None:
    trust = published.trust("ModelRole")

    assert trust["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "333333333333"}}


def test_a_deployment_does_these_things_and_no_others(published: ProjectRoles) -> None:
    allowed = {
        action for each in published.statements("DeploymentRole") if each.effect == "Allow" for action in each.actions
    }

    assert allowed == {
        *(f"sagemaker:{verb}Endpoint{kind}" for verb in ("Create", "Delete", "Describe") for kind in ("", "Config")),
        *("sagemaker:DeleteModel", "sagemaker:DescribeModel", "lambda:InvokeFunction"),
        *(f"sagemaker:{verb}" for verb in ("AddTags", "DeleteTags", "ListTags", "UpdateEndpoint")),
        *("sagemaker:InvokeEndpoint", "sagemaker:UpdateEndpointWeightsAndCapacities"),
        *(f"application-autoscaling:{verb}Resource" for verb in ("ListTagsFor", "Tag", "Untag")),
        *(f"application-autoscaling:{verb}ScalableTarget" for verb in ("Deregister", "Register")),
        *(f"application-autoscaling:{verb}ScalingPolicy" for verb in ("Delete", "Put")),
        *("application-autoscaling:DescribeScalableTargets", "application-autoscaling:DescribeScalingPolicies"),
        *(f"cloudwatch:{verb}Resource" for verb in ("ListTagsFor", "Tag", "Untag")),
        *("cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarmHistory", "cloudwatch:DescribeAlarms"),
        *("cloudwatch:PutMetricAlarm", "cloudwatch:DeleteDashboards", "cloudwatch:GetDashboard"),
        *("cloudwatch:PutDashboard", "iam:CreateServiceLinkedRole", "ssm:GetParameter"),
        *("kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"),
        *("s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject"),
        *("sagemaker:ListEndpointConfigs", "sagemaker:ListModels"),
        *(f"sagemaker:{verb}Pipeline" for verb in ("Create", "Delete", "Describe", "Update")),
        *(f"scheduler:{verb}Schedule" for verb in ("Create", "Delete", "Get", "Update")),
        *(f"scheduler:{verb}ScheduleGroup" for verb in ("Create", "Delete", "Get")),
        *(f"scheduler:{verb}Resource" for verb in ("ListTagsFor", "Tag", "Untag")),
        *(f"sqs:{verb}Queue" for verb in ("Create", "Delete", "Tag", "Untag")),
        *("sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListQueueTags", "sqs:SetQueueAttributes", "iam:PassRole"),
    }


@pytest.mark.parametrize(
    ("kind", "noun", "verbs"),
    [
        ("endpoint", "Endpoint", ("Create", "Describe", "Delete")),
        ("endpoint-config", "EndpointConfig", ("Create", "Describe", "Delete")),
        ("model", "Model", ("Describe", "Delete")),
    ],
)
def test_a_deployment_changes_resources_with_its_projects_name_only(
    published: ProjectRoles, kind: str, noun: str, verbs: tuple[str, ...]
) -> None:
    for verb in verbs:
        for name, expected in ((OWN, True), (f"{OWN}-v2-1a2b", True), (OTHER, False), ("analytics-prod", False)):
            resource = AWS.format("sagemaker", f"{kind}/{name}")
            assert published.may("DeploymentRole", f"sagemaker:{verb}{noun}", resource, OWN_MODEL) is expected


@pytest.mark.parametrize("name", [OWN, f"{OWN}-approved-v3-1a2b3c4d", OTHER])
def test_no_role_of_a_project_makes_a_model(published: ProjectRoles, name: str) -> None:
    model = AWS.format("sagemaker", f"model/{name}")
    for keys in (dict[str, str](), {"sagemaker:NetworkIsolation": "true"}):
        for role in ROLES:
            assert not published.may(role, "sagemaker:CreateModel", model, keys)


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        ([f"{OWN}-approved-v3-1a2b3c4d"], True),
        ([f"{OWN}-approved-v3-1a2b3c4d", f"{OWN}-approved-v2-1a2b3c4d"], True),
        ([f"{OTHER}-approved-v3-1a2b3c4d"], False),
        ([f"{OWN}-approved-v3-1a2b3c4d", f"{OTHER}-approved-v3-1a2b3c4d"], False),
        ([f"{OWN}-v3-1a2b3c4"], False),
        (["any"], False),
        ([], False),
    ],
)
def test_a_deployment_serves_only_models_that_the_release_function_made_for_its_project(
    published: ProjectRoles, models: list[str], expected: bool
) -> None:
    configuration = AWS.format("sagemaker", f"endpoint-config/{OWN}-v3")
    named = {"sagemaker:ModelArn": [AWS.format("sagemaker", f"model/{name}") for name in models]} if models else {}
    keys = {"sagemaker:InstanceTypes": ["ml.m5.large"], **named}
    assert published.may("DeploymentRole", "sagemaker:CreateEndpointConfig", configuration, keys) is expected


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        (["ml.m5.large"], True),
        (["ml.m5.large", "ml.c5.xlarge"], True),
        (["ml.p5.48xlarge"], False),
        (["ml.m5.large", "ml.p5.48xlarge"], False),
        ([], False),
    ],
    ids=str,
)
def test_a_deployment_serves_on_the_instances_that_the_account_allows(
    published: ProjectRoles, types: list[str], expected: bool
) -> None:
    configuration = AWS.format("sagemaker", f"endpoint-config/{OWN}-v3")
    keys = {key: value for key, value in OWN_MODEL.items() if key != "sagemaker:InstanceTypes"}
    given = {"sagemaker:InstanceTypes": types} if types else {}
    assert (
        published.may("DeploymentRole", "sagemaker:CreateEndpointConfig", configuration, {**keys, **given}) is expected
    )


def test_a_deployment_releases_versions_of_its_own_project_by_one_name_and_no_other(published: ProjectRoles) -> None:
    function = AWS.format("lambda", "function:analytics-prod-model-release")
    assert published.alias == f"{function}:abalone-p-abcdefghijkl"
    assert published.may("DeploymentRole", "lambda:InvokeFunction", published.alias)
    for name in (
        *(function, f"{function}:$LATEST", f"{function}:1", f"{function}:churn-p-mnopqrstuvwx"),
        *(f"{published.alias}-x", AWS.format("lambda", "function:analytics-prod-another:abalone-p-abcdefghijkl")),
    ):
        assert not published.may("DeploymentRole", "lambda:InvokeFunction", name), name
        assert not published.may("ModelRole", "lambda:InvokeFunction", name), name
    for action in ("lambda:UpdateAlias", "lambda:CreateAlias", "lambda:UpdateFunctionCode", "lambda:AddPermission"):
        assert not published.may("DeploymentRole", action, function), action


def test_the_alias_is_named_like_the_projects_group_of_models(published: ProjectRoles) -> None:
    alias = published.properties("ReleaseAlias")
    assert alias["Name"] == "abalone-p-abcdefghijkl"
    assert (alias["FunctionName"], alias["FunctionVersion"]) == ("analytics-prod-model-release", "$LATEST")
    assert calling_project(published.alias).package_group == alias["Name"]


def test_a_deployment_invokes_its_own_endpoint_only(published: ProjectRoles) -> None:
    for name, expected in ((OWN, True), (OTHER, False)):
        resource = AWS.format("sagemaker", f"endpoint/{name}")
        assert published.may("DeploymentRole", "sagemaker:InvokeEndpoint", resource) is expected
        assert not published.may("ModelRole", "sagemaker:InvokeEndpoint", resource)


def test_a_deployment_scales_endpoints_and_leaves_those_of_other_projects_alone(published: ProjectRoles) -> None:
    target = AWS.format("application-autoscaling", "scalable-target/1234")
    sagemaker = {"application-autoscaling:service-namespace": "sagemaker"}
    tag = "aws:ResourceTag/sagemaker:project-id"
    for verb in ("RegisterScalableTarget", "DeregisterScalableTarget", "PutScalingPolicy", "DeleteScalingPolicy"):
        action = f"application-autoscaling:{verb}"
        assert published.may("DeploymentRole", action, target, {**sagemaker, tag: "p-abcdefghijkl"})
        assert not published.may("DeploymentRole", action, target, {**sagemaker, tag: "p-mnopqrstuvwx"})
        assert not published.may("DeploymentRole", action, target, {"application-autoscaling:service-namespace": "ecs"})
    for verb in ("TagResource", "UntagResource"):
        assert not published.may("DeploymentRole", f"application-autoscaling:{verb}", target, {tag: "p-mnopqrstuvwx"})


def test_a_deployments_alarms_tell_people_or_scale_and_do_nothing_else(published: ProjectRoles) -> None:
    alarm = AWS.format("cloudwatch", f"alarm:{OWN}-errors")
    policy = AWS.format("autoscaling", "scalingPolicy:1:resource/sagemaker/endpoint/{}/variant/main:policyName/scale")
    for action, expected in {
        AWS.format("sns", "analytics-prod-alarms"): True,
        policy.format(OWN): True,
        policy.format(OTHER): False,
        "arn:aws:automate:eu-west-1:ec2:terminate": False,
        AWS.format("lambda", "function:analytics-prod-x"): False,
        "arn:aws:lambda:eu-west-1:111111111111:function:analytics-dev-deployment-trigger": True,
        "arn:aws:lambda:eu-west-1:111111111111:function:analytics-dev-template-cloner": False,
        AWS.format("sns", "another-topic"): False,
    }.items():
        keys = {"cloudwatch:AlarmActions": action}
        assert published.may("DeploymentRole", "cloudwatch:PutMetricAlarm", alarm, keys) is expected, action
    assert published.may("DeploymentRole", "cloudwatch:PutMetricAlarm", alarm)
    assert not published.may("DeploymentRole", "cloudwatch:PutMetricAlarm", alarm.replace(OWN, OTHER))
    dashboard = "arn:aws:cloudwatch::333333333333:dashboard/"
    assert published.may("DeploymentRole", "cloudwatch:PutDashboard", dashboard + OWN)
    assert not published.may("DeploymentRole", "cloudwatch:PutDashboard", dashboard + OTHER)


def test_a_deployment_reads_nothing_of_development(published: ProjectRoles) -> None:
    package = "arn:aws:sagemaker:eu-west-1:111111111111:model-package/abalone-p-abcdefghijkl/1"
    assert not published.may("DeploymentRole", "sagemaker:DescribeModelPackage", package)
    assert not published.may("DeploymentRole", "s3:GetObject", f"{FROM_DEVELOPMENT}/approved/1/model.tar.gz")
    theirs = "arn:aws:kms:eu-west-1:111111111111:key/any"
    assert not published.may("DeploymentRole", "kms:Decrypt", theirs, THROUGH_S3)


def test_a_deployment_reads_and_writes_no_artifact(published: ProjectRoles) -> None:
    for folder in (
        *("p-abcdefghijkl/models", "approved/p-abcdefghijkl/3", "onboarding", "watched/p-abcdefghijkl"),
        *("p-abcdefghijkl/captured", "captured/p-abcdefghijkl/v3"),
    ):
        for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"):
            assert not published.may("DeploymentRole", action, f"{ARTIFACTS}/{folder}/x"), (folder, action)


def test_a_model_reads_its_own_projects_objects_and_writes_captured_requests_only(published: ProjectRoles) -> None:
    assert published.may("ModelRole", "s3:GetObject", f"{ARTIFACTS}/approved/p-abcdefghijkl/3/model.tar.gz")
    assert not published.may("ModelRole", "s3:GetObject", f"{ARTIFACTS}/approved/p-mnopqrstuvwx/3/model.tar.gz")
    assert not published.may("ModelRole", "s3:PutObject", f"{ARTIFACTS}/approved/p-abcdefghijkl/3/model.tar.gz")
    assert published.may("ModelRole", "s3:GetObject", f"{ARTIFACTS}/p-abcdefghijkl/models/x/model.tar.gz")
    assert not published.may("ModelRole", "s3:GetObject", f"{ARTIFACTS}/p-mnopqrstuvwx/models/x/model.tar.gz")
    assert not published.may("ModelRole", "s3:GetObject", f"{FROM_DEVELOPMENT}/approved/1/model.tar.gz")
    for folder in ("captured/p-abcdefghijkl/v3", "p-abcdefghijkl/captured"):
        assert published.may("ModelRole", "s3:PutObject", f"{ARTIFACTS}/{folder}/x")
    for folder in ("captured/p-mnopqrstuvwx/v3", "captured/p-abcdefghijkl/truth", "watched/p-abcdefghijkl"):
        assert not published.may("ModelRole", "s3:PutObject", f"{ARTIFACTS}/{folder}/x")
    assert not published.may("ModelRole", "s3:GetObject", f"{ARTIFACTS}/captured/p-abcdefghijkl/x")
    assert not published.may("ModelRole", "s3:PutObject", f"{ARTIFACTS}/p-abcdefghijkl/models/x")


def test_a_model_changes_nothing_and_reads_no_secret_and_no_parameter(published: ProjectRoles) -> None:
    services = {action.partition(":")[0] for each in published.statements("ModelRole") for action in each.actions}

    assert services == {"cloudwatch", "ec2", "ecr", "kms", "logs", "s3"}


@pytest.mark.parametrize("role", ROLES)
def test_alarms_are_found_by_name_and_by_prefix(published: ProjectRoles, role: str) -> None:
    """CloudWatch judges some requests as one for `alarm:*`; a canary whose alarms SageMaker cannot see is refused."""
    for name in (f"{OWN}-errors", "*"):
        assert published.may(role, "cloudwatch:DescribeAlarms", AWS.format("cloudwatch", f"alarm:{name}"))


def test_a_model_is_pulled_from_awss_own_accounts_only(published: ProjectRoles) -> None:
    for account, expected in {"141502667606": True, "333333333333": False, "999999999999": False}.items():
        image = f"arn:aws:ecr:eu-west-1:{account}:repository/sagemaker-xgboost"
        assert published.may("ModelRole", "ecr:BatchGetImage", image) is expected


def test_keys_are_granted_to_services_of_aws_only(published: ProjectRoles) -> None:
    for role in ROLES:
        assert published.may(role, "kms:CreateGrant", DATA_KEY, {"kms:GrantIsForAWSResource": "true"})
        assert not published.may(role, "kms:CreateGrant", DATA_KEY)
