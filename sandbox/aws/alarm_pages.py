"""Alarms described to clients that send forms: MiniStack's XML leaves out most of what an alarm is set to."""

import json
from datetime import UTC, datetime
from typing import Any, cast
from xml.sax.saxutils import escape

from sandbox.aws import emulator, requests


def install() -> None:
    """Answer DescribeAlarms in XML with all that the answer in JSON has."""
    describe = emulator.cloudwatch._describe_alarms

    def describe_alarms(params: Any, data: Any, is_cbor: bool, is_json: bool = False) -> emulator.Response:
        if is_cbor or is_json:
            return describe(params, data, is_cbor, is_json)
        status, _, body = describe(params, requests.members_of(b"", params), False, True)
        if status != 200:
            return describe(params, data, is_cbor, is_json)
        inner = element("DescribeAlarmsResult", json.loads(body))
        return emulator.cloudwatch._xml(status, "DescribeAlarmsResponse", inner)

    emulator.cloudwatch._describe_alarms = describe_alarms


def element(name: str, value: Any) -> str:
    """A member of an answer in XML, as AWS's query protocol writes it."""
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value).items()
        text = "".join(element(name, each) for name, each in members if each is not None)
    elif isinstance(value, list):
        text = "".join(element("member", each) for each in cast("list[Any]", value))
    elif isinstance(value, bool):
        text = str(value).lower()
    elif name.endswith("Timestamp"):
        text = f"{datetime.fromtimestamp(value, UTC):%Y-%m-%dT%H:%M:%SZ}"
    else:
        text = escape(str(value))
    return f"<{name}>{text}</{name}>"
