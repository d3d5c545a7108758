"""MiniStack's Lambda runtime: the processes that run handlers."""

import contextlib
import queue
import time
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.aws.ministack import modules

DRAINED_WITHIN_SECONDS = 10
"""Longest wait for the rest of an invocation's log."""

CALL_OF_HANDLER = "result = handler_fn(event, context)"
"""The line of MiniStack's worker script for Python that calls the handler."""

Environment = dict[str, str]


def stop_all() -> None:
    """Stop every worker."""
    modules.lambda_runtime.reset()


def set_client_environment(change: Callable[[Environment], None]) -> None:
    """Let `change` complete the environment by which functions reach this server."""
    modules.tls.trust_gateway_cert = change


def add_environment(variables: Callable[[Mapping[str, Any], Environment], Mapping[str, str]]) -> None:
    """Add variables to workers; `variables` gets the function's configuration and the variables that it has."""
    credentials_of = modules.lambda_runtime.execution_credentials

    def execution_credentials(config: dict[str, Any]) -> Environment:
        own = credentials_of(config)
        return {**own, **variables(config, own)}

    modules.lambda_runtime.execution_credentials = execution_credentials


def extend_python_worker(preamble: str, call: str = CALL_OF_HANDLER) -> None:
    """Put code in front of the script of Python workers, and call the handler by another line if `call` says so."""
    script: str = modules.lambda_runtime._PYTHON_WORKER_SCRIPT
    modules.lambda_runtime._PYTHON_WORKER_SCRIPT = preamble + script.replace(CALL_OF_HANDLER, call)


def read_logs_until(end: str) -> None:
    """Let an invocation's log end with the line `end`, which the worker writes, not with the first pause in it."""
    worker_class = modules.lambda_runtime.Worker
    read = worker_class._read_stderr
    drain_for_a_while = worker_class._drain_stderr_bounded

    def read_stderr(worker: Any) -> None:
        lines = worker._stderr_queue
        read(worker)
        lines.put(end)  # A process that died logs nothing more either.

    def drain_stderr_bounded(worker: Any) -> str:
        if not worker.config.get("Runtime", "").startswith("python"):
            return drain_for_a_while(worker)
        deadline = time.monotonic() + DRAINED_WITHIN_SECONDS
        lines: list[str] = []
        with contextlib.suppress(queue.Empty):
            while True:
                line: str = worker._stderr_queue.get(timeout=max(0, deadline - time.monotonic()))
                # The end follows in the same line what was printed without one.
                text, found, _ = line.partition(end)
                if text or not found:
                    lines.append(text)
                if found:
                    break
        return "\n".join(lines)

    worker_class._read_stderr = read_stderr
    worker_class._drain_stderr_bounded = drain_stderr_bounded
