"""The deploy and preview roles of `bootstrap.yaml`, and the boundary that limits them."""

import json
from dataclasses import replace

import pytest

from components.iam.held_roles import USES
from tests.access.authorization import problems, resource_types, roles_of
from tests.bootstrap.policies import (
    BOUNDARIES,
    BOUNDARY,
    IAM,
    PREFIX,
    PROJECTS_STATE,
    ROLES_THAT_DEPLOY,
    STATE,
    STATE_KEY,
    allowed_by,
    denied_by,
    document,
    granting_statements,
    listed,
    matches,
    requested,
)
from tests.bootstrap.template import ACCOUNT, ISSUER, REGION, Template
from tests.decisions import Request, Values, allowances, denials, permits
from tests.rendering import Renderings, configuration_of, with_mlflow

ROLE_CHANGES = (
    "iam:AttachRolePolicy",
    "iam:DeleteRole",
    "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
)


@pytest.mark.parametrize("role", ["DeployRole", "PreviewRole"])
def test_a_role_has_its_boundary_and_no_policy_of_its_own(template: Template, role: str) -> None:
    properties = template.properties(role)
    assert properties["PermissionsBoundary"] == f"{IAM}:policy/{PREFIX}-deploy-boundary"
    assert "Policies" not in properties


@pytest.mark.parametrize("role", ["DeployRole", "PreviewRole"])
def test_every_action_is_named_exists_and_reaches_no_more_than_its_resource_type(template: Template, role: str) -> None:
    assert [problem for each in granting_statements(template, role) for problem in problems(each)] == []


def test_every_action_of_a_boundary_exists(template: Template) -> None:
    named = [
        action
        for name in BOUNDARIES
        for each in document(template, name)["Statement"]
        for action in listed(each.get("Action", each.get("NotAction")))
    ]
    assert len(named) > 100
    assert [action for action in named if "*" not in action and resource_types(action) is None] == []


@pytest.mark.parametrize("name", BOUNDARIES)
def test_statement_ids_are_unique_within_a_boundary(template: Template, name: str) -> None:
    ids = [each["Sid"] for each in document(template, name)["Statement"]]
    assert len(ids) == len(set(ids))


def test_the_deploy_role_may_do_nothing_that_its_boundary_forbids(template: Template) -> None:
    boundary = document(template, "DeployBoundary")
    beyond = [
        f"{each.sid}: {action} on {resource}"
        for each in granting_statements(template, "DeployRole")
        if each.effect == "Allow"
        for action in each.actions
        for resource in each.resources
        if not allowed_by(boundary, action, resource)
    ]
    assert beyond == []


def test_roles_are_written_only_under_the_workload_boundary(template: Template) -> None:
    writing = ("iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary", "iam:DeleteRolePolicy")
    for action in writing:
        allowing = [
            each
            for each in granting_statements(template, "DeployRole")
            if each.effect == "Allow" and action in each.actions
        ]
        assert [each.resources for each in allowing] == [(f"{IAM}:role/{PREFIX}-*",)]
        assert [each.condition for each in allowing] == [{"StringEquals": {"iam:PermissionsBoundary": BOUNDARY}}]


def test_no_role_may_change_or_remove_a_boundary(template: Template) -> None:
    for name in BOUNDARIES:
        policy = document(template, name)
        for action in ("iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:SetDefaultPolicyVersion"):
            assert not allowed_by(policy, action, BOUNDARY), f"{name} allows {action}"
        assert not allowed_by(policy, "iam:DeleteRolePermissionsBoundary", f"{IAM}:role/{PREFIX}-p-x-pipeline")


@pytest.mark.parametrize("action", ROLE_CHANGES)
@pytest.mark.parametrize("role", ROLES_THAT_DEPLOY)
def test_no_bounded_role_can_change_the_roles_that_deploy(template: Template, action: str, role: str) -> None:
    deploy, workload = (document(template, name) for name in ("DeployBoundary", "WorkloadBoundary"))
    assert "NeverChangeOtherRoles" in denied_by(deploy, action, role)
    assert not allowed_by(workload, action, role)


@pytest.mark.parametrize("name", BOUNDARIES)
@pytest.mark.parametrize("role", ROLES_THAT_DEPLOY)
def test_the_roles_that_deploy_cannot_be_passed(template: Template, name: str, role: str) -> None:
    assert denied_by(document(template, name), "iam:PassRole", role)


@pytest.mark.parametrize("name", BOUNDARIES)
@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("iam:CreateUser", f"{IAM}:user/somebody"),
        ("iam:CreateAccessKey", f"{IAM}:user/somebody"),
        ("iam:CreateOpenIDConnectProvider", f"{IAM}:oidc-provider/elsewhere.example.com"),
        ("iam:DeleteOpenIDConnectProvider", f"{IAM}:oidc-provider/{ISSUER}"),
        ("iam:AddClientIDToOpenIDConnectProvider", f"{IAM}:oidc-provider/{ISSUER}"),
        ("iam:UpdateAssumeRolePolicy", f"{IAM}:role/administrator"),
        ("sts:AssumeRole", f"{IAM}:role/administrator"),
        ("organizations:LeaveOrganization", "*"),
    ],
)
def test_no_boundary_allows_access_outside_the_platform(
    template: Template, name: str, action: str, resource: str
) -> None:
    assert not allowed_by(document(template, name), action, resource)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:PutBucketPolicy", STATE),
        ("s3:PutBucketVersioning", STATE),
        ("s3:PutLifecycleConfiguration", STATE),
        ("s3:PutEncryptionConfiguration", STATE),
        ("s3:DeleteBucketPolicy", STATE),
        ("s3:DeleteObjectVersion", f"{STATE}/.pulumi/stacks/mlops-platform/dev.json.gz"),
        ("kms:PutKeyPolicy", STATE_KEY),
        ("kms:ScheduleKeyDeletion", STATE_KEY),
        ("kms:DisableKeyRotation", STATE_KEY),
        ("kms:CreateGrant", STATE_KEY),
        ("kms:UpdateAlias", f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/{PREFIX}-state"),
        ("kms:DeleteAlias", f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/{PREFIX}-state"),
        ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{PREFIX}-github-x"),
    ],
)
def test_the_deploy_role_cannot_weaken_the_state_or_read_a_secret(
    template: Template, action: str, resource: str
) -> None:
    assert denied_by(document(template, "DeployBoundary"), action, resource)


def test_a_preview_reads_the_state_and_looks_at_networks_and_nothing_else(template: Template) -> None:
    actions = {action for each in granting_statements(template, "PreviewRole") for action in each.actions}
    assert actions == {
        "ec2:DescribeAvailabilityZones",
        "ec2:DescribePrefixLists",
        "ec2:DescribeRouteTables",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcEndpointServices",
        "ec2:DescribeVpcEndpoints",
        "kms:Decrypt",
        "kms:DescribeKey",
        "s3:GetObject",
        "s3:ListBucket",
    }
    resources = {each for statement in granting_statements(template, "PreviewRole") for each in statement.resources}
    objects = {each.removeprefix(f"{STATE}/.pulumi/") for each in resources - {STATE, STATE_KEY, "*"}}
    assert objects == {
        "meta.yaml",
        "backups/mlops-platform/*",
        "history/mlops-platform/*",
        "locks/organization/mlops-platform/*",
        "stacks/mlops-platform/*",
    }


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"kms:ViaService": f"s3.{REGION}.amazonaws.com", "kms:EncryptionContextKeys": ["aws:s3:arn"]}, True),
        ({}, True),
        ({"kms:EncryptionContext:project": "p-abcdefghijkl", "kms:EncryptionContextKeys": ["project"]}, False),
        ({"kms:ViaService": f"sns.{REGION}.amazonaws.com", "kms:EncryptionContextKeys": ["aws:sns:topicArn"]}, False),
    ],
    ids=["of storage", "of the platform", "of a project", "of another service"],
)
@pytest.mark.parametrize("role", ["PreviewRole", "DeployRole"])
def test_the_secrets_of_a_projects_state_are_opened_by_its_own_deployment_alone(
    template: Template, role: str, keys: dict[str, Values], expected: bool
) -> None:
    request = Request(principal=role, action="kms:Decrypt", resource=STATE_KEY, keys=keys)
    opened = [sid for document in template.policy_documents(role) for sid in allowances(document, request)]
    assert bool(opened) is expected


def test_the_deploy_role_cannot_read_data_even_if_a_bucket_policy_allows_it(template: Template) -> None:
    """It writes bucket policies, and one of those could allow it; its boundary still forbids it."""
    boundary = document(template, "DeployBoundary")
    for bucket in ("data", "sagemaker", "p-abcdefghijkl"):
        data = f"arn:aws:s3:::{PREFIX}-{bucket}-{ACCOUNT}-{REGION}/rows.csv"
        assert denied_by(boundary, "s3:GetObject", data) == ["NeverReadData"]
        assert denied_by(boundary, "s3:GetObjectVersion", data) == ["NeverReadData"]
    artifacts = f"arn:aws:s3:::{PREFIX}-artifacts-{ACCOUNT}-{REGION}"
    for data in (f"{artifacts}/p-abcdefghijkl/models/0a/model.tar.gz", PROJECTS_STATE):
        assert denied_by(boundary, "s3:GetObject", data) == ["NeverReadData"]
    for needed in (
        f"{STATE}/.pulumi/meta.yaml",
        f"arn:aws:s3:::{PREFIX}-catalog-{ACCOUNT}-{REGION}/x.yaml",
        f"{artifacts}/onboarding/project-roles-0a.yaml",
    ):
        assert not denied_by(boundary, "s3:GetObject", needed)


def test_the_deploy_role_uses_keys_only_through_services(template: Template) -> None:
    conditions = {
        action: each.condition
        for each in granting_statements(template, "DeployRole")
        if f"arn:aws:kms:{REGION}:{ACCOUNT}:key/*" in each.resources
        for action in each.actions
        if action in ("kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext")
    }
    through = {
        "StringEquals": {
            "kms:ViaService": [
                f"{service}.{REGION}.amazonaws.com"
                for service in ("elasticfilesystem", "s3", "sagemaker", "secretsmanager")
            ]
        }
    }
    assert conditions == {
        "kms:CreateGrant": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
        "kms:Decrypt": through,
        "kms:GenerateDataKey": through,
        "kms:GenerateDataKeyWithoutPlaintext": through,
    }


@pytest.mark.parametrize(
    ("days", "expected"), [("7", ["NeverEndAKeyEarly"]), ("29", ["NeverEndAKeyEarly"]), ("30", [])]
)
def test_the_deploy_role_ends_no_key_before_somebody_can_cancel_it(
    template: Template, days: str, expected: list[str]
) -> None:
    """Whatever the key's policy allows, which it writes. KMS waits 30 days if a request names no number."""
    request = Request(
        principal=f"{IAM}:role/{PREFIX}-deploy",
        action="kms:ScheduleKeyDeletion",
        resource=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/data",
        keys={"kms:ScheduleKeyDeletionPendingWindowInDays": days},
    )
    policy = document(template, "DeployEncryption")
    assert denials(policy, request) == expected
    assert denials(policy, replace(request, keys={})) == []
    assert allowances(policy, request) == ["ChangeKeys"]


@pytest.mark.parametrize("action", ["AddTagsToResource", "DeleteParameter", "PutParameter", "RemoveTagsFromResource"])
def test_the_deploy_role_does_not_say_where_the_models_of_a_project_go(template: Template, action: str) -> None:
    policy = document(template, "DeployParameters")
    parameters = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/mlops/analytics/dev/projects"
    assert denied_by(policy, f"ssm:{action}", f"{parameters}/p-abcdefghijkl") == ["NeverChangeParametersOfProjects"]
    assert denied_by(policy, f"ssm:{action}", f"{parameters}/template-cloner-arn") == []
    assert allowed_by(policy, f"ssm:{action}", f"{parameters}/template-cloner-arn") == ["ChangeParameters"]


@pytest.mark.parametrize("tag", ["unit", "environment"])
def test_resources_of_another_unit_or_environment_in_the_account_are_out_of_reach(template: Template, tag: str) -> None:
    """Keys, subnets and domains have no names; their tags say whose they are."""
    [denial] = [
        each
        for each in document(template, "DeployBoundary")["Statement"]
        if f"aws:ResourceTag/{tag}" in each.get("Condition", {}).get("Null", {})
    ]
    assert denial["Effect"] == "Deny"
    assert denial["Condition"] == {
        "Null": {f"aws:ResourceTag/{tag}": "false"},
        "StringNotEquals": {f"aws:ResourceTag/{tag}": {"unit": "analytics", "environment": "dev"}[tag]},
    }
    for action in (
        "ec2:AuthorizeSecurityGroupIngress",
        "ec2:DeleteVpc",
        "ec2:ModifyVpcEndpoint",
        "kms:PutKeyPolicy",
        "kms:ScheduleKeyDeletion",
        "kms:Decrypt",
        "sagemaker:UpdateDomain",
        "servicecatalog:UpdateProvisioningArtifact",
    ):
        assert matches(denial, action, "arn:aws:any:::thing")


@pytest.mark.parametrize(
    "action",
    ["ec2:DeleteVpc", "ec2:DeleteSubnet", "kms:ScheduleKeyDeletion", "kms:PutKeyPolicy", "sagemaker:DeleteMlflowApp"],
)
def test_what_has_no_tag_of_the_unit_is_not_taken_away(template: Template, action: str) -> None:
    boundary = document(template, "DeployBoundary")

    def denied(tags: dict[str, str]) -> list[str]:
        asked = requested("deploy", action, "arn:aws:any:::thing")
        return denials(boundary, replace(asked, keys=tags))

    assert denied({}) == ["NeverTakeAwayWhatIsNotThisUnits"]
    assert denied({"aws:ResourceTag/unit": "analytics", "aws:ResourceTag/environment": "dev"}) == []


EVERYWHERE = {"drift", "flow-logs"}
DEVELOPMENT = {
    "data-scientist",
    "deployment-trigger",
    "job",
    "lead-data-scientist",
    "mlflow",
    "model-life-cycle",
    "project-launch",
    "template-cloner",
}
WORKLOAD = {"model-release", "project-onboarding", "project-roles"}


def changeable(template: Template) -> set[str]:
    """Return the purposes of the roles that the deploy role may change."""
    [denial] = [
        each for each in document(template, "DeployBoundary")["Statement"] if each["Sid"] == "NeverChangeOtherRoles"
    ]
    prefix = f"arn:aws:iam::*:role/{PREFIX}-"
    return {arn.removeprefix(prefix) for arn in denial["NotResource"] if "/aws-service-role/" not in arn}


@pytest.mark.parametrize(
    ("parts", "roles"),
    [
        ("development", EVERYWHERE | DEVELOPMENT),
        ("workload", EVERYWHERE | WORKLOAD),
        ("both", EVERYWHERE | DEVELOPMENT | WORKLOAD),
        ("none", EVERYWHERE),
    ],
)
def test_the_deploy_role_makes_the_roles_of_its_environments_parts_and_no_others(parts: str, roles: set[str]) -> None:
    template = Template(Parts=parts)
    boundary = document(template, "DeployBoundary")
    assert changeable(template) == roles
    for action in ("iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary", "iam:PassRole"):
        for purpose in EVERYWHERE | DEVELOPMENT | WORKLOAD | {"deploy", "preview", "attack", "p-abcdefghijkl-x"}:
            asked = requested("deploy", action, f"{IAM}:role/{PREFIX}-{purpose}", iam__PermissionsBoundary=BOUNDARY)
            assert permits(boundary, asked) == (purpose in roles), (action, purpose)


def test_the_roles_that_the_deploy_role_makes_are_those_that_the_program_declares(rendered: Renderings) -> None:
    declared = {stack: set(roles_of(rendered(stack))) for stack in ("dev", "preprod", "prod")}
    assert declared["dev"] == changeable(Template(Parts="development"))
    assert declared["preprod"] == declared["prod"] == changeable(Template(Parts="workload"))


def test_no_name_of_a_role_of_development_is_left_to_others_whatever_its_settings_use(rendered: Renderings) -> None:
    """It could be made with a trust in another account: whom a role trusts is decided when it is made."""
    development = json.loads(configuration_of("dev")["mlops-platform:development"])
    accounts = {"preprodAccountId", "prodAccountId"}
    few = {key: value for key, value in development["projects"].items() if key not in accounts}
    network = {"vpcId": "vpc-0a1b2c3d", "subnetIds": ["subnet-0a1b2c3d", "subnet-1a1b2c3d"], "reachesAws": True}
    least = rendered("dev", {"development": {**development, "projects": few}, "network": network})
    most = rendered("dev", with_mlflow())
    held, used = roles_of(least), roles_of(most)
    assert set(held) == set(used) == changeable(Template(Parts="development"))
    unused = {name for name, role in held.items() if not role.policies}
    assert unused == set(USES)
    assert {name: held[name].trust for name in unused} == {name: used[name].trust for name in unused}
    assert {held[name].boundary for name in unused} == {used["drift"].boundary}


def test_the_deploy_role_still_lets_sagemaker_make_its_own_role(template: Template) -> None:
    linked = f"{IAM}:role/aws-service-role/sagemaker.amazonaws.com/AWSServiceRoleForAmazonSageMakerNotebooks"
    assert permits(document(template, "DeployBoundary"), requested("deploy", "iam:CreateServiceLinkedRole", linked))


@pytest.mark.parametrize("action", ["iam:UpdateAssumeRolePolicy", "iam:DeleteRole"])
def test_whom_a_role_of_development_trusts_is_decided_once(template: Template, action: str) -> None:
    boundary = document(template, "DeployBoundary")
    for purpose in EVERYWHERE | DEVELOPMENT:
        role = f"{IAM}:role/{PREFIX}-{purpose}"
        assert denied_by(boundary, action, role) == ["NeverLetOthersInto"], purpose
        for allowed in ("iam:CreateRole", "iam:PutRolePolicy", "iam:TagRole", "iam:PassRole"):
            assert not denied_by(boundary, allowed, role), (allowed, purpose)
    # Those of an account that models are deployed to change with the platform, as its functions do.
    for purpose in EVERYWHERE | WORKLOAD:
        there = document(Template(Parts="workload"), "DeployBoundary")
        assert not denied_by(there, action, f"{IAM}:role/{PREFIX}-{purpose}"), purpose


@pytest.mark.parametrize("action", [*ROLE_CHANGES, "iam:CreateRole", "iam:PassRole"])
def test_the_roles_of_projects_are_changed_by_launches_alone(template: Template, action: str) -> None:
    role = f"{IAM}:role/{PREFIX}-p-abcdefghijkl-pipeline"
    assert denied_by(document(template, "DeployBoundary"), action, role)


@pytest.mark.parametrize(
    "action",
    [
        "CreateApp",
        "CreateImageVersion",
        "CreateModelPackage",
        "CreatePresignedDomainUrl",
        "CreateSpace",
        "CreateStudioLifecycleConfig",
        "DeleteModelPackage",
        "StartSession",
        "UpdateAppImageConfig",
        "UpdateModelPackage",
    ],
)
def test_the_deploy_role_neither_approves_nor_acts_as_a_person(template: Template, action: str) -> None:
    assert denied_by(document(template, "DeployBoundary"), f"sagemaker:{action}", "arn:aws:sagemaker:::x")


@pytest.mark.parametrize(
    "action",
    [
        "CreateBucket",
        "DeleteBucketPolicy",
        "DeleteObject",
        "DeleteObjectVersion",
        "PutBucketPolicy",
        "PutBucketVersioning",
        "PutLifecycleConfiguration",
        "PutObject",
        "PutObjectTagging",
        "PutReplicationConfiguration",
    ],
)
def test_the_deploy_role_changes_nothing_in_the_buckets_of_projects(template: Template, action: str) -> None:
    boundary = document(template, "DeployBoundary")
    bucket, place = f"arn:aws:s3:::{PREFIX}-p-abcdefghijkl-{ACCOUNT}-{REGION}", "/x" * ("Object" in action)
    assert denied_by(boundary, f"s3:{action}", bucket + place) == ["NeverChangeBucketsOfProjects"]
    assert not denied_by(boundary, f"s3:{action}", f"arn:aws:s3:::{PREFIX}-data-{ACCOUNT}-{REGION}{place}")


def test_the_deploy_role_gives_no_models_to_other_accounts(template: Template) -> None:
    group = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package-group/abalone-p-abcdefghijkl"
    for action in ("PutModelPackageGroupPolicy", "DeleteModelPackageGroupPolicy", "DeleteModelPackageGroup"):
        assert denied_by(document(template, "DeployBoundary"), f"sagemaker:{action}", group)


def test_the_deploy_role_writes_the_state_of_the_platform_only(template: Template) -> None:
    writing = document(template, "StateWriting")
    assert allowed_by(writing, "s3:PutObject", f"{STATE}/.pulumi/stacks/mlops-platform/dev.json.gz")
    assert not allowed_by(writing, "s3:PutObject", f"{STATE}/.pulumi/stacks/abalone-deployment/dev.json.gz")


def test_the_deploy_role_changes_the_budgets_of_its_environment_only(template: Template) -> None:
    granted = {
        action: each.resources
        for each in granting_statements(template, "DeployRole")
        for action in each.actions
        if action.startswith("budgets:")
    }
    assert set(granted) == {
        f"budgets:{name}"
        for name in ("ListTagsForResource", "ModifyBudget", "TagResource", "UntagResource", "ViewBudget")
    }
    assert {resource for resources in granted.values() for resource in resources} == {
        f"arn:aws:budgets::{ACCOUNT}:budget/{PREFIX}-*"
    }
