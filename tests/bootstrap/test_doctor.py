"""`doctor`: one finding for each thing, with advice on what to do about it."""

from pathlib import Path
from typing import Any

import pytest

from tests.bootstrap.fakes import CloudFormation, Parameters, answer, refuse
from tests.bootstrap.healthy import (
    AT_EXAMPLE,
    LEGACY,
    OF_AN_ENTERPRISE,
    ON_GITHUB_COM,
    SETTINGS,
    SUBJECT,
    TRUST,
    bootstrapped,
    deployed_for,
    examine,
    healthy,
)
from tests.bootstrap.template import ISSUER

pytestmark = pytest.mark.usefixtures("settings")


def test_a_healthy_environment_is_fine_throughout() -> None:
    findings = examine(healthy())
    assert list(findings) == [
        "account",
        "bootstrap",
        "stacks",
        "roles",
        "state bucket",
        "state key",
        "identity provider",
        "deploy role",
        "preview role",
        "quotas",
        "room for projects",
        "platform",
        "alarms",
        "Studio",
        "GitHub",
        "GitHub repository",
        "token subjects",
        "GitHub token",
        "GitHub reviews",
        "GitHub rulesets",
        "GitHub secrets",
        "GitHub deployment",
        "GitHub environment",
        "GitHub Actions",
        "GitHub credential",
    ]
    assert [each.subject for each in findings.values() if not each.fine] == []
    assert "repo:acme/p:environment:dev" in findings["deploy role"].message


def test_an_account_that_is_not_bootstrapped_gets_the_command_and_no_further_checks() -> None:
    findings = examine(healthy(cloudformation=CloudFormation()))
    assert list(findings) == ["account", "bootstrap"]
    assert "python -m bootstrap up --unit analytics --environment dev" in findings["bootstrap"].message


@pytest.mark.parametrize(("before", "said"), [("workload", "those of workload"), (None, "any that it names")])
def test_an_environment_that_got_another_part_is_told_to_be_bootstrapped_again(before: str | None, said: str) -> None:
    there = bootstrapped()
    stack = next(iter(there.stacks.values()))
    stack["Parameters"] = [each for each in stack["Parameters"] if each["ParameterKey"] != "Parts"]
    stack["Parameters"] += [{"ParameterKey": "Parts", "ParameterValue": before}] if before else []
    found = examine(healthy(cloudformation=there))["roles"]
    assert not found.fine
    assert f"may make {said}, the settings have development; run: python -m bootstrap up" in found.message


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
            "may not call Operation; use credentials of an administrator of the account",
        ),
        ("kms", {"describe_key": refuse("NotFoundException")}, "state key", "points to no key"),
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
        ("iam", {"get_open_id_connect_provider": refuse("NoSuchEntity")}, "identity provider", "does not exist"),
        (
            "iam",
            {"get_open_id_connect_provider": answer({"ClientIDList": []})},
            "identity provider",
            "aws iam add-client-id",
        ),
        ("iam", {"get_role": refuse("NoSuchEntity")}, "preview role", "analytics-dev-preview does not exist"),
        (
            "iam",
            {"get_role": answer({"Role": {"Arn": "arn", "AssumeRolePolicyDocument": TRUST}})},
            "deploy role",
            "lost its permissions boundary",
        ),
        (
            "iam",
            {"get_account_summary": answer({"SummaryMap": {"Roles": 867, "RolesQuota": 1000}})},
            "room for projects",
            (
                "867 of 1000 roles are in use, which leaves room for 19 projects; run: aws service-quotas "
                "request-service-quota-increase --region us-east-1 --service-code iam --quota-code L-FE177D64 --desired-value 2000"
            ),
        ),
        (
            "secretsmanager",
            {"describe_secret": answer({})},
            "GitHub credential",
            "python -m bootstrap github-token --unit analytics --environment dev",
        ),
    ],
)
def test_each_problem_comes_with_advice(service: str, change: dict[str, Any], subject: str, advice: str) -> None:
    finding = examine(healthy(**{service: change}))[subject]
    assert not finding.fine
    assert advice in finding.message


@pytest.mark.parametrize(
    ("code", "message", "said"),
    [
        ("400", "", "cannot be examined: AWS answered Operation with 400, and gave no reason"),
        ("InternalFailure", "", "cannot be examined: AWS answered Operation with InternalFailure, and gave no reason"),
        ("InternalFailure", "try later", "cannot be examined: try later"),
        (
            "AccessDeniedException",
            "User: arn:aws:iam::111111111111:user/engineer is not authorized with an explicit deny",
            "cannot be examined: User: arn:aws:iam::111111111111:user/engineer is not authorized with an explicit deny",
        ),
    ],
)
def test_a_check_that_aws_refuses_says_why(code: str, message: str, said: str) -> None:
    finding = examine(healthy(**{"service-quotas": {"list_service_quotas": refuse(code, message)}}))["quotas"]
    assert not finding.fine
    assert finding.message == said


@pytest.mark.parametrize("stored", [True, False], ids=["settings", "no settings"])
def test_without_a_template_cloner_no_credential_is_asked_for(settings: Path, stored: bool) -> None:
    if stored:
        settings.write_text(SETTINGS[: SETTINGS.index("  mlops-platform:development")])
    else:
        settings.unlink()
    findings = examine(healthy(secretsmanager={"describe_secret": refuse("ResourceNotFoundException")}))
    assert "GitHub Actions" in findings
    assert "GitHub credential" not in findings


def test_before_the_first_deployment_the_next_step_is_to_deploy() -> None:
    findings = examine(healthy(ssm=Parameters({})))
    assert "pulumi up" in findings["platform"].message
    assert not {"alarms", "GitHub"} & findings.keys()


@pytest.mark.parametrize(
    ("issuer", "subjects", "published", "options"),
    [
        (ISSUER, SUBJECT, ON_GITHUB_COM, ""),
        (ISSUER, SUBJECT, {}, ""),
        (ISSUER, LEGACY, {}, " --oidc-subjects legacy"),
        (ISSUER, f"{SUBJECT},{LEGACY}", {}, " --oidc-subjects both"),
        (OF_AN_ENTERPRISE, SUBJECT, {}, f" --oidc-issuer {OF_AN_ENTERPRISE}"),
        # The issuer that the roles trust is kept, whatever the settings say.
        (OF_AN_ENTERPRISE, SUBJECT, ON_GITHUB_COM, f" --oidc-issuer {OF_AN_ENTERPRISE}"),
        (AT_EXAMPLE, LEGACY, {}, " --github-url https://github.example.com"),
        ("token.actions.octocorp.ghe.com", SUBJECT, {}, " --github-url https://octocorp.ghe.com"),
        (
            "token.actions.octocorp.ghe.com/octocorp",
            LEGACY,
            {},
            (
                " --github-url https://octocorp.ghe.com --oidc-issuer token.actions.octocorp.ghe.com/octocorp"
                " --oidc-subjects legacy"
            ),
        ),
        (
            "token.actions.octocorp.ghe.com",
            SUBJECT,
            deployed_for("https://octocorp.ghe.com", "https://api.octocorp.ghe.com", "token.actions.octocorp.ghe.com"),
            " --github-url https://octocorp.ghe.com",
        ),
    ],
)
def test_the_command_to_run_again_keeps_the_trust_of_the_roles(
    issuer: str, subjects: str, published: dict[str, str], options: str
) -> None:
    where = healthy(
        cloudformation=bootstrapped(issuer, subjects),
        ssm=Parameters(published),
        kms={"describe_key": refuse("NotFoundException")},
    )
    again = examine(where)["state key"].message.partition("run: ")[2]
    assert again == (
        "python -m bootstrap up --unit analytics --environment dev --github-org acme "
        f"--github-repository mlops-platform{options}"
    )


def test_the_command_leaves_out_the_organization_if_the_roles_do_not_trust_a_repository() -> None:
    where = healthy(
        cloudformation=bootstrapped(subjects="enterprise:acme"),
        ssm=Parameters({}),
        iam={"get_role": refuse("NoSuchEntity")},
    )
    assert examine(where)["deploy role"].message.endswith("--environment dev --github-org …")
