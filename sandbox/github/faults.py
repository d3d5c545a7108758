"""Injected faults and the log of requests: hooks for tests, which GitHub does not have."""

import re
import threading
import time

from pydantic import BaseModel, ConfigDict, Field

from sandbox.github.transport import Request, ResetConnectionError, Response, json_response


class Fault(BaseModel):
    """A failure of the next `times` requests of a kind."""

    model_config = ConfigDict(extra="forbid")

    method: str = ".*"
    """Regular expression that matches the whole method."""
    path: str
    """Regular expression that is searched in the path."""
    times: int = 1
    status: int | None = None
    """Respond with this status; None: the real response (after the delay)."""
    headers: dict[str, str] = Field(default_factory=dict[str, str])
    body: dict[str, object] = Field(default_factory=lambda: {"message": "Server Error"})
    delay_seconds: float = 0
    reset: bool = False
    """Close the connection instead of responding."""
    after: bool = False
    """Carry the request out first: only its response is lost."""


class Faults:
    """The faults that are injected into coming requests."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Inject a fault into the next matching requests."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._faults.clear()

    def take(self, request: Request) -> Fault | None:
        """Return the fault to inject into a request, if there is one."""
        with self._lock:
            for fault in self._faults:
                if re.fullmatch(fault.method, request.method) and re.search(fault.path, request.path):
                    fault.times -= 1
                    if fault.times <= 0:
                        self._faults.remove(fault)
                    return fault
        return None


def inject(fault: Fault) -> Response | None:
    """Wait, then close the connection or return the response of the fault; None: the real response stands."""
    time.sleep(fault.delay_seconds)
    if fault.reset:
        raise ResetConnectionError
    return None if fault.status is None else json_response(fault.status, fault.body, fault.headers)


class RequestLog:
    """The log of all requests, without tokens and bodies."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: list[dict[str, object]] = []

    def add(self, request: Request, status: int, login: str | None) -> None:
        """Add a request, and print it to the server's log."""
        entry: dict[str, object] = {
            "method": request.method,
            "path": request.path,
            "query": request.query_string,
            "status": status,
            "login": login,
        }
        with self._lock:
            self._requests.append(entry)
        print(f"{request.method} {request.path} {status} {login or '-'}", flush=True)  # noqa: T201 - the server's log

    def all(self) -> list[dict[str, object]]:
        """Return all requests, oldest first."""
        with self._lock:
            return list(self._requests)

    def clear(self) -> None:
        """Remove all requests."""
        with self._lock:
            self._requests.clear()
