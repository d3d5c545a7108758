"""Alarms that invoke functions, also of another account, as far as the function's policy lets them in.

Source: Amazon CloudWatch User Guide, "Invoke a Lambda function from an alarm".
"""

import json
import re
from typing import Any

import pytest

from tests.sandbox_aws.account import Account
from tests.sandbox_aws.test_aws_alarms import alarm, failed_action, history, put, wait_until
from tests.sandbox_aws.test_aws_events import Wiring

PLACE = "arn:aws:cloudwatch:eu-west-1"
MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000"


@pytest.fixture(scope="module")
def wiring(dev: Account) -> Wiring:
    """A function of the development account that forwards its events to a queue."""
    made = Wiring(dev, "alarm-functions")
    made.warm_up()
    return made


def let_in(wiring: Wiring, statement: str, **who: str) -> None:
    """Let alarms invoke the function."""
    request = {"FunctionName": wiring.name, "StatementId": statement, "Action": "lambda:InvokeFunction"}
    principal = {"Principal": "lambda.alarms.cloudwatch.amazonaws.com"}
    wiring.account.client("lambda").add_permission(**request, **{**principal, **who})


def event(wiring: Wiring) -> dict[str, Any]:
    """Wait for the next event of the function."""
    return json.loads(wiring.take(wiring.arrived)["Body"])


@pytest.mark.parametrize("account", ["dev", "prod"])
def test_an_alarm_invokes_a_function_of_its_own_or_another_account_for_each_change_of_state(
    wiring: Wiring, account: str, request: pytest.FixtureRequest
) -> None:
    owner: Account = request.getfixturevalue(account)
    name = f"invokes-{account}"
    let_in(wiring, account, SourceAccount=owner.number, SourceArn=f"{PLACE}:{owner.number}:alarm:invokes-*")
    actions = {"AlarmActions": [wiring.function], "OKActions": [wiring.function]}
    owner.client("cloudwatch").put_metric_alarm(**alarm(name, AlarmDescription="Drift", Unit="Count", **actions))
    wait_until(owner, name, "OK")
    first = event(wiring)
    assert first["alarmData"]["previousState"]["value"] == "INSUFFICIENT_DATA"

    point = {"MetricName": "Errors", "Dimensions": [{"Name": "Variant", "Value": name}], "Value": 9.0, "Unit": "Count"}
    owner.client("cloudwatch").put_metric_data(Namespace="Test", MetricData=[point])
    reason = wait_until(owner, name, "OK", "ALARM")
    found = event(wiring)
    data = found.pop("alarmData")
    moment = found.pop("time")
    assert re.fullmatch(MOMENT, moment)
    assert found == {
        "source": "aws.cloudwatch",
        "alarmArn": f"{PLACE}:{owner.number}:alarm:{name}",
        "accountId": owner.number,
        "region": "eu-west-1",
    }
    state = data["state"]
    assert (state["value"], state["reason"], state["timestamp"]) == ("ALARM", reason, moment)
    assert json.loads(state["reasonData"])["recentDatapoints"] == [9.0]
    assert data["previousState"] == first["alarmData"]["state"]
    metric = {"namespace": "Test", "name": "Errors", "dimensions": {"Variant": name}}
    statistic = {"metric": metric, "period": 60, "stat": "Sum", "unit": "Count"}
    assert data["configuration"] == {
        "description": "Drift",
        "metrics": [{"id": data["configuration"]["metrics"][0]["id"], "metricStat": statistic, "returnData": True}],
    }
    owner.client("cloudwatch").delete_alarms(AlarmNames=[name])


@pytest.mark.parametrize(
    ("name", "who"),
    [
        ("nobody", {}),
        ("topics", {"Principal": "cloudwatch.amazonaws.com", "SourceAccount": "333333333333"}),
        ("account", {"SourceAccount": "111111111111"}),
        ("another", {"SourceAccount": "333333333333", "SourceArn": f"{PLACE}:333333333333:alarm:other"}),
    ],
)
def test_a_function_that_does_not_let_the_alarm_in_is_not_invoked(
    prod: Account, wiring: Wiring, name: str, who: dict[str, str]
) -> None:
    if who:
        let_in(wiring, name, **who)
    prod.client("cloudwatch").put_metric_alarm(**alarm(f"refused-{name}", OKActions=[wiring.function]))
    wait_until(prod, f"refused-{name}", "OK")
    summary = failed_action(prod, f"refused-{name}")
    assert f"is not authorized to perform: lambda:InvokeFunction on the resource: {wiring.function}" in summary
    assert wiring.take(wiring.arrived, seconds=0.2) is None
    prod.client("cloudwatch").delete_alarms(AlarmNames=[f"refused-{name}"])


def test_a_function_that_does_not_exist_is_told_in_the_alarms_history(dev: Account) -> None:
    missing = f"arn:aws:lambda:eu-west-1:{dev.number}:function:missing"
    dev.client("cloudwatch").put_metric_alarm(**alarm("missing-function", OKActions=[missing]))
    wait_until(dev, "missing-function", "OK")
    assert f"Function not found: {missing}" in failed_action(dev, "missing-function")


def test_an_alarm_that_goes_on_does_nothing_and_one_without_data_in_between_acts_again(
    dev: Account, wiring: Wiring
) -> None:
    let_in(wiring, "again", SourceAccount=dev.number, SourceArn=f"{PLACE}:{dev.number}:alarm:again")
    settings = alarm("again", AlarmActions=[wiring.function], TreatMissingData="missing", Period=300)
    dev.client("cloudwatch").put_metric_alarm(**settings)
    for number in (1, 2):
        put(dev, "again", 9.0)
        wait_until(dev, "again", *["ALARM", "INSUFFICIENT_DATA"] * number)
    assert [event(wiring)["alarmData"]["state"]["value"] for _ in range(2)] == ["ALARM", "ALARM"]
    assert wiring.take(wiring.arrived, seconds=0.2) is None
    assert len(history(dev, "again", "Action")) == 2
