"""Drift, from shifted requests to another training: captured, compared by the schedule, told, and acted upon once.

The tests run in this order; each continues from the state that the ones before it left.
"""

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox import http_client
from tests.e2e.actors import connected, refused
from tests.e2e.approvals import TRIGGER, Approvals
from tests.e2e.sandbox import ACCOUNTS, CHECKOUT, REGION, Sandbox, prepared
from tests.e2e.wait import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

SMOKE = CHECKOUT / "template-repos" / "model-deployment-realtime" / "smoke" / "abalone.csv"
WEIGHTS = slice(4, 8)
"""Columns of the four weights of an abalone."""
LATE = timedelta(minutes=20)
"""Time before its run at which a window ends."""
FLEXIBLE = timedelta(minutes=15)
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNTS['dev']}:function:{TRIGGER}"


def heavier() -> list[str]:
    """Return 300 abalones that weigh half as much again as those that the model was trained on."""
    with SMOKE.open() as file:
        rows = [row[:-1] for row in csv.reader(file)]
    for row in rows:
        row[WEIGHTS] = [f"{1.5 * float(value):.4f}" for value in row[WEIGHTS]]
    return [",".join(row) for row in rows * 6]


class Drift(Approvals):
    """The project's endpoint in production, what watches it, and what follows."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.alarm = f"{self.name('prod')}-drift"
        self.cloudwatch = self.root("prod", "cloudwatch")

    def move_clock(self, ahead: timedelta) -> datetime:
        """Move the calendar of schedules ahead, and return the time that it is then."""
        page = f"{self.servers.aws.url}/_sandbox/clock"
        answer: Any = http_client.call(self.servers, "POST", page, {}, {"seconds": ahead.total_seconds()})
        return datetime.fromtimestamp(answer["now"], UTC)

    def found(self, prefix: str) -> dict[str, Any] | None:
        """Return the findings of the run whose folder has a name; None before there are any."""
        keys = [key for key in self.keys("prod", "artifacts", prefix) if key.endswith("/drift.json")]
        if not keys:
            return None
        content = self.root("prod", "s3").get_object(Bucket=self.bucket("prod", "artifacts"), Key=keys[0])
        return json.loads(content["Body"].read())

    def failures_of_runs(self) -> list[str]:
        """Return the reasons why runs of the pipeline that watches have failed."""
        sagemaker = self.root("prod", "sagemaker")
        executions = sagemaker.list_pipeline_executions(PipelineName=f"{self.name('prod')}-watch")
        arns = [each["PipelineExecutionArn"] for each in executions["PipelineExecutionSummaries"]]
        steps = [
            step
            for arn in arns
            for step in sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
        ]
        return [step["FailureReason"] for step in steps if step["StepStatus"] == "Failed"]

    def trainings(self) -> list[dict[str, Any]]:
        """Return the runs of the training workflow that drift started."""
        runs = self.developer.runs(self.project.training, "train.yml")
        return [run for run in runs if run["display_title"].startswith("Drift: prod-")]

    def outcomes(self) -> list[dict[str, Any]]:
        """Return the decisions of dev's function about alarms, from its log."""
        pages = (
            self.root("dev", "logs")
            .get_paginator("filter_log_events")
            .paginate(logGroupName=f"/aws/lambda/{TRIGGER}", filterPattern='"alarm_arn"')
        )
        lines = [json.loads(event["message"]) for page in pages for event in page["events"]]
        return [json.loads(line["message"]) for line in lines if line["message"].startswith("{")]

    def state(self) -> str:
        """Return the state of the alarm about drift."""
        [found] = self.cloudwatch.describe_alarms(AlarmNames=[self.alarm])["MetricAlarms"]
        return found["StateValue"]


@pytest.fixture(scope="module")
def drift(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drift]:
    """A project whose first version serves in production."""
    with prepared(tmp_path_factory.mktemp("drift") / "sandbox", "project") as sandbox, connected(sandbox):
        found = Drift(sandbox)
        run = found.approve(1)
        assert found.conclusion(run) == "waiting"
        found.release(run)
        assert found.conclusion(run) == "success"
        yield found


@pytest.fixture(scope="module")
def findings(drift: Drift) -> dict[str, Any]:
    """The findings of the scheduled run in a day of shifted requests."""
    sent = heavier()
    drift.application("prod").predict(sent)
    bucket, s3 = drift.bucket("prod", "artifacts"), drift.root("prod", "s3")

    def captured() -> bool:
        # Those of the deployment's own test are there, too.
        keys = drift.keys("prod", "artifacts", f"captured/{drift.project.id}/v1/")
        bodies = (s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys)
        return any(sent[0].encode() in body for body in bodies)

    wait_until(captured, "captured requests")
    # The window of the next midnight ends before the requests if they came in the last minutes of the day.
    now = drift.move_clock(timedelta(seconds=0.001))
    midnight = (now + LATE).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    drift.move_clock(midnight - now + FLEXIBLE)
    place = f"watched/{drift.project.id}/v1/{midnight:%Y-%m-%dT%H:%M:%SZ}/"

    def found() -> dict[str, Any] | None:
        assert drift.failures_of_runs() == []
        return drift.found(place)

    return wait_until(found, "the findings of the scheduled run")


def test_the_schedule_compares_the_captured_requests_with_the_rows_of_training(findings: dict[str, Any]) -> None:
    assert findings["verdict"] == "drift"
    # Those of the deployment's own test are not among them.
    assert findings["rows"] == 300
    weights = {"whole_weight", "shucked_weight", "viscera_weight", "shell_weight"}
    assert weights <= set(findings["drifted"])
    # Nobody has brought any: what keeps its folder from being empty is no truth.
    assert findings["quality"]["verdict"] == "no truth"


def test_drift_starts_one_training_of_the_project(drift: Drift, findings: dict[str, Any]) -> None:
    del findings  # It comes first.
    [training] = wait_until(drift.trainings, "a training after drift")

    [outcome] = wait_until(drift.outcomes, "the outcome of the alarm")
    assert (outcome["decision"], outcome["run_url"]) == ("dispatched", training["html_url"])
    assert outcome["alarm_arn"] == f"arn:aws:cloudwatch:{REGION}:{ACCOUNTS['prod']}:alarm:{drift.alarm}"
    [key] = drift.keys("dev", drift.project.id, "retraining/prod/")
    record = drift.root("dev", "s3").get_object(Bucket=drift.bucket("dev", drift.project.id), Key=key)["Body"].read()
    assert training["display_title"] == f"Drift: {json.loads(record)['name']}"
    assert training["event"] == "workflow_dispatch"


def test_another_alarm_within_a_week_starts_none(drift: Drift, findings: dict[str, Any]) -> None:
    del findings
    wait_until(lambda: drift.state() == "INSUFFICIENT_DATA", "the end of the alarm")
    point = {
        "MetricName": "DriftedFeatures",
        "Dimensions": [
            {"Name": "Project", "Value": drift.project.id},
            {"Name": "Environment", "Value": "prod"},
        ],
        "Value": 1.0,
        "Unit": "Count",
    }
    drift.cloudwatch.put_metric_data(Namespace="Mlops/Drift", MetricData=[point])

    second = wait_until(lambda: drift.outcomes()[1:], "the outcome of the second alarm")
    name = drift.trainings()[0]["display_title"].removeprefix("Drift: ")
    assert [(each["decision"], each["reason"]) for each in second] == [
        ("skipped", f"the training {name} is dispatched already")
    ]
    assert len(drift.trainings()) == 1


def test_a_window_without_requests_is_no_failure(drift: Drift, findings: dict[str, Any]) -> None:
    del findings
    now = drift.move_clock(timedelta(days=1))
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    place = f"watched/{drift.project.id}/v1/{midnight:%Y-%m-%dT%H:%M:%SZ}/"

    empty = wait_until(lambda: drift.found(place), "the findings of the next run")
    assert (empty["verdict"], empty["rows"]) == ("too few rows", 0)
    assert drift.failures_of_runs() == []


def test_a_deployment_asks_for_a_training_by_its_own_alarm_and_in_no_other_way(drift: Drift) -> None:
    deployer = drift.deployer("prod")
    assert "AccessDenied" in refused(deployer.client("lambda").invoke, FunctionName=FUNCTION, Payload="{}")
    theirs = drift.alarm.replace(drift.project.id, "p-000000000000")
    alarm: dict[str, Any] = {
        "AlarmActions": [FUNCTION],
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 1,
        "MetricName": "DriftedFeatures",
        "Namespace": "Mlops/Drift",
        "Period": 3600,
        "Statistic": "Maximum",
        "Threshold": 0,
    }
    put = deployer.client("cloudwatch").put_metric_alarm
    assert "AccessDenied" in refused(put, AlarmName=theirs, **alarm)
    cloner = FUNCTION.replace(TRIGGER, "analytics-dev-template-cloner")
    assert "AccessDenied" in refused(put, AlarmName=drift.alarm, **{**alarm, "AlarmActions": [cloner]})
