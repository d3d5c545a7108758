"""`doctor`: one line for each thing, and what to do about it."""

import json
from typing import Any

import pytest

from bootstrap import doctor, github
from bootstrap.account import Account
from bootstrap.names import Names
from tests.bootstrap.fakes import CloudFormation, Service, account, answer, refuse
from tests.bootstrap.template import ACCOUNT, ISSUER
from tests.bootstrap.test_credential import PARAMETERS, Parameters

NAMES = Names(unit="analytics", environment="dev")
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}"
TRUST = {
    "Statement": [
        {"Condition": {"StringEquals": {f"{ISSUER}:aud": "x", f"{ISSUER}:sub": ["repo:acme/p:environment:dev"]}}}
    ]
}
SEEN = "a token that sees the organization"
ON_GITHUB_COM = PARAMETERS | {"/mlops/analytics/dev/github/server-url": "https://github.com"}


def get(server: github.Server, path: str, token: str | None) -> github.Answer:
    assert path == "/orgs/acme"
    return github.Answer(status=200 if token == SEEN else 404, headers={}, body={})


def healthy(**changed: Any) -> Account:
    stack = {
        "StackName": NAMES.stack,
        "StackStatus": "CREATE_COMPLETE",
        "Outputs": [{"OutputKey": "OidcProviderArn", "OutputValue": PROVIDER}],
        "Parameters": [{"ParameterKey": "OidcIssuer", "ParameterValue": ISSUER}],
    }
    encryption = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]}
    key = {"KeyState": "Enabled", "KeyId": "1", "Arn": "arn:aws:kms:::key/1"}
    services: dict[str, dict[str, Any]] = {
        "s3": {
            "get_bucket_versioning": answer({"Status": "Enabled"}),
            "get_bucket_encryption": answer({"ServerSideEncryptionConfiguration": encryption}),
            "get_public_access_block": answer({"PublicAccessBlockConfiguration": {"BlockPublicAcls": True}}),
        },
        "kms": {
            "describe_key": answer({"KeyMetadata": key}),
            "get_key_rotation_status": answer({"KeyRotationEnabled": True}),
        },
        "iam": {
            "get_open_id_connect_provider": answer({"ClientIDList": ["sts.amazonaws.com"]}),
            "get_role": answer(
                {"Role": {"Arn": "arn:role", "PermissionsBoundary": {}, "AssumeRolePolicyDocument": TRUST}}
            ),
        },
        "secretsmanager": {"describe_secret": answer({"VersionIdsToStages": {"v": ["AWSCURRENT"]}})},
    }
    whole = {"cloudformation": CloudFormation(stacks={NAMES.stack: stack}), "ssm": Parameters(dict(ON_GITHUB_COM))}
    for name, change in changed.items():
        if name in services:
            services[name] |= change
        else:
            whole[name] = change
    return account(**whole, **{name: Service(answers) for name, answers in services.items()})


def examine(where: Account, token: str | None = SEEN) -> dict[str, doctor.Finding]:
    return {finding.subject: finding for finding in doctor.examine(where, NAMES, token, get)}


def test_a_healthy_environment_is_fine_throughout() -> None:
    findings = examine(healthy())
    assert list(findings) == [
        "account",
        "bootstrap",
        "state bucket",
        "state key",
        "identity provider",
        "deploy role",
        "preview role",
        "platform",
        "GitHub",
        "GitHub credential",
    ]
    assert [each.subject for each in findings.values() if not each.fine] == []
    assert "repo:acme/p:environment:dev" in findings["deploy role"].says


def test_an_account_without_a_bootstrap_says_how_to_make_one_and_stops() -> None:
    findings = examine(healthy(cloudformation=CloudFormation()))
    assert list(findings) == ["account", "bootstrap"]
    assert "python -m bootstrap up --unit analytics --environment dev" in findings["bootstrap"].says


@pytest.mark.parametrize(
    ("service", "change", "subject", "advice"),
    [
        ("s3", {"get_bucket_versioning": answer({})}, "state bucket", "lost versioning"),
        (
            "s3",
            {"get_bucket_encryption": refuse("ServerSideEncryptionConfigurationNotFoundError", "no encryption")},
            "state bucket",
            "no encryption; run: python -m bootstrap up",
        ),
        (
            "s3",
            {"get_bucket_versioning": refuse("AccessDenied", "no")},
            "state bucket",
            "cannot be examined (AccessDenied",
        ),
        ("kms", {"describe_key": refuse("NotFoundException")}, "state key", "names no key"),
        (
            "kms",
            {"describe_key": answer({"KeyMetadata": {"KeyState": "PendingDeletion", "KeyId": "1", "Arn": "arn"}})},
            "state key",
            "aws kms cancel-key-deletion",
        ),
        (
            "kms",
            {"get_key_rotation_status": answer({"KeyRotationEnabled": False})},
            "state key",
            "aws kms enable-key-rotation",
        ),
        ("iam", {"get_open_id_connect_provider": refuse("NoSuchEntity")}, "identity provider", "is gone"),
        (
            "iam",
            {"get_open_id_connect_provider": answer({"ClientIDList": []})},
            "identity provider",
            "aws iam add-client-id",
        ),
        ("iam", {"get_role": refuse("NoSuchEntity")}, "preview role", "analytics-dev-preview is gone"),
        (
            "iam",
            {"get_role": answer({"Role": {"Arn": "arn", "AssumeRolePolicyDocument": TRUST}})},
            "deploy role",
            "lost its permissions boundary",
        ),
        (
            "secretsmanager",
            {"describe_secret": answer({})},
            "GitHub credential",
            "python -m bootstrap github-token --unit analytics --environment dev",
        ),
    ],
)
def test_what_is_missing_comes_with_its_remedy(service: str, change: dict[str, Any], subject: str, advice: str) -> None:
    finding = examine(healthy(**{service: change}))[subject]
    assert not finding.fine
    assert advice in finding.says


def test_before_the_first_deployment_the_next_step_is_to_deploy() -> None:
    findings = examine(healthy(ssm=Parameters({})))
    assert "pulumi up" in findings["platform"].says
    assert "GitHub" not in findings


def test_roles_that_trust_another_github_than_the_platforms_are_noticed() -> None:
    elsewhere = Parameters(ON_GITHUB_COM | {"/mlops/analytics/dev/github/server-url": "https://github.example.com"})
    finding = examine(healthy(ssm=elsewhere))["token issuer"]
    assert "--github-url https://github.example.com" in finding.says


@pytest.mark.parametrize(("token", "hint"), [(None, "set GITHUB_TOKEN"), ("bad", "GITHUB_TOKEN is refused")])
def test_an_organization_that_is_not_visible_says_why(token: str | None, hint: str) -> None:
    finding = examine(healthy(), token)["GitHub"]
    assert not finding.fine
    assert hint in finding.says


def test_no_finding_carries_the_token() -> None:
    assert SEEN not in json.dumps([each.says for each in examine(healthy()).values()])
