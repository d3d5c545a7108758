"""Steps that may fail without ending the work: the reason is logged."""

import logging
from collections.abc import Callable
from typing import TypeVar

from functions.shared.github_api.errors import ExplainedError

logger = logging.getLogger(__name__)

T = TypeVar("T")


def attempt(what: str, step: Callable[[], T]) -> T | None:
    """Return the outcome of the step; None, and a line in the log, when it fails."""
    try:
        return step()
    except ExplainedError as error:
        logger.warning("not restored: %s: %s", what, error)
    except Exception:
        logger.exception("not restored: %s", what)
    return None
