"""Logs of functions: as on Lambda, the runtime writes them to the function's log group, as text or as JSON.

MiniStack takes what a function prints, but gives Python's logging no handler, so nothing below a warning would appear.

Source: AWS Lambda Developer Guide, "Log and monitor Python Lambda functions" and "Configuring JSON and plain text log
formats".
"""

import secrets
from collections.abc import Mapping
from typing import Any

from sandbox.aws.ministack import lambda_runtime

FORMAT = "AWS_LAMBDA_LOG_FORMAT"

_END = f"end of an invocation {secrets.token_hex(16)}"
"""Line that a worker writes once a handler has returned. Only the sandbox sees it."""
_RUNTIME = f'''
import json, logging, os, sys, time


class _LambdaHandler(logging.StreamHandler):
    request_id = ""

    def format(self, record):
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{{int(record.msecs):03d}}Z"
        if os.environ.get("{FORMAT}") != "JSON":
            line = f"[{{record.levelname}}]\\t{{moment}}\\t{{self.request_id}}\\t{{record.getMessage()}}"
            return line + ("\\n" + logging.Formatter().formatException(record.exc_info) if record.exc_info else "")
        entry = {{
            "timestamp": moment,
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
        }}
        if record.exc_info:
            kind, error, _ = record.exc_info
            entry["stackTrace"] = logging.Formatter().formatException(record.exc_info).splitlines()
            entry["errorType"], entry["errorMessage"] = kind.__name__, str(error)
        return json.dumps({{**entry, "requestId": self.request_id}})


_lambda_handler = _LambdaHandler(sys.stderr)
logging.getLogger().addHandler(_lambda_handler)
if os.environ.get("{FORMAT}") == "JSON":
    logging.getLogger().setLevel(logging.INFO)


def _handle(handler, event, context):
    _lambda_handler.request_id = context.aws_request_id
    try:
        return handler(event, context)
    finally:
        _lambda_handler.stream.write("{_END}\\n")
        _lambda_handler.stream.flush()
'''


def install() -> None:
    """Let Python functions log as their runtime on Lambda does."""
    lambda_runtime.extend_python_worker(_RUNTIME, "result = _handle(handler_fn, event, context)")
    lambda_runtime.read_logs_until(_END)
    lambda_runtime.add_environment(_log_format)


def _log_format(config: Mapping[str, Any], environment: Mapping[str, str]) -> Mapping[str, str]:
    del environment
    return {FORMAT: config.get("LoggingConfig", {}).get("LogFormat", "Text")}
