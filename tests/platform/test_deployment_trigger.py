"""Resources of the component: the function, its event rules, and the alarms for its failures."""

import json
from collections.abc import Mapping
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pytest

from components.deployment_trigger import DeploymentTrigger, DeploymentTriggerArgs
from components.encryption.key import EncryptionKey, EncryptionKeyArgs
from components.environment import Environment
from components.github.connection import GitHubConnection
from components.lambda_function.code import FUNCTIONS
from components.network.vpc_config import VpcConfig
from functions.deployment_trigger import credential_end
from functions.deployment_trigger.approved_artifacts import COPY_SECONDS
from functions.deployment_trigger.decision import CLAIM_SECONDS
from tests.access.authorization import Role, problems, roles_of
from tests.rendering import REGION, Rendering, render

ACCOUNT = "111111111111"
ENVIRONMENT = Environment(unit="analytics", name="dev", region=REGION, account_id=ACCOUNT)
CREDENTIAL = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:analytics-dev-github-credential"
SECRETS_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/secrets"
LOGS_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/logs"
LATEST_REPORT_SECONDS = 15 * 60
"""Source: Amazon SQS Developer Guide, "Monitoring Amazon SQS queues using CloudWatch"."""
SECONDS_BESIDE_THE_COPY = 40
"""The start, the calls around the copy, a dispatch with a look at its run, and the handler's own margin."""
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:analytics-dev-alarms"


@pytest.fixture(scope="module")
def rendering() -> Rendering:
    """A stack with nothing but the trigger and what it stands on."""

    def program() -> None:
        provider = aws.Provider("aws", region=REGION, allowed_account_ids=[ACCOUNT])
        here = pulumi.ResourceOptions(providers=[provider])
        key = EncryptionKey(
            "data",
            EncryptionKeyArgs(environment=ENVIRONMENT, purpose="data", description="Data", keep_on_destroy=False),
            here,
        )
        ids: Any = [pulumi.Output.from_input(f"subnet-private-{zone}") for zone in ("a", "b")]
        trigger = DeploymentTrigger(
            "deployments",
            DeploymentTriggerArgs(
                environment=ENVIRONMENT,
                vpc_config=VpcConfig(
                    environment=ENVIRONMENT,
                    vpc_id=pulumi.Output.from_input("vpc-1"),
                    subnet_ids=ids,
                    security_group_id=pulumi.Output.from_input("sg-1"),
                ),
                logs_key_arn=LOGS_KEY,
                secrets_key_arn=SECRETS_KEY,
                data_key=key,
                github=GitHubConnection(
                    organization="acme",
                    api_url="https://api.github.com",
                    server_url="https://github.com",
                    subject_form="immutable",
                ),
                credential_secret_arn=CREDENTIAL,
                alarms_topic_arn=TOPIC,
                retraining_accounts={"prod": "333333333333"},
            ),
            here,
        )
        pulumi.export("functionArn", trigger.function_arn)

    return render(program, account_id=ACCOUNT)


@pytest.fixture(scope="module")
def role(rendering: Rendering) -> Role:
    [(name, found)] = roles_of(rendering).items()
    assert name == "deployment-trigger"
    return found


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether EventBridge would send the event.

    Every field of the pattern must be there with one of its values; a list in the event matches by one of its elements.
    Source: Amazon EventBridge User Guide, "Creating event patterns".
    """
    for name, wanted in pattern.items():
        if name not in event:
            return False
        value = event[name]
        if isinstance(wanted, dict):
            inner = cast("Mapping[str, Any]", wanted)
            if not isinstance(value, dict) or not matches(inner, cast("Mapping[str, Any]", value)):
                return False
            continue
        assert all(isinstance(each, str) for each in wanted), "this matcher knows exact values only"
        values = cast("list[Any]", value) if isinstance(value, list) else [value]
        if not any(each in wanted for each in values):
            return False
    return True


def change(status: str, **more: object) -> dict[str, object]:
    return {
        "source": "aws.sagemaker",
        "detail-type": "SageMaker Model Package State Change",
        "detail": {"ModelPackageArn": "arn", "ModelPackageVersion": 1, "ModelApprovalStatus": status},
        **more,
    }


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (change("Approved"), True),
        (change("PendingManualApproval"), False),
        (change("Rejected"), False),
        (change("Approved", source="acme.custom"), False),
        (change("Approved", **{"detail-type": "SageMaker Endpoint State Change"}), False),
        (change("Approved", detail={"ModelPackageArn": "arn"}), False),
    ],
    ids=["approval", "registration", "rejection", "another source", "another event", "no status"],
)
def test_only_approvals_invoke_the_function(rendering: Rendering, event: dict[str, object], expected: bool) -> None:
    rule = rendering.one("cloudwatch/eventRule:EventRule", "deployments-approvals-rule")

    assert rule.inputs["name"] == "analytics-dev-model-approved"
    assert matches(rule.document("eventPattern"), event) is expected


def test_the_sweep_runs_every_15_minutes(rendering: Rendering) -> None:
    rule = rendering.one("cloudwatch/eventRule:EventRule", "deployments-sweep-rule")
    target = rendering.one("cloudwatch/eventTarget:EventTarget", "deployments-sweep-target")

    assert (rule.inputs["name"], rule.inputs["scheduleExpression"]) == (
        "analytics-dev-deployment-sweep",
        "rate(15 minutes)",
    )
    assert json.loads(target.inputs["input"]) == {"sweep": True}


def test_an_event_about_an_approval_arrives_as_it_is(rendering: Rendering) -> None:
    target = rendering.one("cloudwatch/eventTarget:EventTarget", "deployments-approvals-target")

    assert "input" not in target.inputs


def test_an_event_that_cannot_be_delivered_goes_to_the_dead_letter_queue(rendering: Rendering) -> None:
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:analytics-dev-deployment-trigger-failures"
    targets = rendering.all("cloudwatch/eventTarget:EventTarget")

    assert [target.inputs["deadLetterConfig"]["arn"] for target in targets] == [queue, queue]
    assert {each.name: each.inputs["retryPolicy"]["maximumEventAgeInSeconds"] for each in targets} == {
        "deployments-approvals-target": 24 * 3600,
        "deployments-sweep-target": 15 * 60,
    }
    policy = rendering.one("sqs/queuePolicy:QueuePolicy").statements()["KeepUndeliveredEvents"]
    assert policy["Principal"] == {"Service": "events.amazonaws.com"}
    assert (policy["Action"], policy["Resource"]) == (["sqs:SendMessage"], [queue])
    rules = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/analytics-dev"
    assert policy["Condition"] == {
        "ArnEquals": {"aws:SourceArn": [f"{rules}-model-approved", f"{rules}-deployment-sweep"]}
    }


def test_only_its_own_rules_and_alarms_about_drift_and_quality_may_call_the_function(rendering: Rendering) -> None:
    permissions = [each.inputs for each in rendering.all("lambda/permission:Permission")]

    assert {(each["principal"], each.get("sourceAccount"), each["sourceArn"]) for each in permissions} == {
        *(
            ("events.amazonaws.com", None, f"arn:aws:events:{REGION}:{ACCOUNT}:rule/analytics-dev-{rule}")
            for rule in ("model-approved", "deployment-sweep")
        ),
        *(
            (
                "lambda.alarms.cloudwatch.amazonaws.com",
                "333333333333",
                f"arn:aws:cloudwatch:{REGION}:333333333333:alarm:analytics-prod-p-*-{cause}",
            )
            for cause in ("drift", "quality")
        ),
    }
    assert {each["action"] for each in permissions} == {"lambda:InvokeFunction"}


def test_failures_raise_an_alarm_and_silence_does_not(rendering: Rendering) -> None:
    alarms = {each.inputs["name"]: each.inputs for each in rendering.all("cloudwatch/metricAlarm:MetricAlarm")}
    del alarms["analytics-dev-github-credential"]

    watched = {name: (each["metricName"], each["statistic"], each["dimensions"]) for name, each in alarms.items()}
    assert watched == {
        "analytics-dev-deployment-trigger-failures": (
            "NumberOfMessagesSent",
            "Sum",
            {"QueueName": "analytics-dev-deployment-trigger-failures"},
        ),
        "analytics-dev-deployment-trigger-errors": (
            "Errors",
            "Sum",
            {"FunctionName": "analytics-dev-deployment-trigger"},
        ),
    }
    for alarm in alarms.values():
        assert (alarm["comparisonOperator"], alarm["threshold"]) == ("GreaterThanThreshold", 0)
        assert alarm["treatMissingData"] == "notBreaching"
        assert alarm["alarmActions"] == [TOPIC]


def test_a_credential_that_ends_within_two_weeks_raises_an_alarm_and_one_without_an_end_does_not(
    rendering: Rendering,
) -> None:
    alarm = rendering.one("cloudwatch/metricAlarm:MetricAlarm", "deployments-credential-alarm").inputs
    metric = (alarm["namespace"], alarm["metricName"], alarm["dimensions"])
    assert metric == (credential_end.NAMESPACE, credential_end.METRIC, {"Platform": "analytics-dev"})
    assert (alarm["statistic"], alarm["comparisonOperator"], alarm["threshold"]) == ("Minimum", "LessThanThreshold", 14)
    # The sweep reports it every quarter of an hour.
    assert alarm["period"] >= 2 * 15 * 60
    assert alarm["treatMissingData"] == "notBreaching"
    assert alarm["alarmActions"] == [TOPIC]


def test_a_dead_letter_raises_the_alarm_although_an_idle_queue_reports_late(rendering: Rendering) -> None:
    alarm = rendering.one("cloudwatch/metricAlarm:MetricAlarm", "deployments-failures-alarm").inputs

    assert alarm["datapointsToAlarm"] == 1
    assert alarm["evaluationPeriods"] * alarm["period"] > LATEST_REPORT_SECONDS
    assert "analytics-dev-deployment-trigger-failures" in alarm["alarmDescription"]


def test_the_function_has_stopped_before_another_request_may_take_its_claim(rendering: Rendering) -> None:
    assert rendering.one("lambda/function:Function").inputs["timeout"] < CLAIM_SECONDS


def test_the_function_has_time_for_the_longest_copy_and_for_the_rest_of_its_work(rendering: Rendering) -> None:
    assert rendering.one("lambda/function:Function").inputs["timeout"] - COPY_SECONDS >= SECONDS_BESIDE_THE_COPY


def test_its_archive_has_its_own_code_and_the_shared_code(rendering: Rendering) -> None:
    function = rendering.one("lambda/function:Function")
    archive = cast("pulumi.AssetArchive", function.inputs["code"])

    modules = {
        path.relative_to(FUNCTIONS.parent).as_posix()
        for folder in ("deployment_trigger", "shared")
        for path in (FUNCTIONS / folder).rglob("*.py")
    }
    assert {
        "functions/deployment_trigger/deployer.py",
        "functions/shared/github_api/client.py",
        "functions/shared/aws_clients.py",
    } <= modules
    assert set(archive.assets) == modules - {"functions/deployment_trigger/handler.py"} | {"handler.py"}
    assert rendering.exports["functionArn"].endswith(":function:analytics-dev-deployment-trigger")


def test_its_environment_variables_are_those_that_it_reads(rendering: Rendering) -> None:
    assert rendering.one("lambda/function:Function").inputs["environment"]["variables"] == {
        "GITHUB_API_URL": "https://api.github.com",
        "GITHUB_CREDENTIAL_SECRET_ARN": CREDENTIAL,
        "LIFE_CYCLE_ROLE": "analytics-dev-model-life-cycle",
        "PARAMETER_PATH": "/mlops/analytics/dev",
        "PLATFORM_PREFIX": "analytics-dev",
        "ACCOUNT_ID": ACCOUNT,
        "UNIT": "analytics",
        "RETRAINING_ACCOUNTS": '{"prod": "333333333333"}',
    }


def test_its_permissions_exist_and_apply_to_their_resources(role: Role) -> None:
    assert [problem for statement in role.statements for problem in problems(statement)] == []


def test_it_has_the_permissions_that_its_work_needs_and_no_others(role: Role) -> None:
    allowed = {
        statement.sid: (set(statement.actions), statement.resources)
        for statement in role.statements
        if statement.effect == "Allow" and not statement.actions[0].startswith(("ec2:", "logs:", "xray:"))
    }

    buckets = f"arn:aws:s3:::analytics-dev-p-*-{ACCOUNT}-{REGION}"
    projects = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/mlops/analytics/dev/projects"
    sagemaker = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
    assert allowed == {
        "ReadCredential": ({"secretsmanager:GetSecretValue"}, (CREDENTIAL,)),
        "ReadModelPackages": (
            {"sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages"},
            (f"{sagemaker}:model-package-group/*-p-*", f"{sagemaker}:model-package/*-p-*/*"),
        ),
        "FindProjects": ({"ssm:GetParameter", "ssm:GetParametersByPath"}, (projects, f"{projects}/*")),
        "ReadArtifacts": ({"s3:GetObject"}, (f"{buckets}/*",)),
        "WriteApprovals": (
            {"s3:AbortMultipartUpload", "s3:PutObject"},
            (f"{buckets}/approved/*", f"{buckets}/deployments/*", f"{buckets}/retraining/*"),
        ),
        "ListApprovals": ({"s3:ListBucket"}, (buckets,)),
        "UseDataKeyThroughS3": (
            {"kms:Decrypt", "kms:GenerateDataKey"},
            (f"arn:aws:kms:{REGION}:{ACCOUNT}:key/data-key",),
        ),
        "ReportFailures": (
            {"sqs:SendMessage"},
            (f"arn:aws:sqs:{REGION}:{ACCOUNT}:analytics-dev-deployment-trigger-failures",),
        ),
        "UseSecretsKey": ({"kms:Decrypt", "kms:GenerateDataKey"}, (SECRETS_KEY,)),
    }


def test_it_reads_objects_of_this_account_only_and_lists_nothing_but_records(role: Role) -> None:
    own = {"aws:ResourceAccount": ACCOUNT}
    assert role.statement("ReadArtifacts").condition == {"StringEquals": own}
    assert role.statement("WriteApprovals").condition == {"StringEquals": own}
    assert role.statement("ListApprovals").condition == {
        "StringEquals": own,
        "StringLike": {"s3:prefix": "deployments/*"},
    }
    assert role.statement("UseDataKeyThroughS3").condition == {
        "StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}
    }


def test_it_never_approves(role: Role) -> None:
    denial = role.statement("NeverApprove")

    assert denial.effect == "Deny"
    assert set(denial.actions) == {"sagemaker:CreateModelPackage", "sagemaker:UpdateModelPackage"}
    assert (denial.resources, denial.condition) == (("*",), {})
