"""Alarms described to clients that send forms: MiniStack's XML leaves out most of an alarm's settings."""

from datetime import UTC, datetime
from typing import Any, cast
from xml.sax.saxutils import escape

from sandbox.aws.iam.service_authorization.members import members_of
from sandbox.aws.ministack import cloudwatch


def install() -> None:
    """Answer DescribeAlarms in XML with all that the answer in JSON has."""
    cloudwatch.describe_alarms_in_xml(lambda params: members_of(b"", params), element)


def element(name: str, value: Any) -> str:
    """Return a member of an answer in XML, as AWS's query protocol writes it."""
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
