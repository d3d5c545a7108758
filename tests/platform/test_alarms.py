"""Alarms: one topic of each environment, which only its alarms and budget reach, and the people who are told."""

import pytest

from tests.rendering import Rendering, Renderings, render_stack


def test_every_environment_has_one_topic_for_its_alarms_encrypted_with_a_key_of_its_own(stack: Rendering) -> None:
    topic = stack.one("sns/topic:Topic")
    prefix = stack.one("Vpc").inputs["tags"]["Name"]
    assert topic.inputs["name"] == f"{prefix}-alarms"
    assert topic.inputs["kmsMasterKeyId"].endswith(":key/encryption-notifications-key")
    assert stack.one("ssm/parameter:Parameter", "parameters-notifications/alarms-topic-arn").inputs["value"] == (
        f"arn:aws:sns:eu-west-1:{stack.account_id}:{prefix}-alarms"
    )


def test_only_the_environment_s_alarms_and_budgets_publish_and_only_with_tls(stack: Rendering) -> None:
    prefix = stack.one("Vpc").inputs["tags"]["Name"]
    statements = stack.one("TopicPolicy").statements()
    topic = [f"arn:aws:sns:eu-west-1:{stack.account_id}:{prefix}-alarms"]
    assert set(statements) == {"PublishAlarms", "PublishBudgetAlerts", "TlsOnly"}
    publish, tls = statements["PublishAlarms"], statements["TlsOnly"]
    assert (publish["Effect"], publish["Action"], publish["Resource"]) == ("Allow", ["sns:Publish"], topic)
    assert publish["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert publish["Condition"] == {
        "StringEquals": {"aws:SourceAccount": stack.account_id},
        "ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:eu-west-1:{stack.account_id}:alarm:{prefix}-*"},
    }
    budget = statements["PublishBudgetAlerts"]
    assert (budget["Effect"], budget["Action"], budget["Resource"]) == ("Allow", ["sns:Publish"], topic)
    assert budget["Principal"] == {"Service": "budgets.amazonaws.com"}
    assert budget["Condition"] == {
        "StringEquals": {"aws:SourceAccount": stack.account_id},
        "ArnLike": {"aws:SourceArn": f"arn:aws:budgets::{stack.account_id}:*"},
    }
    assert (tls["Effect"], tls["Principal"], tls["Action"], tls["Resource"]) == ("Deny", "*", ["sns:Publish"], topic)
    assert tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_every_alarm_reports_to_the_topic(stack: Rendering) -> None:
    topic = f"arn:aws:sns:eu-west-1:{stack.account_id}:{stack.one('sns/topic:Topic').inputs['name']}"
    for alarm in stack.all("MetricAlarm"):
        assert alarm.inputs["alarmActions"] == [topic], alarm.name
        assert alarm.inputs["name"].startswith(topic.rpartition(":")[2].removesuffix("alarms")), alarm.name


def test_the_settings_name_the_recipients_of_alarms() -> None:
    rendering = render_stack("prod", {"alarms": {"emails": ["hedy@example.com", "grace@example.com"]}})
    protocols = {each.inputs["endpoint"]: each.inputs["protocol"] for each in rendering.all("TopicSubscription")}
    assert protocols == {"hedy@example.com": "email", "grace@example.com": "email"}


def test_without_addresses_nobody_is_subscribed(stack: Rendering) -> None:
    assert stack.all("TopicSubscription") == []


def test_the_topic_is_notified_at_50_80_and_100_percent_of_the_budget_spent_and_forecast(stack: Rendering) -> None:
    budget = stack.one("budgets/budget:Budget").inputs
    prefix = stack.one("Vpc").inputs["tags"]["Name"]
    assert budget["name"] == f"{prefix}-month"
    assert (budget["budgetType"], budget["timeUnit"], budget["limitUnit"]) == ("COST", "MONTHLY", "USD")
    assert sorted((each["notificationType"], each["threshold"]) for each in budget["notifications"]) == [
        *(("ACTUAL", 50), ("ACTUAL", 80), ("ACTUAL", 100)),
        *(("FORECASTED", 50), ("FORECASTED", 80), ("FORECASTED", 100)),
    ]
    topic = f"arn:aws:sns:eu-west-1:{stack.account_id}:{prefix}-alarms"
    for each in budget["notifications"]:
        assert (each["comparisonOperator"], each["thresholdType"]) == ("GREATER_THAN", "PERCENTAGE")
        assert each["subscriberSnsTopicArns"] == [topic]


@pytest.mark.parametrize(("name", "amount"), [("dev", "250"), ("preprod", "150"), ("prod", "300")])
def test_the_budget_is_the_one_in_the_settings(name: str, amount: str, rendered: Renderings) -> None:
    assert rendered(name).one("budgets/budget:Budget").inputs["limitAmount"] == amount


def test_without_a_budget_in_the_settings_there_is_none_and_nobody_publishes_alerts(rendered: Renderings) -> None:
    rendering = rendered("preprod", {"costs": {}})
    assert rendering.all("budgets/budget:Budget") == []
    assert set(rendering.one("TopicPolicy").statements()) == {"PublishAlarms", "TlsOnly"}
    assert "EncryptBudgetAlerts" not in rendering.one("Key", "encryption-notifications-key").statements()
