"""Truth that comes later: who brings it, how the next run measures the answers by it, and what follows where they are bad.

The tests run in this order; each continues from the state that the ones before it left.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from tests.e2e.actors import refused
from tests.e2e.prepare import TRUTH_WRITER
from tests.e2e.sandbox import ACCOUNTS, REGION, UNIT
from tests.e2e.wait import wait_until
from tests.e2e.watched.project import Watched, abalones

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

REQUESTS = 5
"""Of 50 rows each: a verdict takes 200."""
LIMIT = 6.0
"""`mse_threshold` of the training template, with which the version was registered."""


@pytest.fixture(scope="module")
def orders(watched: Watched) -> boto3.Session:
    """A system of production that asks the endpoint, and later learns how old each abalone was."""
    endpoint = f"arn:aws:sagemaker:{REGION}:{ACCOUNTS['prod']}:endpoint/{watched.name('prod')}"
    folder = f"arn:aws:s3:::{watched.bucket('prod', 'artifacts')}/captured/{watched.project.id}/truth/*"
    key = watched.root("prod", "kms").describe_key(KeyId=f"alias/{UNIT}-prod-data")["KeyMetadata"]["Arn"]
    return watched.owned_role(
        TRUTH_WRITER,
        {"Action": "sagemaker:InvokeEndpoint", "Resource": endpoint},
        {"Action": "s3:PutObject", "Resource": folder},
        {"Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": key},
    )


@pytest.fixture(scope="module")
def answers(watched: Watched, orders: boto3.Session) -> dict[str, list[float]]:
    """The answers to requests with ids, by these; all are captured."""
    runtime = orders.client("sagemaker-runtime")
    found: dict[str, list[float]] = {}
    for number in range(REQUESTS):
        answer = runtime.invoke_endpoint(
            EndpointName=watched.name("prod"),
            ContentType="text/csv",
            Accept="text/csv",
            Body="\n".join(",".join(row) for row in abalones()),
            InferenceId=f"order-{number}",
        )
        found[f"order-{number}"] = [float(line) for line in answer["Body"].read().decode().split()]
    for identity in found:
        watched.wait_until_captured(f'"{identity}"')
    return found


@pytest.fixture(scope="module")
def bring(watched: Watched, orders: boto3.Session, answers: dict[str, list[float]]) -> Callable[[str, float], None]:
    """Bring a file of truth: that every abalone had so many rings more than was answered."""

    def bring(file: str, more: float) -> None:
        lines = [",".join([key, *(str(value + more) for value in values)]) for key, values in answers.items()]
        orders.client("s3").put_object(**place(watched, file), Body="\n".join(lines).encode())

    return bring


@pytest.fixture(scope="module")
def told(watched: Watched) -> Callable[[], set[str]]:
    """Return the names of the alarms that production's topic has sent so far."""
    return watched.alarms_sent()


def place(watched: Watched, file: str) -> dict[str, str]:
    """Return where a file of truth about the project's requests lies."""
    return {"Bucket": watched.bucket("prod", "artifacts"), "Key": f"captured/{watched.project.id}/truth/{file}"}


def insufficient(watched: Watched) -> list[float]:
    """Return the least and the largest value of the metric of the verdict so far; nothing before there is one."""
    now = datetime.now(UTC)
    points = watched.cloudwatch.get_metric_statistics(
        Namespace="Mlops/Drift",
        MetricName="InsufficientQuality",
        Dimensions=watched.dimensions,
        StartTime=now - timedelta(days=2),
        EndTime=now + timedelta(days=2),
        Period=4 * 86400,
        Statistics=["Minimum", "Maximum"],
    )["Datapoints"]
    return [value for point in points for value in (point["Minimum"], point["Maximum"])]


def test_nobody_brings_truth_but_roles_that_the_settings_of_the_account_name(
    watched: Watched, orders: boto3.Session
) -> None:
    anything = watched.owned_role("not-orders", {"Action": ["s3:*", "kms:*"], "Resource": "*"})
    for session in (anything, watched.deployer("prod"), watched.lead):
        assert "AccessDenied" in refused(
            session.client("s3").put_object, **place(watched, "x.csv"), Body=b"order-0,9\n"
        )
    elsewhere = {**place(watched, ""), "Key": f"captured/{watched.project.id}/v1/x.jsonl"}
    assert "AccessDenied" in refused(orders.client("s3").put_object, **elsewhere, Body=b"{}\n")


def test_good_answers_are_measured_by_the_gate_of_their_version_and_nothing_follows(
    watched: Watched, bring: Callable[[str, float], None]
) -> None:
    bring("1.csv", 1.0)
    quality = watched.findings()["quality"]
    assert (quality["verdict"], quality["rows"]) == ("sufficient", 50 * REQUESTS)
    assert (quality["unknown"], quality["mismatched"], quality["unread"]) == (0, 0, 0)
    assert (quality["mse"], quality["limit"]) == (pytest.approx(1.0), LIMIT)
    assert wait_until(lambda: insufficient(watched), "the metric of the verdict") == [0.0, 0.0]
    assert watched.state("quality") != "ALARM"
    assert watched.outcomes("quality") == []


def test_bad_answers_are_told_and_share_the_training_of_the_week_with_drift(
    watched: Watched, bring: Callable[[str, float], None], told: Callable[[], set[str]]
) -> None:
    assert watched.alarm("quality") not in told()
    bring("2.csv", 4.0)  # The later file counts.
    quality = watched.findings()["quality"]
    assert (quality["verdict"], quality["rows"], quality["mse"]) == ("insufficient", 50 * REQUESTS, pytest.approx(16.0))
    wait_until(lambda: watched.alarm("quality") in told(), "the alarm at the topic")
    assert insufficient(watched) == [0.0, 1.0]

    [outcome] = wait_until(lambda: watched.outcomes("quality"), "the outcome of the alarm")
    [training] = wait_until(watched.trainings, "the training of the week")
    name = training["display_title"].removeprefix("Drift: ")
    assert (outcome["decision"], outcome["reason"]) == ("skipped", f"the training {name} is dispatched already")
