"""Upserting a pipeline on AWS, and following its executions."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlops_platform.pipeline import remote
from mlops_platform.pipeline.expressions import VERSION, Json
from mlops_platform.pipeline.testing.sagemaker import EXECUTION_ARN, PIPELINE_ARN, FakeSageMaker

FAIL_STEP = {"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}}
DEFINITION: Json = {"Version": VERSION, "Parameters": [], "Steps": [FAIL_STEP]}


def upsert(service: FakeSageMaker, definition: Json = DEFINITION, role: str = "pipeline") -> str:
    return remote.upsert(
        service.client,
        name="example",
        definition=definition,
        role_arn=f"arn:aws:iam::111122223333:role/{role}",
        description="An example",
        tags={"sagemaker:project-id": "p-example00000"},
    )


def test_a_pipeline_is_created_with_its_tags_once() -> None:
    service = FakeSageMaker()
    assert upsert(service) == "created"
    assert service.operations == ["CreatePipeline"]
    request = service.requests[-1][1]
    assert json.loads(request["PipelineDefinition"]) == DEFINITION
    assert request["Tags"] == [{"Key": "sagemaker:project-id", "Value": "p-example00000"}]
    assert 32 <= len(request["ClientRequestToken"]) <= 128


def test_an_unchanged_pipeline_is_left_as_it_is() -> None:
    service = FakeSageMaker()
    upsert(service)
    assert upsert(service) == "unchanged"
    assert service.operations == ["CreatePipeline"]


@pytest.mark.parametrize("change", ["definition", "role"])
def test_a_changed_pipeline_is_updated_and_keeps_its_tags(change: str) -> None:
    service = FakeSageMaker()
    upsert(service)
    if change == "definition":
        outcome = upsert(service, {**DEFINITION, "Metadata": {"changed": "yes"}})
    else:
        outcome = upsert(service, role="another")
    assert outcome == "updated"
    assert service.operations == ["CreatePipeline", "UpdatePipeline", "AddTags"]
    assert service.requests[-1][1]["ResourceArn"] == PIPELINE_ARN


def test_a_definition_that_sagemaker_would_refuse_is_not_sent() -> None:
    service = FakeSageMaker()
    broken = {**DEFINITION, "Steps": [FAIL_STEP, FAIL_STEP]}
    with pytest.raises(remote.InvalidDefinitionError, match="the name Stop is used 2 times"):
        upsert(service, broken)
    assert service.requests == []


def test_a_definition_above_one_mebibyte_is_refused() -> None:
    service = FakeSageMaker()
    with pytest.raises(remote.InvalidDefinitionError, match="SageMaker takes at most 1048576"):
        upsert(service, {**DEFINITION, "Metadata": {"text": "x" * remote.MAXIMUM_BYTES}})
    assert service.requests == []


def test_a_refusal_is_not_mistaken_for_a_missing_pipeline(monkeypatch: pytest.MonkeyPatch) -> None:
    service = FakeSageMaker()

    def refuse(_: object) -> tuple[int, dict[str, str]]:
        return 400, {"__type": "AccessDeniedException", "message": "not authorized"}

    monkeypatch.setattr(service, "describe_pipeline", refuse)
    with pytest.raises(ClientError, match="not authorized"):
        upsert(service)
    assert service.operations == []


def test_an_execution_is_started_with_a_token_its_name_and_nothing_that_the_definition_says() -> None:
    service = FakeSageMaker()
    token = remote.idempotency_token("example", "run 7", "1")
    arn = remote.start(
        service.client,
        name="example",
        token=token,
        display_name="run-7-1",
    )
    assert arn == EXECUTION_ARN
    assert service.requests == [
        (
            "StartPipelineExecution",
            {
                "PipelineName": "example",
                "PipelineExecutionDisplayName": "run-7-1",
                "ClientRequestToken": token,
            },
        )
    ]


def test_the_same_run_has_the_same_token_and_a_second_attempt_another() -> None:
    token = remote.idempotency_token("example", "7", "1")
    assert token == remote.idempotency_token("example", "7", "1")
    assert token != remote.idempotency_token("example", "7", "2")
    assert token != remote.idempotency_token("example7", "", "1")


class Clock:
    """Time that passes only when the code under test sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def follow(service: FakeSageMaker, minutes: float = 10) -> tuple[list[remote.Step], list[tuple[str, str]]]:
    clock = Clock()
    changes: list[tuple[str, str]] = []
    try:
        found = remote.wait(
            service.client,
            EXECUTION_ARN,
            deadline_seconds=minutes * 60,
            on_change=lambda step: changes.append((step.name, step.status)),
            now=clock.now,
            sleep=clock.sleep,
        )
    finally:
        assert clock.seconds <= minutes * 60
    return found, changes


def execution(status: str, **more: Any) -> Json:
    return {"PipelineExecutionArn": EXECUTION_ARN, "PipelineExecutionStatus": status, **more}


def test_a_success_returns_every_step_of_every_page_with_its_outcome() -> None:
    service = FakeSageMaker()
    service.executions = [execution("Executing"), execution("Executing"), execution("Succeeded")]
    package = "arn:aws:sagemaker:eu-west-1:111122223333:model-package/example/1"
    service.steps = [
        {"StepName": "Train", "StepStatus": "Succeeded", "StartTime": 100.0, "EndTime": 130.5},
        {"StepName": "Check", "StepStatus": "Succeeded", "Metadata": {"Condition": {"Outcome": "True"}}},
        {"StepName": "Register", "StepStatus": "Succeeded", "Metadata": {"RegisterModel": {"Arn": package}}},
    ]
    found, changes = follow(service)
    assert changes == [("Train", "Succeeded"), ("Check", "Succeeded"), ("Register", "Succeeded")]
    assert [(step.name, step.seconds, step.outcome, step.model_package_arn) for step in found] == [
        ("Train", 30.5, "", ""),
        ("Check", None, "True", ""),
        ("Register", None, "", package),
    ]


def test_a_failure_names_the_step_and_its_reason() -> None:
    service = FakeSageMaker()
    service.executions = [execution("Failed", FailureReason="Step failure: One or multiple steps failed.")]
    service.steps = [{"StepName": "Train", "StepStatus": "Failed", "FailureReason": "ClientError: no such column"}]
    with pytest.raises(remote.ExecutionError, match="ended as Failed\nTrain: ClientError: no such column"):
        follow(service)


def test_a_stopped_execution_is_no_success() -> None:
    service = FakeSageMaker()
    service.executions = [execution("Stopping"), execution("Stopped", FailureReason="stopped by ada")]
    with pytest.raises(remote.ExecutionError, match="ended as Stopped\nstopped by ada"):
        follow(service)


def test_waiting_ends_at_the_deadline_and_says_that_the_execution_goes_on() -> None:
    service = FakeSageMaker()
    service.executions = [execution("Executing")]
    with pytest.raises(remote.ExecutionError, match="still Executing after 10 minutes; it goes on"):
        follow(service)


def remove(service: FakeSageMaker, stops_after: int = 1) -> list[float]:
    """Remove the pipeline; its execution has stopped after some looks at it."""
    clock: list[float] = []

    def sleep(seconds: float) -> None:
        clock.append(seconds)
        if len(clock) == stops_after:
            service.executions[0]["PipelineExecutionStatus"] = "Stopped"

    remote.remove(service.client, "example", now=lambda: sum(clock), sleep=sleep)
    return clock


def test_a_pipeline_is_removed_when_nothing_of_it_runs_any_more() -> None:
    service = FakeSageMaker()
    upsert(service)
    service.executions = [{"PipelineExecutionArn": EXECUTION_ARN, "PipelineExecutionStatus": "Executing"}]
    assert len(remove(service, stops_after=3)) == 3
    assert service.operations == ["CreatePipeline", "StopPipelineExecution", "DeletePipeline"]
    assert service.pipeline is None


def test_a_pipeline_that_is_gone_is_removed() -> None:
    service = FakeSageMaker()
    assert remove(service) == []
    assert service.operations == []


def test_an_execution_that_does_not_stop_is_an_error_after_a_while() -> None:
    service = FakeSageMaker()
    upsert(service)
    service.executions = [{"PipelineExecutionArn": EXECUTION_ARN, "PipelineExecutionStatus": "Executing"}]
    with pytest.raises(remote.ExecutionError, match="executions that do not stop"):
        remove(service, stops_after=10_000)
    assert service.pipeline is not None


def test_a_pipeline_that_is_made_again_has_another_token_than_the_one_that_was_deleted() -> None:
    service = FakeSageMaker()
    upsert(service)
    remove(service)
    upsert(service)
    tokens = [arguments["ClientRequestToken"] for name, arguments in service.requests if name == "CreatePipeline"]
    assert len(set(tokens)) == 2
