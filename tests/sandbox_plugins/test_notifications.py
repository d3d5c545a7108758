"""Alarms and subscriptions in states that a person or a metric brings about, before clients that only remember."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.plugins.aws.cloud import Aws, Client
from sandbox.plugins.aws.provider import AwsProvider
from sandbox.plugins.properties import Values
from sandbox.plugins.server import start
from tests.sandbox_plugins.plugin import Plugin

ACCOUNT = "eu-west-1:111111111111"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"


class CloudWatch:
    """Remembers one alarm."""

    def __init__(self) -> None:
        self.alarm: Values = {}

    def put_metric_alarm(self, **request: Any) -> None:
        """Remember it."""
        self.alarm = {**request, "AlarmArn": f"arn:aws:cloudwatch:{ACCOUNT}:alarm:{request['AlarmName']}"}

    def describe_alarms(self, **_: Any) -> Values:
        """Tell it."""
        return {"MetricAlarms": [self.alarm]}

    def list_tags_for_resource(self, **_: Any) -> Values:
        """Tell of no tags."""
        return {"Tags": []}


class Sns:
    """Remembers one subscription, which nobody has confirmed."""

    def __init__(self) -> None:
        self.attributes: dict[str, str] = {}

    def subscribe(self, *, TopicArn: str, Protocol: str, Endpoint: str, **request: Any) -> dict[str, str]:  # noqa: N803
        """Remember it."""
        assert request["ReturnSubscriptionArn"]
        arn = f"{TopicArn}:1"
        self.attributes = {
            "SubscriptionArn": arn,
            "TopicArn": TopicArn,
            "Protocol": Protocol,
            "Endpoint": Endpoint,
            "PendingConfirmation": "true",
        }
        return {"SubscriptionArn": arn}

    def get_subscription_attributes(self, **_: Any) -> Values:
        """Tell it."""
        return {"Attributes": self.attributes}

    def unsubscribe(self, **_: Any) -> None:
        """Refuse to."""
        message = "Cannot unsubscribe a subscription that is pending confirmation"
        raise ClientError({"Error": {"Code": "InvalidParameter", "Message": message}}, "Unsubscribe")


class RememberingAws(Aws):
    """An account of those two services."""

    def __init__(self) -> None:
        super().__init__("eu-west-1", {})
        self._services = {"cloudwatch": CloudWatch(), "sns": Sns()}

    def client(self, service: str) -> Client:
        """Return what remembers."""
        return self._services[service]


class RememberingProvider(AwsProvider):
    """The provider, at work there."""

    def connect(self, configuration: Values) -> Aws:
        """Reach it."""
        return RememberingAws()


@pytest.fixture
def aws() -> Iterator[Plugin]:
    """The aws plugin."""
    server, port = start(RememberingProvider())
    plugin = Plugin(port)
    plugin.configure()
    yield plugin
    plugin.close()
    server.stop(None).wait()


def test_an_alarm_may_watch_an_expression(aws: Plugin) -> None:
    metric = {"namespace": "AWS/SageMaker", "metricName": "Invocations", "period": 60, "stat": "Sum"}
    metrics = [
        {"id": "calls", "metric": {**metric, "dimensions": {"EndpointName": "a"}}},
        {"id": "errors", "metric": {**metric, "metricName": "Invocation5XXErrors"}},
    ]
    rate = {"id": "rate", "expression": "errors / calls", "returnData": True}
    inputs = {
        "name": "probe",
        "comparisonOperator": "GreaterThanThreshold",
        "evaluationPeriods": 1,
        "threshold": 0.1,
        "metricQueries": [rate, *metrics],
    }
    made = aws.create(ALARM, inputs)
    assert aws.read(ALARM, made, inputs) == (made, inputs)
    assert aws.read(ALARM, made) is not None
    other = {**inputs, "metricQueries": [{**rate, "expression": "errors"}, *metrics]}
    assert aws.difference(ALARM, made, other).changed == ["metricQueries"]


def test_a_subscription_by_mail_is_made_before_its_reader_confirms_and_ends_without_it(aws: Plugin) -> None:
    topic = f"arn:aws:sns:{ACCOUNT}:alarms"
    made = aws.create(SUBSCRIPTION, {"topic": topic, "protocol": "email", "endpoint": "ada@example.org"})
    assert (made.id, made.properties["pendingConfirmation"]) == (f"{topic}:1", True)
    aws.delete(SUBSCRIPTION, made)
