"""Alarms: short periods, missing data, topics that let CloudWatch in, and permissions to change them."""

import json
import time
from typing import Any

import pytest

from sandbox.aws.cloudwatch import alarm_states
from sandbox.aws.cloudwatch.alarm_states import Rule
from tests.sandbox_aws.account import Account, Credentials, allow, document
from tests.sandbox_aws.test_aws_permissions import refusal

WITHIN_SECONDS = 30

X, OK, NONE = 5.0, 0.0, None


def state(points: list[float | None], *, missing: str, of: tuple[int, int], current: str = "before") -> str:
    """Return the state of an alarm after data points, the newest last; M of N."""
    rule = Rule(operator="GreaterThanThreshold", threshold=1.0, periods=of[1], to_alarm=of[0], missing=missing)
    return alarm_states.state(rule, points[::-1], current)


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([OK, NONE, X, NONE, X], ("OK", "OK", "OK", "OK")),
        ([OK, NONE, NONE, NONE, NONE], ("OK", "OK", "OK", "OK")),
        ([NONE, NONE, NONE, NONE, NONE], ("INSUFFICIENT_DATA", "before", "ALARM", "OK")),
        ([OK, X, X, NONE, X], ("ALARM", "ALARM", "ALARM", "ALARM")),
        ([NONE, NONE, X, NONE, NONE], ("ALARM", "before", "ALARM", "OK")),
        ([NONE, NONE, NONE, NONE, X], ("before", "before", "ALARM", "OK")),
    ],
)
def test_three_of_three_periods_decide_as_in_cloudwatchs_table(
    points: list[float | None], expected: tuple[str, ...]
) -> None:
    treatments = ("missing", "ignore", "breaching", "notBreaching")
    assert tuple(state(points, missing=treatment, of=(3, 3)) for treatment in treatments) == expected


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([OK, NONE, X, NONE, X], ("ALARM", "ALARM", "ALARM", "ALARM")),
        ([OK, OK, X, OK, X], ("ALARM", "ALARM", "ALARM", "ALARM")),
        ([OK, NONE, X, NONE, NONE], ("OK", "OK", "ALARM", "OK")),
        ([NONE, NONE, NONE, NONE, OK], ("OK", "OK", "ALARM", "OK")),
        ([NONE, NONE, NONE, X, NONE], ("ALARM", "before", "ALARM", "OK")),
    ],
)
def test_two_of_three_periods_decide_as_in_cloudwatchs_table(
    points: list[float | None], expected: tuple[str, ...]
) -> None:
    treatments = ("missing", "ignore", "breaching", "notBreaching")
    assert tuple(state(points, missing=treatment, of=(2, 3)) for treatment in treatments) == expected


def alarm(name: str, **changes: Any) -> dict[str, Any]:
    """Return an alarm on the errors of an endpoint's variant."""
    return {
        "AlarmName": name,
        "Namespace": "Test",
        "MetricName": "Errors",
        "Dimensions": [{"Name": "Variant", "Value": name}],
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    } | changes


def put(account: Account, name: str, value: float) -> None:
    """Put a data point of an alarm's metric."""
    point = {"MetricName": "Errors", "Dimensions": [{"Name": "Variant", "Value": name}], "Value": value}
    account.client("cloudwatch").put_metric_data(Namespace="Test", MetricData=[point])


def history(account: Account, name: str, kind: str) -> list[dict[str, Any]]:
    """Return the history of an alarm, the oldest entry first: no state is so short that it is missed here."""
    cloudwatch = account.client("cloudwatch")
    return cloudwatch.describe_alarm_history(AlarmName=name, HistoryItemType=kind)["AlarmHistoryItems"][::-1]


def wait_until(account: Account, name: str, *wanted: str) -> str:
    """Wait until an alarm has gone through these states and no others since its creation; return the last reason."""
    found: list[dict[str, str]] = []
    deadline = time.monotonic() + WITHIN_SECONDS
    while time.monotonic() < deadline and len(found) < len(wanted):
        time.sleep(0.05)
        updates = history(account, name, "StateUpdate")[1:]
        found = [json.loads(update["HistoryData"])["newState"] for update in updates][: len(wanted)]
    assert [state["stateValue"] for state in found] == list(wanted)
    return found[-1]["stateReason"]


def failed_action(account: Account, name: str) -> str:
    """Wait until an action of an alarm has failed; return the summary of it."""
    deadline = time.monotonic() + WITHIN_SECONDS
    while not (actions := history(account, name, "Action")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert actions[0]["HistorySummary"].startswith("Failed to execute action")
    return actions[0]["HistorySummary"]


def topic_for(account: Account, name: str, *, key: str | None = None) -> tuple[str, str]:
    """Create a topic that CloudWatch may publish to, and a queue that subscribes to it."""
    sns, sqs = account.client("sns"), account.client("sqs")
    attributes = {"KmsMasterKeyId": key} if key else {}
    topic = sns.create_topic(Name=name, Attributes=attributes)["TopicArn"]
    statement = {
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic,
        "Condition": {"StringEquals": {"aws:SourceAccount": account.number}},
    }
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document(statement))
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    deliver = {"Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": queue}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document(deliver)})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    return topic, url


def received(account: Account, queue: str, count: int) -> list[str]:
    """Wait until a topic's subscriber has so many messages; return the states that they report."""
    sqs, found = account.client("sqs"), list[str]()
    deadline = time.monotonic() + WITHIN_SECONDS
    while True:
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            found.append(json.loads(json.loads(message["Body"])["Message"])["NewStateValue"])
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        if len(found) >= count:
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def test_an_alarm_follows_its_metric_and_notifies_its_topic(dev: Account) -> None:
    topic, queue = topic_for(dev, "alarms-follows")
    cloudwatch = dev.client("cloudwatch")
    cloudwatch.put_metric_alarm(**alarm("follows", AlarmActions=[topic], OKActions=[topic]))
    reason = wait_until(dev, "follows", "OK")
    assert reason.endswith("treated as [NonBreaching].")
    described = cloudwatch.describe_alarms(AlarmNames=["follows"])["MetricAlarms"][0]
    assert (described["StateValue"], described["StateReason"]) == ("OK", reason)
    put(dev, "another", 9.0)
    put(dev, "follows", 9.0)
    assert wait_until(dev, "follows", "OK", "ALARM") == (
        "Threshold Crossed: 1 out of the last 1 datapoints [9.0] was greater than the threshold (1.0) "
        "(minimum 1 datapoint for OK -> ALARM transition)."
    )
    wait_until(dev, "follows", "OK", "ALARM", "OK")
    assert received(dev, queue, 3) == ["OK", "ALARM", "OK"]


def test_a_state_that_is_set_by_hand_lasts_until_the_next_evaluation(dev: Account) -> None:
    cloudwatch = dev.client("cloudwatch")
    cloudwatch.put_metric_alarm(**alarm("set-by-hand"))
    wait_until(dev, "set-by-hand", "OK")
    cloudwatch.set_alarm_state(AlarmName="set-by-hand", StateValue="ALARM", StateReason="a test")
    assert wait_until(dev, "set-by-hand", "OK", "ALARM") == "a test"
    wait_until(dev, "set-by-hand", "OK", "ALARM", "OK")


def test_a_topic_that_does_not_let_cloudwatch_in_gets_nothing_and_the_alarms_history_says_so(dev: Account) -> None:
    topic, queue = topic_for(dev, "alarms-closed")
    only_root = document(
        {"Principal": {"AWS": f"arn:aws:iam::{dev.number}:root"}, "Action": "sns:*", "Resource": topic}
    )
    dev.client("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=only_root)
    cloudwatch = dev.client("cloudwatch")
    cloudwatch.put_metric_alarm(**alarm("closed", OKActions=[topic]))
    wait_until(dev, "closed", "OK")
    assert f"is not authorized to perform: sns:Publish on resource: {topic}" in failed_action(dev, "closed")
    assert received(dev, queue, 0) == []


def test_a_topic_and_a_queue_that_require_tls_are_notified(dev: Account) -> None:
    topic, url = topic_for(dev, "alarms-tls")
    queues, topics = dev.client("sqs"), dev.client("sns")
    queue = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn", "Policy"])["Attributes"]
    tls = {"Effect": "Deny", "Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}

    def guarded(policy: str, action: str, resource: str) -> str:
        content = json.loads(policy)
        content["Statement"].append({**tls, "Action": action, "Resource": resource})
        return json.dumps(content)

    policy = topics.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"]
    policies = guarded(policy, "sns:Publish", topic), guarded(queue["Policy"], "sqs:SendMessage", queue["QueueArn"])
    topics.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policies[0])
    queues.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policies[1]})
    dev.client("cloudwatch").put_metric_alarm(**alarm("tls", OKActions=[topic]))
    wait_until(dev, "tls", "OK")
    assert received(dev, url, 1) == ["OK"]


def test_an_encrypted_topic_takes_a_key_that_lets_cloudwatch_in(dev: Account) -> None:
    kms = dev.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    topic, queue = topic_for(dev, "alarms-encrypted", key=key)
    cloudwatch = dev.client("cloudwatch")
    cloudwatch.put_metric_alarm(**alarm("encrypted", OKActions=[topic], AlarmActions=[topic]))
    wait_until(dev, "encrypted", "OK")
    failed_action(dev, "encrypted")
    assert received(dev, queue, 0) == []
    own = {"Principal": {"AWS": f"arn:aws:iam::{dev.number}:root"}, "Action": "kms:*", "Resource": "*"}
    service = {
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
        "Resource": "*",
    }
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=document(own, service))
    put(dev, "encrypted", 9.0)
    wait_until(dev, "encrypted", "OK", "ALARM", "OK")
    assert received(dev, queue, 2) == ["ALARM", "OK"]


def test_messages_that_wait_in_a_queue_raise_its_alarm(dev: Account) -> None:
    sqs = dev.client("sqs")
    url = sqs.create_queue(QueueName="alarms-dead-letters")["QueueUrl"]
    metric = {
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateNumberOfMessagesVisible",
        "Dimensions": [{"Name": "QueueName", "Value": "alarms-dead-letters"}],
        "Statistic": "Maximum",
        "Period": 60,
        "Threshold": 0.0,
    }
    dev.client("cloudwatch").put_metric_alarm(**alarm("dead-letters", **metric))
    wait_until(dev, "dead-letters", "OK")
    sqs.send_message(QueueUrl=url, MessageBody="lost")
    wait_until(dev, "dead-letters", "OK", "ALARM")


def test_messages_that_arrive_in_a_queue_raise_its_alarm_again_although_the_first_was_not_consumed(
    dev: Account,
) -> None:
    sqs = dev.client("sqs")
    url = sqs.create_queue(QueueName="alarms-given-up")["QueueUrl"]
    metric = {
        "Namespace": "AWS/SQS",
        "MetricName": "NumberOfMessagesSent",
        "Dimensions": [{"Name": "QueueName", "Value": "alarms-given-up"}],
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 4,
        "DatapointsToAlarm": 1,
        "Threshold": 0.0,
    }
    dev.client("cloudwatch").put_metric_alarm(**alarm("given-up", **metric))
    states: list[str] = []
    for message in ("first", "second"):
        wait_until(dev, "given-up", *states, "OK")
        sqs.send_message(QueueUrl=url, MessageBody=message)
        states += ["OK", "ALARM"]
        wait_until(dev, "given-up", *states)


def test_alarms_that_the_sandbox_cannot_evaluate_are_refused(dev: Account) -> None:
    wanted = alarm("math", Metrics=[{"Id": "m", "Expression": "a/b"}])
    code, message = refusal(dev.client("cloudwatch").put_metric_alarm, **wanted)
    assert (code, message) == ("NotEmulatedBySandbox", "the sandbox does not emulate alarms on metric math")


def test_alarms_and_dashboards_are_changed_only_by_the_names_that_a_policy_allows(dev: Account) -> None:
    names = [
        "arn:aws:cloudwatch:eu-west-1:111111111111:alarm:ours-*",
        "arn:aws:cloudwatch::111111111111:dashboard/ours",
    ]
    who = dev.assume(dev.role("alarms-ours", allow("cloudwatch:*", names)))
    cloudwatch = dev.client("cloudwatch", who)
    body = json.dumps({"widgets": []})
    dev.client("cloudwatch").put_metric_alarm(**alarm("theirs-1"))
    dev.client("cloudwatch").put_dashboard(DashboardName="theirs", DashboardBody=body)

    cloudwatch.put_metric_alarm(**alarm("ours-1"))
    cloudwatch.put_dashboard(DashboardName="ours", DashboardBody=body)
    assert cloudwatch.get_dashboard(DashboardName="ours")["DashboardBody"] == body
    assert cloudwatch.describe_alarms(AlarmNames=["ours-1"])["MetricAlarms"][0]["AlarmName"] == "ours-1"
    for call, arguments in (
        (cloudwatch.put_metric_alarm, alarm("theirs-2")),
        (cloudwatch.set_alarm_state, {"AlarmName": "theirs-1", "StateValue": "OK", "StateReason": "none"}),
        (cloudwatch.delete_alarms, {"AlarmNames": ["ours-1", "theirs-1"]}),
        (cloudwatch.describe_alarms, {"AlarmNamePrefix": "ours-"}),
        (cloudwatch.put_dashboard, {"DashboardName": "theirs", "DashboardBody": body}),
        (cloudwatch.delete_dashboards, {"DashboardNames": ["ours", "theirs"]}),
    ):
        assert refusal(call, **arguments)[0] in ("AccessDenied", "AccessDeniedException")
    cloudwatch.delete_alarms(AlarmNames=["ours-1"])
    cloudwatch.delete_dashboards(DashboardNames=["ours"])
    code, message = refusal(cloudwatch.get_dashboard, DashboardName="ours")
    assert (code, message) == ("ResourceNotFound", "Dashboard ours does not exist")


def test_names_in_a_form_are_authorized_like_those_in_json(dev: Account) -> None:
    names = "arn:aws:cloudwatch:eu-west-1:111111111111:alarm:forms-*"
    topics = {"ForAllValues:StringEquals": {"cloudwatch:AlarmActions": "arn:aws:sns:eu-west-1:111111111111:ours"}}
    who = dev.role("alarms-forms", allow("cloudwatch:D*", names), allow("cloudwatch:PutMetricAlarm", names, topics))
    cloudwatch = dev.form_client("cloudwatch", dev.assume(who))
    dev.client("cloudwatch").put_metric_alarm(**alarm("theirs-3"))

    cloudwatch.put_metric_alarm(**alarm("forms-1", AlarmActions=["arn:aws:sns:eu-west-1:111111111111:ours"]))
    assert len(cloudwatch.describe_alarms(AlarmNames=["forms-1"])["MetricAlarms"]) == 1
    for call, arguments in (
        (cloudwatch.put_metric_alarm, alarm("forms-2", AlarmActions=["arn:aws:sns:eu-west-1:111111111111:theirs"])),
        (cloudwatch.delete_alarms, {"AlarmNames": ["forms-1", "theirs-3"]}),
        (cloudwatch.describe_alarms, {"AlarmNamePrefix": "forms-"}),
    ):
        assert refusal(call, **arguments)[0] == "AccessDenied"
    cloudwatch.delete_alarms(AlarmNames=["forms-1"])


@pytest.mark.parametrize("state", ["AlarmActions", "OKActions", "InsufficientDataActions"])
def test_a_policy_judges_what_an_alarm_does_in_every_state(dev: Account, state: str) -> None:
    ours = {"ForAllValues:StringEquals": {"cloudwatch:AlarmActions": "arn:aws:sns:eu-west-1:111111111111:ours"}}
    role = dev.role(f"alarms-{state.lower()}", allow("cloudwatch:PutMetricAlarm", when=ours))
    cloudwatch = dev.client("cloudwatch", dev.assume(role))
    cloudwatch.put_metric_alarm(**alarm("states", **{state: ["arn:aws:sns:eu-west-1:111111111111:ours"]}))
    stops = alarm("states", **{state: ["arn:aws:automate:eu-west-1:ec2:stop"]})
    assert refusal(cloudwatch.put_metric_alarm, **stops)[0] in ("AccessDenied", "AccessDeniedException")


def test_an_alarm_is_described_in_xml_as_completely_as_in_json(dev: Account) -> None:
    wanted = alarm("described", AlarmDescription="a < b", Dimensions=[{"Name": "A", "Value": "1"}])
    dev.client("cloudwatch").put_metric_alarm(**wanted)
    forms = dev.form_client("cloudwatch", Credentials(dev.number))

    described = [
        {name: value for name, value in answer["MetricAlarms"][0].items() if value not in ("", [])}
        for answer in (client.describe_alarms(AlarmNames=["described"]) for client in (forms, dev.client("cloudwatch")))
    ]
    assert described[0] == described[1]
    assert wanted.items() <= described[0].items()
    code, message = refusal(forms.describe_alarms, MaxRecords=1000)
    assert (code, "MaxRecords" in message or "maxRecords" in message) == ("ValidationError", True)
