"""What functions log: as on Lambda, the runtime writes it to the function's log group, as text or as JSON.

MiniStack takes what a function prints, but gives Python's logging no handler; below a warning it would say nothing.

Source: AWS Lambda Developer Guide, "Log and monitor Python Lambda functions" and "Configuring JSON and plain text log
formats".
"""

import contextlib
import queue
import secrets
import time
from typing import Any

from sandbox.aws import emulator

FORMAT = "AWS_LAMBDA_LOG_FORMAT"

DRAINED_WITHIN_SECONDS = 10
"""How long to wait for the rest of what an invocation says."""

_CALL = "result = handler_fn(event, context)"
_END = f"end of an invocation {secrets.token_hex(16)}"
"""What a worker writes once a handler has said everything. Only the sandbox sees it."""
_RUNTIME = f'''
import json, logging, os, sys, time


class _LambdaHandler(logging.StreamHandler):
    request_id = ""

    def format(self, record):
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{{int(record.msecs):03d}}Z"
        if os.environ.get("{FORMAT}") != "JSON":
            line = f"[{{record.levelname}}]\\t{{moment}}\\t{{self.request_id}}\\t{{record.getMessage()}}"
            return line + ("\\n" + logging.Formatter().formatException(record.exc_info) if record.exc_info else "")
        said = {{
            "timestamp": moment,
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
        }}
        if record.exc_info:
            kind, error, _ = record.exc_info
            said["stackTrace"] = logging.Formatter().formatException(record.exc_info).splitlines()
            said["errorType"], said["errorMessage"] = kind.__name__, str(error)
        return json.dumps({{**said, "requestId": self.request_id}})


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
    script: str = emulator.lambda_runtime._PYTHON_WORKER_SCRIPT
    handled = "result = _handle(handler_fn, event, context)"
    emulator.lambda_runtime._PYTHON_WORKER_SCRIPT = _RUNTIME + script.replace(_CALL, handled)
    _wait_for_all_that_is_said()
    credentials_of = emulator.lambda_runtime.execution_credentials

    def execution_credentials(config: dict[str, Any]) -> dict[str, str]:
        log_format = config.get("LoggingConfig", {}).get("LogFormat", "Text")
        return {**credentials_of(config), FORMAT: log_format}

    emulator.lambda_runtime.execution_credentials = execution_credentials


def _wait_for_all_that_is_said() -> None:
    """Let an invocation end with the last line of its log, not with the first pause in it."""
    read = emulator.lambda_runtime.Worker._read_stderr
    drain_for_a_while = emulator.lambda_runtime.Worker._drain_stderr_bounded

    def read_stderr(worker: Any) -> None:
        lines = worker._stderr_queue
        read(worker)
        lines.put(_END)  # A process that died says nothing more either.

    def drain_stderr_bounded(worker: Any) -> str:
        if not worker.config.get("Runtime", "").startswith("python"):
            return drain_for_a_while(worker)
        deadline = time.monotonic() + DRAINED_WITHIN_SECONDS
        lines: list[str] = []
        with contextlib.suppress(queue.Empty):
            while True:
                line: str = worker._stderr_queue.get(timeout=max(0, deadline - time.monotonic()))
                # The end follows in the same line what was printed without one.
                said, end, _ = line.partition(_END)
                if said or not end:
                    lines.append(said)
                if end:
                    break
        return "\n".join(lines)

    emulator.lambda_runtime.Worker._read_stderr = read_stderr
    emulator.lambda_runtime.Worker._drain_stderr_bounded = drain_stderr_bounded
