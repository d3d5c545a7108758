"""Read what an endpoint has captured of its requests and answers, in the files that SageMaker writes.

    {prefix}/{endpoint}/{variant}/yyyy/mm/dd/hh/mm-ss-SSS-{uuid}.jsonl

One line is one event: a request, which may have many rows, and its answer. Lenient on purpose: a line that is no event is put aside,
and an event may lack either side. Source: SageMaker Developer Guide, "Capture data from real-time endpoint".
"""

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from mlops_platform.monitoring.values import number

OF_TESTS = "deployment-test-"
"""Beginning of the ids that a deployment's own test gives its requests: nobody's answer depends on them."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """A request and its answer."""

    place: str
    """File and number of the line."""
    moment: datetime
    identity: str
    """The id that the caller gave the request, or else SageMaker's own: truth that comes later is matched by it."""
    request: bytes | None
    answer: bytes | None


@dataclass(frozen=True)
class Unreadable:
    """A line that is no event."""

    place: str
    reason: str


def events(folder: Path, *, variant: str, begin: datetime, end: datetime) -> Iterator[Event | Unreadable]:
    """Read the events of one variant in a period, in the order of their files, but for those of a deployment's own test.

    Files are chosen by the hour in their path, events by their own time. SageMaker writes minutes late: a period should end 20
    minutes ago at least.

    Args:
        folder: Folder with the captured files of an endpoint.
        variant: Production variant; shadow variants have folders of their own.
        begin: First moment of the period.
        end: First moment after it.
    """
    first = begin.replace(minute=0, second=0, microsecond=0)
    files = (each for each in folder.rglob(f"{variant}/*/*/*/*/*.jsonl") if each.is_file())
    for file in sorted(files):
        hour = _hour(file)
        if hour is None or not first <= hour < end:
            continue
        # Iterating over bytes ends lines at \n alone; str.splitlines() would also end them within a value.
        with file.open("rb") as lines:
            for index, line in enumerate(lines, start=1):
                if not line.strip():
                    continue
                read = _event(line, f"{file.name}:{index}")
                if isinstance(read, Unreadable) or (
                    begin <= read.moment < end and not read.identity.startswith(OF_TESTS)
                ):
                    yield read


def _hour(file: Path) -> datetime | None:
    try:
        year, month, day, hour = (int(part) for part in file.parts[-5:-1])
        return datetime(year, month, day, hour, tzinfo=UTC)
    except ValueError:
        return None


def _event(line: bytes, place: str) -> Event | Unreadable:
    try:
        content = json.loads(line)
        metadata, data = content["eventMetadata"], content["captureData"]
        moment = datetime.fromisoformat(metadata["inferenceTime"])
        return Event(
            place=place,
            moment=moment if moment.tzinfo else moment.replace(tzinfo=UTC),
            identity=metadata.get("inferenceId") or metadata.get("eventId", ""),
            request=_side(data.get("endpointInput")),
            answer=_side(data.get("endpointOutput")),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return Unreadable(place, f"no captured event: {error!r}"[:500])


def _side(side: dict[str, str] | None) -> bytes | None:
    if side is None:
        return None
    if side["encoding"] == "BASE64":
        try:
            return base64.b64decode(side["data"], validate=True)
        except binascii.Error as error:
            raise ValueError(f"data is no Base64: {error}") from error
    return side["data"].encode()


def predictions(answer: bytes) -> list[float]:
    """Return the predictions in an answer: a JSON list, or CSV with one number per line; none if it is anything else.

    SageMaker may capture the answer to a bad request too, whose text is no prediction.
    """
    try:
        text = answer.decode()
        content: Any = json.loads(text) if text.lstrip().startswith("[") else text.split("\n")
        return [number(str(value)) for value in cast("list[Any]", content) if str(value).strip()]
    except ValueError:
        return []
