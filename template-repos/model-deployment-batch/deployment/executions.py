"""Executions of the batch's pipeline, started by a person or a workflow: one for each window, which is waited for."""

import json
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from batch.definition import AREA, INPUT, RUNS, WINDOW
from deployment.settings import Plan
from mlops_platform.pipeline import remote
from mlops_platform.pipeline.expressions import Json
from mlops_platform.pipeline.remote import ExecutionError
from mlops_platform.release import DeploymentError
from mlops_platform.scheduled.names import Names

logger = logging.getLogger(__name__)

DISPLAYED = 82
"""Longest name of an execution. Source: SageMaker API Reference, StartPipelineExecution."""


@dataclass(frozen=True, kw_only=True)
class Finished:
    """An execution that has ended well."""

    window: str
    manifest: Json
    seconds: float
    usd: float
    """Price of its job, with the minutes in which SageMaker got the machine ready, which it does not charge."""


@dataclass(frozen=True, kw_only=True)
class Executions:
    """The executions in one environment."""

    names: Names
    plan: Plan
    sagemaker: Any
    s3: Any
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def run(self, window: str, *, input_uri: str, area: str = RUNS, attempt: str, minutes: float) -> Finished:
        """Start an execution, wait for it, and return what its manifest says.

        Args:
            window: name of the window.
            input_uri: S3 URI of its rows.
            area: part of the batch's folder that is written.
            attempt: the same attempt starts no second execution.
            minutes: time to wait.

        Raises:
            DeploymentError: it failed, or goes on after the time is over.
        """
        parameters = {INPUT: input_uri, WINDOW: window, AREA: area}
        name = "".join(letter if letter.isalnum() else "-" for letter in f"{area}-{window}")[:DISPLAYED].strip("-")
        token = remote.idempotency_token(self.names.pipeline, area, window, attempt)
        arn = remote.start(
            self.sagemaker, name=self.names.pipeline, token=token, display_name=name, parameters=parameters
        )
        logger.info("%s: %s", window, arn)
        try:
            steps = remote.wait(
                self.sagemaker,
                arn,
                deadline_seconds=minutes * 60,
                on_change=lambda step: logger.info("%s: %s", window, step.status),
                now=self.now,
                sleep=self.sleep,
            )
        except ExecutionError as error:
            raise DeploymentError(f"{window}: {error}") from error
        manifest = self.manifest(window, area)
        if manifest is None:
            raise DeploymentError(f"{window}: the execution {arn} succeeded, and left no manifest: run it again")
        seconds = sum(step.seconds or 0.0 for step in steps)
        return Finished(window=window, manifest=manifest, seconds=seconds, usd=self.price(seconds))

    def price(self, seconds: float) -> float:
        """Return the price of a job of so many seconds, in US dollars: rounded up to the thousandths that are shown, so that it is at most that."""
        # A product of floats is a little more than the thousandths that it means, or less.
        return math.ceil(round(1000 * seconds / 3600 * self.plan.usd_per_hour, 6)) / 1000

    def manifest(self, window: str, area: str = RUNS) -> Json | None:
        """Return the manifest of a window's last finished run; None when it has none."""
        content = self.read(f"{area}/runs/{window}/manifest.json")
        return None if content is None else json.loads(content)

    def read(self, path: str) -> bytes | None:
        """Return an object of the batch's folder; None when there is none.

        The role may list its own folder alone, so S3 would not say "not found" to a request for an object: it is looked for first.
        """
        key = f"{self.names.folder}/{path}"
        found = self.s3.list_objects_v2(Bucket=self.names.bucket, Prefix=key).get("Contents", [])
        if key not in [each["Key"] for each in found]:
            return None
        return self.s3.get_object(Bucket=self.names.bucket, Key=key)["Body"].read()

    def windows(self, prefix: str) -> list[str]:
        """Return the windows that have input below a prefix, in the order of their names."""
        folder = f"{self.names.folder}/input/{prefix}/"
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.names.bucket, Prefix=folder, Delimiter="/"
        )
        found = [each["Prefix"] for page in pages for each in page.get("CommonPrefixes", [])]
        return sorted(each.removeprefix(folder).rstrip("/") for each in found)

    def is_scored(self, window: str, prefix: str, version: str) -> bool:
        """Tell whether a version has scored a window as its input is now: rows may have come, or been replaced, after its run.

        Objects are compared by name and size: the role that this runs with may list the input, and not read it.
        """
        manifest = self.manifest(window)
        if manifest is None or manifest["model_package_arn"] != version:
            return False
        folder = f"{self.names.folder}/input/{prefix}/{window}/"
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.names.bucket, Prefix=folder)
        # An object whose name ends in / stands for a folder, of which a job gets no file.
        found = {
            each["Key"].removeprefix(folder): each["Size"]
            for page in pages
            for each in page.get("Contents", [])
            if not each["Key"].endswith("/")
        }
        return {each["name"]: each["bytes"] for each in manifest["objects"]} == found

    def latest(self, count: int) -> list[Json]:
        """Return the summaries of the latest executions, the youngest first."""
        answer = self.sagemaker.list_pipeline_executions(
            PipelineName=self.names.pipeline, SortBy="CreationTime", SortOrder="Descending", MaxResults=count
        )
        return answer["PipelineExecutionSummaries"]

    def seconds(self, execution_arn: str) -> float:
        """Return the seconds that the steps of an execution took, as far as they have ended."""
        return sum(step.seconds or 0.0 for step in remote.steps(self.sagemaker, execution_arn))
