"""SageMaker's inference toolkit inside an image: answers `/ping` and `/invocations` with the model's code.

It is run by the image's interpreter, so it needs nothing but the standard library. The model's folder and the code are
found as the toolkit finds them: `SM_BASE`, `SAGEMAKER_PROGRAM`, `SAGEMAKER_SUBMIT_DIRECTORY`. Like one worker of the
toolkit it answers one request at a time. It listens on the socket that it is given, and ends when its standard input
does, that is, with the process that started it.

An exception of the toolkit's own (`sagemaker_inference.errors`) answers with its status, any other with 500. The images
have the toolkit installed; where an environment lacks it, those exceptions are provided here.

Source: aws/sagemaker-inference-toolkit, `transformer.py`, `environment.py` and `errors.py`; the XGBoost image serves
scripts by it (aws/sagemaker-xgboost-container, `serving.py`).
"""

import importlib
import importlib.util
import inspect
import os
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any, cast

UTF8_TYPES = ("application/json", "text/csv")
"""Content types whose requests reach the code as text."""

DEFAULT_PROGRAM = "inference.py"
DEFAULT_ACCEPT = "application/json"
FUNCTIONS = ("input_fn", "predict_fn", "output_fn")


class BaseInferenceToolkitError(Exception):
    """An inference that failed, with the HTTP status to answer."""

    def __init__(self, status_code: int, message: str, phrase: str) -> None:
        self.status_code = status_code
        self.message = message
        self.phrase = phrase
        super().__init__(status_code, message, phrase)


class GenericInferenceToolkitError(BaseInferenceToolkitError):
    """An inference that failed for a reason of the model's code."""

    def __init__(self, status_code: int, message: str | None = None, phrase: str | None = None) -> None:
        message = message or "Invalid Request"
        super().__init__(status_code, message, phrase or message)


class Model:
    """A loaded model and the functions of its code."""

    def __init__(self, code: ModuleType, folder: Path) -> None:
        self._code = code
        self._lock = threading.Lock()
        own = [name for name in FUNCTIONS if hasattr(code, name)]
        if hasattr(code, "transform_fn") and own:
            raise ValueError(f"transform_fn cannot be used in conjunction with {', '.join(own)}")
        missing = [name for name in ("model_fn", *FUNCTIONS) if not hasattr(code, name)]
        if "model_fn" in missing or (missing and not hasattr(code, "transform_fn")):
            raise NotImplementedError(f"{code.__name__} lacks {', '.join(missing)}; this image has no default for it")
        self._model = _call(code.model_fn, str(folder))

    def answer(self, body: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
        """Return body and content type of the answer to one request."""
        content = body.decode() if content_type in UTF8_TYPES else body
        with self._lock:
            result = self._transform(content, content_type, accept)
        if isinstance(result, tuple):
            result, accept = cast(tuple[Any, str], result)
        return result.encode() if isinstance(result, str) else bytes(result), accept

    def _transform(self, content: str | bytes, content_type: str, accept: str) -> Any:
        if hasattr(self._code, "transform_fn"):
            return _call(self._code.transform_fn, self._model, content, content_type, accept)
        data = _call(self._code.input_fn, content, content_type)
        return _call(self._code.output_fn, _call(self._code.predict_fn, data, self._model), accept)


class Handler(BaseHTTPRequestHandler):
    """Answers requests with the model of the server."""

    protocol_version = "HTTP/1.1"
    model: Model
    toolkit_error: type[Any]

    def do_GET(self) -> None:
        """Answer `/ping`: the model is loaded, or this would not listen."""
        self._send(HTTPStatus.OK if self.path == "/ping" else HTTPStatus.NOT_FOUND, b"", DEFAULT_ACCEPT)

    def do_POST(self) -> None:
        """Answer `/invocations`."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.path != "/invocations":
            self._send(HTTPStatus.NOT_FOUND, b"", DEFAULT_ACCEPT)
            return
        accept = self.headers.get("Accept", "*/*")
        if accept == "*/*":
            accept = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", DEFAULT_ACCEPT)
        try:
            answer, kind = self.model.answer(body, self.headers.get("Content-Type", DEFAULT_ACCEPT), accept)
        except Exception as error:
            self._refuse(error)
        else:
            self._send(HTTPStatus.OK, answer, kind)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log everything but pings, which would be most of the log."""
        if self.path != "/ping":
            super().log_request(code, size)

    def _refuse(self, error: Any) -> None:
        trace = traceback.format_exc()
        print(trace, flush=True)  # noqa: T201 - the container's log
        status, message = HTTPStatus.INTERNAL_SERVER_ERROR, str(error)
        if isinstance(error, self.toolkit_error):
            status, message = HTTPStatus(error.status_code), error.message
        self._send(status, f"{message}\n{trace}".encode(), "text/plain")

    def _send(self, status: HTTPStatus, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def load() -> Model:
    """Load the model as the environment describes it."""
    folder = Path(os.environ.get("SM_BASE", "/opt/ml")) / "model"
    # The folder of the code is on PYTHONPATH.
    if os.environ.get("SAGEMAKER_SUBMIT_DIRECTORY", "").startswith("s3://"):
        raise NotImplementedError("the code must travel inside model.tar.gz: SAGEMAKER_SUBMIT_DIRECTORY is in S3")
    program = os.environ.get("SAGEMAKER_PROGRAM", DEFAULT_PROGRAM)
    return Model(importlib.import_module(program.removesuffix(".py")), folder)


def toolkit_error() -> type[Any]:
    """Return the toolkit's exception; where there is no toolkit, the model's code finds the one of this module."""
    if importlib.util.find_spec("sagemaker_inference") is None:
        toolkit, errors = ModuleType("sagemaker_inference"), ModuleType("sagemaker_inference.errors")
        for error in (BaseInferenceToolkitError, GenericInferenceToolkitError):
            setattr(errors, error.__name__, error)
        toolkit.__dict__["errors"] = errors
        sys.modules |= {toolkit.__name__: toolkit, errors.__name__: errors}
    return importlib.import_module("sagemaker_inference.errors").BaseInferenceToolkitError


def main(descriptor: int) -> None:
    """Load the model, then serve on the socket that was handed over."""
    threading.Thread(target=_end_with_standard_input, daemon=True).start()
    Handler.toolkit_error = toolkit_error()
    Handler.model = load()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = socket.socket(fileno=descriptor)
    server.serve_forever()


def _call(function: Callable[..., Any], *arguments: Any) -> Any:
    # A function may take one argument more, the toolkit's context; there is none without the toolkit.
    takes_context = len(inspect.signature(function).parameters) == len(arguments) + 1
    return function(*arguments, None) if takes_context else function(*arguments)


def _end_with_standard_input() -> None:
    # Python waits a second for its own standard input when it ends while a thread reads that.
    while os.read(0, 1024):
        pass
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
