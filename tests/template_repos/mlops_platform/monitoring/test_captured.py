"""Captured requests and answers, in the files that SageMaker writes."""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mlops_platform.monitoring.captured import Event, Unreadable, events, predictions

BEGIN = datetime(2026, 11, 28, tzinfo=UTC)
END = BEGIN + timedelta(days=1)


def line(moment: str, request: str = "M,1\n", answer: str | None = "9.5\n", **metadata: Any) -> str:
    """Return an event. Source: SageMaker Developer Guide, "Capture data from real-time endpoint"."""

    def side(mode: str, data: str) -> dict[str, str]:
        return {"observedContentType": "text/csv", "mode": mode, "data": data, "encoding": "CSV"}

    data = {"endpointInput": side("INPUT", request)}
    if answer is not None:
        data["endpointOutput"] = side("OUTPUT", answer)
    content = {
        "captureData": data,
        "eventMetadata": {"eventId": "e1", "inferenceTime": moment, **metadata},
        "eventVersion": "0",
    }
    return json.dumps(content, ensure_ascii=False)


def put(folder: Path, path: str, *lines: str) -> None:
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines) + "\n")


def read(folder: Path) -> list[Event | Unreadable]:
    return list(events(folder, variant="AllTraffic", begin=BEGIN, end=END))


def test_an_event_is_a_request_of_many_rows_and_its_answer(tmp_path: Path) -> None:
    text = line("2026-11-28T12:32:18Z", "M,1\nF,2\n", "9.5\n10\n")
    put(tmp_path, "house/AllTraffic/2026/11/28/12/32-18-648-cee0.jsonl", text)
    assert read(tmp_path) == [
        Event(
            place="32-18-648-cee0.jsonl:1",
            moment=datetime(2026, 11, 28, 12, 32, 18, tzinfo=UTC),
            identity="e1",
            request=b"M,1\nF,2\n",
            answer=b"9.5\n10\n",
        )
    ]


def test_the_callers_own_id_is_the_identity_and_times_have_fractions(tmp_path: Path) -> None:
    text = line("2026-11-28T12:32:18.648Z", inferenceId="order-7", customAttributes=["a"])
    put(tmp_path, "house/AllTraffic/2026/11/28/12/32-18-648-a.jsonl", text)
    [event] = read(tmp_path)
    assert isinstance(event, Event)
    assert (event.identity, event.moment.microsecond) == ("order-7", 648000)


def test_the_requests_of_a_deployments_own_test_are_left_out(tmp_path: Path) -> None:
    moment = "2026-11-28T12:32:18Z"
    ids = ("deployment-test-1f0c", "order-8", "my-deployment-test-1")
    put(
        tmp_path,
        "house/AllTraffic/2026/11/28/12/32-18-648-a.jsonl",
        *(line(moment, inferenceId=each) for each in ids),
        line(moment),
    )
    found = [event.identity for event in read(tmp_path) if isinstance(event, Event)]
    assert found == ["order-8", "my-deployment-test-1", "e1"]


def test_a_folder_whose_name_ends_like_a_file_is_none(tmp_path: Path) -> None:
    """A deployment may put a placeholder at any depth below `captured/`."""
    put(tmp_path, "house/AllTraffic/2026/11/28/12/x.jsonl/placeholder", "")
    put(tmp_path, "house/AllTraffic/2026/11/28/12/32-18-648-a.jsonl", line("2026-11-28T12:32:18Z"))
    assert [event.identity for event in read(tmp_path) if isinstance(event, Event)] == ["e1"]


def test_files_are_chosen_by_their_hour_and_events_by_their_time(tmp_path: Path) -> None:
    # A file of the last hour may have events of the next one, and one of the hour before may have events of this one.
    put(tmp_path, "house/AllTraffic/2026/11/27/23/59-00-000-a.jsonl", line("2026-11-28T00:00:01Z"))
    put(
        tmp_path,
        "house/AllTraffic/2026/11/28/00/00-00-000-b.jsonl",
        line("2026-11-27T23:59:59Z"),
        line("2026-11-28T00:00:00Z", eventId="first"),
    )
    put(
        tmp_path,
        "house/AllTraffic/2026/11/28/23/59-00-000-c.jsonl",
        line("2026-11-28T23:59:59Z", eventId="last"),
        line("2026-11-29T00:00:00Z"),
    )
    put(tmp_path, "house/AllTraffic/2026/11/29/00/00-00-000-d.jsonl", line("2026-11-28T23:59:59Z"))
    assert [event.identity for event in read(tmp_path) if isinstance(event, Event)] == ["first", "last"]


def test_shadow_variants_and_files_of_other_kinds_are_left_out(tmp_path: Path) -> None:
    text = line("2026-11-28T12:00:00Z")
    put(tmp_path, "house/Shadow/2026/11/28/12/00-00-000-a.jsonl", text)
    put(tmp_path, "house/AllTraffic/2026/11/28/12/00-00-000-a.txt", text)
    put(tmp_path, "house/AllTraffic/2026/11/28/noon/00-00-000-a.jsonl", text)
    put(tmp_path, "house/AllTraffic/2026/13/28/12/00-00-000-a.jsonl", text)
    put(tmp_path, "placeholder.jsonl", text)
    assert read(tmp_path) == []


def test_base64_and_a_line_separator_within_a_value_are_read(tmp_path: Path) -> None:
    plain = line("2026-11-28T12:00:00Z", "a\u2028b,1\n")
    coded = json.loads(plain)
    side = coded["captureData"]["endpointInput"]
    side.update(encoding="BASE64", data=base64.b64encode(side["data"].encode()).decode())
    put(tmp_path, "house/AllTraffic/2026/11/28/12/00-00-000-a.jsonl", plain, json.dumps(coded))
    assert [event.request for event in read(tmp_path) if isinstance(event, Event)] == ["a\u2028b,1\n".encode()] * 2


def test_a_side_that_was_not_captured_is_none(tmp_path: Path) -> None:
    text = json.loads(line("2026-11-28T12:00:00Z", answer=None))
    put(tmp_path, "house/AllTraffic/2026/11/28/12/00-00-000-a.jsonl", json.dumps(text))
    del text["captureData"]["endpointInput"]
    put(tmp_path, "house/AllTraffic/2026/11/28/12/00-00-000-b.jsonl", json.dumps(text))
    one, other = read(tmp_path)
    assert isinstance(one, Event)
    assert isinstance(other, Event)
    assert (one.answer, other.request) == (None, None)


@pytest.mark.parametrize(
    "text",
    [
        "no JSON",
        "[]",
        "{}",
        '{"eventMetadata": {"inferenceTime": "yesterday"}, "captureData": {}}',
        '{"eventMetadata": {"inferenceTime": 7}, "captureData": {}}',
        '{"eventMetadata": {"inferenceTime": "2026-11-28T12:00:00Z"}, "captureData": []}',
        '{"eventMetadata": {"inferenceTime": "2026-11-28T12:00:00Z"}, "captureData": {"endpointInput": {"data": ""}}}',
        line("2026-11-28T12:00:00Z", "M,1").replace('"CSV"', '"BASE64"', 1),
    ],
)
def test_a_line_that_is_no_event_is_put_aside_and_the_others_are_read(tmp_path: Path, text: str) -> None:
    put(tmp_path, "house/AllTraffic/2026/11/28/12/00-00-000-a.jsonl", text, "", line("2026-11-28T12:00:00Z"))
    unreadable, event = read(tmp_path)
    assert isinstance(unreadable, Unreadable)
    assert unreadable.place == "00-00-000-a.jsonl:1"
    assert isinstance(event, Event)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"9.5\n10\n", [9.5, 10]),
        (b"9.5\r\n10", [9.5, 10]),
        (b"[9.5, 10]", [9.5, 10]),
        (b"row 1: 7 values, expected 8\n", []),
        (b'{"error": 1}', []),
        (b"[1, ", []),
        (b"\xff", []),
        (b"", []),
    ],
)
def test_predictions_are_read_from_an_answer_and_from_nothing_else(answer: bytes, expected: list[float]) -> None:
    assert predictions(answer) == expected
