"""Entry point of the template cloner: CloudFormation is answered, whatever happens.

Neither the event nor its ResponseURL is ever logged: the URL lets whoever has it answer for us.
"""

import logging
import os
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from functions.shared.github_api.errors import ExplainedError
from functions.template_cloner.answer import Answer

if TYPE_CHECKING:
    from functions.template_cloner.service import Outcome

logger = logging.getLogger("functions.template_cloner")
logger.setLevel(logging.INFO)

_SECONDS_TO_ANSWER = 5.0
_SECONDS_TO_STOP = 10.0


class Context(Protocol):
    """What Lambda says about the invocation."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends it."""
        ...


def handler(event: Mapping[str, object], context: Context) -> None:
    """Carry out CloudFormation's request and answer it, at the latest five seconds before Lambda ends us."""
    remaining = context.get_remaining_time_in_millis() / 1000
    answer = Answer(event)
    identifier = _physical_id(event)
    guard = threading.Timer(
        max(0.0, remaining - _SECONDS_TO_ANSWER),
        answer.fail,
        (identifier, f"the template cloner ran out of time; {_advice(event)}"),
    )
    guard.daemon = True
    guard.start()
    try:
        outcome = _carry_out(event, identifier, time.monotonic() + remaining - _SECONDS_TO_STOP)
    except ExplainedError as error:
        answer.fail(identifier, str(error))
    except Exception as error:
        logger.exception("unexpected")
        answer.fail(identifier, f"unexpected {type(error).__name__}: the function's log says more")
    else:
        answer.succeed(outcome.physical_id, outcome.attributes)
    finally:
        guard.cancel()


def _advice(event: Mapping[str, object]) -> str:
    if event.get("RequestType") == "Delete":
        return "delete the project again"
    return "launch again, and what exists already is finished or removed"


def _physical_id(event: Mapping[str, object]) -> str:
    # Imported late, here and below: what fails while it is imported is answered too.
    try:
        from functions.template_cloner import service
    except Exception:
        logger.exception("unexpected")
        return str(event.get("PhysicalResourceId") or event.get("LogicalResourceId"))
    return service.physical_id(event, os.environ)


def _carry_out(event: Mapping[str, object], identifier: str, ends: float) -> "Outcome":
    from functions.shared.github_api.credential import github_token
    from functions.shared.github_api.deadline import Deadline
    from functions.template_cloner import service
    from functions.template_cloner.aws import CloudFormationStacks, ParameterRecords
    from functions.template_cloner.deployment_roles import RolesMaker
    from functions.template_cloner.event import Settings
    from functions.template_cloner.github import GitHub
    from functions.template_cloner.launch import Launcher
    from functions.template_cloner.workload_account import WorkloadAccount

    settings = Settings.from_environment(os.environ)
    deadline = Deadline(at=ends, advice=_advice(event))
    stack_id = str(event["StackId"])
    workers = service.Workers(
        launcher=lambda: Launcher(
            github=GitHub(settings.api_url, github_token(settings.credential_secret_arn), deadline),
            records=ParameterRecords(settings.records_path),
            stacks=CloudFormationStacks(),
            deadline=deadline,
            stack_id=stack_id,
        ),
        roles_maker=lambda roles: RolesMaker(
            account=WorkloadAccount(roles, deadline),
            stacks=CloudFormationStacks(),
            deadline=deadline,
            stack_id=stack_id,
        ),
    )
    return service.carry_out(event, identifier, settings, workers)
