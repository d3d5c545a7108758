"""The boundary in `bootstrap.yaml` for the platform's other roles and those of projects."""

import re
from dataclasses import replace

import pytest

from tests.access.authorization import Role, roles_of
from tests.bootstrap.policies import (
    BOUNDARY,
    DEPLOYMENT,
    IAM,
    PLATFORMS_STATE,
    PREFIX,
    PROJECTS_STATE,
    ROLES_THAT_DEPLOY,
    STATE,
    STATE_KEY,
    allowed_by,
    document,
    parts_of,
    reaches_state,
    requested,
)
from tests.bootstrap.template import ACCOUNT, REGION, Template
from tests.decisions import Request, denials, permits
from tests.rendering import Rendering

THROUGH_S3 = {"kms__ViaService": f"s3.{REGION}.amazonaws.com"}

OF_THE_PROJECT = {"kms__EncryptionContext__project": "p-abcdefghijkl"}

OTHER_ROLES = (
    "template-cloner",
    "deployment-trigger",
    "project-launch",
    "project-onboarding",
    "project-roles",
    "lead-data-scientist",
    "p-abcdefghijkl-model",
    "p-abcdefghijkl-pipeline",
    "p-abcdefghijkl-workflow",
)

PLATFORMS_ROLES = (
    "data-scientist",
    "deployment-trigger",
    "drift",
    "flow-logs",
    "job",
    "lead-data-scientist",
    "mlflow",
    "model-life-cycle",
    "model-release",
    "project-launch",
    "project-onboarding",
    "project-roles",
    "template-cloner",
)
"""Purposes of the roles whose policies the deploy role writes."""

PIPELINE = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:pipeline/abalone-p-abcdefghijkl"

OBJECT_ACTIONS = ("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion")

KEY_ACTIONS = ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey")

PROJECTS_ROLE = f"{IAM}:role/{PREFIX}-p-abcdefghijkl-deployment"


def test_the_drift_role_reads_the_platforms_state_and_changes_nothing_of_it(template: Template) -> None:
    for action, resource, keys in (
        ("s3:GetObject", PLATFORMS_STATE, dict[str, str]()),
        ("s3:ListBucket", STATE, {"s3__prefix": ".pulumi/"}),
        ("kms:Decrypt", STATE_KEY, dict[str, str]()),
    ):
        assert reaches_state(template, requested("drift", action, resource, **keys))
        for role in (*OTHER_ROLES, DEPLOYMENT, "drift-too"):
            assert not reaches_state(template, requested(role, action, resource, **keys)), role
    for action, resource in (
        ("s3:PutObject", PLATFORMS_STATE),
        ("s3:DeleteObject", PLATFORMS_STATE),
        ("s3:PutObject", PROJECTS_STATE),
        ("s3:PutBucketPolicy", STATE),
        ("kms:CreateGrant", STATE_KEY),
        ("kms:Encrypt", STATE_KEY),
        ("kms:GenerateDataKey", STATE_KEY),
    ):
        assert not reaches_state(template, requested("drift", action, resource)), action


@pytest.mark.parametrize("action", ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"])
def test_the_roles_that_deploy_projects_reach_states_of_projects_and_never_the_platforms(
    template: Template, action: str
) -> None:
    assert reaches_state(template, requested(DEPLOYMENT, action, PROJECTS_STATE))
    for theirs in (PLATFORMS_STATE, f"{STATE}/.pulumi/meta.yaml"):
        assert not reaches_state(template, requested(DEPLOYMENT, action, theirs))


def test_the_roles_that_deploy_projects_list_only_the_folder_of_projects(template: Template) -> None:
    policy = document(template, "StateBucketPolicy")
    theirs = {"s3__prefix": "projects/p-abcdefghijkl/.pulumi/"}
    assert reaches_state(template, requested(DEPLOYMENT, "s3:ListBucket", STATE, **theirs))
    for prefix in ("", ".pulumi/", "project"):
        asked = requested(DEPLOYMENT, "s3:ListBucket", STATE, s3__prefix=prefix)
        assert denials(policy, asked) == ["DenyProjectsTheListOfThePlatformsState"], prefix
        assert not denials(policy, requested("deploy", "s3:ListBucket", STATE, s3__prefix=prefix)), prefix
    assert not reaches_state(template, requested(DEPLOYMENT, "s3:ListBucketVersions", STATE, **theirs))


def test_the_roles_that_deploy_projects_get_not_found_for_a_missing_file(template: Template) -> None:
    """S3 answers 404 instead of 403 to a caller that may list the bucket in a request without a prefix."""
    assert reaches_state(template, requested(DEPLOYMENT, "s3:ListBucket", STATE))


@pytest.mark.parametrize(
    "action", ["s3:DeleteBucketPolicy", "s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:PutLifecycleConfiguration"]
)
def test_no_role_of_a_project_changes_the_protection_of_the_state(template: Template, action: str) -> None:
    for role in (DEPLOYMENT, *OTHER_ROLES):
        assert not reaches_state(template, requested(role, action, STATE)), role


@pytest.mark.parametrize("action", KEY_ACTIONS)
def test_the_roles_that_deploy_projects_use_the_states_key_only_for_a_project_or_through_s3(
    template: Template, action: str
) -> None:
    assert reaches_state(template, requested(DEPLOYMENT, action, STATE_KEY, **OF_THE_PROJECT))
    assert reaches_state(template, requested(DEPLOYMENT, action, STATE_KEY, **THROUGH_S3))
    assert not reaches_state(template, requested(DEPLOYMENT, action, STATE_KEY))
    elsewhere = {"kms__ViaService": f"secretsmanager.{REGION}.amazonaws.com"}
    assert not reaches_state(template, requested(DEPLOYMENT, action, STATE_KEY, **elsewhere))


@pytest.mark.parametrize(
    "action", ["kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:CreateAlias", "kms:CreateGrant"]
)
def test_no_bounded_role_administers_the_states_key(template: Template, action: str) -> None:
    for role in ("drift", DEPLOYMENT, *OTHER_ROLES):
        assert not reaches_state(template, requested(role, action, STATE_KEY, **OF_THE_PROJECT)), role


@pytest.mark.parametrize("role", OTHER_ROLES)
def test_no_other_role_reaches_any_state(template: Template, role: str) -> None:
    boundary = document(template, "WorkloadBoundary")
    for resource in (PLATFORMS_STATE, PROJECTS_STATE):
        for action in OBJECT_ACTIONS:
            assert not permits(boundary, requested(role, action, resource)), (action, resource)
    assert not permits(boundary, requested(role, "s3:ListBucket", STATE, s3__prefix="projects/p-abcdefghijkl/"))
    for action in KEY_ACTIONS:
        for way in (OF_THE_PROJECT, THROUGH_S3):
            assert not permits(boundary, requested(role, action, STATE_KEY, **way)), (action, way)


@pytest.mark.parametrize("role", ["deploy", "preview"])
def test_the_roles_that_deploy_reach_the_state_past_its_own_policies(template: Template, role: str) -> None:
    policy, key = document(template, "StateBucketPolicy"), template.properties("StateKey")["KeyPolicy"]
    for action in ("s3:GetObject", "s3:PutObject", "s3:ListBucket"):
        assert not denials(policy, requested(role, action, PLATFORMS_STATE, aws__SecureTransport="true")), action
    for action in KEY_ACTIONS:
        assert not denials(key, requested(role, action, STATE_KEY)), action


@pytest.mark.parametrize(
    "action", ["iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary", "iam:DeleteRole", "iam:TagRole"]
)
def test_only_a_launch_and_cloudformation_for_the_onboarding_function_create_the_roles_of_projects(action: str) -> None:
    bounded = {"iam__PermissionsBoundary": BOUNDARY}
    for parts, makers in (
        ("development", {"project-launch"}),
        ("workload", {"project-roles"}),
        ("both", {"project-launch", "project-roles"}),
        ("none", set[str]()),
    ):
        boundary = document(Template(Parts=parts), "WorkloadBoundary")
        for role in ("drift", DEPLOYMENT, "project-anything", *OTHER_ROLES):
            made = permits(boundary, requested(role, action, PROJECTS_ROLE, **bounded))
            assert made == (role in makers), (parts, role)
            assert not permits(boundary, requested(role, action, f"{IAM}:role/{PREFIX}-project-launch", **bounded))
            if action not in ("iam:DeleteRole", "iam:TagRole"):
                assert not permits(boundary, requested(role, action, PROJECTS_ROLE)), (parts, role)


def test_only_the_template_cloner_asks_accounts_to_onboard_projects_and_becomes_no_role_there(
    template: Template,
) -> None:
    boundary = document(template, "WorkloadBoundary")
    function = "arn:aws:lambda:eu-west-1:333333333333:function:analytics-prod-project-onboarding"
    assert permits(boundary, requested("template-cloner", "lambda:InvokeFunction", function))
    for role in (DEPLOYMENT, "lead-data-scientist", "project-launch", "p-abcdefghijkl-workflow", "template-cloner-x"):
        for arn in (function, f"{function}:$LATEST"):
            assert not permits(boundary, requested(role, "lambda:InvokeFunction", arn)), role
    for role in (DEPLOYMENT, *OTHER_ROLES):
        for there in ("project-onboarding", "project-roles", "deploy", "p-abcdefghijkl-deployment"):
            theirs = f"arn:aws:iam::333333333333:role/analytics-prod-{there}"
            assert not permits(boundary, requested(role, "sts:AssumeRole", theirs)), (role, there)


@pytest.mark.parametrize("action", ["CreateStack", "UpdateStack", "DeleteStack", "CreateChangeSet", "ExecuteChangeSet"])
def test_only_a_launch_and_the_onboarding_function_make_stacks(action: str) -> None:
    stack = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{PREFIX}-p-abcdefghijkl/1"
    for parts, makers in (
        ("development", {"project-launch"}),
        ("workload", {"project-onboarding"}),
        ("both", {"project-launch", "project-onboarding"}),
        ("none", set[str]()),
    ):
        boundary = document(Template(Parts=parts), "WorkloadBoundary")
        for role in (DEPLOYMENT, "project-anything", *OTHER_ROLES):
            made = permits(boundary, requested(role, f"cloudformation:{action}", stack))
            assert made == (role in makers), (parts, role)


@pytest.mark.parametrize(
    "action",
    [
        *(f"sagemaker:{verb}{kind}" for verb in ("Create", "Delete", "Update") for kind in ("Domain", "UserProfile")),
        *(f"servicecatalog:{verb}Constraint" for verb in ("Create", "Delete", "Update")),
        *(f"servicecatalog:{verb}ProvisioningArtifact" for verb in ("Create", "Update")),
        "servicecatalog:AssociatePrincipalWithPortfolio",
    ],
)
def test_no_bounded_role_changes_studio_or_its_catalog_and_all_may_read_them(template: Template, action: str) -> None:
    boundary = document(template, "WorkloadBoundary")
    read = re.sub("(Create|Delete|Update|Associate)", "Describe", action)
    for role in ("drift", DEPLOYMENT, *OTHER_ROLES):
        assert not permits(boundary, requested(role, action, "*")), role
        assert permits(boundary, requested(role, read, "*")), role


def test_a_deployment_may_create_the_service_linked_roles_of_its_endpoints_and_no_other(template: Template) -> None:
    boundary = document(template, "WorkloadBoundary")
    roles = f"{IAM}:role/aws-service-role"
    linked = (
        "sagemaker.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint",
        "inference.sagemaker.amazonaws.com/AWSServiceRoleForSageMakerInference",
    )
    for role in linked:
        assert permits(boundary, requested(DEPLOYMENT, "iam:CreateServiceLinkedRole", f"{roles}/{role}"))
        for action in ("DeleteRole", "PutRolePolicy", "UpdateRole", "AttachRolePolicy"):
            assert not permits(boundary, requested(DEPLOYMENT, f"iam:{action}", f"{roles}/{role}"))
    for other in ("sagemaker.amazonaws.com/x", "ecs.application-autoscaling.amazonaws.com/x"):
        assert not permits(boundary, requested(DEPLOYMENT, "iam:CreateServiceLinkedRole", f"{roles}/{other}"))


def test_only_leads_approve_whatever_a_policy_grants(template: Template) -> None:
    boundary = document(template, "WorkloadBoundary")
    version = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/abalone-p-abcdefghijkl/1"
    approval = {"sagemaker__ModelApprovalStatus": "Approved"}
    assert permits(boundary, requested("lead-data-scientist", "sagemaker:UpdateModelPackage", version, **approval))
    for role in (
        *set(OTHER_ROLES) - {"lead-data-scientist"},
        "data-scientist",
        "job",
        "drift",
        "model-life-cycle",
        DEPLOYMENT,
        "of-its-own",
    ):
        assert not permits(boundary, requested(role, "sagemaker:UpdateModelPackage", version, **approval)), role


def test_a_version_is_changed_where_models_are_trained_alone() -> None:
    boundary = document(Template(Parts="workload"), "WorkloadBoundary")
    version = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/abalone-p-abcdefghijkl/1"
    for role in ("model-release", "p-abcdefghijkl-pipeline", "lead-data-scientist"):
        assert not permits(boundary, requested(role, "sagemaker:UpdateModelPackage", version)), role


def test_a_promoted_pipeline_registers_approved_versions_where_no_model_waits_for_an_approval() -> None:
    version = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/abalone-p-abcdefghijkl/1"
    asked = requested(
        "p-abcdefghijkl-pipeline", "sagemaker:CreateModelPackage", version, sagemaker__ModelApprovalStatus="Approved"
    )
    for parts, permitted in (("development", False), ("both", False), ("workload", True)):
        assert permits(document(Template(Parts=parts), "WorkloadBoundary"), asked) is permitted, parts


@pytest.mark.parametrize(
    "action",
    [
        "sagemaker:CreateProject",
        "sagemaker:DeleteProject",
        "sagemaker:UpdateProject",
        "servicecatalog:CreateProvisionedProductPlan",
        "servicecatalog:ExecuteProvisionedProductPlan",
        "servicecatalog:ExecuteProvisionedProductServiceAction",
        "servicecatalog:ImportAsProvisionedProduct",
        "servicecatalog:ProvisionProduct",
        "servicecatalog:TerminateProvisionedProduct",
        "servicecatalog:UpdateProvisionedProduct",
        "servicecatalog:UpdateProvisionedProductProperties",
    ],
)
def test_only_leads_launch_update_and_delete_projects_whatever_a_policy_grants(template: Template, action: str) -> None:
    boundary = document(template, "WorkloadBoundary")
    assert permits(boundary, requested("lead-data-scientist", action, "*"))
    for role in (*set(OTHER_ROLES) - {"lead-data-scientist"}, "data-scientist", "job", DEPLOYMENT, "of-its-own"):
        assert denials(boundary, requested(role, action, "*")), role
    assert denials(document(template, "DeployBoundary"), requested("deploy", action, "*"))


@pytest.mark.parametrize(
    "action",
    [
        "sagemaker:DescribeProject",
        "servicecatalog:DescribeProvisionedProduct",
        "servicecatalog:DescribeProvisioningArtifact",
        "servicecatalog:DescribeProvisioningParameters",
        "servicecatalog:ListProvisioningArtifacts",
        "servicecatalog:SearchProvisionedProducts",
    ],
)
def test_other_roles_look_at_projects_and_products(template: Template, action: str) -> None:
    assert permits(document(template, "WorkloadBoundary"), requested("drift", action, "*"))
    assert not denials(document(template, "DeployBoundary"), requested("deploy", action, "*"))


def test_only_pipelines_of_projects_register_versions(template: Template) -> None:
    boundary = document(template, "WorkloadBoundary")
    version = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/abalone-p-abcdefghijkl/*"
    assert permits(boundary, requested("p-abcdefghijkl-pipeline", "sagemaker:CreateModelPackage", version))
    for role in (*set(OTHER_ROLES) - {"p-abcdefghijkl-pipeline"}, "job", "of-its-own"):
        assert not permits(boundary, requested(role, "sagemaker:CreateModelPackage", version)), role


@pytest.mark.parametrize(
    "action", ["CreatePipeline", "DeletePipeline", "UpdatePipeline", "UpdatePipelineExecution", "UpdatePipelineVersion"]
)
def test_only_projects_decide_what_their_pipelines_do(template: Template, action: str) -> None:
    """A pipeline that keeps its role registers what another definition of it says."""
    boundary = document(template, "WorkloadBoundary")
    for role in ("p-abcdefghijkl-workflow", DEPLOYMENT):
        assert permits(boundary, requested(role, f"sagemaker:{action}", PIPELINE)), role
    for role in PLATFORMS_ROLES:
        assert denials(boundary, requested(role, f"sagemaker:{action}", PIPELINE)), role
    assert denials(document(template, "DeployBoundary"), requested("deploy", f"sagemaker:{action}", PIPELINE))


def test_only_people_and_projects_start_pipelines(template: Template) -> None:
    boundary, action = document(template, "WorkloadBoundary"), "sagemaker:StartPipelineExecution"
    starting = {"data-scientist", "lead-data-scientist"}
    for role in (*starting, "p-abcdefghijkl-workflow", DEPLOYMENT):
        assert permits(boundary, requested(role, action, PIPELINE)), role
    for role in set(PLATFORMS_ROLES) - starting:
        assert denials(boundary, requested(role, action, PIPELINE)), role
    deploy = document(template, "DeployBoundary")
    assert denials(deploy, requested("deploy", action, PIPELINE))
    # One pattern stands for both roles of people. Nobody can make another role that it fits.
    made = f"{IAM}:role/{PREFIX}-evil-data-scientist"
    assert denials(deploy, requested("deploy", "iam:CreateRole", made, iam__PermissionsBoundary=BOUNDARY))
    for role in PLATFORMS_ROLES:
        assert not permits(boundary, requested(role, "iam:CreateRole", made, iam__PermissionsBoundary=BOUNDARY)), role


def test_nobody_repeats_an_execution_of_an_earlier_definition(template: Template) -> None:
    execution = f"{PIPELINE}/execution/abcdefghijkl"
    for role in (*PLATFORMS_ROLES, *OTHER_ROLES, DEPLOYMENT):
        asked = requested(role, "sagemaker:RetryPipelineExecution", execution)
        assert denials(document(template, "WorkloadBoundary"), asked), role
    asked = requested("deploy", "sagemaker:RetryPipelineExecution", execution)
    assert denials(document(template, "DeployBoundary"), asked)


def test_every_role_may_look_at_pipelines_and_stop_them(template: Template) -> None:
    for action in ("DescribePipeline", "ListPipelineExecutionSteps", "StopPipelineExecution"):
        assert permits(document(template, "WorkloadBoundary"), requested("drift", f"sagemaker:{action}", PIPELINE))


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        *(
            (f"s3:{action}", "arn:aws:s3:::analytics-dev-p-abcdefghijkl-111111111111-eu-west-1")
            for action in (
                "DeleteBucket",
                "DeleteBucketPolicy",
                "PutBucketAcl",
                "PutBucketObjectLockConfiguration",
                "PutBucketPolicy",
                "PutBucketVersioning",
                "PutEncryptionConfiguration",
                "PutLifecycleConfiguration",
                "PutReplicationConfiguration",
            )
        ),
        ("s3:DeleteObjectVersion", "arn:aws:s3:::analytics-dev-p-abcdefghijkl-111111111111-eu-west-1/approved/1/x"),
        (
            "sagemaker:DeleteModelPackage",
            f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/abalone-p-abcdefghijkl/1",
        ),
        *(
            (f"sagemaker:{action}", f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package-group/abalone-p-abcdefghijkl")
            for action in ("DeleteModelPackageGroup", "DeleteModelPackageGroupPolicy", "PutModelPackageGroupPolicy")
        ),
    ],
)
def test_only_launches_change_who_reaches_what_is_kept_and_delete_it(
    template: Template, action: str, resource: str
) -> None:
    boundary = document(template, "WorkloadBoundary")
    making = {"project-launch", "project-onboarding", "project-roles"}
    for role in making:
        assert permits(boundary, requested(role, action, resource))
    for role in ({*PLATFORMS_ROLES, *OTHER_ROLES} - making) | {DEPLOYMENT, "of-its-own"}:
        assert denials(boundary, requested(role, action, resource)), role


def test_only_the_two_functions_read_credentials(template: Template) -> None:
    boundary = document(template, "WorkloadBoundary")
    secret = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{PREFIX}-github-x"
    functions = {"template-cloner", "deployment-trigger"}
    for role in functions:
        assert permits(boundary, requested(role, "secretsmanager:GetSecretValue", secret))
    for role in (*set(OTHER_ROLES) - functions, "job", DEPLOYMENT, "of-its-own"):
        # Also a secret's own policy must not suffice, so that a denial is needed.
        assert denials(boundary, requested(role, "secretsmanager:GetSecretValue", secret)), role


@pytest.mark.parametrize("parts", ["development", "both", "workload"])
def test_functions_of_the_environment_are_invoked_by_launches_and_projects_whatever_a_policy_grants(parts: str) -> None:
    """The launch of a project invokes the template cloner, and a project's workflow the account's release function."""
    boundary = document(Template(Parts=parts), "WorkloadBoundary")
    functions = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{PREFIX}"
    invoking = {"project-launch", "project-onboarding", "project-roles"}
    for purpose in ("deployment-trigger", "model-life-cycle", "model-release", "template-cloner"):
        function = f"{functions}-{purpose}"
        for role in (*invoking, DEPLOYMENT):
            assert permits(boundary, requested(role, "lambda:InvokeFunction", function)), role
        # Also a function's own policy must not suffice, so that a denial is needed.
        for role in {*PLATFORMS_ROLES, "of-its-own"} - invoking:
            assert denials(boundary, requested(role, "lambda:InvokeFunction", function)), role
    # Functions of another environment have policies, and boundaries, of their own.
    there = functions.replace(PREFIX, "analytics-prod")
    assert permits(boundary, requested("model-release", "lambda:InvokeFunction", f"{there}-model-life-cycle"))
    assert permits(boundary, requested("template-cloner", "lambda:InvokeFunction", f"{there}-project-onboarding"))


@pytest.mark.parametrize("parts", ["development", "both", "workload"])
def test_versions_are_changed_by_leads_and_by_the_function_that_notes_what_serves(parts: str) -> None:
    boundary, action = document(Template(Parts=parts), "WorkloadBoundary"), "sagemaker:UpdateModelPackage"
    changing = {"model-life-cycle"} if parts == "workload" else {"lead-data-scientist", "model-life-cycle"}
    for role in changing:
        assert permits(boundary, requested(role, action, "arn:aws:sagemaker:::x")), role
    for role in ({*PLATFORMS_ROLES, *OTHER_ROLES} - changing) | {DEPLOYMENT, "of-its-own"}:
        assert denials(boundary, requested(role, action, "arn:aws:sagemaker:::x")), role


@pytest.mark.parametrize("parts", ["development", "both"])
def test_no_version_is_registered_as_approved_where_models_are_approved(parts: str) -> None:
    boundary = document(Template(Parts=parts), "WorkloadBoundary")
    asked = requested("p-abcdefghijkl-pipeline", "sagemaker:CreateModelPackage", "arn:aws:sagemaker:::x")
    approved, pending = (
        replace(asked, keys={"sagemaker:ModelApprovalStatus": status})
        for status in ("Approved", "PendingManualApproval")
    )
    assert denials(boundary, approved) == ["OnlyLeadsApprove"]
    assert denials(boundary, pending) == []


def test_a_pipeline_that_is_promoted_to_an_account_may_register_as_approved_there() -> None:
    boundary = document(Template(Parts="workload"), "WorkloadBoundary")
    keys = {"sagemaker:ModelApprovalStatus": "Approved"}
    asked = requested("p-abcdefghijkl-pipeline", "sagemaker:CreateModelPackage", "arn:aws:sagemaker:::x")
    assert permits(boundary, replace(asked, keys=keys))
    for role in ("job", "p-abcdefghijkl-deployment", "p-abcdefghijkl-job", "lead-data-scientist"):
        asked = requested(role, "sagemaker:CreateModelPackage", "arn:aws:sagemaker:::x")
        assert not permits(boundary, replace(asked, keys=keys)), role


@pytest.mark.parametrize("action", ["CreateApp", "CreateSpace", "DeleteSpace", "UpdateSpace"])
def test_only_people_open_spaces_and_apps_in_studio(template: Template, action: str) -> None:
    boundary = document(template, "WorkloadBoundary")
    for role in ("data-scientist", "lead-data-scientist"):
        assert permits(boundary, requested(role, f"sagemaker:{action}", "arn:aws:sagemaker:::x"))
    for role in ("job", "template-cloner", "p-abcdefghijkl-job", "evil-data-scientist", "of-its-own"):
        assert not permits(boundary, requested(role, f"sagemaker:{action}", "arn:aws:sagemaker:::x")), role


@pytest.mark.parametrize(
    "action",
    [
        "CreateAppImageConfig",
        "CreateImage",
        "CreateImageVersion",
        "CreatePresignedDomainUrl",
        "CreatePresignedNotebookInstanceUrl",
        "CreateStudioLifecycleConfig",
        "StartSession",
        "UpdateAppImageConfig",
        "UpdateUserProfile",
    ],
)
def test_no_role_acts_as_another_person_in_studio(template: Template, action: str) -> None:
    boundary = document(template, "WorkloadBoundary")
    for role in (*OTHER_ROLES, "job", "of-its-own"):
        assert denials(boundary, requested(role, f"sagemaker:{action}", "arn:aws:sagemaker:::x")), role


def test_people_open_mlflow_if_a_policy_lets_them(template: Template) -> None:
    app = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:mlflow-app/app-x"
    for action in ("CallMlflowAppApi", "CreatePresignedMlflowAppUrl"):
        assert permits(document(template, "WorkloadBoundary"), requested("data-scientist", f"sagemaker:{action}", app))
        assert not permits(
            document(template, "DeployBoundary"), requested("deploy", "sagemaker:CreatePresignedMlflowAppUrl", app)
        )


def test_people_look_at_the_images_of_their_apps(template: Template) -> None:
    boundary = document(template, "WorkloadBoundary")
    for action in ("DescribeAppImageConfig", "DescribeDomain", "DescribeUserProfile", "DescribeImage"):
        assert permits(boundary, requested("data-scientist", f"sagemaker:{action}", "arn:aws:sagemaker:::x")), action


def test_nobody_runs_a_job_as_a_lead(template: Template) -> None:
    boundary, lead = document(template, "WorkloadBoundary"), f"{IAM}:role/{PREFIX}-lead-data-scientist"
    for role in (*OTHER_ROLES, "of-its-own"):
        assert not permits(boundary, requested(role, "iam:PassRole", lead)), role
    assert permits(boundary, requested("lead-data-scientist", "iam:PassRole", f"{IAM}:role/{PREFIX}-job"))


@pytest.mark.parametrize("purpose", ["deployment", "job", "model", "pipeline", "workflow"])
def test_a_projects_roles_are_passed_by_the_project_and_by_the_function_that_makes_its_models(purpose: str) -> None:
    theirs = f"{IAM}:role/{PREFIX}-p-abcdefghijkl-{purpose}"
    for parts, passing in (("development", set[str]()), ("workload", {"model-release"})):
        boundary = document(Template(Parts=parts), "WorkloadBoundary")
        for role in (*OTHER_ROLES, "data-scientist", "drift", "flow-logs", "job", "model-release", "of-its-own"):
            passed = permits(boundary, requested(role, "iam:PassRole", theirs))
            assert passed == (role.startswith("p-") or role in passing), (parts, role)
    assert denials(document(Template(), "DeployBoundary"), requested("deploy", "iam:PassRole", theirs))


def test_projects_schedule_what_they_run(template: Template) -> None:
    boundary = document(template, "WorkloadBoundary")
    schedule = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/{PREFIX}-p-abcdefghijkl"
    assert permits(boundary, requested(DEPLOYMENT, "scheduler:CreateSchedule", schedule))


def test_a_deployment_passes_roles_of_its_environment_but_none_that_deploys_the_platform(template: Template) -> None:
    boundary = document(template, "WorkloadBoundary")
    assert permits(boundary, requested(DEPLOYMENT, "iam:PassRole", f"{IAM}:role/{PREFIX}-p-abcdefghijkl-model"))
    for role in ROLES_THAT_DEPLOY:
        assert not permits(boundary, requested(DEPLOYMENT, "iam:PassRole", role))


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{PREFIX}-github-x"),
        ("sagemaker:UpdateModelPackage", f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/abalone-p-1/1"),
        (
            "sagemaker:PutModelPackageGroupPolicy",
            f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package-group/abalone-p-1",
        ),
        ("iam:CreateRole", f"{IAM}:role/{PREFIX}-p-abcdefghijkl-x"),
        ("iam:PutRolePolicy", f"{IAM}:role/{PREFIX}-p-abcdefghijkl-pipeline"),
        ("iam:UpdateAssumeRolePolicy", f"{IAM}:role/{PREFIX}-p-abcdefghijkl-workflow"),
    ],
)
def test_no_launched_project_reads_secrets_changes_models_or_grants_anything(
    template: Template, action: str, resource: str
) -> None:
    boundary = document(template, "WorkloadBoundary")
    for role in ("deployment", "model", "pipeline", "workflow"):
        keys = {"iam__PermissionsBoundary": BOUNDARY}
        assert not permits(boundary, requested(f"p-abcdefghijkl-{role}", action, resource, **keys)), role


def test_the_workload_boundary_allows_what_every_role_of_the_platform_needs(stack: Rendering) -> None:
    roles = roles_of(stack)
    [boundary_arn] = {role.boundary for role in roles.values()}
    unit, environment, _ = str(boundary_arn).rpartition("/")[2].split("-")
    names = {"Unit": unit, "Environment": environment, "AWS::AccountId": stack.account_id}
    boundary = document(Template(Parts=parts_of(stack), **names), "WorkloadBoundary")

    def lets_through(role: Role, action: str, resource: str) -> bool:
        arn = f"arn:aws:iam::{stack.account_id}:role/{role.name}"
        keys = {"iam:PermissionsBoundary": str(boundary_arn)}
        denied = denials(boundary, Request(principal=arn, action=action, resource=resource, keys=keys))
        return bool(allowed_by(boundary, action, resource)) and not denied

    lost = [
        f"{role.name}: {each.sid}: {action} on {resource}"
        for role in roles.values()
        for each in role.statements
        if each.effect == "Allow"
        for action in each.actions
        for resource in each.resources
        if not lets_through(role, action, resource)
    ]
    assert lost == []


def test_the_template_cloner_protects_stacks_of_launches_and_neither_changes_nor_deletes_them(
    template: Template,
) -> None:
    boundary = document(template, "WorkloadBoundary")
    stack = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/SC-{ACCOUNT}-pp-abcdefghijklm/1"

    assert permits(boundary, requested("template-cloner", "cloudformation:UpdateTerminationProtection", stack))
    assert not permits(boundary, requested("deployment-trigger", "cloudformation:UpdateTerminationProtection", stack))
    for action in ("DeleteStack", "UpdateStack", "SetStackPolicy", "CreateChangeSet"):
        assert not permits(boundary, requested("template-cloner", f"cloudformation:{action}", stack)), action
