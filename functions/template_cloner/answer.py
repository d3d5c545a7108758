"""Answer CloudFormation's requests: each exactly once, and always."""

import json
import logging
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Literal

logger = logging.getLogger(__name__)

_ATTEMPTS = 5
_TIMEOUT_SECONDS = 5.0
_FIRST_WAIT_SECONDS = 0.5
_LONGEST_REASON_BYTES = 1500
"""The whole answer may have 4,096 bytes. Source: CloudFormation User Guide, "Custom resource response objects"."""


def unexpected(error: Exception) -> str:
    """Return the reason of a failure by an error whose message is not meant for users."""
    return f"unexpected {type(error).__name__}: the function's log says more"


class AnswerNotDeliveredError(Exception):
    """CloudFormation did not receive the answer; Lambda repeats the request."""


class Answer:
    """The answer to one request; the first one that is sent counts."""

    def __init__(self, event: Mapping[str, object], *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._event = event
        self._sleep = sleep
        self._lock = threading.Lock()
        self._given = False

    def succeed(self, physical_id: str, attributes: Mapping[str, str]) -> None:
        """Answer that the request was carried out."""
        self._give("SUCCESS", physical_id, "", attributes)

    def fail(self, physical_id: str, reason: str) -> None:
        """Answer that the request could not be carried out, for this reason."""
        self._give("FAILED", physical_id, reason, {})

    def _give(
        self, status: Literal["SUCCESS", "FAILED"], physical_id: str, reason: str, data: Mapping[str, str]
    ) -> None:
        with self._lock:
            if self._given:
                return
            self._send(
                {
                    "Status": status,
                    "Reason": reason.encode()[:_LONGEST_REASON_BYTES].decode(errors="ignore"),
                    "PhysicalResourceId": physical_id,
                    "StackId": self._event["StackId"],
                    "RequestId": self._event["RequestId"],
                    "LogicalResourceId": self._event["LogicalResourceId"],
                    "Data": dict(data),
                }
            )
            self._given = True
        logger.info("answered %s for %s %s", status, physical_id, reason)

    def _send(self, body: Mapping[str, object]) -> None:
        # Errors are logged by type and status only: the URL is signed, and its holder can answer in our place.
        for attempt in range(_ATTEMPTS):
            if attempt > 0:
                self._sleep(_FIRST_WAIT_SECONDS * 2 ** (attempt - 1))
            request = urllib.request.Request(
                str(self._event["ResponseURL"]),
                data=json.dumps(body, ensure_ascii=False).encode(),
                method="PUT",
                # CloudFormation signs the URL for an empty content type.
                headers={"Content-Type": ""},
            )
            try:
                with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS):
                    return
            except urllib.error.HTTPError as error:
                with error:
                    logger.warning("CloudFormation did not accept the answer: status %s", error.code)
            except OSError as error:
                logger.warning("CloudFormation was not reached: %s", type(error).__name__)
        raise AnswerNotDeliveredError(f"CloudFormation did not receive the answer in {_ATTEMPTS} attempts")
