"""Entry point of the template cloner: CloudFormation is answered, whatever happens.

Neither the event nor its ResponseURL is ever logged: anybody who has the URL can answer in our place.
"""

import logging
import os
from collections.abc import Mapping
from typing import Protocol

from functions.template_cloner.answer import Answer, unexpected
from functions.template_cloner.response_url import require_cloudformations

logger = logging.getLogger("functions.template_cloner")
logger.setLevel(logging.INFO)
logging.getLogger("functions.shared").setLevel(logging.INFO)


class Context(Protocol):
    """The parts of Lambda's context that are used here."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda ends the invocation."""
        ...


def handler(event: Mapping[str, object], context: Context) -> None:
    """Carry out CloudFormation's request and answer it.

    Raises:
        ForeignResponseUrlError: the request is not CloudFormation's.
        AnswerNotDeliveredError: CloudFormation does not take the answer.
    """
    require_cloudformations(event.get("ResponseURL"), os.environ)
    remaining = context.get_remaining_time_in_millis() / 1000
    answer = Answer(event)
    try:
        # Imported late, so that an error of any import is answered too.
        from functions.template_cloner.service import serve
    except Exception as error:
        logger.exception("unexpected")
        answer.fail(str(event.get("PhysicalResourceId") or event.get("LogicalResourceId")), unexpected(error))
        return
    serve(event, answer, remaining)
