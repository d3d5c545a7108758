"""Metrics in logs: events in the embedded metric format become data points, and malformed ones do not.

Source: Amazon CloudWatch User Guide, "Specification: Embedded metric format".
"""

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.aws.cloudwatch import embedded_format
from sandbox.aws.cloudwatch.embedded_format import MalformedError
from tests.sandbox_aws.account import Account

GROUP = "/embedded/metrics"
DIMENSIONS = {"Project": "p-1", "Environment": "preprod"}


def line(name: str, value: Any = 0.25, *, directive: Mapping[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """Return an event with one metric."""
    metrics = {
        "Namespace": "Test/Embedded",
        "Dimensions": [list(DIMENSIONS)],
        "Metrics": [{"Name": name, "Unit": "None"}],
        **(directive or {}),
    }
    metadata = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [metrics]}
    return {"_aws": metadata, **DIMENSIONS, name: value, "note": "not a metric", **changes}


@pytest.fixture(scope="module")
def group(dev: Account) -> str:
    logs = dev.client("logs")
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="stream")
    return GROUP


def put(account: Account, *messages: Any, group: str = GROUP) -> None:
    """Put events into the log, in one request."""
    texts = [message if isinstance(message, str) else json.dumps(message) for message in messages]
    events = [{"timestamp": int(time.time() * 1000), "message": text} for text in texts]
    account.client("logs").put_log_events(logGroupName=group, logStreamName="stream", logEvents=events)


def total(
    account: Account, name: str, dimensions: Mapping[str, str] = DIMENSIONS, namespace: str = "Test/Embedded"
) -> tuple[float, float]:
    """Return the number and the sum of a metric's values."""
    answer = account.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=datetime.now(UTC) - timedelta(days=30),
        EndTime=datetime.now(UTC) + timedelta(days=1),
        Period=86400 * 40,
        Statistics=["SampleCount", "Sum"],
    )
    points = answer["Datapoints"]
    return sum(point["SampleCount"] for point in points), sum(point["Sum"] for point in points)


def test_an_event_in_the_format_is_a_data_point_for_each_set_of_dimensions(dev: Account, group: str) -> None:
    sets = [["Project"], ["Project", "Environment"]]
    put(dev, "plain text", line("Psi", directive={"Dimensions": sets}), json.dumps({"level": "info"}))
    for dimensions in ({"Project": "p-1"}, DIMENSIONS):
        assert total(dev, "Psi", dimensions) == (1, 0.25)
    put(dev, line("Alone", directive={"Dimensions": [list[str]()]}))
    assert total(dev, "Alone", dict[str, str]()) == (1, 0.25)
    assert total(dev, "note") == (0, 0)
    assert total(dev, "EMFValidationErrors", {"LogGroupName": group}, "AWS/Logs") == (0, 0)


def test_a_metric_may_have_several_values_and_an_earlier_time(dev: Account, group: str) -> None:
    event = line("Several", [1, 2, 3.5])
    event["_aws"]["Timestamp"] -= 13 * 86400 * 1000
    put(dev, event)
    assert total(dev, "Several") == (3, 6.5)


WRONG: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ({"Timestamp": None}, {}, {}),
    ({"Timestamp": "1700000000000"}, {}, {}),
    ({"Timestamp": 1_700_000_000_000 - 15 * 86400 * 1000}, {}, {}),
    ({"Timestamp": 1_700_000_000_000 + 3 * 3600 * 1000}, {}, {}),
    ({"CloudWatchMetrics": None}, {}, {}),
    ({}, {"Namespace": None}, {}),
    ({}, {"Namespace": "AWS/SageMaker"}, {}),
    ({}, {"Dimensions": []}, {}),
    ({}, {"Dimensions": ["Project"]}, {}),
    ({}, {"Dimensions": [["Missing"]]}, {}),
    ({}, {"Dimensions": [[f"d{number}" for number in range(31)]]}, {f"d{number}": "x" for number in range(31)}),
    ({}, {"Metrics": [{"Name": "Missing"}]}, {}),
    ({}, {"Metrics": [{"Unit": "None"}]}, {}),
    ({}, {"Metrics": [{"Name": "Psi", "Unit": "Parsecs"}]}, {}),
    ({}, {"Metrics": [{"Name": "Psi", "StorageResolution": 5}]}, {}),
    ({}, {"Metrics": [{"Name": "Psi"}] * 101}, {}),
    ({}, {}, {"Psi": "0.25"}),
    ({}, {}, {"Psi": True}),
    ({}, {}, {"Psi": []}),
    ({}, {}, {"Psi": [1, "2"]}),
    ({}, {}, {"Psi": [1] * 101}),
    ({}, {}, {"Psi": 1e200}),
    ({}, {}, {"Project": 7}),
    ({}, {}, {"Project": ""}),
]
"""Changes of the metadata, of the directive and of the event itself that break a rule of the specification."""


@pytest.mark.parametrize(("metadata", "directive", "members"), WRONG)
def test_an_event_that_breaks_a_rule_is_malformed(
    metadata: dict[str, Any], directive: dict[str, Any], members: dict[str, Any]
) -> None:
    event = line("Psi", directive=directive, **members)
    event["_aws"] |= {"Timestamp": 1_700_000_000_000, **metadata}
    with pytest.raises(MalformedError):
        list(embedded_format.metrics(event, 1_700_000_000.0))


def test_a_malformed_event_is_no_data_point_and_is_counted(dev: Account, group: str) -> None:
    put(dev, line("Wrong", "0.25"))
    assert total(dev, "Wrong") == (0, 0)
    assert total(dev, "EMFValidationErrors", {"LogGroupName": group}, "AWS/Logs") == (1, 1)


def test_a_text_that_is_no_json_object_is_only_a_line() -> None:
    text = json.dumps(line("Text"))
    assert embedded_format.document(text) is not None
    for other in (f"INFO {text}", text[:-1], text.replace("0.25", "NaN"), f"[{text}]", "{}", ""):
        assert embedded_format.document(other) is None


def test_a_group_for_infrequent_access_yields_no_metrics(dev: Account) -> None:
    logs = dev.client("logs")
    logs.create_log_group(logGroupName="/embedded/rare", logGroupClass="INFREQUENT_ACCESS")
    logs.create_log_stream(logGroupName="/embedded/rare", logStreamName="stream")
    put(dev, line("Rare"), group="/embedded/rare")
    assert total(dev, "Rare") == (0, 0)
