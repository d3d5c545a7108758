"""Updates of the local AWS's endpoints: traffic shifts to a new fleet, or the old one goes on serving."""

import contextlib
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.installed import local_aws_python
from tests.sandbox_aws.account import Account, allow, trust
from tests.sandbox_aws.hosting import Hosting

REPOSITORY = Path(__file__).parents[2]

SECONDS_PER_MINUTE = 1.0
"""How long a minute of AWS's lasts in the sandbox."""

ONE, TEN = 3, 30
"""What the two models answer."""


@pytest.fixture(scope="module")
def hosting(dev: Account) -> Iterator[Hosting]:
    with Hosting.prepare(dev, "updating-test") as made:
        made.model("one", factor=1)
        made.model("ten", factor=10)
        made.model("slow", factor=1, seconds=0.2)
        made.model("failing", failing=True)
        made.model("broken", broken=True)
        for name in ("one", "ten", "slow", "failing", "broken"):
            variant = {"VariantName": "AllTraffic", "ModelName": name, "InstanceType": "ml.m5.large"}
            made.configuration(name, ProductionVariants=[{**variant, "InitialInstanceCount": 2}])
        yield made


def policy(kind: str = "ALL_AT_ONCE", *, wait: int = 0, bake: int = 0, alarms: tuple[str, ...] = ()) -> dict[str, Any]:
    """A deployment configuration."""
    percent = {"Type": "CAPACITY_PERCENT", "Value": 50}
    size = {"CANARY": {"CanarySize": percent}, "LINEAR": {"LinearStepSize": percent}}.get(kind, {})
    rollback = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name} for name in alarms]}} if alarms else {}
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {"Type": kind, "WaitIntervalInSeconds": wait, **size},
            "TerminationWaitInSeconds": bake,
        },
        **rollback,
    }


def alarm(hosting: Hosting, endpoint: str, metric: str = "Invocation5XXErrors") -> str:
    """Make an alarm on an endpoint's errors; its name."""
    name = f"{endpoint}-{metric}"
    hosting.account.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Namespace="AWS/SageMaker",
        MetricName=metric,
        Dimensions=[{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": "AllTraffic"}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
    )
    return name


def update(hosting: Hosting, endpoint: str, configuration: str, deployment: dict[str, Any] | None = None) -> None:
    """Update an endpoint."""
    extra = {"DeploymentConfig": deployment} if deployment else {}
    hosting.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=configuration, **extra)


def test_an_update_replaces_the_model_and_no_request_fails(hosting: Hosting) -> None:
    # There is always a request that the old model is still working on.
    hosting.endpoint("replaced", "slow")
    answers: list[float] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            try:
                answers.append(hosting.number("replaced"))
            except ClientError:
                answers.append(float("nan"))

    asking = [threading.Thread(target=ask) for _ in range(2)]
    for thread in asking:
        thread.start()
    update(hosting, "replaced", "ten")
    updating = hosting.sagemaker.describe_endpoint(EndpointName="replaced")
    found = hosting.settled("replaced")
    done.set()
    for thread in asking:
        thread.join()
    assert (updating["EndpointStatus"], updating["EndpointConfigName"]) == ("Updating", "slow")
    assert updating["PendingDeploymentSummary"]["EndpointConfigName"] == "ten"
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", "ten")
    assert "FailureReason" not in found
    assert set(answers) <= {ONE, TEN}
    assert answers[0] == ONE
    assert hosting.number("replaced") == TEN


def test_a_canary_gets_its_part_of_the_traffic_before_the_rest_shifts(hosting: Hosting) -> None:
    hosting.endpoint("canary", "one")
    update(hosting, "canary", "ten", policy("CANARY", wait=30, bake=30))
    baking = hosting.until("canary", lambda found: stage(found) == "Baking")
    start = time.monotonic()
    during = {hosting.number("canary") for _ in range(30)}
    assert during == {ONE, TEN}
    message = baking["PendingDeploymentSummary"]["ProductionVariants"][0]["VariantStatus"][0]["StatusMessage"]
    assert message == (
        "Baking for 30 seconds (WaitIntervalInSeconds) with traffic enabled on canary capacity of 1 instance(s)."
    )
    hosting.until("canary", lambda found: "full capacity of 2" in json.dumps(found, default=str))
    assert {hosting.number("canary") for _ in range(5)} == {TEN}
    found = hosting.settled("canary")
    assert time.monotonic() - start > 0.9 * SECONDS_PER_MINUTE
    assert found["EndpointConfigName"] == "ten"
    routing = found["LastDeploymentConfig"]["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    assert routing["Type"] == "CANARY"


def test_a_canary_that_fails_its_alarm_leaves_the_old_model_serving(hosting: Hosting) -> None:
    hosting.endpoint("alarmed", "one")
    name = alarm(hosting, "alarmed")
    update(hosting, "alarmed", "failing", policy("CANARY", wait=1200, alarms=(name,)))
    hosting.until("alarmed", lambda found: stage(found) == "Baking")
    deadline = time.monotonic() + 20
    while hosting.sagemaker.describe_endpoint(EndpointName="alarmed")["EndpointStatus"] == "Updating":
        assert time.monotonic() < deadline
        with contextlib.suppress(hosting.runtime.exceptions.ModelError):
            hosting.ask("alarmed")
    found = hosting.settled("alarmed")
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", "one")
    assert name in found["FailureReason"]
    assert "ALARM" in found["FailureReason"]
    assert "PendingDeploymentSummary" not in found
    assert {hosting.number("alarmed") for _ in range(5)} == {ONE}
    hosting.account.client("cloudwatch").delete_alarms(AlarmNames=[name])


def test_a_new_model_that_does_not_start_leaves_the_old_one_serving(hosting: Hosting) -> None:
    hosting.endpoint("unhealthy", "one")
    update(hosting, "unhealthy", "broken")
    found = hosting.settled("unhealthy")
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", "one")
    assert "did not pass the ping health check" in found["FailureReason"]
    assert hosting.number("unhealthy") == ONE
    update(hosting, "unhealthy", "ten")
    found = hosting.settled("unhealthy")
    assert found["EndpointConfigName"] == "ten"
    assert "FailureReason" not in found


def test_linear_traffic_shifts_step_by_step(hosting: Hosting) -> None:
    hosting.endpoint("linear", "one")
    update(hosting, "linear", "ten", policy("LINEAR", wait=30))
    found = hosting.until("linear", lambda found: stage(found) == "Baking")
    assert "linear step capacity of 1 instance(s)" in json.dumps(found, default=str)
    assert hosting.settled("linear")["EndpointConfigName"] == "ten"


def test_a_deployment_that_takes_too_long_is_rolled_back() -> None:
    program = """
import time
from sandbox.aws import clock
from sandbox.aws.sagemaker import deployments
from sandbox.aws.sagemaker.endpoint import Endpoint
clock.SECONDS_PER_EMULATED_MINUTE = 0.01
limited = {"BlueGreenUpdatePolicy": {"MaximumExecutionTimeoutInSeconds": 600}}
watch = deployments._Watch(Endpoint(name="slow", arn="arn", configuration_name="slow", deployment=limited))
watch.bake(590)
try:
    watch.bake(590)
except deployments.RolledBackError as rolled_back:
    print(rolled_back)
"""
    result = subprocess.run(local_aws_python("-c", program), capture_output=True, text=True, check=True, cwd=REPOSITORY)
    assert "took longer than MaximumExecutionTimeoutInSeconds (600)" in result.stdout


def test_a_deployment_that_aws_would_not_take_is_refused(hosting: Hosting) -> None:
    hosting.endpoint("strict", "one")
    quarter = {"Type": "CAPACITY_PERCENT", "Value": 75}
    routing = {"Type": "CANARY", "WaitIntervalInSeconds": 0}
    refusals: dict[str, dict[str, Any]] = {
        "alarms of AutoRollbackConfiguration do not exist: nowhere": policy(alarms=("nowhere",)),
        "CanarySize is required": {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}},
        "CanarySize must be at most 50%": {
            "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {**routing, "CanarySize": quarter}}
        },
        "LinearStepSize is only allowed": {
            "BlueGreenUpdatePolicy": {
                "TrafficRoutingConfiguration": {
                    "Type": "ALL_AT_ONCE",
                    "WaitIntervalInSeconds": 0,
                    "LinearStepSize": quarter,
                }
            }
        },
        "does not emulate rolling deployments": {
            "RollingUpdatePolicy": {"MaximumBatchSize": quarter, "WaitIntervalInSeconds": 0}
        },
    }
    for message, deployment in refusals.items():
        with pytest.raises(ClientError, match=message):
            update(hosting, "strict", "ten", deployment)
    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        update(hosting, "strict", "unknown")
    assert hosting.sagemaker.describe_endpoint(EndpointName="strict")["EndpointStatus"] == "InService"


def test_alarms_count_only_where_the_models_role_may_see_them(hosting: Hosting) -> None:
    hosting.endpoint("unseen", "one")
    blind = hosting.account.role(
        "updating-blind",
        allow("s3:GetObject", f"arn:aws:s3:::{hosting.bucket}/*"),
        trust=trust("sagemaker.amazonaws.com"),
    )
    hosting.configuration("blind", hosting.model("blind", ExecutionRoleArn=blind))
    name = alarm(hosting, "unseen")
    with pytest.raises(ClientError, match="no permission for cloudwatch:DescribeAlarms"):
        update(hosting, "unseen", "blind", policy(alarms=(name,)))
    hosting.account.client("cloudwatch").delete_alarms(AlarmNames=[name])


def test_only_one_update_runs_at_a_time(hosting: Hosting) -> None:
    hosting.endpoint("busy", "one")
    update(hosting, "busy", "ten", policy(bake=30))
    for call in (
        lambda: update(hosting, "busy", "one"),
        lambda: hosting.sagemaker.delete_endpoint(EndpointName="busy"),
        lambda: hosting.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName="busy", DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 3}]
        ),
    ):
        with pytest.raises(ClientError, match=r'Cannot update in-progress endpoint "arn:.*:endpoint/busy"'):
            call()
    hosting.settled("busy")


def test_an_endpoint_whose_configuration_was_deleted_cannot_be_updated(hosting: Hosting) -> None:
    hosting.configuration("short-lived", "one")
    hosting.endpoint("orphan", "short-lived")
    hosting.sagemaker.delete_endpoint_config(EndpointConfigName="short-lived")
    with pytest.raises(ClientError, match=r'Could not find endpoint configuration "arn:.*/short-lived"'):
        update(hosting, "orphan", "ten")
    assert hosting.number("orphan") == ONE


def test_what_an_endpoint_has_now_can_be_retained(hosting: Hosting) -> None:
    hosting.endpoint("retained", "one")
    update(hosting, "retained", "ten", policy(bake=1))
    hosting.settled("retained")
    hosting.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="retained", DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 5}]
    )
    hosting.settled("retained")
    hosting.sagemaker.update_endpoint(
        EndpointName="retained", EndpointConfigName="one", RetainAllVariantProperties=True, RetainDeploymentConfig=True
    )
    found = hosting.settled("retained")
    assert found["EndpointConfigName"] == "one"
    assert found["ProductionVariants"][0]["CurrentInstanceCount"] == 5
    assert found["LastDeploymentConfig"]["BlueGreenUpdatePolicy"]["TerminationWaitInSeconds"] == 1
    update(hosting, "retained", "ten")
    found = hosting.settled("retained")
    assert found["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    assert "LastDeploymentConfig" not in found


def test_the_event_bus_learns_of_every_state_and_stage(hosting: Hosting) -> None:
    sqs, events = hosting.account.client("sqs"), hosting.account.client("events")
    queue = sqs.create_queue(QueueName="endpoint-events")["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(
        QueueUrl=queue,
        Attributes={
            "Policy": json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "events.amazonaws.com"},
                            "Action": "sqs:SendMessage",
                            "Resource": queue_arn,
                        }
                    ],
                }
            )
        },
    )
    kinds = ["SageMaker Endpoint State Change", "SageMaker Endpoint Deployment State Change"]
    pattern = {"source": ["aws.sagemaker"], "detail-type": kinds, "detail": {"EndpointName": ["Told"]}}
    events.put_rule(Name="endpoints", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="endpoints", Targets=[{"Id": "queue", "Arn": queue_arn}])
    hosting.endpoint("Told", "one")
    update(hosting, "Told", "broken")
    hosting.settled("Told")
    received: list[tuple[str, dict[str, Any]]] = []

    def all_received() -> bool:
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            event = json.loads(message["Body"])
            received.append((event["detail-type"], event["detail"]))
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return len(received) >= 8

    hosting.eventually(all_received)
    states = [detail["EndpointStatus"] for kind, detail in received if kind == kinds[0]]
    assert states == ["CREATING", "IN_SERVICE", "UPDATING", "ROLLING_BACK", "IN_SERVICE"]
    stages = [detail for kind, detail in received if kind == kinds[1]]
    statuses = [
        item["VariantStatus"][0]
        for detail in stages
        for item in detail["PendingDeploymentSummary"]["ProductionVariants"]
    ]
    assert [(status["Status"], status["StatusMessage"]) for status in statuses] == [
        ("Creating", "Launching 2 instance(s)."),
        ("Creating", "Launching 2 instance(s)."),
        ("Deleting", "Terminating 2 instance(s)."),
    ]
    last = [detail for kind, detail in received if kind == kinds[0]][-1]
    assert "did not pass the ping health check" in last["FailureReason"]
    assert last["LastModifiedTime"] > 1e12


def stage(found: dict[str, Any]) -> str | None:
    """The status of the pending variant, if a deployment is under way."""
    variants = found.get("PendingDeploymentSummary", {}).get("ProductionVariants", [{}])
    statuses = variants[0].get("VariantStatus", [{}])
    return statuses[0].get("Status")
