"""Data capture: a sample of an endpoint's requests and answers, as JSON Lines in S3.

Source: SageMaker Developer Guide, "Capture data from real-time endpoint".
"""

import base64
import json
import random
import threading
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sandbox.aws.iam import authorization
from sandbox.aws.ministack import gateway, scope
from sandbox.aws.sagemaker import containers, transfer
from sandbox.aws.sagemaker.failures import StepFailedError
from sandbox.aws.service import Members

MODES = {"Input": ("Input",), "Output": ("Output",), "InputAndOutput": ("Input", "Output")}


@dataclass(frozen=True, kw_only=True)
class Payload:
    """One direction of an invocation."""

    content_type: str
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """The parts of an invocation that may be captured."""

    event_id: str
    inference_id: str | None
    custom_attributes: str | None
    request: Payload
    answer: Payload


@dataclass(kw_only=True)
class Capture:
    """The captured invocations of one endpoint, until they are written."""

    endpoint: str
    settings: Members | None
    """DataCaptureConfig of the endpoint configuration."""
    _lines: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _roles: dict[str, str] = field(default_factory=dict[str, str])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def enabled(self) -> bool:
        """True if requests are captured at all."""
        return self.settings is not None and self.settings.get("EnableCapture", True)

    def summary(self) -> Members | None:
        """Return the capture as DescribeEndpoint shows it."""
        if self.settings is None:
            return None
        return {
            "EnableCapture": self.enabled,
            "CaptureStatus": "Started" if self.enabled else "Stopped",
            "CurrentSamplingPercentage": self.settings["InitialSamplingPercentage"],
            "DestinationS3Uri": self.settings["DestinationS3Uri"],
            "KmsKeyId": self.settings.get("KmsKeyId", ""),
        }

    def consider(self, variant: str, role_arn: str, invocation: Invocation) -> None:
        """Capture an invocation, or not, by the sampling percentage."""
        if self.settings is None or not self.enabled:
            return
        if random.uniform(0, 100) >= self.settings["InitialSamplingPercentage"]:  # noqa: S311 - no secret
            return
        with self._lock:
            self._lines[variant].append(line(self.settings, invocation))
            self._roles[variant] = role_arn

    def write(self) -> None:
        """Put the invocations captured since the last time into S3, with the permissions of each variant's model."""
        with self._lock:
            captured, self._lines = self._lines, defaultdict(list)
        for variant, lines in captured.items():
            self._put(variant, lines)

    def _put(self, variant: str, lines: Sequence[str]) -> None:
        if self.settings is None:
            return
        credentials = authorization.assume(self._roles[variant], "SageMaker")
        s3 = containers.client("s3", credentials, scope.region())
        uri = f"{self.settings['DestinationS3Uri'].rstrip('/')}/{object_key(self.endpoint, variant, datetime.now(UTC))}"
        try:
            transfer.put(s3, ("\n".join(lines) + "\n").encode(), uri, self.settings.get("KmsKeyId"))
        except StepFailedError as refused:
            # An endpoint goes on serving when it cannot capture.
            gateway.logger.warning("data capture of %s: %s", self.endpoint, refused)


def object_key(endpoint: str, variant: str, moment: datetime) -> str:
    """Return the path of a file of captured data below the destination."""
    return f"{endpoint}/{variant}/{moment:%Y/%m/%d/%H/%M-%S}-{moment.microsecond // 1000:03d}-{uuid.uuid4()}.jsonl"


def line(settings: Members, invocation: Invocation) -> str:
    """Return one invocation as a line of JSON."""
    wanted = {mode for option in settings["CaptureOptions"] for mode in MODES[option["CaptureMode"]]}
    types = settings.get("CaptureContentTypeHeader", {})
    data: Members = {}
    for mode, payload in (("Input", invocation.request), ("Output", invocation.answer)):
        if mode in wanted:
            data[f"endpoint{mode}"] = _encoded(types, mode, payload)
    metadata: Members = {
        "eventId": invocation.event_id,
        "inferenceTime": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }
    if invocation.custom_attributes is not None:
        metadata["customAttributes"] = [invocation.custom_attributes]
    if invocation.inference_id is not None:
        metadata["inferenceId"] = invocation.inference_id
    return json.dumps({"captureData": data, "eventMetadata": metadata, "eventVersion": "0"})


def _encoded(types: Members, mode: str, payload: Payload) -> Members:
    kind = payload.content_type.partition(";")[0].strip()
    encoding = "BASE64"
    if kind in types.get("CsvContentTypes", []):
        encoding = "CSV"
    elif kind in types.get("JsonContentTypes", []):
        encoding = "JSON"
    text = base64.b64encode(payload.body) if encoding == "BASE64" else payload.body
    return {
        "observedContentType": payload.content_type,
        "mode": mode.upper(),
        "data": text.decode(errors="replace"),
        "encoding": encoding,
    }
