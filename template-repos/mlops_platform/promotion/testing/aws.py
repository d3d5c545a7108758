"""A SageMaker with the versions and aliases of one pipeline, and an EventBridge Scheduler, behind real boto3 clients.

botocore checks requests and answers. `killed` ends the caller, as the end of its process would, beside one of its changes.
Sources: SageMaker API Reference, "CreatePipeline", "UpdatePipeline", "UpdatePipelineVersion", "AliasOperations",
"StartPipelineExecution"; EventBridge Scheduler API Reference.
"""

import io
import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

import boto3
import botocore
from botocore import UNSIGNED
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from mlops_platform.pipeline.expressions import Json

ACCOUNT = "arn:aws:sagemaker:eu-west-1:111122223333"
Answer = tuple[int, Json]


class Killed(BaseException):
    """The process ended."""


class _Body(io.BytesIO):
    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


def _refused(code: str, message: str) -> Answer:
    return 400, {"__type": code, "message": message}


@dataclass
class Requests:
    """The requests that reached AWS."""

    sent: list[tuple[str, Json]] = field(default_factory=list[tuple[str, Json]])
    change_to_kill: int | None = None
    """Counted from 0."""
    moment: Literal["before", "after"] = "before"

    @property
    def changes(self) -> list[str]:
        """The operations that may have changed something."""
        return [name for name, _ in self.sent if not name.startswith(("Describe", "List", "Get"))]

    @contextmanager
    def killed(self, change: int, moment: Literal["before", "after"]) -> Generator[None]:
        """End the caller before or after one of its changes has its effect."""
        self.change_to_kill, self.moment = len(self.changes) + change, moment
        try:
            yield
        except Killed:
            pass
        finally:
            self.change_to_kill = None

    def around(self, operation: str, arguments: Json, answer: Any) -> Answer:
        """Record a request and answer it, or end the caller."""
        number = len(self.changes)
        self.sent.append((operation, arguments))
        ends = len(self.changes) > number == self.change_to_kill
        if ends and self.moment == "before":
            raise Killed
        answered = answer(arguments)
        if ends:
            raise Killed
        return answered


class FakeVersions:
    """A SageMaker that holds at most one pipeline."""

    def __init__(self, requests: Requests) -> None:
        self.requests = requests
        self.pipeline: Json | None = None
        self.versions: list[Json] = []
        self.executions: dict[str, Json] = {}
        self.outcomes: dict[int, str] = {}
        """Status of an execution by its version; the others succeed."""
        self.steps: list[Json] = []
        boto: Any = boto3
        self.client = boto.client("sagemaker", region_name="eu-west-1", config=Config(signature_version=UNSIGNED))
        self.client.meta.events.register("before-send.sagemaker", self._answer)

    @property
    def live(self) -> list[int]:
        """The versions that have the alias."""
        return [version["id"] for version in self.versions if "live" in version["aliases"]]

    @property
    def started(self) -> list[int]:
        """The version of each execution."""
        return [execution["PipelineVersionId"] for execution in self.executions.values()]

    def _answer(self, request: Any, **_: Any) -> AWSResponse:
        operation = request.headers["X-Amz-Target"].decode().partition(".")[2]
        library: Any = botocore
        answer = getattr(self, library.xform_name(operation))
        status, content = self.requests.around(operation, json.loads(request.body), answer)
        headers: Any = {"Content-Type": "application/x-amz-json-1.1"}
        body: Any = _Body(json.dumps(content).encode())
        return AWSResponse(request.url, status, headers, body)

    def create_pipeline(self, arguments: Json) -> Answer:
        if self.pipeline is not None:
            return _refused("ValidationException", "Pipeline names must be unique within an AWS account and region.")
        self.pipeline = arguments
        self._add_version(arguments["PipelineDefinition"], arguments.get("PipelineVersionAliases", []))
        return 200, {"PipelineArn": self._arn}

    def update_pipeline(self, arguments: Json) -> Answer:
        if self.pipeline is None:
            return self._missing()
        definition = arguments.get("PipelineDefinition")
        changed = definition is not None and definition != self.versions[-1]["definition"]
        aliases = arguments.get("PipelineVersionAliases", [])
        if aliases and not changed:
            return _refused("ValidationException", "Aliases can only be given with a changed definition.")
        self.pipeline = {**self.pipeline, **arguments}
        if changed:
            self._add_version(str(definition), aliases)
        return 200, {"PipelineArn": self._arn, "PipelineVersionId": self.versions[-1]["id"]}

    def update_pipeline_version(self, arguments: Json) -> Answer:
        version = self._version(arguments["PipelineVersionId"])
        if version is None or arguments["PipelineArn"] != self._arn:
            return self._missing()
        operations = arguments.get("PipelineVersionAliasOperations", {})
        for alias in operations.get("Remove", []):
            if alias not in version["aliases"]:
                return _refused("ValidationException", f"The version does not have the alias {alias}.")
            version["aliases"].remove(alias)
        for alias in operations.get("Add", []):
            if any(alias in each["aliases"] for each in self.versions):
                return _refused("ValidationException", f"The alias {alias} must be removed from its version first.")
            version["aliases"].append(alias)
        version["name"] = arguments.get("PipelineVersionDisplayName", version["name"])
        version["description"] = arguments.get("PipelineVersionDescription", version["description"])
        return 200, {"PipelineArn": self._arn, "PipelineVersionId": version["id"]}

    def describe_pipeline(self, arguments: Json) -> Answer:
        if self.pipeline is None:
            return self._missing()
        if "PipelineVersionId" in arguments:
            version = self._version(arguments["PipelineVersionId"])
        elif "PipelineVersionAlias" in arguments:
            version = self._with_alias(arguments["PipelineVersionAlias"])
        else:
            version = self.versions[-1]
        if version is None:
            return self._missing()
        kept = ("PipelineName", "PipelineDisplayName", "PipelineDescription", "RoleArn")
        described = {key: self.pipeline[key] for key in kept if key in self.pipeline}
        return 200, {"PipelineArn": self._arn, **described, "PipelineDefinition": version["definition"]}

    def list_pipeline_versions(self, arguments: Json) -> Answer:
        if self.pipeline is None:
            return self._missing()
        # One on each page, so that code without paging fails.
        index = int(arguments.get("NextToken", "0"))
        version = self.versions[index]
        optional = {
            "PipelineVersionDisplayName": version["name"],
            "PipelineVersionDescription": version["description"],
            "LastExecutionPipelineExecutionArn": version["execution"],
            "PipelineVersionAliases": version["aliases"],
        }
        summary = {
            "PipelineArn": self._arn,
            "PipelineVersionId": version["id"],
            "CreationTime": 1_700_000_000 + version["id"],
            **{key: value for key, value in optional.items() if value},
        }
        more = {"NextToken": str(index + 1)} if index + 1 < len(self.versions) else {}
        return 200, {"PipelineVersionSummaries": [summary], **more}

    def start_pipeline_execution(self, arguments: Json) -> Answer:
        if "PipelineVersionId" in arguments:
            version = self._version(arguments["PipelineVersionId"])
        else:
            version = self._with_alias(arguments["PipelineVersionAlias"])
        if version is None:
            return self._missing()
        arn = f"{self._arn}/execution/{arguments['ClientRequestToken'][:12]}"
        if arn not in self.executions:
            status = self.outcomes.get(version["id"], "Succeeded")
            self.executions[arn] = {"PipelineExecutionStatus": status, "PipelineVersionId": version["id"]}
            version["execution"] = arn
        return 200, {"PipelineExecutionArn": arn}

    def describe_pipeline_execution(self, arguments: Json) -> Answer:
        arn = arguments["PipelineExecutionArn"]
        return 200, {"PipelineExecutionArn": arn, **self.executions[arn]}

    def list_pipeline_execution_steps(self, _: Json) -> Answer:
        return 200, {"PipelineExecutionSteps": self.steps}

    @property
    def _arn(self) -> str:
        return f"{ACCOUNT}:pipeline/{self.pipeline['PipelineName'] if self.pipeline else ''}"

    def _add_version(self, definition: str, aliases: list[str]) -> None:
        number = len(self.versions) + 1
        empty = dict.fromkeys(("name", "description", "execution"), "")
        self.versions.append({"id": number, "definition": definition, "aliases": list(aliases), **empty})

    def _version(self, number: int) -> Json | None:
        return next((version for version in self.versions if version["id"] == number), None)

    def _with_alias(self, alias: str) -> Json | None:
        return next((version for version in self.versions if alias in version["aliases"]), None)

    def _missing(self) -> Answer:
        return _refused("ResourceNotFound", "Pipeline or version does not exist.")


class FakeScheduler:
    """An EventBridge Scheduler with one group."""

    def __init__(self, requests: Requests, group: str) -> None:
        self.requests = requests
        self.group = group
        self.schedules: dict[str, Json] = {}
        boto: Any = boto3
        self.client = boto.client("scheduler", region_name="eu-west-1", config=Config(signature_version=UNSIGNED))
        self.client.meta.events.register("before-send.scheduler", self._answer)

    def _answer(self, request: Any, **_: Any) -> AWSResponse:
        method, url = request.method, urlsplit(request.url)
        name = url.path.rpartition("/")[2]
        operations = {
            "GET": "GetSchedule",
            "POST": "CreateSchedule",
            "PUT": "UpdateSchedule",
            "DELETE": "DeleteSchedule",
        }
        arguments = json.loads(request.body) if request.body else {"GroupName": parse_qs(url.query)["groupName"][0]}

        def answer(arguments: Json) -> Answer:
            return self._carry_out(operations[method], name, arguments)

        status, content = self.requests.around(operations[method], arguments, answer)
        error = {"x-amzn-errortype": content["__type"]} if status != 200 else {}
        headers: Any = {"Content-Type": "application/json", **error}
        body: Any = _Body(json.dumps(content).encode())
        return AWSResponse(request.url, status, headers, body)

    def _carry_out(self, operation: str, name: str, arguments: Json) -> Answer:
        if arguments["GroupName"] != self.group:
            return 404, _refused("ResourceNotFoundException", f"Schedule group {arguments['GroupName']} not found.")[1]
        exists = name in self.schedules
        if exists and operation == "CreateSchedule":
            return 409, _refused("ConflictException", f"Schedule {name} already exists.")[1]
        if not exists and operation != "CreateSchedule":
            return 404, _refused("ResourceNotFoundException", f"Schedule {name} does not exist.")[1]
        if operation == "DeleteSchedule":
            del self.schedules[name]
            return 200, {}
        if operation == "GetSchedule":
            return 200, {"Name": name, **self.schedules[name]}
        self.schedules[name] = {key: value for key, value in arguments.items() if key != "ClientToken"}
        return 200, {"ScheduleArn": f"arn:aws:scheduler:eu-west-1:111122223333:schedule/{self.group}/{name}"}
