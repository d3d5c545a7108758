"""The services of AWS that a batch needs, in memory; they answer as AWS documents, refusals included."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from batch import PURPOSE
from mlops_platform.pipeline.expressions import Json
from mlops_platform.pipeline.testing import sagemaker
from mlops_platform.release.testing.aws import FakeAws
from mlops_platform.release.testing.example import PROJECT
from mlops_platform.scheduled.names import Names
from mlops_platform.scheduled.testing.aws import MODEL, FakeObjects, FakeScheduler

PREPROD = PROJECT.environments["preprod"]
NAMES = Names(project=PROJECT, environment=PREPROD, purpose=PURPOSE)
GOOD_ROW = b"M,0.455,0.365,0.095,0.514,0.2245,0.101,0.15\n"


class FakeSageMaker(sagemaker.FakeSageMaker):
    """A pipeline whose executions are over at once, and the model of each version."""

    def __init__(self, s3: FakeObjects) -> None:
        super().__init__()
        self.executions = [{"PipelineExecutionStatus": "Succeeded"}]
        self.s3 = s3
        self.started: list[dict[str, str]] = []
        self.answer: Callable[[str], str] = lambda _: "10.0"
        """The model's answer to a row."""

    def describe_model(self, arguments: Json) -> tuple[int, Json]:
        name = arguments["ModelName"]
        assert name.startswith(PREPROD.deployment_name)
        arn = f"arn:aws:sagemaker:eu-west-1:222222222222:model/{name}"
        return 200, {**MODEL, "ModelName": name, "CreationTime": 0, "ModelArn": arn}

    def start_pipeline_execution(self, arguments: Json) -> tuple[int, Json]:
        """Score the rows, as the job does."""
        assert self.pipeline is not None
        given = {each["Name"]: each["Value"] for each in arguments["PipelineParameters"]}
        self.started.append(given)
        self.steps = [
            {
                "StepName": "Score",
                "StepStatus": "Succeeded",
                "StartTime": 1000.0,
                "EndTime": 1360.0,
            }
        ]
        if self.executions[0]["PipelineExecutionStatus"] == "Succeeded":
            self._score(given["Input"], given["Window"], f"{NAMES.folder}/{given['Area']}")
        return super().start_pipeline_execution(arguments)

    def _score(self, uri: str, window: str, folder: str) -> None:
        bucket, _, prefix = uri.removeprefix("s3://").partition("/")
        objects = {
            key.removeprefix(prefix): body
            for (of, key), body in self.s3.objects.items()
            if (of, key.startswith(prefix)) == (bucket, True)
        }
        rows = b"".join(objects.values()).decode().split("\n")[:-1]
        answers = [(index, self.answer(row)) for index, row in enumerate(rows, start=1)]
        scored = "".join(f"{index},{answer}\n" for index, answer in answers if answer)
        out = scored.count("\n")
        options = json.loads((self.pipeline or {})["PipelineDefinition"])["Steps"][0]["Arguments"]["AppSpecification"]
        arguments = options["ContainerArguments"]
        manifest: Json = {
            "window": window,
            "results": "results/0123/",
            "model_package_arn": arguments[arguments.index("--model-package-arn") + 1],
            "objects": [
                {"name": name, "bytes": len(body), "predictions": {"name": "predictions/rows.csv.csv"}}
                for name, body in objects.items()
            ],
            "rows": {"in": len(rows), "out": out, "quarantined": len(rows) - out},
            "drift": {"verdict": "too few rows", "features": list[str]()},
        }
        self.s3.objects[bucket, f"{folder}/results/0123/predictions/rows.csv.csv"] = scored.encode()
        self.s3.objects[bucket, f"{folder}/runs/{window}/manifest.json"] = json.dumps(manifest).encode()

    def list_pipeline_executions(self, arguments: Json) -> tuple[int, Json]:
        assert (arguments["SortBy"], arguments["SortOrder"]) == ("CreationTime", "Descending")
        summary = {
            "PipelineExecutionArn": sagemaker.EXECUTION_ARN,
            "StartTime": datetime(2026, 11, 28, 2, tzinfo=UTC).timestamp(),
            "PipelineExecutionDisplayName": "output-2026-11-28",
            "PipelineExecutionStatus": "Failed",
            "PipelineExecutionFailureReason": "Score: RunError: the input has no row",
        }
        return 200, {"PipelineExecutionSummaries": [summary]}


@dataclass
class Aws(FakeAws):
    """The services that the commands use."""

    objects: FakeObjects = field(default_factory=lambda: FakeObjects(writable=(f"{NAMES.folder}/code/",)))
    scheduler: FakeScheduler = field(default_factory=lambda: FakeScheduler(NAMES.pipeline))

    def __post_init__(self) -> None:
        self.sagemaker = FakeSageMaker(self.objects)

    @property
    def services(self) -> Mapping[str, Any]:
        return {
            **super().services,
            "s3": self.objects,
            "sagemaker": self.sagemaker.client,
            "scheduler": self.scheduler,
        }

    def receive(self, *windows: str, name: str = "part-0.csv") -> None:
        """Put an object with a row into the input of windows."""
        for window in windows:
            key = f"{NAMES.folder}/input/daily/{window}/{name}"
            self.objects.objects[NAMES.bucket, key] = GOOD_ROW
