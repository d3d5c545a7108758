"""Pipelines, their versions, their executions and the steps of these."""

import contextvars
import threading
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sandbox.aws.errors import NotEmulatedError, ServiceError
from sandbox.aws.eventbridge import service_events
from sandbox.aws.iam import authorization
from sandbox.aws.ministack import scope
from sandbox.aws.sagemaker import names, tags
from sandbox.aws.sagemaker.pipelines import execution
from sandbox.aws.sagemaker.pipelines.definition import Definition
from sandbox.aws.sagemaker.pipelines.execution import Execution
from sandbox.aws.sagemaker.pipelines.versions import Version, Versions
from sandbox.aws.service import Call, Members, now

_pipelines = scope.scoped_store()
"""By name."""
_versions = scope.scoped_store()
"""By the name of the pipeline."""
_executions = scope.scoped_store()
"""By ARN."""
_tokens = scope.scoped_store()
"""By the operation, the name of the pipeline and the token of a request: the ARN that answered it."""

STATUS_CHANGE = "SageMaker Model Building Pipeline Execution Status Change"


def _create(call: Call) -> Members:
    members = call.members
    name = members["PipelineName"]
    token = ("CreatePipeline", name, members["ClientRequestToken"])
    if token in _tokens:
        return {"PipelineArn": _tokens[token]}
    if name in _pipelines:
        raise ServiceError(
            "ValidationException",
            "Pipeline names must be unique within an AWS account and region. "
            f"Pipeline with name ({name}) already exists.",
        )
    _refuse(call, "PipelineDefinitionS3Location")
    if "PipelineDefinition" not in members:
        raise ServiceError("ValidationException", "A pipeline needs a PipelineDefinition.")
    Definition.parse(members["PipelineDefinition"])
    _check_role(members["RoleArn"])
    versions = Versions(members["PipelineDefinition"], members.get("PipelineVersionAliases", []))
    arn = names.arn("pipeline", name)
    _versions[name] = versions
    _pipelines[name] = {
        **names.pick(
            members,
            "PipelineName",
            "PipelineDisplayName",
            "PipelineDescription",
            "RoleArn",
            "ParallelismConfiguration",
        ),
        "PipelineArn": arn,
        "PipelineStatus": "Active",
        "CreationTime": now(),
        "LastModifiedTime": now(),
        "CreatedBy": {"IamIdentity": {"Arn": call.caller.arn}},
    }
    tags.put(arn, members.get("Tags", []))
    _tokens[token] = arn
    return {"PipelineArn": arn}


def _update(call: Call) -> Members:
    members = call.members
    pipeline = _pipeline(members["PipelineName"])
    versions = _versions[pipeline["PipelineName"]]
    _refuse(call, "PipelineDefinitionS3Location")
    definition = members.get("PipelineDefinition", versions.latest.definition)
    changed = definition != versions.latest.definition
    if changed:
        Definition.parse(definition)
    elif members.get("PipelineVersionAliases"):
        raise ServiceError(
            "ValidationException",
            "PipelineVersionAliases can be specified only when the update changes the pipeline definition.",
        )
    if "RoleArn" in members:
        _check_role(members["RoleArn"])
    if changed:
        versions.add(definition, members.get("PipelineVersionAliases", []))
    pipeline |= names.pick(members, "PipelineDisplayName", "PipelineDescription", "RoleArn", "ParallelismConfiguration")
    _modified(call, pipeline)
    return {"PipelineArn": pipeline["PipelineArn"], "PipelineVersionId": versions.latest.identifier}


def _update_version(call: Call) -> Members:
    members = call.members
    pipeline = _pipeline(members["PipelineArn"])
    versions = _versions[pipeline["PipelineName"]]
    version = versions.named_by(members)
    aliases = members.get("PipelineVersionAliasOperations", {})
    versions.change_aliases(version, add=aliases.get("Add", []), remove=aliases.get("Remove", []))
    version.display_name = members.get("PipelineVersionDisplayName", version.display_name)
    version.description = members.get("PipelineVersionDescription", version.description)
    _modified(call, pipeline)
    return {"PipelineArn": pipeline["PipelineArn"], "PipelineVersionId": version.identifier}


def _modified(call: Call, pipeline: Members) -> None:
    pipeline["LastModifiedTime"] = now()
    pipeline["LastModifiedBy"] = {"IamIdentity": {"Arn": call.caller.arn}}


def _list_versions(call: Call) -> Members:
    pipeline = _pipeline(call.members["PipelineName"])
    records = [version.summary(pipeline["PipelineArn"]) for version in _versions[pipeline["PipelineName"]]]
    within = list(_in_time(call.members, records))
    return names.page(call.members, "PipelineVersionSummaries", within, dict, sort_by="PipelineVersionId")


def _describe(call: Call) -> Members:
    pipeline = _pipeline(call.members["PipelineName"])
    version = _versions[pipeline["PipelineName"]].named_by(call.members)
    return {**pipeline, "PipelineDefinition": version.definition, **version.description_members()}


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
    for token in [each for each in _tokens if each[1] == pipeline["PipelineName"]]:
        _tokens.pop(token)
    _versions.pop(pipeline["PipelineName"])
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
    _refuse(call, "SelectiveExecutionConfig", "MlflowExperimentName")
    pipeline = _pipeline(members["PipelineName"])
    if "RoleArn" in members:
        raise ServiceError(
            "ValidationException", "RoleArn can't be specified for a pipeline that Amazon Web Services does not manage."
        )
    token = ("StartPipelineExecution", pipeline["PipelineName"], members["ClientRequestToken"])
    if token in _tokens:
        return {"PipelineExecutionArn": _tokens[token]}
    version: Version = _versions[pipeline["PipelineName"]].named_by(members)
    definition = Definition.parse(version.definition)
    given = {item["Name"]: item["Value"] for item in members.get("PipelineParameters", [])}
    identifier = names.identifier()
    started = Execution(
        identifier=identifier,
        arn=f"{pipeline['PipelineArn']}/execution/{identifier}",
        pipeline=dict(pipeline),
        version=version,
        definition=definition,
        given=given,
        parameters=definition.values(given),
        request=names.pick(
            {**pipeline, **members},
            "PipelineExecutionDisplayName",
            "PipelineExecutionDescription",
            "ParallelismConfiguration",
        ),
        caller_arn=call.caller.arn,
        on_change=_send_event,
    )
    _executions[started.arn] = started
    _tokens[token] = started.arn
    version.last_execution, pipeline["LastRunTime"] = started.arn, started.created
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
    return {"PipelineDefinition": found.version.definition, "CreationTime": found.created}


def _parameters_for_execution(call: Call) -> Members:
    found = _execution(call)
    return {"PipelineParameters": [{"Name": name, "Value": str(value)} for name, value in found.given.items()]}


def _list_executions(call: Call) -> Members:
    pipeline = _pipeline(call.members["PipelineName"])
    executions = _executions_of(pipeline)
    if "PipelineVersionAlias" in call.members:
        version = _versions[pipeline["PipelineName"]].named_by(call.members)
        executions = [item for item in executions if item.version is version]
    return names.page(
        call.members,
        "PipelineExecutionSummaries",
        list(_in_time(call.members, [item.description() for item in executions])),
        lambda record: {
            "StartTime": record["CreationTime"],
            **names.pick(
                record,
                "PipelineExecutionArn",
                "PipelineExecutionStatus",
                "PipelineExecutionDescription",
                "PipelineExecutionDisplayName",
                "PipelineVersionAliases",
            ),
            **({"PipelineExecutionFailureReason": record["FailureReason"]} if "FailureReason" in record else {}),
        },
        sort_by=call.members.get("SortBy", "CreationTime"),
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


def _in_time(members: Members, records: list[Members]) -> Iterator[Members]:
    """Yield the records that were created within the times that a listing is limited to."""
    earliest, latest = (_moment(members.get(name)) for name in ("CreatedAfter", "CreatedBefore"))
    for record in records:
        if (earliest is None or record["CreationTime"] > earliest) and (
            latest is None or record["CreationTime"] < latest
        ):
            yield record


def _moment(value: float | str | None) -> float | None:
    return datetime.fromisoformat(value).timestamp() if isinstance(value, str) else value


def _refuse(call: Call, *unsupported: str) -> None:
    """Refuse members that the sandbox does not know what to do with.

    Raises:
        NotEmulatedError: the request has one.
    """
    for name in unsupported:
        if name in call.members:
            raise NotEmulatedError(f"sagemaker:{call.operation} with {name}")


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
    "UpdatePipelineVersion": _update_version,
    "ListPipelineVersions": _list_versions,
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
