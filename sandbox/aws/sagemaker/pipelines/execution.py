"""An execution of a pipeline: its steps one after another, each with the pipeline role's permissions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.aws import validation
from sandbox.aws.errors import ServiceError
from sandbox.aws.iam import authorization, pass_role
from sandbox.aws.iam.authorization import Credentials, Principal
from sandbox.aws.iam.service_authorization import sagemaker as service_authorization
from sandbox.aws.ministack import gateway, scope
from sandbox.aws.sagemaker import containers, names, transfer
from sandbox.aws.sagemaker.failures import StepFailedError
from sandbox.aws.sagemaker.jobs import lifecycle
from sandbox.aws.sagemaker.jobs.job import Kind
from sandbox.aws.sagemaker.jobs.processing import PROCESSING
from sandbox.aws.sagemaker.jobs.training import TRAINING
from sandbox.aws.sagemaker.pipelines.definition import Definition, Step, in_order
from sandbox.aws.sagemaker.pipelines.values import Values
from sandbox.aws.sagemaker.pipelines.versions import Version
from sandbox.aws.sagemaker.registry import model_packages
from sandbox.aws.service import Members, now

RUNNING = frozenset({"Executing", "Stopping"})


class ExecutionStoppedError(Exception):
    """The execution has been stopped."""


@dataclass(kw_only=True)
class Execution:
    """One run of a pipeline."""

    identifier: str
    arn: str
    pipeline: Members
    version: Version
    definition: Definition
    given: Mapping[str, str]
    parameters: Mapping[str, Any]
    request: Members
    caller_arn: str
    on_change: Callable[["Execution", str], None]
    created: float = field(default_factory=now)
    modified: float = field(default_factory=now)
    status: str = "Executing"
    failure_reason: str | None = None
    steps: list[Members] = field(default_factory=list[Members])
    _current: tuple[Kind, Members] | None = None

    def description(self) -> Members:
        """Return the execution as DescribePipelineExecution answers it; the aliases are those that its version has now."""
        return {
            "PipelineArn": self.pipeline["PipelineArn"],
            "PipelineExecutionArn": self.arn,
            "PipelineExecutionStatus": self.status,
            "PipelineVersionId": self.version.identifier,
            "CreationTime": self.created,
            "LastModifiedTime": self.modified,
            "CreatedBy": {"IamIdentity": {"Arn": self.caller_arn}},
            **({"FailureReason": self.failure_reason} if self.failure_reason else {}),
            **({"PipelineVersionAliases": list(self.version.aliases)} if self.version.aliases else {}),
            **self.request,
        }

    def stop(self) -> None:
        """Tell the execution, and the job that it waits for, to stop."""
        self._set_status("Stopping")
        if self._current is not None:
            lifecycle.stop(*self._current)

    def run(self) -> None:
        """Run every step; called in a thread of its own."""
        self.on_change(self, "")
        credentials = authorization.assume(self.pipeline["RoleArn"], "SageMaker")
        account, role = authorization.split_role_arn(self.pipeline["RoleArn"])
        principal = Principal(
            arn=f"arn:aws:sts::{account}:assumed-role/{role}/SageMaker",
            access_key_id=credentials.access_key_id,
            account_id=account,
        )
        s3 = containers.client("s3", credentials, scope.region())
        values = Values(
            parameters=self.parameters,
            execution={
                "PipelineExecutionId": self.identifier,
                "PipelineExecutionArn": self.arn,
                "PipelineName": self.pipeline["PipelineName"],
                "PipelineArn": self.pipeline["PipelineArn"],
                "StartDateTime": datetime.fromtimestamp(self.created, UTC).isoformat(),
                "CurrentDateTime": datetime.now(UTC).isoformat(),
            },
            read=lambda uri: transfer.read(s3, uri),
        )
        work = _Work(self, values, principal, credentials, s3)
        try:
            work.run(self.definition.steps)
            self._set_status("Succeeded")
        except ExecutionStoppedError:
            self._set_status("Stopped")
        except StepFailedError:
            self.failure_reason = "Step failure: One or multiple steps failed."
            self._set_status("Failed")
        except Exception as error:  # Whatever happens, an execution ends.
            gateway.logger.exception("execution %s", self.arn)
            self.failure_reason = f"InternalServerError: {error!r}"
            self._set_status("Failed")

    def wait_for(self, kind: Kind, record: Members) -> None:
        """Wait for a job, which `stop` stops meanwhile."""
        self._current = (kind, record)
        if self.status == "Stopping":
            lifecycle.stop(kind, record)
        lifecycle.wait(record)
        self._current = None

    def _set_status(self, status: str) -> None:
        before, self.status, self.modified = self.status, status, now()
        self.on_change(self, before)


@dataclass(frozen=True)
class _Work:
    execution: Execution
    values: Values
    principal: Principal
    credentials: Credentials
    s3: Any

    def run(self, steps: Sequence[Step]) -> None:
        for step in in_order(steps):
            if self.execution.status == "Stopping":
                raise ExecutionStoppedError
            self._run_step(step)

    def _run_step(self, step: Step) -> None:
        entry: Members = {"StepName": step["Name"], "StartTime": now(), "StepStatus": "Executing", "AttemptCount": 1}
        for name in ("DisplayName", "Description"):
            if name in step:
                entry[f"Step{name}"] = step[name]
        self.execution.steps.append(entry)
        branch: Sequence[Step] = ()
        try:
            branch = self._work(step, entry)
            entry["StepStatus"] = "Succeeded"
        except ExecutionStoppedError:
            entry["StepStatus"] = "Stopped"
            raise
        except ServiceError as error:
            self._failed(entry, f"ClientError: {error.code}: {error.message}")
        except StepFailedError as error:
            self._failed(entry, str(error))
        finally:
            entry["EndTime"] = now()
        self.run(branch)

    def _failed(self, entry: Members, reason: str) -> None:
        entry["StepStatus"] = "Failed"
        entry["FailureReason"] = reason[:3072]
        raise StepFailedError(reason) from None

    def _work(self, step: Step, entry: Members) -> Sequence[Step]:
        kind = step["Type"]
        arguments = step["Arguments"]
        if kind == "Condition":
            outcome = all(self.values.holds(condition) for condition in arguments["Conditions"])
            entry["Metadata"] = {"Condition": {"Outcome": str(outcome)}}
            return arguments.get("IfSteps" if outcome else "ElseSteps", [])
        resolved = self.values.resolve(arguments)
        if kind == "Fail":
            entry["Metadata"] = {"Fail": {"ErrorMessage": resolved["ErrorMessage"]}}
            raise StepFailedError(resolved["ErrorMessage"])
        if kind == "RegisterModel":
            self._register(step, resolved, entry)
        else:
            self._run_job(PROCESSING if kind == "Processing" else TRAINING, step, resolved, entry)
        return ()

    def _run_job(self, kind: Kind, step: Step, arguments: Members, entry: Members) -> None:
        name = f"pipelines-{self.execution.identifier}-{step['Name'][:32]}-{names.identifier(10)}"
        members = {**arguments, kind.name_member: name}
        self._check_request(f"Create{kind.noun}Job", members)
        pass_role.check(
            self.principal, pass_role.Passing(role_arn=members["RoleArn"], service="sagemaker.amazonaws.com")
        )
        record = lifecycle.create(kind, members)
        entry["Metadata"] = {f"{kind.noun}Job": {"Arn": record[kind.arn_member]}}
        self.execution.wait_for(kind, record)
        self._check_request(f"Describe{kind.noun}Job", {kind.name_member: name})
        status = record[kind.status_member]
        if status == "Stopped":
            raise ExecutionStoppedError
        if status != "Completed":
            raise StepFailedError(record.get("FailureReason", f"ClientError: the job is {status}"))
        self.values.properties[step["Name"]] = _properties(lifecycle.description(record))
        outputs = {
            item["OutputName"]: item["S3Output"]["S3Uri"]
            for item in record.get("ProcessingOutputConfig", {}).get("Outputs", [])
        }
        for item in step.get("PropertyFiles", []):
            uri = f"{outputs[item['OutputName']].rstrip('/')}/{item['FilePath']}"
            self.values.files[step["Name"], item["PropertyFileName"]] = uri

    def _register(self, step: Step, arguments: Members, entry: Members) -> None:
        members: Members = {**arguments, "MetadataProperties": {"GeneratedBy": self.execution.arn}}
        self._check_request("CreateModelPackage", members)
        containers_of_model: list[Members] = members.get("InferenceSpecification", {}).get("Containers", [])
        for container in containers_of_model:
            if "ModelDataUrl" in container:
                transfer.exists(self.s3, container["ModelDataUrl"])
        arn = model_packages.create(members, self.principal.arn)["ModelPackageArn"]
        entry["Metadata"] = {"RegisterModel": {"Arn": arn}}
        self.values.properties[step["Name"]] = model_packages.describe(arn)

    def _check_request(self, operation: str, members: Members) -> None:
        """Check a request of the pipeline as SageMaker's front end would: its shape, then the permission."""
        validation.check(validation.service_model("sagemaker").operation_model(operation).input_shape, members)
        resource = service_authorization.resource(operation, members)
        tags = {tag["Key"]: tag["Value"] for tag in members.get("Tags", [])}
        found = service_authorization.context(operation, members)
        context = {key: value for key, value in found if value is not None}
        context |= {f"aws:RequestTag/{key}": value for key, value in tags.items()}
        if tags:
            context["aws:TagKeys"] = list(tags)
            authorization.require(self.principal, "sagemaker:AddTags", resource, context)
        authorization.require(self.principal, f"sagemaker:{operation}", resource, context)


def _properties(description: Members) -> Members:
    """Return a job's description as references see it: outputs and metrics are found by their names."""
    properties = dict(description)
    if "ProcessingOutputConfig" in properties:
        outputs = properties["ProcessingOutputConfig"].get("Outputs", [])
        properties["ProcessingOutputConfig"] = {
            **properties["ProcessingOutputConfig"],
            "Outputs": {item["OutputName"]: item for item in outputs},
        }
    if "FinalMetricDataList" in properties:
        metrics = properties["FinalMetricDataList"]
        properties["FinalMetricDataList"] = {item["MetricName"]: item for item in metrics}
    return properties
