"""Alarms: one topic of each environment, which only its alarms reach, and the people who are told."""

from tests.rendering import Rendering, render_stack


def test_every_environment_has_one_topic_for_its_alarms_encrypted_with_a_key_of_its_own(stack: Rendering) -> None:
    topic = stack.one("sns/topic:Topic")
    prefix = stack.one("Vpc").inputs["tags"]["Name"]
    assert topic.inputs["name"] == f"{prefix}-alarms"
    assert topic.inputs["kmsMasterKeyId"].endswith(":key/encryption-notifications-key")
    assert stack.one("ssm/parameter:Parameter", "parameters-notifications/alarms-topic-arn").inputs["value"] == (
        f"arn:aws:sns:eu-west-1:{stack.account_id}:{prefix}-alarms"
    )


def test_only_the_environment_s_alarms_publish_and_only_with_tls(stack: Rendering) -> None:
    prefix = stack.one("Vpc").inputs["tags"]["Name"]
    statements = stack.one("TopicPolicy").statements()
    topic = [f"arn:aws:sns:eu-west-1:{stack.account_id}:{prefix}-alarms"]
    assert set(statements) == {"PublishAlarms", "TlsOnly"}
    publish, tls = statements["PublishAlarms"], statements["TlsOnly"]
    assert (publish["Effect"], publish["Action"], publish["Resource"]) == ("Allow", ["sns:Publish"], topic)
    assert publish["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert publish["Condition"] == {
        "StringEquals": {"aws:SourceAccount": stack.account_id},
        "ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:eu-west-1:{stack.account_id}:alarm:{prefix}-*"},
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
