"""Entry point of the onboarding function: one request of the template cloner, answered at once.

A request has an `action` (`onboard`, `check_offboarding`, `offboard`), the project's `project_name` and `project_id`, the
`launch` that it belongs to, and for `onboard` the `repository_name` and `repository_id`. The answer has a `state`: `done`
with the `roles`, `refused` with the `reason`, or `pending` with what it is `waiting_for` and with `begun`, which the next
request repeats. The action `release` is of no project: its answer has the `release` into this account.
"""

import functools
import json
import logging
import os
from collections.abc import Mapping

from botocore.exceptions import ClientError

from functions.project_onboarding.account_requests import is_throttled
from functions.project_onboarding.deployments import Deployments
from functions.project_onboarding.errors import RefusedError
from functions.project_onboarding.onboarder import Onboarder, Pending
from functions.project_onboarding.request import parse_request
from functions.project_onboarding.roles_stacks import RolesStacks
from functions.project_onboarding.settings import Settings
from functions.shared import aws_clients

logger = logging.getLogger("functions.project_onboarding")
logger.setLevel(logging.INFO)
logging.getLogger("functions.shared").setLevel(logging.INFO)


@functools.cache
def onboarder() -> Onboarder:
    """Make the clients of AWS once for all requests of this process: each takes as long as several calls."""
    settings = Settings.from_environment(os.environ)
    return Onboarder(
        settings=settings,
        stacks=RolesStacks(settings, aws_clients.client("cloudformation")),
        deployments=Deployments(
            aws_clients.client("sagemaker"),
            aws_clients.client("application-autoscaling"),
            aws_clients.client("cloudwatch"),
            aws_clients.client("scheduler"),
            aws_clients.client("s3"),
        ),
    )


def handler(event: Mapping[str, object], context: object) -> Mapping[str, object]:
    """Carry out a request, as far as it goes now."""
    del context
    answer = respond(onboarder(), event)
    logger.info(json.dumps({"action": event.get("action"), "project": event.get("project_id"), **answer}))
    return answer


def respond(onboarder: Onboarder, event: Mapping[str, object]) -> Mapping[str, object]:
    """Return the answer to a request."""
    if event.get("action") == "release":
        return {"state": "done", "release": onboarder.settings.release}
    try:
        answer = onboarder.answer(parse_request(event))
    except RefusedError as refusal:
        return {"state": "refused", "reason": str(refusal)}
    except ClientError as error:
        if not is_throttled(error):
            raise
        begun = event.get("begun") is True
        return {"state": "pending", "waiting_for": "the account's limits (Rate exceeded)", "begun": begun}
    if isinstance(answer, Pending):
        return {"state": "pending", "waiting_for": answer.waiting_for, "begun": answer.begun}
    return {"state": "done", "roles": dict(answer.roles)}
