"""Updates of the local AWS's endpoints: traffic shifts to a new fleet, or the old one goes on serving."""

import contextlib
import json
import subprocess
import threading
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.installed import local_aws_python
from tests.sandbox_aws.account import MINUTE, Account, allow, document, trust
from tests.sandbox_aws.hosting import Hosting

REPOSITORY = Path(__file__).parents[2]

ONE, TEN = 3, 30
"""The answers of the two models."""


@pytest.fixture(scope="module")
def hosting(dev: Account) -> Iterator[Hosting]:
    with Hosting.prepare(dev, "updating-test") as made:
        made.model("one", trained={"factor": 1})
        made.model("ten", trained={"factor": 10})
        made.model("slow", trained={"seconds": 0.2})
        made.model("failing", trained={"status": 500})
        made.model("broken", trained={"broken": True})
        for name in ("one", "ten", "slow", "failing", "broken"):
            variant = {"VariantName": "AllTraffic", "ModelName": name, "InstanceType": "ml.m5.large"}
            made.configuration(name, ProductionVariants=[{**variant, "InitialInstanceCount": 2}])
        yield made


@pytest.fixture(scope="module")
def steady(hosting: Hosting) -> str:
    """An endpoint that serves the model `one` before and after each test that uses it."""
    hosting.endpoint("steady", "one")
    return "steady"


def policy(kind: str = "ALL_AT_ONCE", *, wait: int = 0, bake: int = 0, alarms: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return a deployment configuration."""
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


def alarm(hosting: Hosting, endpoint: str, missing: str = "notBreaching") -> str:
    """Create an alarm on an endpoint's errors; return its name."""
    name = f"{endpoint}-Invocation5XXErrors"
    hosting.account.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Dimensions=[{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": "AllTraffic"}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData=missing,
    )
    return name


@contextlib.contextmanager
def interrupted(hosting: Hosting, endpoint: str, configuration: str, deployment: dict[str, Any]) -> Generator[None]:
    """Update an endpoint, and roll the update back at the end, however long it would still have baked."""
    # An alarm without data: its state changes by hand only.
    name = alarm(hosting, f"{endpoint}-interrupted", missing="ignore")
    cloudwatch = hosting.account.client("cloudwatch")
    watched = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name}]}}
    update(hosting, endpoint, configuration, deployment | watched)
    try:
        yield
    finally:
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="the test is over")
    assert name in hosting.settled(endpoint)["FailureReason"]
    cloudwatch.delete_alarms(AlarmNames=[name])


class Events:
    """The events of an endpoint on the account's bus."""

    STATE, STAGE = "SageMaker Endpoint State Change", "SageMaker Endpoint Deployment State Change"

    def __init__(self, hosting: Hosting, endpoint: str) -> None:
        self._hosting = hosting
        self._sqs = hosting.account.client("sqs")
        events = hosting.account.client("events")
        name = f"{endpoint}-events"
        self._queue = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])["Attributes"]
        arn = attributes["QueueArn"]
        may_send = {"Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}
        self._sqs.set_queue_attributes(QueueUrl=self._queue, Attributes={"Policy": document(may_send)})
        detail = {"EndpointName": [endpoint]}
        pattern = {"source": ["aws.sagemaker"], "detail-type": [self.STATE, self.STAGE], "detail": detail}
        events.put_rule(Name=name, EventPattern=json.dumps(pattern))
        events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
        self._received: list[tuple[str, dict[str, Any]]] = []

    def until_in_service(self, times: int) -> None:
        """Receive events until the endpoint was in service so many times."""

        def is_there() -> bool:
            for message in self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages", []):
                event = json.loads(message["Body"])
                self._received.append((event["detail-type"], event["detail"]))
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
            return [state["EndpointStatus"] for state in self.states].count("IN_SERVICE") >= times

        self._hosting.wait_for(is_there)

    @property
    def states(self) -> list[dict[str, Any]]:
        """Descriptions of the endpoint after each change of its state."""
        return [detail for kind, detail in self._received if kind == self.STATE]

    @property
    def stages(self) -> list[dict[str, Any]]:
        """Status of the pending variants after each change; times are in milliseconds."""
        return [
            item["VariantStatus"][0]
            for kind, detail in self._received
            if kind == self.STAGE
            for item in detail["PendingDeploymentSummary"]["ProductionVariants"]
        ]


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


@pytest.mark.parametrize(
    ("wait", "bake", "message", "answers"),
    [
        (
            3600,
            0,
            "Baking for 3600 seconds (WaitIntervalInSeconds) with traffic enabled on canary capacity of 1 instance(s).",
            {ONE, TEN},
        ),
        (
            0,
            3600,
            "Baking for 3600 seconds (TerminationWaitInSeconds) with traffic enabled on full capacity of 2 instance(s).",
            {TEN},
        ),
    ],
    ids=["part", "all"],
)
def test_a_canary_gets_its_share_of_the_traffic_before_it_gets_all(
    hosting: Hosting, steady: str, wait: int, bake: int, message: str, answers: set[float]
) -> None:
    with interrupted(hosting, steady, "ten", policy("CANARY", wait=wait, bake=bake)):
        hosting.wait_until(steady, lambda found: stage(found) == ("Baking", message))
        assert {hosting.number(steady) for _ in range(30)} == answers


def test_a_canary_bakes_as_long_as_its_policy_says(hosting: Hosting) -> None:
    events = Events(hosting, "canary")
    hosting.endpoint("canary", "one")
    update(hosting, "canary", "ten", policy("CANARY", wait=30, bake=30))
    found = hosting.settled("canary")
    assert found["EndpointConfigName"] == "ten"
    routing = found["LastDeploymentConfig"]["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    assert routing["Type"] == "CANARY"
    assert {hosting.number("canary") for _ in range(5)} == {TEN}
    events.until_in_service(2)
    assert [status["Status"] for status in events.stages] == [
        *("Creating", "Creating"),
        *("ActivatingTraffic", "Baking"),
        *("ActivatingTraffic", "Baking"),
    ]
    _, _, _, canary, shifting, full = (status["StartTime"] for status in events.stages)
    half_a_minute = 0.5 * MINUTE * 1000
    assert shifting - canary >= half_a_minute - 1
    assert events.states[-1]["LastModifiedTime"] - full >= half_a_minute - 1


def test_a_canary_that_fails_its_alarm_leaves_the_old_model_serving(hosting: Hosting) -> None:
    hosting.endpoint("alarmed", "one")
    name = alarm(hosting, "alarmed")
    update(hosting, "alarmed", "failing", policy("CANARY", wait=3600, alarms=(name,)))
    hosting.wait_until("alarmed", lambda found: stage(found)[0] == "Baking")
    deadline = time.monotonic() + 20
    while hosting.sagemaker.describe_endpoint(EndpointName="alarmed")["EndpointStatus"] == "Updating":
        assert time.monotonic() < deadline
        with contextlib.suppress(hosting.runtime.exceptions.ModelError):
            hosting.invoke("alarmed")
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
    events = Events(hosting, "linear")
    hosting.endpoint("linear", "one")
    update(hosting, "linear", "ten", policy("LINEAR", wait=30))
    assert hosting.settled("linear")["EndpointConfigName"] == "ten"
    events.until_in_service(2)
    step, full = (status["StatusMessage"] for status in events.stages if status["Status"] == "Baking")
    assert "linear step capacity of 1 instance(s)" in step
    assert "full capacity of 2 instance(s)" in full


def test_a_deployment_that_takes_too_long_is_rolled_back() -> None:
    program = """
import time
from sandbox.aws import clock
from sandbox.aws.sagemaker.hosting import deployments
from sandbox.aws.sagemaker.hosting.endpoint import Endpoint
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


def test_a_deployment_that_aws_would_refuse_is_refused(hosting: Hosting, steady: str) -> None:
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
            update(hosting, steady, "ten", deployment)
    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        update(hosting, steady, "unknown")
    assert hosting.sagemaker.describe_endpoint(EndpointName=steady)["EndpointStatus"] == "InService"


def test_alarms_are_accepted_only_if_the_models_role_may_describe_them(hosting: Hosting, steady: str) -> None:
    blind = hosting.account.role(
        "updating-blind",
        allow("s3:GetObject", f"arn:aws:s3:::{hosting.bucket}/*"),
        trust=trust("sagemaker.amazonaws.com"),
    )
    hosting.configuration("blind", hosting.model("blind", ExecutionRoleArn=blind))
    name = alarm(hosting, steady)
    with pytest.raises(ClientError, match="no permission for cloudwatch:DescribeAlarms"):
        update(hosting, steady, "blind", policy(alarms=(name,)))
    hosting.account.client("cloudwatch").delete_alarms(AlarmNames=[name])


def test_only_one_update_runs_at_a_time(hosting: Hosting, steady: str) -> None:
    with interrupted(hosting, steady, "ten", policy(bake=3600)):
        for call in (
            lambda: update(hosting, steady, "one"),
            lambda: hosting.sagemaker.delete_endpoint(EndpointName=steady),
            lambda: hosting.sagemaker.update_endpoint_weights_and_capacities(
                EndpointName=steady,
                DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 3}],
            ),
        ):
            with pytest.raises(ClientError, match=r'Cannot update in-progress endpoint "arn:.*:endpoint/steady"'):
                call()


def test_an_endpoint_whose_configuration_was_deleted_cannot_be_updated(hosting: Hosting) -> None:
    hosting.configuration("short-lived", "one")
    hosting.endpoint("orphan", "short-lived")
    hosting.sagemaker.delete_endpoint_config(EndpointConfigName="short-lived")
    with pytest.raises(ClientError, match=r'Could not find endpoint configuration "arn:.*/short-lived"'):
        update(hosting, "orphan", "ten")
    assert hosting.number("orphan") == ONE


def test_properties_of_an_endpoint_can_be_retained(hosting: Hosting) -> None:
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


def test_every_state_and_stage_is_an_event(hosting: Hosting) -> None:
    events = Events(hosting, "Told")
    hosting.endpoint("Told", "one")
    update(hosting, "Told", "broken")
    hosting.settled("Told")
    events.until_in_service(2)
    states = [state["EndpointStatus"] for state in events.states]
    assert states == ["CREATING", "IN_SERVICE", "UPDATING", "ROLLING_BACK", "IN_SERVICE"]
    assert [(status["Status"], status["StatusMessage"]) for status in events.stages] == [
        ("Creating", "Launching 2 instance(s)."),
        ("Creating", "Launching 2 instance(s)."),
        ("Deleting", "Terminating 2 instance(s)."),
    ]
    last = events.states[-1]
    assert "did not pass the ping health check" in last["FailureReason"]
    assert last["LastModifiedTime"] > 1e12


def stage(found: dict[str, Any]) -> tuple[str | None, str | None]:
    """Return the status of the pending variant and its message, if a deployment is under way."""
    variants = found.get("PendingDeploymentSummary", {}).get("ProductionVariants", [{}])
    statuses = variants[0].get("VariantStatus", [{}])
    return statuses[0].get("Status"), statuses[0].get("StatusMessage")
