"""Drift, from shifted requests to another training: captured, compared by the schedule, told, and acted upon once.

The tests run in this order; each continues from the state that the ones before it left.
"""

import json
from typing import Any

import pytest

from tests.e2e.actors import refused
from tests.e2e.approvals import TRIGGER
from tests.e2e.sandbox import ACCOUNTS, REGION
from tests.e2e.wait import wait_until
from tests.e2e.watched.project import Watched, abalones

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

WEIGHTS = slice(4, 8)
"""Columns of the four weights of an abalone."""
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNTS['dev']}:function:{TRIGGER}"


def heavier() -> list[str]:
    """Return 300 abalones that weigh half as much again as those that the model was trained on."""
    rows = abalones()
    for row in rows:
        row[WEIGHTS] = [f"{1.5 * float(value):.4f}" for value in row[WEIGHTS]]
    return [",".join(row) for row in rows * 6]


@pytest.fixture(scope="module")
def findings(watched: Watched) -> dict[str, Any]:
    """The findings of the scheduled run in a day of shifted requests."""
    sent = heavier()
    watched.application("prod").predict(sent)
    watched.wait_until_captured(sent[0])
    return watched.findings()


def test_the_schedule_compares_the_captured_requests_with_the_rows_of_training(findings: dict[str, Any]) -> None:
    assert findings["verdict"] == "drift"
    # Those of the deployment's own test are not among them.
    assert findings["rows"] == 300
    weights = {"whole_weight", "shucked_weight", "viscera_weight", "shell_weight"}
    assert weights <= set(findings["drifted"])
    # Nobody has brought any: what keeps its folder from being empty is no truth.
    assert findings["quality"]["verdict"] == "no truth"


def test_drift_starts_one_training_of_the_project(watched: Watched, findings: dict[str, Any]) -> None:
    del findings  # It comes first.
    [training] = wait_until(watched.trainings, "a training after drift")

    [outcome] = wait_until(lambda: watched.outcomes("drift"), "the outcome of the alarm")
    assert (outcome["decision"], outcome["run_url"]) == ("dispatched", training["html_url"])
    [key] = watched.keys("dev", watched.project.id, "retraining/prod/")
    place = {"Bucket": watched.bucket("dev", watched.project.id), "Key": key}
    record = watched.root("dev", "s3").get_object(**place)["Body"].read()
    assert training["display_title"] == f"Drift: {json.loads(record)['name']}"
    assert training["event"] == "workflow_dispatch"


def test_another_alarm_within_a_week_starts_none(watched: Watched, findings: dict[str, Any]) -> None:
    del findings
    wait_until(lambda: watched.state("drift") == "INSUFFICIENT_DATA", "the end of the alarm")
    point = {"MetricName": "DriftedFeatures", "Dimensions": watched.dimensions, "Value": 1.0, "Unit": "Count"}
    watched.cloudwatch.put_metric_data(Namespace="Mlops/Drift", MetricData=[point])

    second = wait_until(lambda: watched.outcomes("drift")[1:], "the outcome of the second alarm")
    name = watched.trainings()[0]["display_title"].removeprefix("Drift: ")
    assert [(each["decision"], each["reason"]) for each in second] == [
        ("skipped", f"the training {name} is dispatched already")
    ]
    assert len(watched.trainings()) == 1


def test_a_window_without_requests_is_no_failure(watched: Watched, findings: dict[str, Any]) -> None:
    del findings
    empty = watched.findings()
    assert (empty["verdict"], empty["rows"]) == ("too few rows", 0)
    assert watched.failures_of_runs() == []


def test_a_deployment_asks_for_a_training_by_its_own_alarm_and_in_no_other_way(watched: Watched) -> None:
    deployer, own = watched.deployer("prod"), watched.alarm("drift")
    assert "AccessDenied" in refused(deployer.client("lambda").invoke, FunctionName=FUNCTION, Payload="{}")
    theirs = own.replace(watched.project.id, "p-000000000000")
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
    assert "AccessDenied" in refused(put, AlarmName=own, **{**alarm, "AlarmActions": [cloner]})
