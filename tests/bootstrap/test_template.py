"""The resources of `bootstrap.yaml`, the protection of the state, and the trust in GitHub Actions."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from bootstrap.stack import TEMPLATE, template_body
from products.sagemaker_images import ACCOUNTS
from tests.bootstrap.policies import (
    DEPLOYMENT,
    IAM,
    PARTS,
    PREFIX,
    STATE,
    STATE_KEY,
    allowed_by,
    denied_by,
    document,
    requested,
)
from tests.bootstrap.template import ACCOUNT, ISSUER, KEY_ID, REGION, Template
from tests.cloudformation import findings, parse
from tests.decisions import denials

LIMIT_OF_A_MANAGED_POLICY = 6144
"""Characters without white space. Source: IAM User Guide, "IAM and AWS STS quotas"."""
CLAIMS = {f"{ISSUER}:repository_id": "2001", f"{ISSUER}:environment": "dev", f"{ISSUER}:ref": "refs/heads/main"}
"""Claims of a job that deploys, which AWS reads in tokens of github.com and GHE.com."""
LIMIT_OF_A_TEMPLATE_BODY = 51_200
"""Bytes. Source: AWS CloudFormation User Guide, "Understand CloudFormation quotas"."""
ROOM = 60
"""Left in every policy, for what it may have to allow next."""


def allowing(policy: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [each for each in policy["Statement"] if each["Effect"] == "Allow"]


def for_everybody(statement: Mapping[str, Any]) -> bool:
    """Whether a statement is about all callers, and not about roles of some names."""
    return "aws:PrincipalArn" not in str(statement.get("Condition"))


def test_cfn_lint_finds_nothing() -> None:
    assert findings(TEMPLATE) == []


def test_the_template_fits_into_a_request() -> None:
    body = template_body()
    assert len(body.encode()) <= LIMIT_OF_A_TEMPLATE_BODY - 2_000, "room for what it may need next"
    assert "--- Roles ---" in TEMPLATE.read_text(encoding="utf-8")
    assert "--- Roles ---" not in body
    assert parse(body) == parse(TEMPLATE.read_text(encoding="utf-8"))


def test_the_template_uses_no_yaml_alias() -> None:
    """CloudFormation rejects aliases and merges, which local tools resolve silently."""
    text = template_body()
    assert not re.findall(r"^\s*(?:- |[\w-]+: )?[*&][a-z]\w*\s*$|<<:", text, re.MULTILINE)


def test_nobody_is_locked_out_of_the_state_but_roles_that_the_platform_makes(template: Template) -> None:
    """An administrator may have a role whose name begins like those of the environment."""
    for policy in (template.properties("StateKey")["KeyPolicy"], document(template, "StateBucketPolicy")):
        conditions = [each["Condition"] for each in policy["Statement"] if not for_everybody(each)]
        named = {arn for each in conditions for key in each for arn in [each[key].get("aws:PrincipalArn")] if arn}
        assert named == {f"{IAM}:role/{PREFIX}-drift", f"{IAM}:role/{PREFIX}-p-*"}


@pytest.mark.parametrize("parts", PARTS)
def test_no_statement_is_left_without_what_it_is_about(parts: str) -> None:
    """IAM refuses a condition without values."""
    template = Template(Parts=parts)
    for policy in template.of_type("AWS::IAM::ManagedPolicy").values():
        for statement in policy["PolicyDocument"]["Statement"]:
            assert "[]" not in json.dumps(statement), statement["Sid"]


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
    [statement] = allowing(template.properties("StateKey")["KeyPolicy"])
    assert "kms:ScheduleKeyDeletion" not in statement["Action"]
    # The bucket's policy is deleted before the bucket that it protects, and does not protect itself.
    refused = [each["Action"] for each in document(template, "StateBucketPolicy")["Statement"] if for_everybody(each)]
    assert sorted(refused) == ["s3:*", "s3:DeleteBucket", "s3:DeleteObject", "s3:DeleteObjectVersion"]


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
    always = [each for each in policy["Statement"] if each["Effect"] == "Deny" and "Condition" not in each]
    assert {each["Principal"] for each in always} == {"*"}
    assert denied_by({"Statement": always}, action, resource)


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
    [statement] = allowing(key["KeyPolicy"])
    assert statement["Principal"] == {"AWS": f"{IAM}:root"}
    assert not {"kms:*", "kms:DisableKey", "kms:ScheduleKeyDeletion"} & set(statement["Action"])
    assert {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:PutKeyPolicy"} <= set(statement["Action"])
    assert template.properties("StateKeyAlias") == {"AliasName": f"alias/{PREFIX}-state", "TargetKeyId": KEY_ID}


@pytest.mark.parametrize(("role", "tail"), [("DeployRole", "environment:dev"), ("PreviewRole", "pull_request")])
def test_a_role_trusts_exactly_its_jobs_of_the_platform_repository(template: Template, role: str, tail: str) -> None:
    [statement] = json.loads(template.properties(role)["AssumeRolePolicyDocument"])["Statement"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Principal"] == {"Federated": f"{IAM}:oidc-provider/{ISSUER}"}
    assert statement["Condition"] == {
        "StringEquals": {
            f"{ISSUER}:aud": "sts.amazonaws.com",
            f"{ISSUER}:sub": [f"repo:acme@1001/mlops-platform@2001:{tail}"],
            **(CLAIMS if role == "DeployRole" else {}),
        }
    }


def test_a_deployment_is_known_by_subject_and_audience_where_aws_reads_nothing_else() -> None:
    [statement] = json.loads(Template(RepositoryId="").properties("DeployRole")["AssumeRolePolicyDocument"])[
        "Statement"
    ]
    assert statement["Condition"] == {
        "StringEquals": {
            f"{ISSUER}:aud": "sts.amazonaws.com",
            f"{ISSUER}:sub": ["repo:acme@1001/mlops-platform@2001:environment:dev"],
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


@pytest.mark.parametrize("parts", PARTS)
def test_every_managed_policy_fits_and_a_role_has_at_most_ten(parts: str) -> None:
    template = Template(Parts=parts)
    sizes = {
        name: len(re.sub(r"\s", "", json.dumps(each["PolicyDocument"])))
        for name, each in template.of_type("AWS::IAM::ManagedPolicy").items()
    }
    assert {name: size for name, size in sizes.items() if size > LIMIT_OF_A_MANAGED_POLICY} == {}
    for role in ("DeployRole", "PreviewRole"):
        assert len(template.properties(role)["ManagedPolicyArns"]) <= 10


@pytest.mark.parametrize("parts", PARTS)
def test_managed_policies_fit_with_the_longest_names_too(parts: str) -> None:
    region = max(ACCOUNTS, key=len)
    owners = ("o" * 39, f"{'o' * 39}@{10**10}")
    names = ("r" * 100, f"{'r' * 100}@{10**10}")
    subjects = [f"repo:{owner}/{name}:environment:abcdefgh" for owner, name in zip(owners, names, strict=True)]
    longest = Template(
        Unit="abcdefghijkl",
        Environment="abcdefgh",
        DeploySubjects=subjects,
        RepositoryId=str(10**10),
        Parts=parts,
        **{"AWS::Region": region},
    )
    sizes = {
        name: len(re.sub(r"\s", "", json.dumps(each["PolicyDocument"])))
        for name, each in longest.of_type("AWS::IAM::ManagedPolicy").items()
    }
    assert {name: size for name, size in sizes.items() if size > LIMIT_OF_A_MANAGED_POLICY - ROOM} == {}
    trust = longest.properties("DeployRole")["AssumeRolePolicyDocument"]
    assert len(re.sub(r"\s", "", trust)) <= 2_048, "a role's trust policy"
