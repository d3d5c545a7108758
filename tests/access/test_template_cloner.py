"""The template cloner's function, its credential and what happens to requests that fail."""

import json
import math
from pathlib import Path
from typing import cast

import pulumi
import pytest

from components.lambda_function.code import FUNCTIONS
from functions.template_cloner.launcher import LONGEST_RUN_SECONDS
from sandbox.github.seed import Limits
from tests.access.authorization import roles_of
from tests.access.conftest import RoleNamed
from tests.products.product import ANSWERED_WITHIN
from tests.rendering import Rendering, Renderings, Resource


@pytest.fixture(scope="module")
def in_network(rendered: Renderings) -> Rendering:
    """Development whose functions reach GitHub through the network."""
    github = {
        "organization": "acme",
        "organizationId": 1001,
        "repository": "mlops-platform",
        "repositoryId": 2001,
        "platformUser": "mlops-platform-bot",
        "throughNetwork": True,
    }
    return rendered("dev", {"github": github})


@pytest.fixture(scope="module")
def function(dev: Rendering) -> Resource:
    return dev.one("lambda/function:Function", "projects-template-cloner-function")


def test_its_code_is_every_module_and_nothing_compiled(function: Resource) -> None:
    archive = cast("pulumi.AssetArchive", function.inputs["code"])

    modules = {
        path.relative_to(FUNCTIONS.parent).as_posix()
        for folder in ("template_cloner", "shared")
        for path in (FUNCTIONS / folder).rglob("*.py")
    }
    assert {"functions/template_cloner/github.py", "functions/shared/github_api/client.py"} <= modules
    assert set(archive.assets) == modules - {"functions/template_cloner/handler.py"} | {"handler.py"}


def test_its_handler_keeps_its_name_because_lambda_updates_that_before_the_code(function: Resource) -> None:
    assert function.inputs["handler"] == "handler.handler"


def test_its_code_is_found_from_the_programs_folder_on_every_machine(function: Resource) -> None:
    archive = cast("pulumi.AssetArchive", function.inputs["code"])

    for asset in archive.assets.values():
        assert isinstance(asset, pulumi.FileAsset)
        assert not Path(asset.path).is_absolute()
        assert Path(asset.path).is_file()


def test_it_runs_in_several_private_subnets_if_it_reaches_github_through_the_network(in_network: Rendering) -> None:
    function = in_network.one("lambda/function:Function", "projects-template-cloner-function")
    assert len(function.inputs["vpcConfig"]["subnetIds"]) == 2
    assert all("private" in subnet for subnet in function.inputs["vpcConfig"]["subnetIds"])


def test_its_environment_variables_name_the_github_server_and_the_credential(function: Resource) -> None:
    variables = dict(function.inputs["environment"]["variables"])

    assert ":secret:analytics-dev-github-credential" in variables.pop("GITHUB_CREDENTIAL_SECRET_ARN")
    assert variables == {
        "GITHUB_ORGANIZATION": "acme",
        "GITHUB_API_URL": "https://api.github.com",
        "GITHUB_SERVER_URL": "https://github.com",
        "OIDC_SUBJECTS": "immutable",
        "UNIT": "analytics",
        "ONBOARDING_FUNCTION_ARNS": json.dumps(
            {
                "preprod": "arn:aws:lambda:eu-west-1:222222222222:function:analytics-preprod-project-onboarding",
                "prod": "arn:aws:lambda:eu-west-1:333333333333:function:analytics-prod-project-onboarding",
            }
        ),
        "LAUNCH_RECORDS_PATH": "/mlops/analytics/dev/launches",
        "REVIEW_RULES": json.dumps({"required_approvals": 1, "leads": ["grace"]}),
    }


def test_no_credential_passes_through_pulumi(dev: Rendering) -> None:
    secret = dev.one("secretsmanager/secret:Secret")

    assert not any("secretVersion" in each.type for each in dev.resources)
    assert set(secret.inputs) == {"description", "kmsKeyId", "recoveryWindowInDays"}


def test_a_redeploy_does_not_wait_for_a_deleted_secret(dev: Rendering) -> None:
    secret = dev.one("secretsmanager/secret:Secret")

    assert "name" not in secret.inputs
    assert secret.name.startswith("analytics-dev-")
    assert secret.inputs["recoveryWindowInDays"] == 30


def test_it_answers_before_cloudformation_gives_up_and_never_after(function: Resource, dev: Rendering) -> None:
    requests = dev.one(
        "lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", "projects-template-cloner-requests"
    )

    assert function.inputs["timeout"] == 590
    assert requests.inputs["maximumEventAgeInSeconds"] == 600
    assert function.inputs["timeout"] + requests.inputs["maximumEventAgeInSeconds"] < int(ANSWERED_WITHIN)


def test_a_deletion_takes_no_launch_for_over_that_the_function_may_still_be_at(function: Resource) -> None:
    assert function.inputs["timeout"] < LONGEST_RUN_SECONDS


def test_a_request_waits_for_githubs_limit_of_a_minute_until_that_of_an_hour_is_used_up(function: Resource) -> None:
    of_github = Limits()
    minutes = math.ceil(of_github.content_per_hour / of_github.content_per_minute)

    assert function.inputs["timeout"] > 60 * (minutes + 1)


def test_as_many_launches_run_at_once_as_the_settings_say(function: Resource) -> None:
    assert function.inputs["reservedConcurrentExecutions"] == 20


def test_a_request_that_fails_ends_in_an_encrypted_queue(function: Resource, dev: Rendering) -> None:
    queue = dev.one("sqs/queue:Queue", "projects-template-cloner-failures")

    assert function.inputs["deadLetterConfig"]["targetArn"].endswith(f":{queue.inputs['name']}")
    assert ":key/" in queue.inputs["kmsMasterKeyId"]


def test_its_logs_are_encrypted_and_kept_for_a_year(function: Resource, dev: Rendering) -> None:
    logs = dev.one("cloudwatch/logGroup:LogGroup", "projects-template-cloner-logs")

    assert function.inputs["loggingConfig"]["logGroup"] == logs.inputs["name"]
    assert logs.inputs["retentionInDays"] == 365
    assert ":key/" in logs.inputs["kmsKeyId"]


def test_tracing_is_on_and_permitted(function: Resource, role_named: RoleNamed) -> None:
    assert function.inputs["tracingConfig"] == {"mode": "Active"}
    assert role_named("template-cloner").may("xray:PutTraceSegments")


def test_it_has_the_permissions_that_its_work_needs_and_no_others(role_named: RoleNamed) -> None:
    role = role_named("template-cloner")

    beyond_runtime = {
        action
        for statement in role.statements
        if statement.effect == "Allow"
        for action in statement.actions
        if action.partition(":")[0] not in ("ec2", "logs", "xray")
    }
    assert beyond_runtime == {
        "cloudformation:DescribeStacks",
        "cloudformation:UpdateTerminationProtection",
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "lambda:InvokeFunction",
        "secretsmanager:GetSecretValue",
        "sqs:SendMessage",
        "ssm:DeleteParameter",
        "ssm:GetParameter",
        "ssm:PutParameter",
    }
    stacks = "arn:aws:cloudformation:eu-west-1:111111111111:stack/SC-111111111111-pp-*"
    assert role.statement("ProtectProjects").resources == (stacks,)
    records = "arn:aws:ssm:eu-west-1:111111111111:parameter/mlops/analytics/dev/launches/*"
    assert role.statement("RememberLaunches").resources == (records,)


def test_nobody_else_lifts_the_protection_of_a_project_from_its_deletion(dev: Rendering) -> None:
    stack = "arn:aws:cloudformation:eu-west-1:111111111111:stack/SC-111111111111-pp-abcdefghijklm/1"

    roles = roles_of(dev)
    assert {"lead-data-scientist", "data-scientist", "project-launch"} <= set(roles)
    may = [name for name, role in roles.items() if role.may("cloudformation:UpdateTerminationProtection", stack)]
    assert may == ["template-cloner"]


def test_its_own_code_cannot_use_the_services_permissions_on_networks(in_network: Rendering) -> None:
    denial = roles_of(in_network)["template-cloner"].statement("OnlyLambdaJoinsNetworks")

    function_arn = "arn:aws:lambda:eu-west-1:111111111111:function:analytics-dev-template-cloner"
    assert denial.effect == "Deny"
    assert denial.condition == {"ArnEquals": {"lambda:SourceFunctionArn": function_arn}}
