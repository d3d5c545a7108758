"""Upsert a pipeline on AWS and follow its executions, with boto3 alone.

Safe to repeat: an unchanged pipeline is left as it is, and a request that is sent twice has its effect once.
"""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from mlops_platform.pipeline.expressions import Json
from mlops_platform.pipeline.validation import MAXIMUM_BYTES, problems
from mlops_platform.project.aws import error_code

FINISHED = ("Succeeded", "Failed", "Stopped")
STOPS_WITHIN_SECONDS = 300.0
"""Time that a pipeline's running jobs may take to stop before it is deleted."""


class InvalidDefinitionError(Exception):
    """SageMaker would refuse the definition; the message lists what is wrong with it."""


class ExecutionError(Exception):
    """An execution failed, was stopped, or takes too long; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """The state of a step of an execution."""

    name: str
    status: str
    seconds: float | None
    outcome: str
    failure_reason: str
    model_package_arn: str


def checked(definition: Json) -> str:
    """Return the text of a definition that SageMaker takes.

    Raises:
        InvalidDefinitionError: SageMaker would refuse it.
    """
    text = json.dumps(definition, sort_keys=True)
    found = problems(definition)
    if len(text.encode()) > MAXIMUM_BYTES:
        found.append(f"the definition has {len(text.encode())} bytes; SageMaker takes at most {MAXIMUM_BYTES}")
    if found:
        raise InvalidDefinitionError("\n".join(found))
    return text


def upsert(
    sagemaker: Any, *, name: str, definition: Json, role_arn: str, description: str, tags: Mapping[str, str]
) -> str:
    """Create the pipeline, or update it if its definition or role differ; returns created, updated or unchanged.

    Raises:
        InvalidDefinitionError: nothing was changed, because SageMaker would refuse the definition.
    """
    text = checked(definition)
    wanted = {
        "PipelineDisplayName": name,
        "PipelineDescription": description,
        "PipelineDefinition": text,
        "RoleArn": role_arn,
    }
    tag_list = [{"Key": key, "Value": value} for key, value in tags.items()]
    try:
        current = sagemaker.describe_pipeline(PipelineName=name)
    except ClientError as error:
        if error_code(error) != "ResourceNotFound":
            raise
        # The SDK sends a token of its own: one that follows from the content would stand for a pipeline that was deleted since.
        sagemaker.create_pipeline(PipelineName=name, Tags=tag_list, **wanted)
        return "created"
    if all(current.get(key) == value for key, value in wanted.items()):
        return "unchanged"
    sagemaker.update_pipeline(PipelineName=name, **wanted)
    sagemaker.add_tags(ResourceArn=current["PipelineArn"], Tags=tag_list)
    return "updated"


def start(
    sagemaker: Any,
    *,
    name: str,
    token: str,
    display_name: str,
    parameters: Mapping[str, str] | None = None,
    version: int | str | None = None,
) -> str:
    """Start an execution of the pipeline, and return its ARN; the same token starts no second one.

    Args:
        sagemaker: client of SageMaker.
        name: name of the pipeline.
        token: the idempotency token.
        display_name: name of the execution.
        parameters: values of the pipeline's parameters, in the place of their defaults.
        version: number of a version of the pipeline, or an alias of one; by default the newest.
    """
    given = [{"Name": key, "Value": value} for key, value in (parameters or {}).items()]
    chosen = {int: "PipelineVersionId", str: "PipelineVersionAlias"}
    answer = sagemaker.start_pipeline_execution(
        PipelineName=name,
        ClientRequestToken=token,
        PipelineExecutionDisplayName=display_name,
        **({"PipelineParameters": given} if given else {}),
        **({} if version is None else {chosen[type(version)]: version}),
    )
    return answer["PipelineExecutionArn"]


def idempotency_token(*parts: str) -> str:
    """Return a token that is the same for the same parts; SageMaker requires 32 to 128 characters."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def steps(sagemaker: Any, execution_arn: str) -> list[Step]:
    """Return the steps of an execution so far, the earliest first."""
    pages = sagemaker.get_paginator("list_pipeline_execution_steps").paginate(
        PipelineExecutionArn=execution_arn, SortOrder="Ascending"
    )
    return [_step(entry) for page in pages for entry in page["PipelineExecutionSteps"]]


def _step(entry: Json) -> Step:
    begin, end = entry.get("StartTime"), entry.get("EndTime")
    metadata = entry.get("Metadata", {})
    return Step(
        name=entry["StepName"],
        status=entry["StepStatus"],
        seconds=(end - begin).total_seconds() if begin and end else None,
        outcome=metadata.get("Condition", {}).get("Outcome", ""),
        failure_reason=entry.get("FailureReason", "") or metadata.get("Fail", {}).get("ErrorMessage", ""),
        model_package_arn=metadata.get("RegisterModel", {}).get("Arn", ""),
    )


def wait(
    sagemaker: Any,
    execution_arn: str,
    *,
    deadline_seconds: float,
    on_change: Callable[[Step], None],
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Step]:
    """Follow an execution until it has succeeded, and return its steps.

    Raises:
        ExecutionError: it failed or was stopped, or is still running at the deadline.
    """
    started = now()
    seen: dict[str, str] = {}
    while True:
        execution = sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution_arn)
        current = steps(sagemaker, execution_arn)
        for step in current:
            if seen.get(step.name) != step.status:
                seen[step.name] = step.status
                on_change(step)
        status = execution["PipelineExecutionStatus"]
        if status == "Succeeded":
            return current
        if status in FINISHED:
            raise ExecutionError(_why(status, execution, current))
        elapsed = now() - started
        # Poll often at first, so that a quick failure shows at once; for hourly jobs six times a minute is enough.
        pause = min(10.0, 1.0 + elapsed / 30)
        if elapsed + pause > deadline_seconds:
            raise ExecutionError(
                f"the execution is still {status} after {deadline_seconds / 60:.0f} minutes; it goes on, "
                f"but this command stops following it: {execution_arn}"
            )
        sleep(pause)


def remove(
    sagemaker: Any,
    name: str,
    *,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Stop what runs of a pipeline and delete it; nothing happens if there is none.

    Raises:
        ExecutionError: an execution does not stop within `STOPS_WITHIN_SECONDS`.
    """
    ends = now() + STOPS_WITHIN_SECONDS
    try:
        while running := _running(sagemaker, name):
            for execution in running:
                if execution["PipelineExecutionStatus"] == "Executing":
                    sagemaker.stop_pipeline_execution(PipelineExecutionArn=execution["PipelineExecutionArn"])
            if now() >= ends:
                raise ExecutionError(f"{name} has executions that do not stop: remove it later")
            sleep(2.0)
        sagemaker.delete_pipeline(PipelineName=name)
    except ClientError as error:
        if error_code(error) != "ResourceNotFound":
            raise


def _running(sagemaker: Any, name: str) -> list[Json]:
    pages = sagemaker.get_paginator("list_pipeline_executions").paginate(PipelineName=name)
    return [
        execution
        for page in pages
        for execution in page["PipelineExecutionSummaries"]
        if execution["PipelineExecutionStatus"] not in FINISHED
    ]


def _why(status: str, execution: Json, finished: list[Step]) -> str:
    reasons = [
        f"{step.name}: {step.failure_reason or 'no reason given'}" for step in finished if step.status == "Failed"
    ]
    return "\n".join([f"the execution ended as {status}", *(reasons or [execution.get("FailureReason", "")])]).strip()
