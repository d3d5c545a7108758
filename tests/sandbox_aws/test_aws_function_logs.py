"""Logs of functions are found in their log groups."""

import io
import json
import subprocess
import time
import zipfile
from pathlib import Path
from typing import Any

from tests.installed import local_aws_python
from tests.sandbox_aws.account import Account, allow, trust

REPOSITORY = Path(__file__).parents[2]

TALKING = """
import logging

log = logging.getLogger("talking")
log.setLevel(logging.INFO)

def handler(event, context):
    if event.get("fail"):
        log.info("trying")
        raise RuntimeError("as asked")
    log.debug("too much")
    log.info("about %s", event["subject"])
    try:
        raise ValueError("as asked")
    except ValueError:
        log.exception("it failed")
    return context.aws_request_id
"""


def make(account: Account, name: str, log_format: str) -> None:
    """Create a function that logs."""
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
    functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.02})


def logged(account: Account, name: str) -> list[str]:
    """Return the lines that a function logged, without Lambda's own about its requests."""
    events = account.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    lines = [event["message"] for event in events]
    return [line for line in lines if not line.startswith(("START ", "END ", "REPORT "))]


def invoke(account: Account, name: str) -> str:
    """Invoke a function; return the id of the request."""
    functions: Any = account.client("lambda")
    return json.loads(functions.invoke(FunctionName=name, Payload=b'{"subject": "abalone"}')["Payload"].read())


def test_a_function_logs_lines_that_name_their_request(dev: Account) -> None:
    make(dev, "talking-lines", "Text")
    request = invoke(dev, "talking-lines")
    lines = logged(dev, "talking-lines")
    level, _, of, message = lines[0].split("\t")
    assert (level, of, message) == ("[INFO]", request, "about abalone")
    assert lines[-1] == "ValueError: as asked"


def test_a_function_logs_documents_if_its_settings_say_so(dev: Account) -> None:
    make(dev, "talking-documents", "JSON")
    request = invoke(dev, "talking-documents")
    first, second = map(json.loads, logged(dev, "talking-documents"))
    assert first["logger"] == "talking"
    assert (first["level"], first["message"], first["requestId"]) == ("INFO", "about abalone", request)
    assert (second["level"], second["errorType"], second["errorMessage"]) == ("ERROR", "ValueError", "as asked")


def test_a_request_that_is_tried_again_keeps_its_id(dev: Account) -> None:
    make(dev, "talking-again", "JSON")
    invoke(dev, "talking-again")
    functions: Any = dev.client("lambda")
    functions.invoke(FunctionName="talking-again", InvocationType="Event", Payload=b'{"fail": true}')
    deadline = time.monotonic() + 30
    while len(tried := [json.loads(line) for line in logged(dev, "talking-again") if "trying" in line]) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert len({line["requestId"] for line in tried}) == 1


def test_the_whole_log_of_an_invocation_is_returned_however_slowly_it_is_read() -> None:
    program = """
import io, json, time, zipfile
from sandbox.aws.awslambda import logs
from sandbox.aws.ministack import modules

class Slow:
    def __init__(self, lines):
        self.lines = lines

    def put(self, line):
        time.sleep(0.02)
        self.lines.put(line)

    def __getattr__(self, name):
        return getattr(self.lines, name)

worker_class = modules.lambda_runtime.Worker
read_stderr = worker_class._read_stderr

def read_slowly(worker):
    worker._stderr_queue = Slow(worker._stderr_queue)
    read_stderr(worker)

worker_class._read_stderr = read_slowly
logs.install()
code = '''
import os
def handler(event, context):
    print("first")
    print()
    print("last", end="", flush=True)
    if event == "die":
        os._exit(1)
    if event == "fail":
        raise ValueError
'''
archive = io.BytesIO()
with zipfile.ZipFile(archive, "w") as files:
    files.writestr("talking.py", code)
arn = "arn:aws:lambda:eu-west-1:111111111111:function:talking"
config = {"Runtime": "python3.12", "Handler": "talking.handler", "FunctionName": "talking", "FunctionArn": arn}
worker = worker_class("talking", config, archive.getvalue())
print(json.dumps([worker.invoke(event, "request")["log"] for event in (1, "fail", 2, "die")]))
worker.kill()
"""
    result = subprocess.run(local_aws_python("-c", program), capture_output=True, text=True, check=True, cwd=REPOSITORY)
    assert json.loads(result.stdout) == ["first\n\nlast"] * 4
