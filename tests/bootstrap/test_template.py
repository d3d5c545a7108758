"""`bootstrap.yaml`: its resources, and the requests that its policies allow. AWS's enforcement is not tested here."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from bootstrap.stack import TEMPLATE
from tests.access.authorization import PolicyStatement, globs_overlap, problems, resource_types, roles_of, statements
from tests.bootstrap.template import ACCOUNT, ISSUER, REGION, Template
from tests.cloudformation import findings
from tests.decisions import Request, denials, permits
from tests.rendering import Rendering

PREFIX = "analytics-dev"
IAM = f"arn:aws:iam::{ACCOUNT}"
BOUNDARY = f"{IAM}:policy/{PREFIX}-boundary"
STATE = f"arn:aws:s3:::{PREFIX}-state-{ACCOUNT}-{REGION}"
STATE_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/state-key"
BOUNDARIES = ("WorkloadBoundary", "DeployBoundary")
ROLES_THAT_DEPLOY = (f"{IAM}:role/{PREFIX}-deploy", f"{IAM}:role/{PREFIX}-preview")
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
PLATFORMS_STATE = f"{STATE}/.pulumi/stacks/mlops-platform/dev.json.gz"
PROJECTS_STATE = f"{STATE}/projects/p-abcdefghijkl/.pulumi/stacks/model-deployment-realtime/dev.json.gz"
DEPLOYMENT = "p-abcdefghijkl-deployment"
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
OBJECT_ACTIONS = ("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion")
KEY_ACTIONS = ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey")
PROJECTS_ROLE = f"{IAM}:role/{PREFIX}-p-abcdefghijkl-deployment"
LIMIT_OF_A_MANAGED_POLICY = 6144
"""Characters without white space. Source: IAM User Guide, "IAM and AWS STS quotas"."""


@pytest.fixture(scope="module")
def template() -> Template:
    return Template()


def document(template: Template, name: str) -> Mapping[str, Any]:
    return template.properties(name)["PolicyDocument"]


def granting_statements(template: Template, role: str) -> list[PolicyStatement]:
    return [each for policy in template.policy_documents(role) for each in statements(json.dumps(policy))]


def listed(value: str | Sequence[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else value


def matches(statement: Mapping[str, Any], action: str, resource: str) -> bool:
    """Return whether a statement covers an action on a resource, ignoring conditions."""
    if "NotAction" in statement:
        about_action = not any(globs_overlap(each.lower(), action.lower()) for each in listed(statement["NotAction"]))
    else:
        about_action = any(globs_overlap(each.lower(), action.lower()) for each in listed(statement["Action"]))
    if "NotResource" in statement:
        return about_action and not any(globs_overlap(each, resource) for each in listed(statement["NotResource"]))
    return about_action and any(globs_overlap(each, resource) for each in listed(statement["Resource"]))


def denied_by(policy: Mapping[str, Any], action: str, resource: str) -> list[str]:
    """Return the statements that forbid an action, ignoring conditions."""
    return [each["Sid"] for each in policy["Statement"] if each["Effect"] == "Deny" and matches(each, action, resource)]


def allowed_by(policy: Mapping[str, Any], action: str, resource: str) -> list[str]:
    return [
        each["Sid"] for each in policy["Statement"] if each["Effect"] == "Allow" and matches(each, action, resource)
    ]


def requested(role: str, action: str, resource: str, **keys: str) -> Request:
    """Return a request of a role of the environment; `keys` are condition keys, with a double underscore for each colon."""
    context = {key.replace("__", ":"): value for key, value in keys.items()}
    return Request(principal=f"{IAM}:role/{PREFIX}-{role}", action=action, resource=resource, keys=context)


def test_cfn_lint_finds_nothing() -> None:
    assert findings(TEMPLATE) == []


def test_the_template_fits_into_a_request() -> None:
    assert len(TEMPLATE.read_bytes()) <= 51_200, "CloudFormation takes no longer TemplateBody"


def test_the_template_uses_no_yaml_alias() -> None:
    """CloudFormation rejects aliases and merges, which local tools resolve silently."""
    text = re.sub(r"#.*", "", TEMPLATE.read_text(encoding="utf-8"))
    assert not re.findall(r"^\s*(?:- |[\w-]+: )?[*&][a-z]\w*\s*$|<<:", text, re.MULTILINE)


def test_an_account_gets_these_resources_and_no_others(template: Template) -> None:
    kinds = [each["Type"] for each in template.resources.values()]
    assert {kind: kinds.count(kind) for kind in sorted(set(kinds))} == {
        "AWS::IAM::ManagedPolicy": 12,
        "AWS::IAM::OIDCProvider": 1,
        "AWS::IAM::Role": 2,
        "AWS::KMS::Alias": 1,
        "AWS::KMS::Key": 1,
        "AWS::S3::Bucket": 1,
        "AWS::S3::BucketPolicy": 1,
    }


@pytest.mark.parametrize("name", ["StateBucket", "StateBucketPolicy", "StateKey", "OidcProvider"])
def test_resources_of_the_state_outlive_their_stack(template: Template, name: str) -> None:
    resource = template.resources[name]
    assert resource["DeletionPolicy"] in ("Retain", "RetainExceptOnCreate")
    assert resource["UpdateReplacePolicy"] == "Retain"


def test_a_failed_creation_is_rolled_back_except_for_the_key_that_no_policy_lets_anybody_delete(
    template: Template,
) -> None:
    """A rollback skips resources with `Retain`; any other that cannot be deleted ends it in ROLLBACK_FAILED."""
    policies = {name: each.get("DeletionPolicy", "Delete") for name, each in template.resources.items()}
    assert [name for name, policy in policies.items() if policy == "Retain"] == ["StateKey"]
    [statement] = template.properties("StateKey")["KeyPolicy"]["Statement"]
    assert "kms:ScheduleKeyDeletion" not in statement["Action"]
    # The bucket's policy is deleted before the bucket that it protects, and does not protect itself.
    refused = [each["Action"] for each in template.properties("StateBucketPolicy")["PolicyDocument"]["Statement"]]
    assert sorted(refused) == ["s3:*", "s3:DeleteBucket", "s3:DeleteObject", "s3:DeleteObjectVersion"]


# --- State ---------------------------------------------------------------------------------------------------------


def test_the_state_bucket_is_private_versioned_and_encrypted_with_its_own_key(template: Template) -> None:
    bucket = template.properties("StateBucket")
    assert bucket["BucketName"] == f"{PREFIX}-state-{ACCOUNT}-{REGION}"
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    [rule] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": STATE_KEY}


def test_unencrypted_transport_is_denied_on_the_bucket_and_on_its_objects(template: Template) -> None:
    [statement] = [
        each
        for each in document(template, "StateBucketPolicy")["Statement"]
        if each["Sid"] == "DenyUnencryptedTransport"
    ]
    assert statement["Resource"] == [STATE, f"{STATE}/*"]
    assert (statement["Action"], statement["Principal"]) == ("s3:*", "*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize(
    "released",
    [
        ".pulumi/locks/organization/mlops-platform/dev/5f1c.json",
        ".pulumi/stacks/mlops-platform/dev.json.gz",
        ".pulumi/history/mlops-platform/dev/dev-1.history.json",
        ".pulumi/backups/mlops-platform/dev/dev.1.json",
    ],
)
def test_pulumi_can_release_its_lock_and_remove_a_stack(template: Template, released: str) -> None:
    resource = f"{STATE}/{released}"
    assert allowed_by(document(template, "StateWriting"), "s3:DeleteObject", resource)
    plain = [each for each in document(template, "StateBucketPolicy")["Statement"] if "Condition" not in each]
    assert not denied_by({"Statement": plain}, "s3:DeleteObject", resource)
    assert not denied_by(document(template, "DeployBoundary"), "s3:DeleteObject", resource)


@pytest.mark.parametrize("part", ["backups", "history", "locks", "stacks"])
def test_a_project_s_deployment_can_release_its_lock_and_remove_its_stack(template: Template, part: str) -> None:
    plain = [each for each in document(template, "StateBucketPolicy")["Statement"] if "Condition" not in each]
    for folder in ("projects/p-abcdefghijkl", "projects/p-mnopqrstuvwx"):
        asked = requested(DEPLOYMENT, "s3:DeleteObject", f"{STATE}/{folder}/.pulumi/{part}/organization/x.json")
        assert not denials({"Statement": plain}, asked)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        (
            "s3:DeleteObjectVersion",
            f"{STATE}/projects/p-abcdefghijkl/.pulumi/stacks/model-deployment-realtime/dev.json",
        ),
        ("s3:DeleteObject", f"{STATE}/projects/p-abcdefghijkl/.pulumi/meta.yaml"),
        ("s3:DeleteObjectVersion", f"{STATE}/.pulumi/stacks/mlops-platform/dev.json.gz"),
        ("s3:DeleteObjectVersion", f"{STATE}/.pulumi/locks/organization/mlops-platform/dev/5f1c.json"),
        ("s3:DeleteObject", f"{STATE}/.pulumi/meta.yaml"),
        ("s3:DeleteBucket", STATE),
    ],
)
def test_no_role_can_delete_a_version_the_layout_or_the_bucket(template: Template, action: str, resource: str) -> None:
    policy = document(template, "StateBucketPolicy")
    [denial] = [each for each in policy["Statement"] if each["Sid"] in denied_by(policy, action, resource)][-1:]
    assert denial["Principal"] == "*"
    assert "Condition" not in denial


def test_old_versions_expire_but_the_newest_stay(template: Template) -> None:
    rules = {rule["Id"]: rule for rule in template.properties("StateBucket")["LifecycleConfiguration"]["Rules"]}
    old = rules["expire-old-versions"]
    assert old["NoncurrentVersionExpiration"] == {"NoncurrentDays": 90, "NewerNoncurrentVersions": 20}
    assert not any("ExpirationInDays" in rule for rule in rules.values()), "a present state never expires"


def test_every_released_lock_expires(template: Template) -> None:
    """A lock has one version: a rule that keeps the newest twenty would keep it for ever."""
    rules = template.properties("StateBucket")["LifecycleConfiguration"]["Rules"]
    expiring = [rule for rule in rules if "NewerNoncurrentVersions" not in rule["NoncurrentVersionExpiration"]]
    assert {rule["Prefix"]: rule["NoncurrentVersionExpiration"]["NoncurrentDays"] for rule in expiring} == {
        ".pulumi/locks/": 7,
        "projects/": 90,
    }


def test_the_state_key_rotates_and_cannot_be_disabled_or_deleted_by_any_policy_of_the_account(
    template: Template,
) -> None:
    key = template.properties("StateKey")
    assert key["EnableKeyRotation"] is True
    [statement] = key["KeyPolicy"]["Statement"]
    assert statement["Principal"] == {"AWS": f"{IAM}:root"}
    assert not {"kms:*", "kms:DisableKey", "kms:ScheduleKeyDeletion"} & set(statement["Action"])
    assert {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:PutKeyPolicy"} <= set(statement["Action"])
    assert template.properties("StateKeyAlias") == {"AliasName": f"alias/{PREFIX}-state", "TargetKeyId": "state-key"}


# --- Identity of GitHub Actions --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("role", "tail"), [("DeployRole", "environment:dev"), ("PreviewRole", "pull_request")])
def test_a_role_trusts_exactly_its_jobs_of_the_platform_repository(template: Template, role: str, tail: str) -> None:
    [statement] = json.loads(template.properties(role)["AssumeRolePolicyDocument"])["Statement"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Principal"] == {"Federated": f"{IAM}:oidc-provider/{ISSUER}"}
    assert statement["Condition"] == {
        "StringEquals": {
            f"{ISSUER}:aud": "sts.amazonaws.com",
            f"{ISSUER}:sub": [f"repo:acme@1001/mlops-platform@2001:{tail}"],
        }
    }


def test_both_forms_of_a_subject_are_trusted_if_both_are_given() -> None:
    subjects = ["repo:acme@1001/mlops-platform@2001:environment:dev", "repo:acme/mlops-platform:environment:dev"]
    trust = json.loads(Template(DeploySubjects=subjects).properties("DeployRole")["AssumeRolePolicyDocument"])
    assert trust["Statement"][0]["Condition"]["StringEquals"][f"{ISSUER}:sub"] == subjects


def test_an_existing_identity_provider_is_used_and_not_created() -> None:
    issuer = "github.example.com/_services/token"
    arn = f"{IAM}:oidc-provider/{issuer}"
    template = Template(OidcIssuer=issuer, OidcProviderArn=arn)
    assert not template.of_type("AWS::IAM::OIDCProvider")
    [statement] = json.loads(template.properties("DeployRole")["AssumeRolePolicyDocument"])["Statement"]
    assert statement["Principal"] == {"Federated": arn}
    assert f"{issuer}:sub" in statement["Condition"]["StringEquals"]
    assert template.outputs["OidcProviderArn"] == arn


def test_a_new_identity_provider_has_one_audience_and_no_thumbprint(template: Template) -> None:
    provider = template.properties("OidcProvider")
    assert (provider["Url"], provider["ClientIdList"]) == (f"https://{ISSUER}", ["sts.amazonaws.com"])
    assert "ThumbprintList" not in provider


# --- Policies --------------------------------------------------------------------------------------------------------


def test_every_managed_policy_fits_and_a_role_has_at_most_ten(template: Template) -> None:
    sizes = {
        name: len(re.sub(r"\s", "", json.dumps(each["PolicyDocument"])))
        for name, each in template.of_type("AWS::IAM::ManagedPolicy").items()
    }
    assert {name: size for name, size in sizes.items() if size > LIMIT_OF_A_MANAGED_POLICY} == {}
    for role in ("DeployRole", "PreviewRole"):
        assert len(template.properties(role)["ManagedPolicyArns"]) <= 10


def test_managed_policies_fit_with_the_longest_names_too() -> None:
    longest = Template(Unit="abcdefghijkl", Environment="abcdefgh", **{"AWS::Region": "ap-southeast-1"})
    sizes = [
        len(re.sub(r"\s", "", json.dumps(each["PolicyDocument"])))
        for each in longest.of_type("AWS::IAM::ManagedPolicy").values()
    ]
    assert max(sizes) <= LIMIT_OF_A_MANAGED_POLICY


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
    assert denied_by(deploy, action, role) == ["NeverChangeTheRolesThatDeploy"]
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


def test_the_drift_role_reads_the_platforms_state_and_changes_nothing_of_it(template: Template) -> None:
    boundary = document(template, "WorkloadBoundary")
    for action, resource, keys in (
        ("s3:GetObject", PLATFORMS_STATE, {}),
        ("s3:ListBucket", STATE, {"s3__prefix": ".pulumi/"}),
        ("kms:Decrypt", STATE_KEY, {}),
    ):
        assert permits(boundary, requested("drift", action, resource, **keys))
        for role in (*OTHER_ROLES, DEPLOYMENT, "drift-too"):
            assert not permits(boundary, requested(role, action, resource, **keys)), role
    for action, resource in (
        ("s3:PutObject", PLATFORMS_STATE),
        ("s3:DeleteObject", PLATFORMS_STATE),
        ("s3:PutObject", PROJECTS_STATE),
        ("s3:PutBucketPolicy", STATE),
        ("kms:Encrypt", STATE_KEY),
        ("kms:GenerateDataKey", STATE_KEY),
    ):
        assert not permits(boundary, requested("drift", action, resource)), action


@pytest.mark.parametrize("action", ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"])
def test_the_roles_that_deploy_projects_reach_states_of_projects_and_never_the_platforms(
    template: Template, action: str
) -> None:
    boundary = document(template, "WorkloadBoundary")
    assert permits(boundary, requested(DEPLOYMENT, action, PROJECTS_STATE))
    for theirs in (PLATFORMS_STATE, f"{STATE}/.pulumi/meta.yaml"):
        assert not permits(boundary, requested(DEPLOYMENT, action, theirs))


def test_the_roles_that_deploy_projects_list_only_the_folder_of_projects(template: Template) -> None:
    boundary = document(template, "WorkloadBoundary")
    theirs = {"s3__prefix": "projects/p-abcdefghijkl/.pulumi/"}
    assert permits(boundary, requested(DEPLOYMENT, "s3:ListBucket", STATE, **theirs))
    for prefix in ("", ".pulumi/", "project"):
        assert not permits(boundary, requested(DEPLOYMENT, "s3:ListBucket", STATE, s3__prefix=prefix)), prefix
    assert not permits(boundary, requested(DEPLOYMENT, "s3:ListBucketVersions", STATE, **theirs))


def test_the_roles_that_deploy_projects_get_not_found_for_a_missing_file(template: Template) -> None:
    """S3 answers 404 instead of 403 to a caller that may list the bucket in a request without a prefix."""
    assert permits(document(template, "WorkloadBoundary"), requested(DEPLOYMENT, "s3:ListBucket", STATE))


@pytest.mark.parametrize(
    "action", ["s3:DeleteBucketPolicy", "s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:PutLifecycleConfiguration"]
)
def test_no_role_of_a_project_changes_the_protection_of_the_state(template: Template, action: str) -> None:
    boundary = document(template, "WorkloadBoundary")
    for role in (DEPLOYMENT, *OTHER_ROLES):
        assert not permits(boundary, requested(role, action, STATE)), role


@pytest.mark.parametrize("action", KEY_ACTIONS)
def test_the_roles_that_deploy_projects_use_the_states_key_only_for_a_project_or_through_s3(
    template: Template, action: str
) -> None:
    boundary = document(template, "WorkloadBoundary")
    assert permits(boundary, requested(DEPLOYMENT, action, STATE_KEY, **OF_THE_PROJECT))
    assert permits(boundary, requested(DEPLOYMENT, action, STATE_KEY, **THROUGH_S3))
    assert not permits(boundary, requested(DEPLOYMENT, action, STATE_KEY))
    elsewhere = {"kms__ViaService": f"secretsmanager.{REGION}.amazonaws.com"}
    assert not permits(boundary, requested(DEPLOYMENT, action, STATE_KEY, **elsewhere))


@pytest.mark.parametrize("action", ["kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:CreateAlias"])
def test_no_bounded_role_administers_the_states_key(template: Template, action: str) -> None:
    boundary = document(template, "WorkloadBoundary")
    for role in ("drift", DEPLOYMENT, *OTHER_ROLES):
        assert not permits(boundary, requested(role, action, STATE_KEY, **OF_THE_PROJECT)), role


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


@pytest.mark.parametrize(
    "action", ["iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary", "iam:DeleteRole", "iam:TagRole"]
)
def test_only_a_launch_and_cloudformation_on_its_behalf_create_the_roles_of_projects(
    template: Template, action: str
) -> None:
    boundary = document(template, "WorkloadBoundary")
    bounded = {"iam__PermissionsBoundary": BOUNDARY}
    for role in ("project-launch", "project-roles"):
        assert permits(boundary, requested(role, action, PROJECTS_ROLE, **bounded))
        assert not permits(boundary, requested(role, action, f"{IAM}:role/{PREFIX}-project-launch", **bounded))
        if action not in ("iam:DeleteRole", "iam:TagRole"):
            assert not permits(boundary, requested(role, action, PROJECTS_ROLE))
    for role in ("drift", DEPLOYMENT, *set(OTHER_ROLES) - {"project-launch", "project-roles"}):
        assert not permits(boundary, requested(role, action, PROJECTS_ROLE, **bounded)), role


def test_only_the_template_cloner_assumes_roles_of_other_accounts_and_only_to_prepare_deployments_of_its_unit(
    template: Template,
) -> None:
    boundary = document(template, "WorkloadBoundary")
    prod = "arn:aws:iam::333333333333:role/analytics-prod"
    assert permits(boundary, requested("template-cloner", "sts:AssumeRole", f"{prod}-project-onboarding"))
    for beyond in (
        f"{prod}-deploy",
        f"{prod}-project-roles",
        "arn:aws:iam::333333333333:role/other-prod-project-onboarding",
    ):
        assert not permits(boundary, requested("template-cloner", "sts:AssumeRole", beyond)), beyond
    for role in (DEPLOYMENT, "lead-data-scientist", "project-launch", "p-abcdefghijkl-workflow"):
        assert not permits(boundary, requested(role, "sts:AssumeRole", f"{prod}-project-onboarding")), role


def test_a_deployment_may_create_the_service_linked_role_of_auto_scaling_and_no_other(template: Template) -> None:
    boundary = document(template, "WorkloadBoundary")
    roles = f"{IAM}:role/aws-service-role"
    scaling = (
        "sagemaker.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
    )
    assert permits(boundary, requested(DEPLOYMENT, "iam:CreateServiceLinkedRole", f"{roles}/{scaling}"))
    for other in ("sagemaker.amazonaws.com/x", "ecs.application-autoscaling.amazonaws.com/x"):
        assert not permits(boundary, requested(DEPLOYMENT, "iam:CreateServiceLinkedRole", f"{roles}/{other}"))
    assert not permits(boundary, requested(DEPLOYMENT, "iam:PutRolePolicy", f"{roles}/{scaling}"))


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
def test_no_launched_project_reads_secrets_approves_models_or_grants_anything(
    template: Template, action: str, resource: str
) -> None:
    boundary = document(template, "WorkloadBoundary")
    for role in ("deployment", "model", "pipeline", "workflow"):
        asked = requested(f"p-abcdefghijkl-{role}", action, resource, iam__PermissionsBoundary=BOUNDARY)
        assert denials(boundary, asked), role


def test_a_preview_reads_the_state_and_the_zones_and_nothing_else(template: Template) -> None:
    actions = {action for each in granting_statements(template, "PreviewRole") for action in each.actions}
    assert actions == {
        "ec2:DescribeAvailabilityZones",
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


@pytest.mark.parametrize("tag", ["unit", "environment"])
def test_resources_of_another_unit_or_environment_in_the_account_are_out_of_reach(template: Template, tag: str) -> None:
    """Keys, subnets and domains have no names; their tags say whose they are. Untagged ones belong to no unit."""
    [denial] = [
        each
        for each in document(template, "DeployBoundary")["Statement"]
        if f"aws:ResourceTag/{tag}" in each.get("Condition", {}).get("StringNotEquals", {})
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


def test_the_deploy_role_writes_the_state_of_the_platform_only(template: Template) -> None:
    writing = document(template, "StateWriting")
    assert allowed_by(writing, "s3:PutObject", f"{STATE}/.pulumi/stacks/mlops-platform/dev.json.gz")
    assert not allowed_by(writing, "s3:PutObject", f"{STATE}/.pulumi/stacks/abalone-deployment/dev.json.gz")


def test_the_workload_boundary_allows_what_every_role_of_the_platform_needs(stack: Rendering) -> None:
    roles = roles_of(stack)
    [boundary_arn] = {role.boundary for role in roles.values()}
    unit, environment, _ = str(boundary_arn).rpartition("/")[2].split("-")
    template = Template(Unit=unit, Environment=environment, **{"AWS::AccountId": stack.account_id})
    boundary = document(template, "WorkloadBoundary")
    lost = [
        f"{role.name}: {each.sid}: {action} on {resource}"
        for role in roles.values()
        for each in role.statements
        if each.effect == "Allow"
        for action in each.actions
        for resource in each.resources
        if not allowed_by(boundary, action, resource)
    ]
    assert lost == []
