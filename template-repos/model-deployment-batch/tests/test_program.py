"""The resources that the program declares, rendered once for each environment."""

import json
from dataclasses import replace
from unittest.mock import patch

import pytest
from example_settings import in_force
from test_definition import CODE, CONTAINER, PROD, SETTINGS, built

from deployment import settings
from deployment.deploy import PROGRAM
from mlops_platform.release.testing import rendering
from mlops_platform.release.testing.example import PROJECT
from mlops_platform.release.testing.rendering import PARAMETERS, Rendering, version

TOPIC = PARAMETERS["notifications/alarms-topic-arn"]
NAME = f"{PROD.deployment_name}-batch"


CONFIGURATION = {
    "modelPackageArn": PROJECT.package_arn(3),
    "model": version(3).configuration(),
    "container": CONTAINER.configuration(),
    "code": CODE,
}
"""The configuration of an environment that gets version 3."""


def render(environment: str) -> Rendering:
    """Return everything that the program declares for an environment."""
    with in_force():
        return rendering.render(PROGRAM, environment, CONFIGURATION)


@pytest.fixture(scope="module")
def preprod() -> Rendering:
    return render("preprod")


@pytest.fixture(scope="module")
def prod() -> Rendering:
    return render("prod")


def test_it_declares_these_resources_and_no_others(prod: Rendering, preprod: Rendering) -> None:
    assert prod.counts() == preprod.counts()
    assert prod.counts() == {
        "pulumi:providers:aws": 1,
        "mlops:index:ScheduledPipeline": 1,
        "mlops:index:PipelineSchedule": 1,
        "mlops:index:BatchAlarms": 1,
        "mlops:index:BatchDashboard": 1,
        "aws:sagemaker/pipeline:Pipeline": 1,
        "aws:scheduler/scheduleGroup:ScheduleGroup": 1,
        "aws:scheduler/schedule:Schedule": 1,
        "aws:sqs/queue:Queue": 1,
        "aws:cloudwatch/metricAlarm:MetricAlarm": 4,
        "aws:cloudwatch/dashboard:Dashboard": 1,
    }


def test_only_the_environments_account_is_reached_and_everything_is_tagged(prod: Rendering) -> None:
    provider = prod.one("aws").inputs
    assert json.loads(provider["allowedAccountIds"]) == ["333333333333"]
    assert json.loads(provider["defaultTags"])["tags"]["sagemaker:project-id"] == "p-abcdefghijkl"
    assert {r.provider for r in prod.resources if r.type.startswith("aws:")} == {"aws"}


def test_everything_is_called_after_the_project_so_that_policies_know_it(prod: Rendering) -> None:
    pipeline, group, schedule = (prod.one(kind).inputs for kind in ("Pipeline", "ScheduleGroup", "Schedule"))
    assert pipeline["pipelineName"] == group["name"] == schedule["name"] == schedule["groupName"] == NAME
    assert prod.one("Queue").inputs["name"] == f"{NAME}-dead-letters"
    assert prod.one("Dashboard").inputs["dashboardName"] == NAME
    alarms = [r.inputs["name"] for r in prod.resources if r.type.endswith(":MetricAlarm")]
    assert sorted(alarms) == [f"{NAME}-{kind}" for kind in ("dead-letters", "drift", "failed", "quarantine")]


def test_the_pipeline_names_the_version_and_has_the_role_that_starts_jobs(prod: Rendering) -> None:
    pipeline = prod.one("Pipeline").inputs
    assert json.loads(pipeline["pipelineDefinition"]) == built()
    assert pipeline["roleArn"] == "arn:aws:iam::333333333333:role/analytics-prod-p-abcdefghijkl-batch"


def test_the_schedule_starts_the_pipeline_once_for_each_of_its_times(prod: Rendering) -> None:
    schedule = prod.one("Schedule").inputs
    target = schedule["target"]
    assert target["arn"] == "arn:aws:scheduler:::aws-sdk:sagemaker:startPipelineExecution"
    assert target["roleArn"] == "arn:aws:iam::333333333333:role/analytics-prod-p-abcdefghijkl-schedule"
    time = "<aws.scheduler.scheduled-time>"
    assert json.loads(target["input"]) == {
        "PipelineName": NAME,
        "ClientRequestToken": f"p-abcdefghijkl-batch-{time}",
        "PipelineParameters": [
            {"Name": "Input", "Value": f"s3://{PROD.artifacts_bucket}/p-abcdefghijkl/batch/input/daily/{time}/"},
            {"Name": "Window", "Value": time},
        ],
    }


def test_the_token_of_a_start_is_as_long_as_sagemaker_asks(prod: Rendering) -> None:
    token = json.loads(prod.one("Schedule").inputs["target"]["input"])["ClientRequestToken"]
    made = token.replace("<aws.scheduler.scheduled-time>", "2026-11-28T01:00:00Z")
    assert 32 <= len(made) <= 128


def test_times_zone_window_and_retries_are_those_of_the_settings(prod: Rendering, preprod: Rendering) -> None:
    schedule = prod.one("Schedule").inputs
    assert (schedule["scheduleExpression"], schedule["scheduleExpressionTimezone"]) == ("cron(0 2 * * ? *)", "UTC")
    assert schedule["flexibleTimeWindow"] == {"mode": "FLEXIBLE", "maximumWindowInMinutes": 15}
    assert preprod.one("Schedule").inputs["flexibleTimeWindow"] == {"mode": "OFF"}
    assert schedule["target"]["retryPolicy"] == {"maximumEventAgeInSeconds": 3600, "maximumRetryAttempts": 10}


def test_a_schedule_without_times_is_there_and_starts_nothing(prod: Rendering) -> None:
    plans = {name: replace(plan, schedule="") for name, plan in SETTINGS.plans.items()}
    with patch.object(settings, "read", return_value=replace(SETTINGS, plans=plans)):
        rendered = rendering.render(PROGRAM, "preprod", CONFIGURATION)
    assert rendered.counts() == prod.counts()
    assert [each.one("Schedule").inputs["state"] for each in (rendered, prod)] == ["DISABLED", "ENABLED"]


def test_a_start_that_fails_is_kept_for_two_weeks_and_told(prod: Rendering) -> None:
    queue, schedule = prod.one("Queue"), prod.one("Schedule")
    assert schedule.inputs["target"]["deadLetterConfig"]["arn"].endswith(f":{NAME}-dead-letters")
    assert queue.inputs["messageRetentionSeconds"] == 14 * 24 * 3600
    assert queue.inputs["sqsManagedSseEnabled"] is True
    assert schedule.dependencies >= {"dead-letters", "group", "pipeline"}
    alarm = prod.one("MetricAlarm", "dead-letters").inputs
    assert (alarm["namespace"], alarm["metricName"]) == ("AWS/SQS", "NumberOfMessagesSent")
    assert alarm["dimensions"] == {"QueueName": f"{NAME}-dead-letters"}


def test_runs_that_fail_or_drift_or_put_rows_aside_are_told_each_time(prod: Rendering) -> None:
    alarms = {r.name: r.inputs for r in prod.resources if r.type.endswith(":MetricAlarm")}
    watched = {"Project": "p-abcdefghijkl", "Environment": "prod"}
    assert {name: (each["metricName"], each["dimensions"], each["threshold"]) for name, each in alarms.items()} == {
        "dead-letters": ("NumberOfMessagesSent", {"QueueName": f"{NAME}-dead-letters"}, 0),
        "failed": ("ExecutionFailed", {"PipelineName": NAME}, 0),
        "quarantine": ("QuarantinedPercent", watched, SETTINGS.alarms.quarantined_percent),
        "drift": ("DriftedFeatures", watched, 0),
    }
    for alarm in alarms.values():
        assert alarm["alarmActions"] == [TOPIC]
        assert alarm["comparisonOperator"] == "GreaterThanThreshold"
        # An alarm acts when its state changes: without a metric between two runs it is over.
        assert (alarm["treatMissingData"], alarm["period"], alarm["datapointsToAlarm"]) == ("missing", 300, 1)
    # A queue's metrics come up to a quarter of an hour late.
    assert {name: each["evaluationPeriods"] for name, each in alarms.items() if each["evaluationPeriods"] != 1} == {
        "dead-letters": 4
    }


def test_the_dashboard_shows_every_alarm_and_metrics_of_this_batch_alone(prod: Rendering) -> None:
    alarms, *graphs = json.loads(prod.one("Dashboard").inputs["dashboardBody"])["widgets"]
    assert len(alarms["properties"]["alarms"]) == 4
    shown = [line for graph in graphs for line in graph["properties"]["metrics"]]
    assert {tuple(line[2:-1]) for line in shown} == {
        ("PipelineName", NAME),
        ("Project", "p-abcdefghijkl", "Environment", "prod"),
    }


def test_the_values_that_the_deploy_command_checks_are_exported(prod: Rendering) -> None:
    assert json.loads(prod.exports["pipelineDefinition"]) == built()
    assert {name: value for name, value in prod.exports.items() if name != "pipelineDefinition"} == {
        "pipelineName": NAME,
        "scheduleName": NAME,
        "modelPackageArn": PROJECT.package_arn(3),
    }
