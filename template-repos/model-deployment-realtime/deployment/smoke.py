"""Send a deployed endpoint requests like those of its callers, and compare the answers with the truth.

A request is CSV without a header, one row per line; the answer is CSV too, with one number per line. Each request has an id by which
what watches the endpoint leaves it out: the same few rows again and again are unlike those of training.
"""

import csv
import math
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from deployment.settings import Settings, Test
from mlops_platform import REPOSITORY
from mlops_platform.monitoring.captured import OF_TESTS
from mlops_platform.project import aws, summary
from mlops_platform.release import DeploymentError, known_rows
from mlops_platform.release.known_rows import from_csv, read_rows, to_csv
from mlops_platform.release.project import Environment, Project

ROWS = REPOSITORY / "smoke" / "abalone.csv"
CONTENT_TYPE = "text/csv"
SINGLE_REQUESTS = 20


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The quality of the answers."""

    rows: int
    mean_absolute_error: float
    latency_milliseconds: float
    examples: list[tuple[float, float]]
    """Prediction and truth of some rows."""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """An endpoint under test."""

    name: str
    runtime: Any
    now: Callable[[], float] = time.monotonic

    def predict(self, rows: list[list[str]]) -> tuple[list[float], float]:
        """Return one prediction per row, and the milliseconds that the answer took.

        Raises:
            DeploymentError: there is no answer, or it is malformed.
        """
        started = self.now()
        try:
            answer = self._invoke(CONTENT_TYPE, to_csv(rows))
            content = answer["Body"].read()
        except BotoCoreError as error:
            raise DeploymentError(f"{self.name} did not answer: {error}") from error
        except ClientError as error:
            raise DeploymentError(f"{self.name} refused a good request: {_said(error)}") from error
        milliseconds = (self.now() - started) * 1000
        header = Message()
        header["Content-Type"] = answer.get("ContentType", "")
        if header.get_content_type() != CONTENT_TYPE:
            kind = answer.get("ContentType")
            raise DeploymentError(f"{self.name} answered with the content type {kind!r}, expected {CONTENT_TYPE}")
        try:
            lines = from_csv(content)
        except (csv.Error, UnicodeDecodeError) as error:
            raise DeploymentError(f"{self.name} answered what is no CSV ({error}): {content[:200]!r}") from error
        if len(lines) != len(rows):
            raise DeploymentError(
                f"{self.name} answered {len(rows)} row(s) with {len(lines)} line(s): {content[:200]!r}"
            )
        return [known_rows.number(self.name, line) for line in lines], milliseconds

    def _invoke(self, content_type: str, body: bytes) -> Any:
        return self.runtime.invoke_endpoint(
            EndpointName=self.name,
            ContentType=content_type,
            Accept=CONTENT_TYPE,
            Body=body,
            InferenceId=f"{OF_TESTS}{uuid.uuid4()}",
        )

    def require_refusals(self, row: list[str]) -> None:
        """Make sure that mistakes of callers are refused as such: a wrong content type, and a row with a value too many.

        Raises:
            DeploymentError: one is answered, or counts as a failure of the model, which would roll a release back.
        """
        self._require_refusal("a request of the content type image/png", "image/png", b"")
        self._require_refusal("a row with a value too many", CONTENT_TYPE, to_csv([[*row, "surplus"]]))

    def _require_refusal(self, mistake: str, content_type: str, body: bytes) -> None:
        try:
            self._invoke(content_type, body)
        except BotoCoreError as error:
            raise DeploymentError(f"{self.name} did not answer: {error}") from error
        except ClientError as error:
            response: Any = error.response
            status = int(response.get("OriginalStatusCode") or response["ResponseMetadata"]["HTTPStatusCode"])
            if 400 <= status < 500:
                return
            raise DeploymentError(
                f"{self.name} answered {mistake} with {status}, expected 400 to 499: {_said(error)}"
            ) from error
        raise DeploymentError(f"{self.name} answered {mistake} as if nothing were wrong")


def command(owner: Project, environment: Environment, configured: Settings) -> None:
    """Test the endpoint of an environment, and publish the result.

    Raises:
        DeploymentError: an answer is wrong, slow or malformed.
    """
    # A slow answer is a finding, and a retry would hide it.
    timeout = max(10.0, 2 * configured.test.latency_milliseconds / 1000)
    runtime = aws.client("sagemaker-runtime", owner.region, attempts=1, read_timeout_seconds=timeout)
    endpoint = Endpoint(name=environment.deployment_name, runtime=runtime)
    try:
        outcome = test(endpoint, configured.test)
    except DeploymentError as error:
        # What it replaced is gone: SageMaker rolls nothing back once the release is over.
        raise DeploymentError(
            f"{error}\n  {environment.name} serves this version all the same: "
            "`make rollback VERSION=N` deploys version N again"
        ) from error
    summary.publish(report(environment.name, outcome, configured.test))


def report(name: str, outcome: Outcome, limits: Test) -> str:
    """Return the result of a test as Markdown; `name` is that of what answered."""
    rows = "".join(f"| {prediction:.1f} | {truth:g} |\n" for prediction, truth in outcome.examples)
    return (
        f"## {name} answers\n\n"
        f"{outcome.rows} rows, off by {outcome.mean_absolute_error:.2f} on average "
        f"(allowed {limits.mean_absolute_error:g}); nine in ten single requests within "
        f"{outcome.latency_milliseconds:.0f} ms (allowed {limits.latency_milliseconds:g} ms).\n\n"
        f"| predicted | true |\n|---:|---:|\n{rows}\n"
    )


def test(endpoint: Endpoint, limits: Test, file: Path = ROWS) -> Outcome:
    """Send all rows together and some alone, and compare the answers with the limits.

    Raises:
        DeploymentError: an answer is wrong, slow or malformed; the message describes the first one.
    """
    rows, truth = read_rows(file)
    predictions, _ = endpoint.predict(rows)
    error = known_rows.require_good(endpoint.name, rows, truth, predictions, limits)
    latency = _single_latency(endpoint, rows[:SINGLE_REQUESTS], predictions)
    if latency > limits.latency_milliseconds:
        raise DeploymentError(
            f"{endpoint.name} answers nine in ten requests within {latency:.0f} ms; "
            f"settings.toml allows {limits.latency_milliseconds:g} ms"
        )
    endpoint.require_refusals(rows[0])
    return Outcome(
        rows=len(rows),
        mean_absolute_error=error,
        latency_milliseconds=latency,
        examples=list(zip(predictions, truth, strict=True))[:5],
    )


def _single_latency(endpoint: Endpoint, rows: list[list[str]], predictions: list[float]) -> float:
    """Send rows one by one, and return the milliseconds within which nine in ten are answered.

    Raises:
        DeploymentError: a row gets another prediction alone than among others.
    """
    singles = [endpoint.predict([row]) for row in rows]
    for (prediction, _), expected in zip(singles, predictions, strict=False):
        if not math.isclose(prediction[0], expected, rel_tol=1e-4, abs_tol=1e-4):
            raise DeploymentError(
                f"{endpoint.name} predicts {prediction[0]:g} for a row alone, and {expected:g} among others"
            )
    return sorted(milliseconds for _, milliseconds in singles)[math.ceil(0.9 * len(singles)) - 1]


def _said(error: ClientError) -> str:
    response: Any = error.response
    original = response.get("OriginalMessage") or response["Error"].get("Message", "")
    return f"{response['Error'].get('Code')}: {original[:300]}"
