"""Promoting a pipeline, and rolling it back, with every way in which either may be interrupted."""

import json
from dataclasses import dataclass, field, replace
from typing import Literal

import pytest

from mlops_platform.pipeline.expressions import VERSION, Json
from mlops_platform.pipeline.remote import ExecutionError, InvalidDefinitionError, start
from mlops_platform.promotion import PromotionError
from mlops_platform.promotion.promote import Promotion
from mlops_platform.promotion.schedule import Schedule
from mlops_platform.promotion.testing.aws import FakeScheduler, FakeVersions, Requests
from mlops_platform.promotion.versions import Pipeline, Proposal

NAME = "abalone-p-abcdefghijkl"
GROUP = "analytics-prod-p-abcdefghijkl"
WEEKLY = "cron(0 6 ? * MON *)"


def definition(threshold: float, commit: str = "a" * 40) -> Json:
    """A definition that is another with another threshold, and the same with another commit."""
    condition = {"Type": "LessThanOrEqualTo", "LeftValue": 1, "RightValue": threshold}
    register = {
        "Name": "Register",
        "Type": "RegisterModel",
        "Arguments": {"ModelPackageGroupName": "abalone", "ModelPackageDescription": f"Made from commit {commit}"},
    }
    fail = {"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}}
    arguments = {"Conditions": [condition], "IfSteps": [register], "ElseSteps": [fail]}
    steps = [{"Name": "Check", "Type": "Condition", "Arguments": arguments}]
    return {"Version": VERSION, "Parameters": [], "Steps": steps}


def proposal(threshold: float, commit: str = "a" * 40) -> Proposal:
    return Proposal(
        definition=definition(threshold, commit),
        role_arn="arn:aws:iam::111122223333:role/pipeline",
        description="Trains the model",
        tags={"sagemaker:project-id": "p-abcdefghijkl"},
        commit=commit,
    )


@dataclass
class Account:
    """An account with its pipeline, and the promotions to it."""

    requests: Requests = field(default_factory=Requests)
    said: list[str] = field(default_factory=list[str])
    expression: str = WEEKLY

    def __post_init__(self) -> None:
        self.sagemaker = FakeVersions(self.requests)
        self.scheduler = FakeScheduler(self.requests, GROUP)
        self.pipeline = Pipeline(name=NAME, sagemaker=self.sagemaker.client, say=self.said.append)
        self.schedule = Schedule(
            pipeline_name=NAME,
            group=GROUP,
            role_arn="arn:aws:iam::111122223333:role/schedule",
            dead_letters_arn="arn:aws:sqs:eu-west-1:111122223333:dead-letters",
            scheduler=self.scheduler.client,
            say=self.said.append,
        )

    def promote(self, wanted: Proposal, attempt: str = "run-1-1") -> None:
        def follow(arn: str) -> None:
            status = self.sagemaker.executions[arn]["PipelineExecutionStatus"]
            if status == "Failed":
                raise ExecutionError("the execution ended as Failed")

        def converge_schedule() -> None:
            self.schedule.converge(self.expression, "Europe/Dublin")

        Promotion(pipeline=self.pipeline, follow=follow, converge_schedule=converge_schedule).promote(wanted, attempt)

    @property
    def state(self) -> object:
        """All that a promotion leaves, but for when."""
        versions = [(version["id"], version["definition"], version["name"]) for version in self.sagemaker.versions]
        return versions, self.sagemaker.live, self.scheduler.schedules


@pytest.fixture
def account() -> Account:
    return Account()


def test_the_first_promotion_makes_a_version_proves_it_and_then_lets_it_run(account: Account) -> None:
    account.promote(proposal(6.0))
    assert account.requests.changes == [
        "CreatePipeline",
        "UpdatePipelineVersion",
        "StartPipelineExecution",
        "UpdatePipelineVersion",
        "CreateSchedule",
    ]
    [version] = account.pipeline.versions()
    assert (version.number, version.is_live, version.name) == (1, True, "c-aaaaaaaaaaaa")
    assert account.pipeline.live_definition() == definition(6.0)


def test_the_same_commit_again_changes_and_starts_nothing(account: Account) -> None:
    account.promote(proposal(6.0))
    before = list(account.requests.changes)
    account.promote(proposal(6.0), "run-2-1")
    assert account.requests.changes == before


def test_a_commit_that_changes_no_definition_makes_no_version(account: Account) -> None:
    account.promote(proposal(6.0))
    account.promote(proposal(6.0, commit="b" * 40), "run-2-1")
    assert [version.number for version in account.pipeline.versions()] == [1]
    assert account.pipeline.live_definition() == definition(6.0), "the definition names the commit that it came with"


def test_a_changed_definition_is_proved_as_a_version_of_its_own_while_the_other_is_live(account: Account) -> None:
    account.promote(proposal(6.0))
    account.sagemaker.outcomes[2] = "Failed"
    with pytest.raises(ExecutionError):
        account.promote(proposal(5.0, "b" * 40), "run-2-1")
    assert account.sagemaker.started == [1, 2]
    assert account.sagemaker.live == [1]
    assert account.pipeline.live_definition() == definition(6.0)


def test_a_version_that_failed_is_proved_again_by_another_run_and_not_by_a_repetition(account: Account) -> None:
    account.sagemaker.outcomes[1] = "Failed"
    for attempt in ("run-1-1", "run-1-1", "run-1-2"):
        with pytest.raises(ExecutionError):
            account.promote(proposal(6.0), attempt)
    assert account.sagemaker.started == [1, 1]
    assert account.sagemaker.live == []


def test_an_execution_that_goes_on_is_followed_and_not_started_again(account: Account) -> None:
    account.sagemaker.outcomes[1] = "Executing"
    account.promote(proposal(6.0), "run-1-1")
    account.pipeline.sagemaker.update_pipeline_version(
        PipelineArn=account.pipeline.version(1).pipeline_arn,
        PipelineVersionId=1,
        PipelineVersionAliasOperations={"Remove": ["live"]},
    )
    account.promote(proposal(6.0), "run-2-1")
    assert account.sagemaker.started == [1]


def test_a_rollback_moves_the_alias_and_starts_nothing(account: Account) -> None:
    account.promote(proposal(6.0))
    account.promote(proposal(5.0, "b" * 40), "run-2-1")
    before = len(account.requests.changes)
    assert account.pipeline.converge(1)
    assert account.requests.changes[before:] == ["UpdatePipelineVersion", "UpdatePipelineVersion"]
    assert account.sagemaker.live == [1]
    assert not account.pipeline.converge(1), "it is live already"


def test_what_was_rolled_back_is_live_again_without_another_proof(account: Account) -> None:
    account.promote(proposal(6.0))
    account.promote(proposal(5.0, "b" * 40), "run-2-1")
    account.pipeline.converge(1)
    account.promote(proposal(5.0, "b" * 40), "run-3-1")
    assert (account.sagemaker.live, account.sagemaker.started) == ([2], [1, 2])


@pytest.mark.parametrize("number", [2, 0])
def test_a_version_that_does_not_exist_is_refused_and_what_runs_stays(account: Account, number: int) -> None:
    account.promote(proposal(6.0))
    with pytest.raises(PromotionError, match=f"{NAME} has no version {number}; it has 1"):
        account.pipeline.converge(number)
    assert account.sagemaker.live == [1]


@pytest.mark.parametrize("outcome", ["Failed", "Stopped", "Executing", ""])
def test_a_version_that_no_execution_has_proved_is_not_made_live_and_what_runs_stays(
    account: Account, outcome: str
) -> None:
    account.promote(proposal(6.0))
    if outcome:
        account.sagemaker.outcomes[2] = "Failed"
        with pytest.raises(ExecutionError):
            account.promote(proposal(5.0, "b" * 40), "run-2-1")
        account.sagemaker.executions[account.pipeline.version(2).execution_arn]["PipelineExecutionStatus"] = outcome
    else:
        account.pipeline.propose(proposal(5.0, "b" * 40))
    before = list(account.requests.changes)
    said = f"version 2 of {NAME} cannot be made live: no execution is known that proved it"
    with pytest.raises(PromotionError, match=said):
        account.pipeline.converge(2)
    assert (account.requests.changes, account.sagemaker.live) == (before, [1])


def test_a_version_that_was_proved_is_made_live_again_also_if_its_last_execution_failed(account: Account) -> None:
    account.promote(proposal(6.0))
    account.sagemaker.outcomes[1] = "Failed"
    start(account.sagemaker.client, name=NAME, token="t" * 32, display_name="scheduled", version="live")
    account.promote(proposal(5.0, "b" * 40), "run-2-1")
    assert account.pipeline.last_status(account.pipeline.version(1)) == "Failed"
    assert account.pipeline.converge(1)
    assert account.sagemaker.live == [1]


def test_a_version_that_was_proved_before_that_was_written_down_is_made_live_by_its_last_execution(
    account: Account,
) -> None:
    account.promote(proposal(6.0))
    account.promote(proposal(5.0, "b" * 40), "run-2-1")
    account.sagemaker.versions[0]["description"] = ""
    assert account.pipeline.converge(1)


def test_a_pipeline_that_is_made_again_has_another_token_than_the_one_that_was_deleted() -> None:
    accounts = [Account(), Account()]
    for account in accounts:
        account.promote(proposal(6.0))
    tokens = [
        sent["ClientRequestToken"] for each in accounts for name, sent in each.requests.sent if name == "CreatePipeline"
    ]
    assert len(set(tokens)) == 2


def test_a_rollback_without_a_pipeline_is_refused(account: Account) -> None:
    with pytest.raises(PromotionError, match="no version 1; it has none"):
        account.pipeline.converge(1)


def test_a_definition_that_sagemaker_would_refuse_changes_nothing(account: Account) -> None:
    wanted = proposal(6.0)
    broken = replace(wanted, definition={**wanted.definition, "Steps": wanted.definition["Steps"] * 2})
    with pytest.raises(InvalidDefinitionError, match="the name Check is used 2 times"):
        account.promote(broken)
    assert account.requests.sent == []


def test_another_role_changes_the_pipeline_and_makes_no_version(account: Account) -> None:
    account.promote(proposal(6.0))
    account.promote(replace(proposal(6.0), role_arn="arn:aws:iam::111122223333:role/another"), "run-2-1")
    assert account.requests.changes[-1] == "UpdatePipeline"
    assert "PipelineDefinition" not in account.requests.sent[-3][1]
    assert account.sagemaker.live == [1]
    assert len(account.sagemaker.versions) == 1


Moment = Literal["before", "after"]
MOMENTS: tuple[Moment, ...] = ("before", "after")


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("change", range(5))
def test_a_first_promotion_that_was_killed_anywhere_is_finished_by_the_next(change: int, moment: Moment) -> None:
    whole, account = Account(), Account()
    whole.promote(proposal(6.0))
    assert len(whole.requests.changes) == 5
    with account.requests.killed(change, moment):
        account.promote(proposal(6.0))
    assert account.state != whole.state or (change, moment) == (4, "after")
    account.promote(proposal(6.0))
    assert account.state == whole.state
    assert account.sagemaker.started == [1]


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("change", range(5))
def test_a_later_promotion_that_was_killed_anywhere_is_finished_by_the_next(change: int, moment: Moment) -> None:
    whole, account = Account(), Account()
    for each in (whole, account):
        each.promote(proposal(6.0))
    before = len(whole.requests.changes)
    whole.promote(proposal(5.0, "b" * 40), "run-2-1")
    assert whole.requests.changes[before:] == [
        "UpdatePipeline",
        "UpdatePipelineVersion",
        "StartPipelineExecution",
        "UpdatePipelineVersion",
        "UpdatePipelineVersion",
    ]
    with account.requests.killed(change, moment):
        account.promote(proposal(5.0, "b" * 40), "run-2-1")
    between = (change, moment) in ((3, "after"), (4, "before"))
    assert account.sagemaker.live == ([] if between else [2] if (change, moment) == (4, "after") else [1])
    account.promote(proposal(5.0, "b" * 40), "run-2-2")
    assert account.state == whole.state
    assert account.sagemaker.started == [1, 2]


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("change", range(2))
@pytest.mark.parametrize("then", [1, 2])
def test_a_rollback_that_was_killed_anywhere_is_finished_or_taken_back(change: int, moment: Moment, then: int) -> None:
    account = Account()
    account.promote(proposal(6.0))
    account.promote(proposal(5.0, "b" * 40), "run-2-1")
    with account.requests.killed(change, moment):
        account.pipeline.converge(1)
    account.pipeline.converge(then)
    assert account.sagemaker.live == [then]


def test_the_schedule_starts_the_live_version_once_for_each_time_in_its_zone(account: Account) -> None:
    account.promote(proposal(6.0))
    schedule = account.scheduler.schedules[NAME]
    assert (schedule["ScheduleExpression"], schedule["ScheduleExpressionTimezone"]) == (WEEKLY, "Europe/Dublin")
    target = schedule["Target"]
    assert target["Arn"] == "arn:aws:scheduler:::aws-sdk:sagemaker:startPipelineExecution"
    request = json.loads(target["Input"])
    assert request == {
        "PipelineName": NAME,
        "PipelineVersionAlias": "live",
        "ClientRequestToken": f"{NAME}-schedule-<aws.scheduler.scheduled-time>",
    }
    token = request["ClientRequestToken"].replace("<aws.scheduler.scheduled-time>", "2026-11-30T06:00:00Z")
    assert 32 <= len(token) <= 128
    assert target["DeadLetterConfig"] == {"Arn": "arn:aws:sqs:eu-west-1:111122223333:dead-letters"}
    assert target["RetryPolicy"]["MaximumEventAgeInSeconds"] < 3600


def test_another_time_changes_the_schedule_and_none_deletes_it(account: Account) -> None:
    account.promote(proposal(6.0))
    account.expression = "cron(0 6 * * ? *)"
    account.promote(proposal(6.0))
    assert account.requests.changes[-1] == "UpdateSchedule"
    assert account.scheduler.schedules[NAME]["ScheduleExpression"] == "cron(0 6 * * ? *)"
    account.expression = ""
    account.promote(proposal(6.0))
    account.promote(proposal(6.0))
    assert account.requests.changes[-2:] == ["UpdateSchedule", "DeleteSchedule"]
    assert account.scheduler.schedules == {}
