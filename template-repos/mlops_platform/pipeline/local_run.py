"""Run a pipeline definition on this machine, with the scripts that SageMaker runs and without AWS or Docker.

Every job is a process in a folder laid out as SageMaker lays out /opt/ml, run by an interpreter that stands for its image;
S3 is a folder too. Unlike on SageMaker, nothing limits network, memory or time.
"""

import json
import re
import shutil
import subprocess
import tarfile
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from os import environ
from pathlib import Path
from typing import Any, cast

from mlops_platform.pipeline.expressions import Json, references

OPT_ML = "/opt/ml"
LINES_OF_A_LOG = 25
"""Lines of a failed job's log that the message has, the last ones."""
SHARED_MACHINE = {"OMP_WAIT_POLICY": "passive"}
"""Threads that wait give their core away, which other programs use as well here. Source: OpenMP API Specification, "OMP_WAIT_POLICY"."""
CONDITIONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "Equals": lambda left, right: left == right,
    "GreaterThan": lambda left, right: left > right,
    "GreaterThanOrEqualTo": lambda left, right: left >= right,
    "LessThan": lambda left, right: left < right,
    "LessThanOrEqualTo": lambda left, right: left <= right,
}
PARAMETER_TYPES: Mapping[str, Callable[[Any], Any]] = {"String": str, "Integer": int, "Float": float}


class StepFailedError(Exception):
    """A step failed, and with it the execution; the message says which and why."""


@dataclass(frozen=True, kw_only=True)
class FinishedStep:
    """The outcome of a step."""

    name: str
    type: str
    seconds: float
    outcome: str = ""


@dataclass(kw_only=True)
class LocalRun:
    """One execution of a definition, in a folder of its own."""

    definition: Json
    folder: Path
    """Everything is kept below this folder: `s3/`, and the folder of each job."""
    interpreter: Callable[[str], Path]
    """Returns a Python interpreter with the packages of an image, by the image's URI."""
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    """Values of parameters, in the place of their defaults; one without a default needs a value."""
    on_finished: Callable[[FinishedStep], None] = lambda _: None
    execution_id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    registered: list[Json] = field(default_factory=list[Json])
    """The arguments of each model package that the execution has registered."""

    def __post_init__(self) -> None:
        self.folder = self.folder.resolve()
        declared = self.definition.get("Parameters", [])
        given = {each["Name"]: each["DefaultValue"] for each in declared if "DefaultValue" in each} | dict(
            self.parameters
        )
        self._values = {each["Name"]: PARAMETER_TYPES[each["Type"]](given[each["Name"]]) for each in declared}
        self._properties: dict[str, Json] = {}
        self._property_files: dict[tuple[str, str], Path] = {}

    def s3_path(self, uri: str) -> Path:
        """Return the path of an S3 URI on this machine.

        Raises:
            ValueError: it is not an S3 URI.
        """
        if not uri.startswith("s3://"):
            raise ValueError(f"{uri} is not an S3 URI")
        return self.folder / "s3" / uri.removeprefix("s3://")

    def upload(self, source: Path, uri: str) -> None:
        """Copy a file or a folder to the path of an S3 URI."""
        _copy(source, self.s3_path(uri), as_name=True)

    def run(self) -> None:
        """Run every step.

        Raises:
            StepFailedError: a step failed, or the pipeline ended in a Fail step.
        """
        self._run_steps(self.definition["Steps"])

    def _run_steps(self, steps: list[Json]) -> None:
        for step in in_order(steps):
            started = time.monotonic()
            if step["Type"] == "Condition":
                holds = all(self._holds(condition) for condition in step["Arguments"]["Conditions"])
                self._report(step, started, str(holds))
                self._run_steps(step["Arguments"]["IfSteps" if holds else "ElseSteps"])
                continue
            handlers = {
                "Processing": self._processing,
                "Training": self._training,
                "RegisterModel": self._register_model,
                "Fail": self._fail,
            }
            if step["Type"] not in handlers:
                raise StepFailedError(f"{step['Name']}: steps of type {step['Type']} can't be run on this machine")
            self._properties[step["Name"]] = handlers[step["Type"]](step, self.resolve(step["Arguments"]))
            self._report(step, started)

    def _report(self, step: Json, started: float, outcome: str = "") -> None:
        seconds = time.monotonic() - started
        self.on_finished(FinishedStep(name=step["Name"], type=step["Type"], seconds=seconds, outcome=outcome))

    def _holds(self, condition: Json) -> bool:
        left, right = self.resolve(condition["LeftValue"]), self.resolve(condition["RightValue"])
        return CONDITIONS[condition["Type"]](left, right)

    # Expressions

    def resolve(self, value: Any) -> Any:
        """Return `value` with every expression replaced by its current value."""
        if isinstance(value, list):
            return [self.resolve(element) for element in cast("list[Any]", value)]
        if not isinstance(value, dict):
            return value
        content = cast("Json", value)
        if set(content) == {"Get"}:
            return self._get(content["Get"])
        if set(content) == {"Std:Join"}:
            join = content["Std:Join"]
            return join["On"].join(str(self.resolve(element)) for element in join["Values"])
        if set(content) == {"Std:JsonGet"}:
            _, step, _, name = content["Std:JsonGet"]["PropertyFile"]["Get"].split(".")
            return _follow(json.loads(self._property_files[step, name].read_text()), content["Std:JsonGet"]["Path"])
        return {key: self.resolve(element) for key, element in content.items()}

    def _get(self, path: str) -> Any:
        kind, _, rest = path.partition(".")
        if kind == "Parameters":
            return self._values[rest]
        if kind == "Execution":
            return {"PipelineExecutionId": self.execution_id}[rest]
        step, _, within = rest.partition(".")
        return _follow(self._properties[step], within)

    # Steps

    def _processing(self, step: Json, arguments: Json) -> Json:
        base = self._new_job(step)
        for entry in arguments["ProcessingInputs"]:
            self._download(step, entry["S3Input"]["S3Uri"], _below(base, entry["S3Input"]["LocalPath"]))
        outputs = {output["OutputName"]: output for output in arguments["ProcessingOutputConfig"]["Outputs"]}
        folders = {name: _below(base, output["S3Output"]["LocalPath"]) for name, output in outputs.items()}
        for folder in folders.values():
            folder.mkdir(parents=True)
        application = arguments["AppSpecification"]
        self._start(step, base, application["ImageUri"], application, arguments.get("Environment", {}))
        for name, output in outputs.items():
            _copy(folders[name], self.s3_path(output["S3Output"]["S3Uri"]))
        for entry in step.get("PropertyFiles", []):
            file = folders[entry["OutputName"]] / entry["FilePath"]
            self._property_files[step["Name"], entry["PropertyFileName"]] = file
        return {**arguments, "ProcessingOutputConfig": {"Outputs": outputs}}

    def _training(self, step: Json, arguments: Json) -> Json:
        base = self._new_job(step)
        configuration = base / "input" / "config"
        configuration.mkdir(parents=True)
        (configuration / "hyperparameters.json").write_text(json.dumps(arguments.get("HyperParameters", {})))
        for entry in arguments["InputDataConfig"]:
            uri = entry["DataSource"]["S3DataSource"]["S3Uri"]
            self._download(step, uri, base / "input" / "data" / entry["ChannelName"])
        (base / "model").mkdir()
        algorithm = arguments["AlgorithmSpecification"]
        self._start(step, base, algorithm["TrainingImage"], algorithm, arguments.get("Environment", {}))

        output = arguments["OutputDataConfig"]["S3OutputPath"]
        artifacts = f"{output}/pipelines-{self.execution_id}-{step['Name']}/output/model.tar.gz"
        archive = self.s3_path(artifacts)
        archive.parent.mkdir(parents=True)
        with tarfile.open(archive, "w:gz") as tar:
            for file in sorted((base / "model").iterdir()):
                tar.add(file, file.name)
        return {**arguments, "ModelArtifacts": {"S3ModelArtifacts": artifacts}}

    def _register_model(self, step: Json, arguments: Json) -> Json:
        for container in arguments["InferenceSpecification"]["Containers"]:
            if not self.s3_path(container["ModelDataUrl"]).is_file():
                raise StepFailedError(f"{step['Name']}: there is no model at {container['ModelDataUrl']}")
        self.registered.append(arguments)
        return arguments

    def _fail(self, step: Json, arguments: Json) -> Json:
        raise StepFailedError(f"{step['Name']}: {arguments['ErrorMessage']}")

    # Jobs

    def _new_job(self, step: Json) -> Path:
        base = self.folder / "jobs" / f"{self.execution_id}-{step['Name']}" / "ml"
        base.mkdir(parents=True)
        return base

    def _download(self, step: Json, uri: str, folder: Path) -> None:
        source = self.s3_path(uri)
        if not source.exists():
            raise StepFailedError(f"{step['Name']}: there is nothing at {uri}")
        _copy(source, folder)

    def _start(self, step: Json, base: Path, image_uri: str, specification: Json, environment: Json) -> None:
        command = [*specification["ContainerEntrypoint"], *specification.get("ContainerArguments", [])]
        program, *rest = [argument.replace(OPT_ML, str(base)) for argument in command]
        log = base.parent / "log.txt"
        with log.open("w") as stream:
            code = subprocess.run(
                [str(self.interpreter(image_uri)) if program == "python3" else program, *rest],
                cwd=base,
                env={**environ, **SHARED_MACHINE, **environment, "SM_BASE": str(base)},
                stdout=stream,
                stderr=subprocess.STDOUT,
                check=False,
            ).returncode
        if code:
            reasons = [base / "output" / name for name in ("failure", "message")]
            reason = next((file.read_text() for file in reasons if file.is_file()), f"exit code {code}")
            # The folder may be gone when the message is read.
            lines = log.read_text(errors="replace").splitlines()[-LINES_OF_A_LOG:]
            ending = "".join(f"\n    {line}".rstrip() for line in lines) or " empty"
            raise StepFailedError(f"{step['Name']}: {reason.rstrip()}\n  the end of its log:{ending}")


def in_order(steps: list[Json]) -> list[Json]:
    """Return the steps in an order in which each comes after those it refers to.

    Raises:
        ValueError: steps refer to each other in a circle.
    """
    names = {step["Name"] for step in steps}
    waiting = {
        step["Name"]: {path.split(".")[1] for path in references(step) if path.startswith("Steps.")} & names
        | set(step.get("DependsOn", []))
        for step in steps
    }
    ordered: list[Json] = []
    while len(ordered) < len(steps):
        done = {step["Name"] for step in ordered}
        ready = [step for step in steps if step["Name"] not in done and waiting[step["Name"]] <= done]
        if not ready:
            raise ValueError(f"these steps refer to each other in a circle: {', '.join(sorted(names - done))}")
        ordered.extend(ready)
    return ordered


def _follow(value: Any, path: str) -> Any:
    """Return the value at a path such as `Outputs['train'].S3Output.S3Uri` or `metrics.mse.value`."""
    for name, quoted in re.findall(r"([A-Za-z_][\w-]*)|\['([^']+)'\]", path):
        value = value[quoted or name]
    return value


def _below(base: Path, path: str) -> Path:
    return base / Path(path).relative_to(OPT_ML)


def _copy(source: Path, target: Path, *, as_name: bool = False) -> None:
    """Copy a folder's content into a folder; a file into a folder, or (`as_name`) to that very name."""
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        return
    (target.parent if as_name else target).mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)
