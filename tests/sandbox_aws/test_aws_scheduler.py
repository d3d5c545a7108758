"""EventBridge Scheduler: groups, schedules that start pipelines with a role of their own, retries and dead letters.

Source: EventBridge Scheduler API Reference, and User Guide: "Schedule types", "Cross-service confused deputy prevention",
"Using universal targets", "Configuring a schedule's dead-letter queue", "Encryption at rest".
"""

import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from tests.sandbox_aws.account import Account, Credentials, allow, document, trust
from tests.sandbox_aws.test_aws_permissions import refusal

GROUP = "scheduler-tests"
GROUP_ARN = f"arn:aws:scheduler:eu-west-1:111111111111:schedule-group/{GROUP}"
PIPELINE = "scheduled"
PIPELINE_ARN = f"arn:aws:sagemaker:eu-west-1:111111111111:pipeline/{PIPELINE}"
START = "arn:aws:scheduler:::aws-sdk:sagemaker:startPipelineExecution"
TIME = "<aws.scheduler.scheduled-time>"
DAY = 24 * 3600
DAILY = "cron(0 6 * * ? *)"
WITHIN_SECONDS = 20


def trust_of_group(group: str = GROUP_ARN, account: str = "111111111111") -> Mapping[str, Any]:
    """Return a statement that trusts Scheduler, for the schedules of one group of one account."""
    when = {"StringEquals": {"aws:SourceAccount": account}, "ArnEquals": {"aws:SourceArn": group}}
    return {**trust("scheduler.amazonaws.com"), "Condition": when}


class Schedules:
    """A group of schedules, the pipeline that they start, and the queue of what they could not start."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.scheduler, self.sagemaker, self.sqs = (
            account.client(service) for service in ("scheduler", "sagemaker", "sqs")
        )
        self.scheduler.create_schedule_group(Name=GROUP, Tags=[{"Key": "unit", "Value": "test"}])
        step = {"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": {"Get": "Parameters.Window"}}}
        window = {"Name": "Window", "Type": "String", "DefaultValue": "none"}
        self.sagemaker.create_pipeline(
            PipelineName=PIPELINE,
            RoleArn=account.role("scheduler-pipeline", trust=trust("sagemaker.amazonaws.com")),
            PipelineDefinition=json.dumps({"Version": "2020-12-01", "Parameters": [window], "Steps": [step]}),
            PipelineVersionAliases=["live"],
            ClientRequestToken="0" * 32,
        )
        self.dead = self.sqs.create_queue(QueueName="scheduler-dead")["QueueUrl"]
        self.dead_arn = "arn:aws:sqs:eu-west-1:111111111111:scheduler-dead"
        self.role = account.role(
            "scheduler-target",
            allow("sagemaker:StartPipelineExecution", PIPELINE_ARN),
            allow("sqs:SendMessage", self.dead_arn),
            trust=trust_of_group(),
        )

    def target(self, name: str, **changes: Any) -> dict[str, Any]:
        """Return a target that starts the live version once for each window."""
        request = {
            "PipelineName": PIPELINE,
            "PipelineVersionAlias": "live",
            "ClientRequestToken": f"{name:0>24}-{TIME}",
            "PipelineParameters": [{"Name": "Window", "Value": TIME}],
            **changes.pop("request", {}),
        }
        dead = {"DeadLetterConfig": {"Arn": self.dead_arn}}
        return {"Arn": START, "RoleArn": self.role, "Input": json.dumps(request), **dead, **changes}

    def settings(self, name: str, expression: str = DAILY, **changes: Any) -> dict[str, Any]:
        """Return the settings of a schedule."""
        window = {"Mode": "OFF"}
        target = changes.pop("Target", None) or self.target(name)
        plain = {"Name": name, "GroupName": GROUP, "ScheduleExpression": expression, "FlexibleTimeWindow": window}
        return {**plain, "Target": target, **changes}

    def create(self, name: str, expression: str = DAILY, **changes: Any) -> str:
        """Create a schedule; return its ARN."""
        return self.scheduler.create_schedule(**self.settings(name, expression, **changes))["ScheduleArn"]

    def pass_time(self, seconds: float) -> None:
        """Move the clock of the local AWS ahead."""
        self.account.page("clock", "POST", seconds=seconds)

    def now(self) -> datetime:
        """Return the moment by that clock."""
        return datetime.fromtimestamp(self.account.page("clock", "POST", seconds=0.001)["now"], UTC)

    def windows(self, count: int) -> list[str]:
        """Wait for so many executions; return the windows that they were started for, in order."""
        deadline = time.monotonic() + WITHIN_SECONDS
        while True:
            listed = self.sagemaker.list_pipeline_executions(PipelineName=PIPELINE)["PipelineExecutionSummaries"]
            if len(listed) >= count:
                break
            assert time.monotonic() < deadline, listed
            time.sleep(0.05)
        return sorted(self._window(each["PipelineExecutionArn"]) for each in listed)

    def _window(self, arn: str) -> str:
        found = self.sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=arn)["PipelineParameters"]
        return next((each["Value"] for each in found if each["Name"] == "Window"), "")

    def dead_letter(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Wait for a dead letter; return its body and its attributes."""
        deadline = time.monotonic() + WITHIN_SECONDS
        while time.monotonic() < deadline:
            answer = self.sqs.receive_message(QueueUrl=self.dead, MessageAttributeNames=["All"])
            for message in answer.get("Messages", []):
                self.sqs.delete_message(QueueUrl=self.dead, ReceiptHandle=message["ReceiptHandle"])
                attributes = message["MessageAttributes"].items()
                return json.loads(message["Body"]), {name: value["StringValue"] for name, value in attributes}
            time.sleep(0.05)
        pytest.fail("no dead letter came")

    def counted(self, metric: str, group: str = GROUP) -> float:
        """Return the sum of one of Scheduler's metrics."""
        answer = self.account.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Scheduler",
            MetricName=metric,
            Dimensions=[{"Name": "ScheduleGroup", "Value": group}],
            StartTime=datetime.now(UTC) - timedelta(hours=1),
            EndTime=datetime.now(UTC) + timedelta(hours=1),
            Period=7200,
            Statistics=["Sum"],
        )
        return sum(point["Sum"] for point in answer["Datapoints"])

    def clear(self) -> None:
        """Delete the schedules and the executions."""
        for schedule in self.scheduler.list_schedules(GroupName=GROUP)["Schedules"]:
            self.scheduler.delete_schedule(Name=schedule["Name"], GroupName=GROUP)
        self.account.page("faults", "DELETE")
        described = self.sagemaker.describe_pipeline(PipelineName=PIPELINE)
        deadline = time.monotonic() + WITHIN_SECONDS
        while True:
            try:
                self.sagemaker.delete_pipeline(PipelineName=PIPELINE, ClientRequestToken="0" * 32)
                break
            except self.sagemaker.exceptions.ConflictException:
                # An execution that has just been started is not over yet.
                assert time.monotonic() < deadline
                time.sleep(0.02)
        self.sagemaker.create_pipeline(
            **{name: described[name] for name in ("PipelineName", "RoleArn", "PipelineDefinition")},
            PipelineVersionAliases=["live"],
            ClientRequestToken="0" * 32,
        )
        self.sqs.purge_queue(QueueUrl=self.dead)


@pytest.fixture(scope="module")
def shared(dev: Account) -> Schedules:
    return Schedules(dev)


@pytest.fixture
def schedules(shared: Schedules) -> Iterator[Schedules]:
    yield shared
    shared.clear()


def next_days(schedules: Schedules, hour: int, count: int) -> list[str]:
    """Return the next so many times of a daily run at an hour of UTC."""
    now = schedules.now()
    first = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    first += timedelta(days=1) if first <= now else timedelta()
    return [f"{first + timedelta(days=day):%Y-%m-%dT%H:%M:%SZ}" for day in range(count)]


def test_a_daily_schedule_starts_the_pipeline_once_for_each_day(schedules: Schedules) -> None:
    expected = next_days(schedules, 6, 3)
    schedules.create("daily")
    for _ in range(3):
        schedules.pass_time(DAY)
    assert schedules.windows(3) == expected
    execution = schedules.sagemaker.list_pipeline_executions(PipelineName=PIPELINE)["PipelineExecutionSummaries"][0]
    found = schedules.sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution["PipelineExecutionArn"])
    assert found["PipelineVersionId"] == 1
    assert found["CreatedBy"]["IamIdentity"]["Arn"].startswith(
        "arn:aws:sts::111111111111:assumed-role/scheduler-target/"
    )


def test_a_schedule_runs_by_the_clocks_of_its_time_zone(schedules: Schedules) -> None:
    schedules.create("tokyo", ScheduleExpressionTimezone="Asia/Tokyo")
    expected = next_days(schedules, 21, 1)
    schedules.pass_time(DAY)
    assert schedules.windows(1) == expected


def test_a_one_time_schedule_runs_once_and_can_be_deleted_then(schedules: Schedules) -> None:
    moment = (schedules.now() + timedelta(hours=2)).replace(microsecond=0, tzinfo=None)
    schedules.create("once", f"at({moment.isoformat()})", ActionAfterCompletion="DELETE")
    schedules.pass_time(3 * 3600)
    assert schedules.windows(1) == [f"{moment.isoformat()}Z"]
    deadline = time.monotonic() + WITHIN_SECONDS
    while schedules.scheduler.list_schedules(GroupName=GROUP)["Schedules"]:
        assert time.monotonic() < deadline
    late = {"expression": f"at({moment.isoformat()})", "name": "late"}
    assert refusal(schedules.create, **late)[0] == "NotEmulatedBySandbox"


def test_a_rate_starts_at_once_and_goes_on_by_the_sandboxs_minutes(schedules: Schedules) -> None:
    begun = schedules.now()
    schedules.create("rate", "rate(5 minutes)")
    found = schedules.windows(3)
    moments = [datetime.fromisoformat(window) for window in found]
    assert [later - earlier for earlier, later in pairwise(moments[:3])] == [timedelta(minutes=5)] * 2
    assert abs(moments[0] - begun) < timedelta(seconds=60)


def test_a_schedule_is_silent_while_it_is_disabled_and_outside_of_its_dates(schedules: Schedules) -> None:
    now = schedules.now()
    schedules.create("off", State="DISABLED")
    schedules.create("later", StartDate=now + timedelta(days=10))
    schedules.create("over", EndDate=now + timedelta(minutes=1), ScheduleExpression="cron(59 23 31 12 ? *)")
    schedules.pass_time(2 * DAY)
    time.sleep(0.3)
    assert schedules.windows(0) == []
    schedules.scheduler.update_schedule(**schedules.settings("off"))
    expected = next_days(schedules, 6, 1)
    schedules.pass_time(DAY)
    assert schedules.windows(1) == expected


def test_a_flexible_window_lets_a_run_come_late_and_keeps_its_scheduled_time(schedules: Schedules) -> None:
    expected = next_days(schedules, 6, 1)
    schedules.create("flexible", FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 1440})
    schedules.pass_time(DAY)
    time.sleep(0.2)
    schedules.pass_time(1440 * 60)
    assert schedules.windows(1)[0] == expected[0]


def test_a_templated_target_starts_the_latest_version_with_its_parameters(schedules: Schedules) -> None:
    parameters = {"PipelineParameterList": [{"Name": "Window", "Value": "templated"}]}
    target = {"Arn": PIPELINE_ARN, "RoleArn": schedules.role, "SageMakerPipelineParameters": parameters}
    schedules.create("templated", Target=target)
    schedules.pass_time(DAY)
    assert schedules.windows(1) == ["templated"]


def test_a_lost_answer_is_tried_again_and_the_token_prevents_a_second_run(schedules: Schedules) -> None:
    before = schedules.counted("InvocationAttemptCount")
    schedules.account.page("faults", "POST", lose_answers=2)
    schedules.create("retried", "cron(0 6 * * ? *)", Target=schedules.target("retried"))
    expected = next_days(schedules, 6, 1)
    schedules.pass_time(DAY)
    deadline = time.monotonic() + WITHIN_SECONDS
    while schedules.counted("InvocationAttemptCount") < before + 3:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert schedules.windows(1) == expected


@pytest.mark.parametrize(
    ("policy", "condition", "retries"),
    [
        ({"MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 86400}, "MaximumRetryAttempts", "1"),
        ({"MaximumRetryAttempts": 9, "MaximumEventAgeInSeconds": 90}, "MaximumEventAgeInSeconds", "1"),
    ],
)
def test_what_is_lost_after_all_retries_is_a_dead_letter_that_says_which_limit_was_reached(
    schedules: Schedules, policy: dict[str, int], condition: str, retries: str
) -> None:
    schedules.account.page("faults", "POST", lose_answers=10)
    schedules.create("given-up", Target=schedules.target("given-up", RetryPolicy=policy))
    schedules.pass_time(DAY)
    _, attributes = schedules.dead_letter()
    assert (attributes["EXHAUSTED_RETRY_CONDITION"], attributes["RETRY_ATTEMPTS"]) == (condition, retries)
    assert attributes["ERROR_CODE"] == "InternalFailure"


def test_a_permanent_error_is_a_dead_letter_at_once_with_the_request_and_the_reason(schedules: Schedules) -> None:
    plain = schedules.target("unknown", request={"PipelineVersionAlias": "gone"})
    arn = schedules.create("unknown", Target=plain)
    expected = next_days(schedules, 6, 1)[0]
    schedules.pass_time(DAY)
    body, attributes = schedules.dead_letter()
    assert body == json.loads(plain["Input"].replace(TIME, expected))
    assert len(attributes.pop("EXECUTION_ID")) == 16
    assert attributes.pop("ERROR_MESSAGE") == "Pipeline version with the alias 'gone' does not exist."
    assert attributes == {
        "ERROR_CODE": "ResourceNotFound",
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": "0",
        "SCHEDULED_TIME": expected,
        "SCHEDULE_ARN": arn,
        "TARGET_ARN": START,
    }
    # What SageMaker does not know is found out when the schedule runs.
    unknown = schedules.target("unknown", request={"PipelineVersionAliass": "live"})
    schedules.scheduler.update_schedule(**schedules.settings("unknown", Target=unknown))
    schedules.pass_time(DAY)
    assert schedules.dead_letter()[1]["ERROR_CODE"] == "ValidationException"


def test_the_role_starts_only_the_pipeline_that_it_may_start(schedules: Schedules) -> None:
    weak = schedules.account.role("scheduler-weak", allow("sqs:SendMessage"), trust=trust_of_group())
    schedules.create("weak", Target=schedules.target("weak", RoleArn=weak))
    schedules.pass_time(DAY)
    _, attributes = schedules.dead_letter()
    assert attributes["ERROR_CODE"] == "AccessDeniedException"
    assert "sagemaker:StartPipelineExecution" in attributes["ERROR_MESSAGE"]


def test_a_dead_letter_is_sent_with_the_roles_own_permission(schedules: Schedules) -> None:
    mute = schedules.account.role("scheduler-mute", trust=trust_of_group())
    before = schedules.counted("InvocationsFailedToBeSentToDeadLetterCount")
    schedules.create("mute", Target=schedules.target("mute", RoleArn=mute))
    schedules.pass_time(DAY)
    deadline = time.monotonic() + WITHIN_SECONDS
    while schedules.counted("InvocationsFailedToBeSentToDeadLetterCount") == before:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert schedules.sqs.receive_message(QueueUrl=schedules.dead).get("Messages", []) == []


@pytest.mark.parametrize(
    "statement",
    [
        trust("lambda.amazonaws.com"),
        trust_of_group(account="333333333333"),
        trust_of_group(GROUP_ARN.replace(GROUP, "another")),
        trust_of_group(f"arn:aws:scheduler:eu-west-1:111111111111:schedule/{GROUP}/trusted"),
    ],
    ids=["another service", "another account", "another group", "a schedule"],
)
def test_a_role_must_trust_scheduler_for_the_group(schedules: Schedules, statement: Mapping[str, Any]) -> None:
    iam = schedules.account.client("iam")
    role = f"scheduler-trust-{abs(hash(json.dumps(statement))) % 10**8}"
    arn = schedules.account.role(role, trust=statement)
    settings = {"name": "trusted", "Target": schedules.target("trusted", RoleArn=arn)}
    assert refusal(schedules.create, **settings) == (
        "ValidationException",
        "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.",
    )
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=document(trust_of_group()))
    schedules.create(**settings)


def test_a_role_whose_trust_is_gone_starts_nothing_any_more(schedules: Schedules) -> None:
    arn = schedules.account.role("scheduler-left", allow("*"), trust=trust_of_group())
    schedules.create("left", Target=schedules.target("left", RoleArn=arn))
    policy = document(trust("lambda.amazonaws.com"))
    schedules.account.client("iam").update_assume_role_policy(RoleName="scheduler-left", PolicyDocument=policy)
    before = schedules.counted("TargetErrorCount")
    schedules.pass_time(DAY)
    deadline = time.monotonic() + WITHIN_SECONDS
    while schedules.counted("TargetErrorCount") == before:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert schedules.windows(0) == []


@pytest.mark.parametrize(
    ("changes", "code", "part"),
    [
        ({"ScheduleExpression": "cron(61 25 * * ? *)"}, "ValidationException", "Invalid Schedule Expression"),
        ({"ScheduleExpressionTimezone": "Mars/Phobos"}, "ValidationException", "Mars/Phobos"),
        ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}, "ValidationException", "MaximumWindowInMinutes"),
        ({"FlexibleTimeWindow": {"Mode": "OFF", "MaximumWindowInMinutes": 5}}, "ValidationException", "FLEXIBLE"),
        ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 1441}}, "ValidationException", "1440"),
        ({"StartDate": datetime(2020, 1, 1, tzinfo=UTC)}, "ValidationException", "5 minutes ago"),
        ({"EndDate": datetime(2020, 1, 1, tzinfo=UTC)}, "ValidationException", "EndDate"),
        ({"ActionAfterCompletion": "DELETE"}, "ValidationException", "EndDate"),
        ({"GroupName": "none"}, "ResourceNotFoundException", "none"),
        ({"Name": "a b"}, "ValidationException", "pattern"),
        ({"State": "PAUSED"}, "ValidationException", "enum"),
    ],
)
def test_settings_that_break_a_rule_are_refused(
    shared: Schedules, changes: dict[str, Any], code: str, part: str
) -> None:
    found = refusal(shared.scheduler.create_schedule, **{**shared.settings("broken"), **changes})
    assert (found[0], part in found[1]) == (code, True), found
    assert shared.scheduler.list_schedules(GroupName=GROUP)["Schedules"] == []


@pytest.mark.parametrize(
    ("target", "code", "part"),
    [
        ({"Arn": "arn:aws:lambda:eu-west-1:111111111111:function:f"}, "NotEmulatedBySandbox", "function:f"),
        ({"Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage"}, "NotEmulatedBySandbox", "sqs:sendMessage"),
        ({"SqsParameters": {"MessageGroupId": "a"}}, "NotEmulatedBySandbox", "SqsParameters"),
        ({"Input": "no JSON"}, "ValidationException", "Invalid RequestJson provided"),
        (
            {"Input": json.dumps({"pipelineName": "a", "ClientRequestToken": "b"})},
            "ValidationException",
            "PipelineName",
        ),
        ({"Input": json.dumps({"PipelineName": "a"})}, "NotEmulatedBySandbox", "ClientRequestToken"),
        ({"RetryPolicy": {"MaximumRetryAttempts": 186}}, "ValidationException", "185"),
        ({"RetryPolicy": {"MaximumEventAgeInSeconds": 59}}, "ValidationException", "60"),
        ({"DeadLetterConfig": {"Arn": "arn:aws:sqs:eu-west-1:111111111111:a.fifo"}}, "ValidationException", "pattern"),
        ({"RoleArn": "arn:aws:iam::333333333333:role/theirs"}, "AccessDeniedException", "Cross-account"),
    ],
)
def test_targets_that_scheduler_or_the_sandbox_does_not_know_are_refused(
    shared: Schedules, target: dict[str, Any], code: str, part: str
) -> None:
    settings = {"name": "broken", "Target": {**shared.target("broken"), **target}}
    found = refusal(shared.create, **settings)
    assert (found[0], part in found[1]) == (code, True), found


def test_a_schedule_is_read_as_it_was_written_with_the_defaults(schedules: Schedules) -> None:
    arn = schedules.create("read", Description="as it is")
    found = schedules.scheduler.get_schedule(Name="read", GroupName=GROUP)
    assert found["Arn"] == arn == f"arn:aws:scheduler:eu-west-1:111111111111:schedule/{GROUP}/read"
    assert found["Target"] == {
        **schedules.target("read"),
        "RetryPolicy": {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185},
    }
    assert (found["State"], found["ScheduleExpressionTimezone"], found["ActionAfterCompletion"]) == (
        "ENABLED",
        "UTC",
        "NONE",
    )
    # An update sets everything that it does not name back to its default.
    schedules.scheduler.update_schedule(**schedules.settings("read", State="DISABLED"))
    found = schedules.scheduler.get_schedule(Name="read", GroupName=GROUP)
    assert (found["State"], "Description" in found) == ("DISABLED", False)
    assert refusal(schedules.create, name="read")[0] == "ConflictException"
    listed = schedules.scheduler.list_schedules(NamePrefix="re", State="DISABLED")["Schedules"]
    assert [(each["Name"], each["GroupName"], each["Target"]) for each in listed] == [("read", GROUP, {"Arn": START})]
    assert refusal(schedules.scheduler.get_schedule, Name="read")[0] == "ResourceNotFoundException"
    assert refusal(schedules.scheduler.list_schedules, GroupName="none")[0] == "ResourceNotFoundException"


def test_a_repeated_request_creates_one_schedule(schedules: Schedules) -> None:
    settings = schedules.settings("repeated", ClientToken="the-same")
    created = schedules.scheduler.create_schedule(**settings)["ScheduleArn"]
    assert schedules.scheduler.create_schedule(**settings)["ScheduleArn"] == created


def test_a_group_is_deleted_with_its_schedules_after_a_while(schedules: Schedules) -> None:
    scheduler = schedules.scheduler
    name = "scheduler-deleted"
    scheduler.create_schedule_group(Name=name)
    assert refusal(scheduler.create_schedule_group, Name=name)[0] == "ConflictException"
    arn = GROUP_ARN.replace(GROUP, name)
    role = schedules.account.role("scheduler-of-deleted", trust=trust_of_group(arn))
    settings = schedules.settings("inside", Target=schedules.target("inside", RoleArn=role), GroupName=name)
    scheduler.create_schedule(**settings)
    scheduler.delete_schedule_group(Name=name)
    assert scheduler.get_schedule_group(Name=name)["State"] == "DELETING"
    assert refusal(scheduler.create_schedule, **{**settings, "Name": "another"})[0] == "ConflictException"
    schedules.pass_time(120)
    deadline = time.monotonic() + WITHIN_SECONDS
    while name in [group["Name"] for group in scheduler.list_schedule_groups()["ScheduleGroups"]]:
        assert time.monotonic() < deadline
    assert refusal(scheduler.get_schedule, Name="inside", GroupName=name)[0] == "ResourceNotFoundException"
    assert refusal(scheduler.delete_schedule_group, Name="default")[0] == "ValidationException"


def test_groups_have_tags_and_schedules_have_none(schedules: Schedules) -> None:
    scheduler = schedules.scheduler
    scheduler.tag_resource(ResourceArn=GROUP_ARN, Tags=[{"Key": "a", "Value": "b"}])
    assert scheduler.list_tags_for_resource(ResourceArn=GROUP_ARN)["Tags"] == [
        {"Key": "unit", "Value": "test"},
        {"Key": "a", "Value": "b"},
    ]
    scheduler.untag_resource(ResourceArn=GROUP_ARN, TagKeys=["a"])
    assert scheduler.list_tags_for_resource(ResourceArn=GROUP_ARN)["Tags"] == [{"Key": "unit", "Value": "test"}]
    schedule = {"ResourceArn": schedules.create("untagged"), "Tags": [{"Key": "a", "Value": "b"}]}
    assert refusal(scheduler.tag_resource, **schedule)[0] == "ValidationException"


@pytest.fixture
def somebody(schedules: Schedules) -> Credentials:
    """A role that may manage the schedules of one group, pass one role to Scheduler, and start nothing itself."""
    place = "arn:aws:scheduler:eu-west-1:111111111111"
    passed = {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}}
    iam = schedules.account.client("iam")
    name = "scheduler-somebody"
    if name in [role["RoleName"] for role in iam.list_roles()["Roles"]]:
        return schedules.account.assume(f"arn:aws:iam::111111111111:role/{name}")
    role = schedules.account.role(
        name,
        allow(["scheduler:*Schedule", "scheduler:GetScheduleGroup"], [f"{place}:schedule/{GROUP}/*", GROUP_ARN]),
        allow("iam:PassRole", schedules.role, passed),
    )
    return schedules.account.assume(role)


def test_schedules_are_changed_only_in_the_group_that_a_policy_names(
    schedules: Schedules, somebody: Credentials
) -> None:
    scheduler = schedules.account.client("scheduler", somebody)
    scheduler.create_schedule(**schedules.settings("theirs"))
    scheduler.get_schedule(Name="theirs", GroupName=GROUP)
    scheduler.get_schedule_group(Name=GROUP)
    outside = {name: value for name, value in schedules.settings("theirs").items() if name != "GroupName"}
    for call, arguments in (
        (scheduler.create_schedule, outside),
        (scheduler.update_schedule, outside),
        (scheduler.delete_schedule, {"Name": "theirs"}),
        (scheduler.list_schedules, {"GroupName": GROUP}),
        (scheduler.delete_schedule_group, {"Name": GROUP}),
        (scheduler.create_schedule_group, {"Name": "more"}),
        (scheduler.tag_resource, {"ResourceArn": GROUP_ARN, "Tags": [{"Key": "a", "Value": "b"}]}),
    ):
        assert refusal(call, **arguments)[0] == "AccessDeniedException"
    scheduler.delete_schedule(Name="theirs", GroupName=GROUP)


def test_a_role_is_passed_only_by_who_may_pass_it(schedules: Schedules, somebody: Credentials) -> None:
    scheduler = schedules.account.client("scheduler", somebody)
    other = schedules.account.role("scheduler-unpassed", trust=trust_of_group())
    for call in (scheduler.create_schedule, scheduler.update_schedule):
        settings = schedules.settings("passed", Target=schedules.target("passed", RoleArn=other))
        code, message = refusal(call, **settings)
        assert (code, "iam:PassRole" in message) == ("AccessDeniedException", True)


def test_who_deletes_a_group_must_be_allowed_to_delete_its_schedules(schedules: Schedules) -> None:
    role = schedules.account.role("scheduler-group-only", allow("scheduler:DeleteScheduleGroup", GROUP_ARN))
    scheduler = schedules.account.client("scheduler", schedules.account.assume(role))
    code, message = refusal(scheduler.delete_schedule_group, Name=GROUP)
    assert (code, "scheduler:DeleteSchedule on" in message) == ("AccessDeniedException", True)


def test_tags_of_a_group_can_be_required(schedules: Schedules) -> None:
    tagged = {"StringEquals": {"aws:ResourceTag/unit": "test"}}
    requested = {"StringEquals": {"aws:RequestTag/unit": "test"}}
    role = schedules.account.role(
        "scheduler-tags",
        allow("scheduler:GetScheduleGroup", "*", tagged),
        allow("scheduler:CreateScheduleGroup", "*", requested),
    )
    scheduler = schedules.account.client("scheduler", schedules.account.assume(role))
    scheduler.get_schedule_group(Name=GROUP)
    assert refusal(scheduler.get_schedule_group, Name="default")[0] == "AccessDeniedException"
    assert refusal(scheduler.create_schedule_group, Name="untagged")[0] == "AccessDeniedException"
    scheduler.create_schedule_group(Name="scheduler-tagged", Tags=[{"Key": "unit", "Value": "test"}])
    removed = {"ForAllValues:StringEquals": {"aws:TagKeys": "a"}}
    remover = schedules.account.role("scheduler-untag", allow("scheduler:UntagResource", GROUP_ARN, removed))
    scheduler = schedules.account.client("scheduler", schedules.account.assume(remover))
    scheduler.untag_resource(ResourceArn=GROUP_ARN, TagKeys=["a"])
    both = {"ResourceArn": GROUP_ARN, "TagKeys": ["a", "unit"]}
    assert refusal(scheduler.untag_resource, **both)[0] == "AccessDeniedException"


def test_an_encrypted_schedule_takes_its_creators_and_its_roles_permissions_on_the_key(
    schedules: Schedules, somebody: Credentials
) -> None:
    kms = schedules.account.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    settings = schedules.settings("encrypted", KmsKeyArn=key)
    scheduler = schedules.account.client("scheduler", somebody)
    code, message = refusal(scheduler.create_schedule, **settings)
    assert (code, "kms:DescribeKey" in message) == ("AccessDeniedException", True)
    schedules.scheduler.create_schedule(**settings)
    schedules.pass_time(DAY)
    _, attributes = schedules.dead_letter()
    assert (attributes["ERROR_CODE"], "kms:Decrypt" in attributes["ERROR_MESSAGE"]) == ("AccessDeniedException", True)
    arn = f"arn:aws:scheduler:eu-west-1:111111111111:schedule/{GROUP}/encrypted"
    when = {"StringEquals": {"kms:EncryptionContext:aws:scheduler:schedule:arn": arn}}
    schedules.account.client("iam").put_role_policy(
        RoleName="scheduler-target", PolicyName="key", PolicyDocument=document(allow("kms:Decrypt", key, when))
    )
    schedules.pass_time(DAY)
    schedules.windows(1)
