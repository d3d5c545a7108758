"""What functions log is found in their log group."""

import io
import json
import zipfile
from typing import Any

from tests.sandbox_aws.account import Account, allow, trust

TALKING = """
import logging

log = logging.getLogger("talking")
log.setLevel(logging.INFO)

def handler(event, context):
    log.debug("too much")
    log.info("about %s", event["subject"])
    try:
        raise ValueError("as asked")
    except ValueError:
        log.exception("it failed")
    return context.aws_request_id
"""


def said(account: Account, log_format: str) -> tuple[str, list[str]]:
    """Invoke a function that logs; its request's id and what it said, without what Lambda says about the request."""
    name = f"talking-{log_format.lower()}"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("talking.py", TALKING)
    functions: Any = account.client("lambda")
    functions.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Handler="talking.handler",
        Role=account.role(name, allow("sqs:SendMessage"), trust=trust("lambda.amazonaws.com")),
        Code={"ZipFile": archive.getvalue()},
        LoggingConfig={"LogFormat": log_format},
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name)
    request = json.loads(functions.invoke(FunctionName=name, Payload=b'{"subject": "abalone"}')["Payload"].read())
    events = account.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    lines = [event["message"] for event in events]
    return request, [line for line in lines if not line.startswith(("START ", "END ", "REPORT "))]


def test_a_function_logs_lines_that_name_their_request(dev: Account) -> None:
    request, lines = said(dev, "Text")
    level, _, of, message = lines[0].split("\t")
    assert (level, of, message) == ("[INFO]", request, "about abalone")
    assert lines[-1] == "ValueError: as asked"


def test_a_function_logs_documents_if_its_settings_say_so(dev: Account) -> None:
    request, lines = said(dev, "JSON")
    first, second = map(json.loads, lines)
    assert first["logger"] == "talking"
    assert (first["level"], first["message"], first["requestId"]) == ("INFO", "about abalone", request)
    assert (second["level"], second["errorType"], second["errorMessage"]) == ("ERROR", "ValueError", "as asked")
