"""Wait for AWS: poll for a result, or retry while an error may pass."""

import re
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from botocore.exceptions import ClientError

from sandbox.plugins.aws.cloud import code_of
from sandbox.plugins.resource import RefusedError

_Result = TypeVar("_Result")


def wait_until(
    poll: Callable[[], _Result | None], *, what: str, seconds: float = 300, pause: float = 0.2, longest: float = 5
) -> _Result:
    """Poll until there is a result, with pauses that grow from `pause` to `longest` seconds.

    Raises:
        RefusedError: there is none within `seconds`.
    """
    end = time.monotonic() + seconds
    while True:
        result = poll()
        if result is not None:
            return result
        if time.monotonic() > end:
            raise RefusedError(f"waited {seconds:.0f} s for {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, longest)


def retry(
    operation: Callable[[], _Result], *, codes: Iterable[str], message: str = "", seconds: float = 120
) -> _Result:
    """Retry an operation while AWS refuses it for a reason that passes, such as a role that is too new.

    Args:
        operation: the call to retry.
        codes: error codes that may pass.
        message: regular expression that is found in the message of an error that may pass.
        seconds: time after which the error is raised, as in the official provider.
    """
    end = time.monotonic() + seconds
    pause = 0.5
    while True:
        try:
            return operation()
        except ClientError as error:
            passing = code_of(error) in set(codes) and re.search(message, str(error)) is not None
            if not passing or time.monotonic() > end:
                raise
        time.sleep(pause)
        pause = min(pause * 1.5, 10)
