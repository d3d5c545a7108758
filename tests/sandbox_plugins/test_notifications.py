"""Alarms and subscriptions in states that the local AWS cannot reach, against fake clients."""

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
    """A fake CloudWatch with one alarm."""

    def __init__(self) -> None:
        self.alarm: Values = {}

    def put_metric_alarm(self, **request: Any) -> None:
        """Store the request."""
        self.alarm = {**request, "AlarmArn": f"arn:aws:cloudwatch:{ACCOUNT}:alarm:{request['AlarmName']}"}

    def describe_alarms(self, **_: Any) -> Values:
        """Return the stored request."""
        return {"MetricAlarms": [self.alarm]}

    def list_tags_for_resource(self, **_: Any) -> Values:
        """Return no tags."""
        return {"Tags": []}


class Sns:
    """A fake SNS with one unconfirmed subscription."""

    def __init__(self) -> None:
        self.attributes: dict[str, str] = {}

    def subscribe(self, *, TopicArn: str, Protocol: str, Endpoint: str, **request: Any) -> dict[str, str]:  # noqa: N803
        """Store the request."""
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
        """Return the stored request."""
        return {"Attributes": self.attributes}

    def unsubscribe(self, **_: Any) -> None:
        """Refuse, as SNS does before the confirmation."""
        message = "Cannot unsubscribe a subscription that is pending confirmation"
        raise ClientError({"Error": {"Code": "InvalidParameter", "Message": message}}, "Unsubscribe")


class FakeAws(Aws):
    """An account with those two services."""

    def __init__(self) -> None:
        super().__init__("eu-west-1", {})
        self._services = {"cloudwatch": CloudWatch(), "sns": Sns()}

    def client(self, service: str) -> Client:
        """Return a fake client."""
        return self._services[service]


class FakeProvider(AwsProvider):
    """The provider, connected to the fakes."""

    def connect(self, configuration: Values) -> Aws:
        """Connect to the fakes."""
        return FakeAws()


@pytest.fixture
def aws() -> Iterator[Plugin]:
    """The aws plugin, connected to the fakes."""
    server, port = start(FakeProvider())
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
    created = aws.create(ALARM, inputs)
    assert aws.read(ALARM, created, inputs) == (created, inputs)
    assert aws.read(ALARM, created) is not None
    other = {**inputs, "metricQueries": [{**rate, "expression": "errors"}, *metrics]}
    assert aws.difference(ALARM, created, other).changed == ["metricQueries"]


def test_a_subscription_by_mail_is_created_and_deleted_without_its_confirmation(aws: Plugin) -> None:
    topic = f"arn:aws:sns:{ACCOUNT}:alarms"
    created = aws.create(SUBSCRIPTION, {"topic": topic, "protocol": "email", "endpoint": "ada@example.org"})
    assert (created.id, created.properties["pendingConfirmation"]) == (f"{topic}:1", True)
    aws.delete(SUBSCRIPTION, created)
