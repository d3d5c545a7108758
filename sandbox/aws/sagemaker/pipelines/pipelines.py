"""Pipelines, their executions and the steps of these."""

import contextvars
import threading
from typing import Any

from sandbox.aws.errors import NotEmulatedError, ServiceError
from sandbox.aws.eventbridge import service_events
from sandbox.aws.iam import authorization
from sandbox.aws.ministack import scope
from sandbox.aws.sagemaker import names, tags, user_context
from sandbox.aws.sagemaker.pipelines import execution
from sandbox.aws.sagemaker.pipelines.definition import Definition
from sandbox.aws.sagemaker.pipelines.execution import Execution
from sandbox.aws.service import Call, Members, now

_pipelines = scope.scoped_store()
_executions = scope.scoped_store()
_tokens = scope.scoped_store()

STATUS_CHANGE = "SageMaker Model Building Pipeline Execution Status Change"


def _create(call: Call) -> Members:
    members = call.members
    name = members["PipelineName"]
    if name in _pipelines:
        raise ServiceError(
            "ValidationException",
            "Pipeline names must be unique within an AWS account and region. "
            f"Pipeline with name ({name}) already exists.",
        )
    if "PipelineDefinitionS3Location" in members:
        raise NotEmulatedError("sagemaker:CreatePipeline with PipelineDefinitionS3Location")
    Definition.parse(members["PipelineDefinition"])
    _check_role(members["RoleArn"])
    arn = names.arn("pipeline", name)
    _pipelines[name] = {
        **names.pick(
            members,
            "PipelineName",
            "PipelineDisplayName",
            "PipelineDescription",
            "PipelineDefinition",
            "RoleArn",
            "ParallelismConfiguration",
        ),
        "PipelineArn": arn,
        "PipelineStatus": "Active",
        "CreationTime": now(),
        "LastModifiedTime": now(),
        "CreatedBy": user_context.of(call.caller),
    }
    tags.put(arn, members.get("Tags", []))
    return {"PipelineArn": arn}


def _update(call: Call) -> Members:
    pipeline = _pipeline(call.members["PipelineName"])
    if "PipelineDefinitionS3Location" in call.members:
        raise NotEmulatedError("sagemaker:UpdatePipeline with PipelineDefinitionS3Location")
    if "PipelineDefinition" in call.members:
        Definition.parse(call.members["PipelineDefinition"])
    if "RoleArn" in call.members:
        _check_role(call.members["RoleArn"])
    pipeline |= {key: value for key, value in call.members.items() if key != "PipelineName"}
    pipeline["LastModifiedTime"] = now()
    pipeline["LastModifiedBy"] = user_context.of(call.caller)
    return {"PipelineArn": pipeline["PipelineArn"]}


def _describe(call: Call) -> Members:
    return _pipeline(call.members["PipelineName"])


def _delete(call: Call) -> Members:
    pipeline = _pipeline(call.members["PipelineName"])
    running = [item for item in _executions_of(pipeline) if item.status in execution.RUNNING]
    if running:
        raise ServiceError(
            "ConflictException",
            f"Pipeline {pipeline['PipelineName']} has executions in progress and cannot be deleted.",
        )
    for item in _executions_of(pipeline):
        _executions.pop(item.arn)
    _pipelines.pop(pipeline["PipelineName"])
    tags.forget(pipeline["PipelineArn"])
    return {"PipelineArn": pipeline["PipelineArn"]}


def _list(call: Call) -> Members:
    prefix = call.members.get("PipelineNamePrefix", "")
    records = [pipeline for pipeline in _pipelines.values() if pipeline["PipelineName"].startswith(prefix)]
    return names.page(
        call.members,
        "PipelineSummaries",
        records,
        lambda record: names.pick(
            record,
            "PipelineArn",
            "PipelineName",
            "PipelineDisplayName",
            "PipelineDescription",
            "RoleArn",
            "CreationTime",
            "LastModifiedTime",
        ),
    )


def _start(call: Call) -> Members:
    members = call.members
    for unsupported in ("SelectiveExecutionConfig", "PipelineVersionId"):
        if unsupported in members:
            raise NotEmulatedError(f"sagemaker:StartPipelineExecution with {unsupported}")
    pipeline = _pipeline(members["PipelineName"])
    token = (pipeline["PipelineName"], members["ClientRequestToken"])
    if token in _tokens:
        return {"PipelineExecutionArn": _tokens[token]}
    definition = Definition.parse(pipeline["PipelineDefinition"])
    given = {item["Name"]: item["Value"] for item in members.get("PipelineParameters", [])}
    identifier = names.identifier()
    started = Execution(
        identifier=identifier,
        arn=f"{pipeline['PipelineArn']}/execution/{identifier}",
        pipeline=dict(pipeline),
        definition=definition,
        given=given,
        parameters=definition.values(given),
        request=names.pick(members, "PipelineExecutionDisplayName", "PipelineExecutionDescription"),
        created_by=user_context.of(call.caller),
        on_change=_send_event,
    )
    _executions[started.arn] = started
    _tokens[token] = started.arn
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(started.run,), name=f"execution {identifier}", daemon=True).start()
    return {"PipelineExecutionArn": started.arn}


def _stop(call: Call) -> Members:
    stopped = _execution(call)
    if stopped.status not in execution.RUNNING:
        raise ServiceError("ConflictException", f"Pipeline execution {stopped.arn} is not in progress.")
    stopped.stop()
    return {"PipelineExecutionArn": stopped.arn}


def _describe_execution(call: Call) -> Members:
    return _execution(call).description()


def _definition_for_execution(call: Call) -> Members:
    found = _execution(call)
    return {"PipelineDefinition": found.pipeline["PipelineDefinition"], "CreationTime": found.created}


def _parameters_for_execution(call: Call) -> Members:
    found = _execution(call)
    return {"PipelineParameters": [{"Name": name, "Value": str(value)} for name, value in found.given.items()]}


def _list_executions(call: Call) -> Members:
    records = [item.description() for item in _executions_of(_pipeline(call.members["PipelineName"]))]
    return names.page(
        call.members,
        "PipelineExecutionSummaries",
        records,
        lambda record: {
            "StartTime": record["CreationTime"],
            **names.pick(
                record,
                "PipelineExecutionArn",
                "PipelineExecutionStatus",
                "PipelineExecutionDescription",
                "PipelineExecutionDisplayName",
            ),
            **({"PipelineExecutionFailureReason": record["FailureReason"]} if "FailureReason" in record else {}),
        },
    )


def _list_steps(call: Call) -> Members:
    steps = _execution(call).steps
    ordered = steps if call.members.get("SortOrder") == "Ascending" else steps[::-1]
    start = int(call.members.get("NextToken", "0"))
    end = start + call.members.get("MaxResults", 10)
    answer: Members = {"PipelineExecutionSteps": [dict(step) for step in ordered[start:end]]}
    if end < len(ordered):
        answer["NextToken"] = str(end)
    return answer


def _pipeline(name_or_arn: str) -> Members:
    name = names.name_of(name_or_arn)
    return names.found(_pipelines, name, f"Pipeline '{names.arn('pipeline', name)}' does not exist.")


def _execution(call: Call) -> Execution:
    arn = call.members["PipelineExecutionArn"]
    found = _executions.get(arn)
    if found is None:
        raise ServiceError("ResourceNotFound", f"Pipeline execution '{arn}' does not exist.")
    return found


def _executions_of(pipeline: Members) -> list[Execution]:
    return [item for item in _executions.values() if item.pipeline["PipelineArn"] == pipeline["PipelineArn"]]


def _check_role(role: str) -> None:
    if not authorization.service_may_assume(role, "sagemaker.amazonaws.com", source_account=scope.account_id()):
        raise ServiceError("ValidationException", f"The role {role} cannot be assumed by sagemaker.amazonaws.com.")


def _send_event(changed: Execution, before: str) -> None:
    description = changed.description()
    service_events.send(
        "aws.sagemaker",
        STATUS_CHANGE,
        [changed.pipeline["PipelineArn"], changed.arn],
        {
            "pipelineExecutionDescription": description.get("PipelineExecutionDescription", ""),
            "pipelineExecutionDisplayName": description.get("PipelineExecutionDisplayName", ""),
            "currentPipelineExecutionStatus": changed.status,
            "previousPipelineExecutionStatus": before,
            "executionStartTime": changed.created,
            "executionEndTime": description["LastModifiedTime"],
            "pipelineArn": changed.pipeline["PipelineArn"],
            "pipelineExecutionArn": changed.arn,
        },
    )


OPERATIONS: dict[str, Any] = {
    "CreatePipeline": _create,
    "UpdatePipeline": _update,
    "DescribePipeline": _describe,
    "DeletePipeline": _delete,
    "ListPipelines": _list,
    "StartPipelineExecution": _start,
    "StopPipelineExecution": _stop,
    "DescribePipelineExecution": _describe_execution,
    "DescribePipelineDefinitionForExecution": _definition_for_execution,
    "ListPipelineParametersForExecution": _parameters_for_execution,
    "ListPipelineExecutions": _list_executions,
    "ListPipelineExecutionSteps": _list_steps,
}
