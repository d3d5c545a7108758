"""A fake SageMaker that holds one pipeline and a group of model packages, behind a real boto3 client: botocore checks requests and answers."""

import io
import json
from collections.abc import Iterator
from typing import Any

import boto3
import botocore
from botocore import UNSIGNED
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from mlops_platform.pipeline.expressions import Json

PIPELINE_ARN = "arn:aws:sagemaker:eu-west-1:111122223333:pipeline/example"
EXECUTION_ARN = f"{PIPELINE_ARN}/execution/abcdefghijkl"


class _Body(io.BytesIO):
    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


class FakeSageMaker:
    """Answers the operations that the code under test uses, and records the requests."""

    def __init__(self) -> None:
        self.pipeline: Json | None = None
        self.requests: list[tuple[str, Json]] = []
        self.executions: list[Json] = []
        """The answers of DescribePipelineExecution, one after the other; the last stays."""
        self.steps: list[Json] = []
        self.packages: list[Json] = []
        """The answers of DescribeModelPackage, the newest first."""
        boto: Any = boto3
        self.client = boto.client("sagemaker", region_name="eu-west-1", config=Config(signature_version=UNSIGNED))
        self.client.meta.events.register("before-send.sagemaker", self._answer)

    @property
    def operations(self) -> list[str]:
        """The operations that changed something."""
        return [name for name, _ in self.requests if not name.startswith(("Describe", "List"))]

    def _answer(self, request: Any, **_: Any) -> AWSResponse:
        operation = request.headers["X-Amz-Target"].decode().partition(".")[2]
        arguments = json.loads(request.body)
        library: Any = botocore
        self.requests.append((operation, arguments))
        status, answer = getattr(self, library.xform_name(operation))(arguments)
        content: Any = _Body(json.dumps(answer).encode())
        headers: Any = {"Content-Type": "application/x-amz-json-1.1"}
        return AWSResponse(request.url, status, headers, content)

    def describe_pipeline(self, _: Json) -> tuple[int, Json]:
        if self.pipeline is None:
            return 400, {"__type": "ResourceNotFound", "message": "Pipeline does not exist."}
        return 200, {"PipelineArn": PIPELINE_ARN, **self.pipeline}

    def create_pipeline(self, arguments: Json) -> tuple[int, Json]:
        self.pipeline = arguments
        return 200, {"PipelineArn": PIPELINE_ARN}

    def update_pipeline(self, arguments: Json) -> tuple[int, Json]:
        assert self.pipeline is not None
        self.pipeline = {**self.pipeline, **arguments}
        return 200, {"PipelineArn": PIPELINE_ARN}

    def add_tags(self, arguments: Json) -> tuple[int, Json]:
        return 200, {"Tags": arguments["Tags"]}

    def start_pipeline_execution(self, arguments: Json) -> tuple[int, Json]:
        del arguments
        return 200, {"PipelineExecutionArn": EXECUTION_ARN}

    def describe_pipeline_execution(self, _: Json) -> tuple[int, Json]:
        return 200, self.executions.pop(0) if len(self.executions) > 1 else self.executions[0]

    def describe_pipeline_definition_for_execution(self, _: Json) -> tuple[int, Json]:
        assert self.pipeline is not None
        return 200, {"PipelineDefinition": self.pipeline["PipelineDefinition"], "CreationTime": 0}

    def list_pipeline_executions(self, arguments: Json) -> tuple[int, Json]:
        if self.pipeline is None:
            return 400, {"__type": "ResourceNotFound", "message": "Pipeline does not exist."}
        running = self.executions[:1]
        summaries = [
            {key: each[key] for key in ("PipelineExecutionArn", "PipelineExecutionStatus")} for each in running
        ]
        return 200, _one_of(summaries, arguments, "PipelineExecutionSummaries")

    def stop_pipeline_execution(self, arguments: Json) -> tuple[int, Json]:
        self.executions[0]["PipelineExecutionStatus"] = "Stopping"
        return 200, {"PipelineExecutionArn": arguments["PipelineExecutionArn"]}

    def delete_pipeline(self, _: Json) -> tuple[int, Json]:
        if self.executions[:1] and self.executions[0]["PipelineExecutionStatus"] in ("Executing", "Stopping"):
            return 400, {"__type": "ConflictException", "message": "Pipeline has running executions."}
        self.pipeline = None
        return 200, {"PipelineArn": PIPELINE_ARN}

    def list_model_packages(self, arguments: Json) -> tuple[int, Json]:
        assert (arguments["SortBy"], arguments["SortOrder"]) == ("CreationTime", "Descending")
        summaries = [
            {key: value for key, value in package.items() if key != "InferenceSpecification"}
            for package in self.packages
        ]
        return 200, _one_of(summaries, arguments, "ModelPackageSummaryList")

    def describe_model_package(self, arguments: Json) -> tuple[int, Json]:
        return 200, next(each for each in self.packages if each["ModelPackageArn"] == arguments["ModelPackageName"])

    def list_pipeline_execution_steps(self, arguments: Json) -> tuple[int, Json]:
        return 200, _one_of(self.steps, arguments, "PipelineExecutionSteps")


def _one_of(entries: list[Json], arguments: Json, member: str) -> Json:
    """Return a page with one entry, so that code without paging fails."""
    index = int(arguments.get("NextToken", "0"))
    more = {"NextToken": str(index + 1)} if index + 1 < len(entries) else {}
    return {member: entries[index : index + 1], **more}
