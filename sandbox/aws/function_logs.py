"""What functions log: as on Lambda, the runtime writes it to the function's log group, as text or as JSON.

MiniStack takes what a function prints, but gives Python's logging no handler; below a warning it would say nothing.

Source: AWS Lambda Developer Guide, "Log and monitor Python Lambda functions" and "Configuring JSON and plain text log
formats".
"""

from typing import Any

from sandbox.aws import emulator

FORMAT = "AWS_LAMBDA_LOG_FORMAT"

_CALL = "result = handler_fn(event, context)"
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
'''


def install() -> None:
    """Let Python functions log as their runtime on Lambda does."""
    script: str = emulator.lambda_runtime._PYTHON_WORKER_SCRIPT
    noting = f"_lambda_handler.request_id = context.aws_request_id; {_CALL}"
    emulator.lambda_runtime._PYTHON_WORKER_SCRIPT = _RUNTIME + script.replace(_CALL, noting)
    credentials_of = emulator.lambda_runtime.execution_credentials

    def execution_credentials(config: dict[str, Any]) -> dict[str, str]:
        log_format = config.get("LoggingConfig", {}).get("LogFormat", "Text")
        return {**credentials_of(config), FORMAT: log_format}

    emulator.lambda_runtime.execution_credentials = execution_credentials
