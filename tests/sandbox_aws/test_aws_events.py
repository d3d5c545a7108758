"""Events: targets of rules, undeliverable events, schedules, and faults on demand."""

import contextlib
import io
import json
import time
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.sandbox_aws.account import MINUTE, Account, allow, document, trust
from tests.sandbox_aws.test_aws_permissions import refusal

PATTERN = {
    "source": ["aws.sagemaker"],
    "detail-type": ["SageMaker Model Package State Change"],
    "detail": {"ModelApprovalStatus": ["Approved"], "UpdatedModelPackageFields": ["ModelApprovalStatus"]},
}
FORWARDING = """
import json

def handler(event, context):
    if event.get("fail"):
        raise RuntimeError("as asked")
    import boto3  # Takes half a second, which a failure does without.
    boto3.client("sqs").send_message(QueueUrl=QUEUE, MessageBody=json.dumps(event))
"""


class Wiring:
    """A function that forwards its events to a queue, and a queue for events that do not arrive."""

    def __init__(self, account: Account, name: str) -> None:
        self.account, self.name = account, name
        sqs, self.events = account.client("sqs"), account.client("events")
        self.arrived = sqs.create_queue(QueueName=f"{name}-arrived")["QueueUrl"]
        self.dead = sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
        self.dead_arn = f"arn:aws:sqs:eu-west-1:{account.number}:{name}-dead"
        self.rule_arn = f"arn:aws:events:eu-west-1:{account.number}:rule/{name}"
        role = account.role(name, allow("sqs:SendMessage"), trust=trust("lambda.amazonaws.com"))
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("forwarding.py", f"QUEUE = {self.arrived!r}\n{FORWARDING}")
        self.function = account.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.12",
            Handler="forwarding.handler",
            Role=role,
            Code={"ZipFile": buffer.getvalue()},
            DeadLetterConfig={"TargetArn": self.dead_arn},
        )["FunctionArn"]

    def allow_rule(self) -> None:
        """Let the rule invoke the function."""
        self.account.client("lambda").add_permission(
            FunctionName=self.name,
            StatementId="rule",
            Action="lambda:InvokeFunction",
            Principal="events.amazonaws.com",
            SourceArn=self.rule_arn,
        )

    def warm_up(self) -> None:
        """Invoke the function once, so that its process runs."""
        self.account.client("lambda").invoke(FunctionName=self.name, Payload=b'{"warm": true}')
        assert json.loads(self.take(self.arrived)["Body"]) == {"warm": True}

    def open_dead_letters(self) -> None:
        """Let the rule put events that it cannot deliver into the queue."""
        statement = {
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": self.dead_arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": self.rule_arn}},
        }
        attributes = {"Policy": document(statement)}
        self.account.client("sqs").set_queue_attributes(QueueUrl=self.dead, Attributes=attributes)

    def rule(self, *, target: Mapping[str, Any] | None = None, **what: Any) -> None:
        """Create the rule, with the function as its target."""
        self.events.put_rule(Name=self.name, **what)
        full = {"Id": "function", "Arn": self.function, **(target or {})}
        answer = self.events.put_targets(Rule=self.name, Targets=[full])
        assert answer["FailedEntryCount"] == 0

    def close(self) -> None:
        """Delete the rule and what it may do, and empty the queues."""
        self.events.remove_targets(Rule=self.name, Ids=["function"])
        self.events.delete_rule(Name=self.name)
        functions, sqs = self.account.client("lambda"), self.account.client("sqs")
        with contextlib.suppress(functions.exceptions.ResourceNotFoundException):
            functions.remove_permission(FunctionName=self.name, StatementId="rule")
        sqs.set_queue_attributes(QueueUrl=self.dead, Attributes={"Policy": ""})
        for queue in (self.arrived, self.dead):
            sqs.purge_queue(QueueUrl=queue)

    def take(self, queue: str, *, seconds: float = 30) -> Any:
        """Wait for the next message of a queue; return it, or None."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            answer = self.account.client("sqs").receive_message(QueueUrl=queue, MessageAttributeNames=["All"])
            for message in answer.get("Messages", []):
                self.account.client("sqs").delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                return message
            time.sleep(0.05)
        return None


@pytest.fixture(scope="module")
def shared(dev: Account) -> Wiring:
    """A function that runs, so that its events arrive at once."""
    made = Wiring(dev, "events-shared")
    made.warm_up()
    return made


@pytest.fixture
def wiring(dev: Account, shared: Wiring) -> Iterator[Wiring]:
    """The shared function, without a rule."""
    yield shared
    shared.close()
    dev.page("faults", "DELETE")


@pytest.fixture
def own_wiring(dev: Account, request: pytest.FixtureRequest) -> Iterator[Wiring]:
    """A function of the test's own, whose settings it may change."""
    made = Wiring(dev, f"events-{abs(hash(request.node.name)) % 10**8}")
    yield made
    made.close()


def package(account: Account, group: str) -> str:
    """Register a new version in a group of packages; return its ARN."""
    sagemaker = account.client("sagemaker")
    names = [
        found["ModelPackageGroupName"]
        for found in sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]
    ]
    if group not in names:
        sagemaker.create_model_package_group(ModelPackageGroupName=group)
    return sagemaker.create_model_package(ModelPackageGroupName=group)["ModelPackageArn"]


def change(account: Account, arn: str, **what: Any) -> None:
    account.client("sagemaker").update_model_package(ModelPackageArn=arn, **what)


def test_a_rule_fires_for_the_change_that_its_pattern_describes(dev: Account, wiring: Wiring) -> None:
    wiring.allow_rule()
    wiring.rule(EventPattern=json.dumps(PATTERN))
    arn = package(dev, "events")
    change(dev, arn, ModelApprovalStatus="Rejected")
    change(dev, arn, ModelApprovalStatus="Approved", ApprovalDescription="good")
    change(dev, arn, CustomerMetadataProperties={"a": "b"})
    event = json.loads(wiring.take(wiring.arrived)["Body"])
    assert (event["detail"]["ModelPackageArn"], event["account"]) == (arn, dev.number)
    assert event["detail"]["UpdatedModelPackageFields"] == ["ApprovalDescription", "ModelApprovalStatus"]
    assert event["detail"]["LastModifiedTime"].endswith("Z")
    assert wiring.take(wiring.arrived, seconds=0.5) is None


def test_another_stage_of_a_version_sends_an_event_that_names_this_field_alone(dev: Account, wiring: Wiring) -> None:
    arn = package(dev, "events")
    wiring.allow_rule()
    wiring.rule(EventPattern=json.dumps({"source": ["aws.sagemaker"], "resources": [arn]}))
    stage = {"Stage": "Production", "StageStatus": "Serving"}
    change(dev, arn, ModelLifeCycle=stage)
    event = json.loads(wiring.take(wiring.arrived)["Body"])
    assert event["detail"]["UpdatedModelPackageFields"] == ["ModelLifeCycle"]
    assert (event["detail"]["ModelLifeCycle"], event["detail"]["ModelApprovalStatus"]) == (
        stage,
        "PendingManualApproval",
    )


def test_a_function_is_invoked_only_by_the_rule_that_its_policy_names(dev: Account, wiring: Wiring) -> None:
    wiring.open_dead_letters()
    wiring.rule(EventPattern=json.dumps(PATTERN), target={"DeadLetterConfig": {"Arn": wiring.dead_arn}})
    arn = package(dev, "events")
    change(dev, arn, ModelApprovalStatus="Approved")
    dead = wiring.take(wiring.dead)
    attributes = {name: value["StringValue"] for name, value in dead["MessageAttributes"].items()}
    assert attributes == {
        "ERROR_CODE": "NO_PERMISSIONS",
        "ERROR_MESSAGE": (
            f"events.amazonaws.com is not authorized to perform: lambda:InvokeFunction on resource: {wiring.function}"
        ),
        "RETRY_ATTEMPTS": "0",
        "RULE_ARN": wiring.rule_arn,
        "TARGET_ARN": wiring.function,
    }
    assert json.loads(dead["Body"])["detail"]["ModelPackageArn"] == arn
    wiring.allow_rule()
    change(dev, arn, ModelApprovalStatus="Approved")
    assert wiring.take(wiring.arrived) is not None
    dev.client("lambda").remove_permission(FunctionName=wiring.name, StatementId="rule")
    change(dev, arn, ModelApprovalStatus="Approved")
    assert wiring.take(wiring.dead) is not None


def test_a_dead_letter_queue_that_does_not_let_eventbridge_in_stays_empty(dev: Account, wiring: Wiring) -> None:
    wiring.rule(EventPattern=json.dumps(PATTERN), target={"DeadLetterConfig": {"Arn": wiring.dead_arn}})
    change(dev, package(dev, "events"), ModelApprovalStatus="Approved")
    assert wiring.take(wiring.dead, seconds=0.5) is None


def test_an_event_that_a_function_fails_on_is_tried_three_times_and_then_put_into_the_dead_letter_queue(
    dev: Account, own_wiring: Wiring
) -> None:
    dev.client("lambda").invoke(FunctionName=own_wiring.name, InvocationType="Event", Payload=b'{"fail": true}')
    assert own_wiring.take(own_wiring.dead, seconds=2 * MINUTE) is None, (
        "the third attempt is three minutes after the first"
    )
    dead = own_wiring.take(own_wiring.dead)
    assert json.loads(dead["Body"]) == {"fail": True}
    assert dead["MessageAttributes"]["ErrorMessage"]["StringValue"] == "as asked"
    errors = dev.client("cloudwatch").list_metrics(Namespace="AWS/Lambda", MetricName="Errors")["Metrics"]
    assert [{"Name": "FunctionName", "Value": own_wiring.name}] in [metric["Dimensions"] for metric in errors]


def test_writing_to_an_encrypted_dead_letter_queue_takes_permission_for_its_key(
    dev: Account, own_wiring: Wiring
) -> None:
    own = {"Principal": {"AWS": f"arn:aws:iam::{dev.number}:root"}, "Action": "kms:*", "Resource": "*"}
    key = dev.client("kms").create_key(Policy=document(own))["KeyMetadata"]["Arn"]
    own_wiring.open_dead_letters()
    own_wiring.rule(EventPattern=json.dumps(PATTERN), target={"DeadLetterConfig": {"Arn": own_wiring.dead_arn}})
    dev.client("sqs").set_queue_attributes(QueueUrl=own_wiring.dead, Attributes={"KmsMasterKeyId": key})
    arn = package(dev, "events")
    sender = dev.client("sqs", dev.assume(dev.role(f"{own_wiring.name}-sender", allow("sqs:SendMessage"))))

    change(dev, arn, ModelApprovalStatus="Approved")
    code, message = refusal(sender.send_message, QueueUrl=own_wiring.dead, MessageBody="a")
    assert (code, f"kms:GenerateDataKey on resource: {key}" in message) == ("KmsAccessDenied", True)
    dev.client("lambda").put_function_event_invoke_config(FunctionName=own_wiring.name, MaximumRetryAttempts=0)
    dev.client("lambda").invoke(FunctionName=own_wiring.name, InvocationType="Event", Payload=b'{"fail": true}')
    assert own_wiring.take(own_wiring.dead, seconds=1) is None
    service = {
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": "*",
    }
    dev.client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=document(own, service))
    change(dev, arn, ModelApprovalStatus="Approved")
    assert own_wiring.take(own_wiring.dead) is not None


def test_a_schedule_fires_by_the_sandboxs_clock_with_its_own_input(dev: Account, wiring: Wiring) -> None:
    wiring.allow_rule()
    wiring.rule(ScheduleExpression="rate(3 minutes)", target={"Input": json.dumps({"sweep": True})})
    for _ in range(2):
        assert json.loads(wiring.take(wiring.arrived)["Body"]) == {"sweep": True}


def test_events_get_lost_or_arrive_twice_with_a_fault(dev: Account, wiring: Wiring) -> None:
    wiring.allow_rule()
    wiring.rule(EventPattern=json.dumps(PATTERN))
    arn = package(dev, "events")
    dev.page("faults", "POST", drop_events=1, detail_type="SageMaker Model Package.*")
    change(dev, arn, ModelApprovalStatus="Approved")
    assert wiring.take(wiring.arrived, seconds=0.5) is None
    dev.page("faults", "POST", repeat_events=1)
    change(dev, arn, ModelApprovalStatus="Approved")
    assert [wiring.take(wiring.arrived) is not None for _ in range(2)] == [True, True]
    assert wiring.take(wiring.arrived, seconds=0.5) is None


def test_rules_and_topics_are_changed_only_by_the_names_that_a_policy_allows(dev: Account) -> None:
    place = f"eu-west-1:{dev.number}"
    function = f"arn:aws:lambda:{place}:function:ours"
    who = dev.role(
        "events-ours",
        allow("events:*", f"arn:aws:events:{place}:rule/ours"),
        allow("sns:*", f"arn:aws:sns:{place}:ours", {"StringEqualsIfExists": {"sns:Protocol": "email"}}),
        allow("ssm:GetParameters", f"arn:aws:ssm:{place}:parameter/ours/*"),
    )
    events, sns, ssm = (dev.client(service, dev.assume(who)) for service in ("events", "sns", "ssm"))
    events.put_rule(Name="ours", EventPattern=json.dumps(PATTERN), Tags=[{"Key": "unit", "Value": "test"}])
    events.put_targets(Rule="ours", Targets=[{"Id": "function", "Arn": function}])
    assert events.list_targets_by_rule(Rule="ours")["Targets"] == [{"Id": "function", "Arn": function}]
    topic = sns.create_topic(Name="ours", Tags=[{"Key": "unit", "Value": "test"}])["TopicArn"]
    assert sns.list_tags_for_resource(ResourceArn=topic)["Tags"] == [{"Key": "unit", "Value": "test"}]
    assert sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.com")["SubscriptionArn"] == (
        "pending confirmation"
    )
    found = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert [(item["Protocol"], item["SubscriptionArn"]) for item in found] == [("email", "PendingConfirmation")]
    for call, arguments in (
        (events.put_rule, {"Name": "theirs", "EventPattern": json.dumps(PATTERN)}),
        (events.put_targets, {"Rule": "theirs", "Targets": [{"Id": "function", "Arn": function}]}),
        (sns.create_topic, {"Name": "theirs"}),
        (sns.subscribe, {"TopicArn": topic, "Protocol": "sqs", "Endpoint": f"arn:aws:sqs:{place}:any"}),
        (ssm.get_parameters, {"Names": ["/ours/a", "/theirs/a"]}),
    ):
        assert refusal(call, **arguments)[0] in ("AccessDeniedException", "AuthorizationError")
    ssm.get_parameters(Names=["/ours/a", "/ours/b"])
    events.remove_targets(Rule="ours", Ids=["function"])
    events.delete_rule(Name="ours")
