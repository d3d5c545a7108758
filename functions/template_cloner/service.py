"""Carry out a request of CloudFormation before the deadline, and answer it."""

import logging
import math
import os
import threading
import time
from collections.abc import Mapping

from functions.shared.github_api.credential import github_token
from functions.shared.github_api.deadline import Deadline
from functions.shared.github_api.errors import ExplainedError
from functions.template_cloner.answer import Answer, unexpected
from functions.template_cloner.deletion_guard import DeletionGuard
from functions.template_cloner.first_run import RunStarter
from functions.template_cloner.github import GitHub
from functions.template_cloner.launch_records import ParameterRecords
from functions.template_cloner.launcher import Launcher
from functions.template_cloner.onboarding import OnboardingFunction
from functions.template_cloner.releases import read_release
from functions.template_cloner.request import Request, parse_request
from functions.template_cloner.resources import DeletionCheck, DeploymentRoles, deploy_advice
from functions.template_cloner.roles_provisioner import RolesProvisioner
from functions.template_cloner.rollback import restore
from functions.template_cloner.routing import Workers, carry_out
from functions.template_cloner.settings import Settings
from functions.template_cloner.stacks import ROLLING_UPDATE_BACK, CloudFormationStacks

logger = logging.getLogger(__name__)

_SECONDS_TO_ANSWER = 5.0
_SECONDS_TO_STOP = 10.0


def serve(event: Mapping[str, object], answer: Answer, remaining: float) -> None:
    """Parse the event and answer it, at the latest five seconds before the `remaining` ones are over, or CloudFormation gives up."""
    remaining = min(remaining, _patience(event))
    ends = time.monotonic() + remaining - _SECONDS_TO_STOP
    # A function without these settings refuses every request, below.
    organization, unit = os.environ.get("GITHUB_ORGANIZATION", ""), os.environ.get("UNIT", "")
    request = parse_request(event, organization=organization, unit=unit)
    rolls_back = threading.Event()

    def refuse(reason: str) -> None:
        if rolls_back.is_set():
            logger.warning("not restored: %s: %s", request.physical_id, reason)
            answer.succeed(request.physical_id, {})
        else:
            answer.fail(request.physical_id, reason)

    guard = threading.Timer(
        max(0.0, remaining - _SECONDS_TO_ANSWER),
        refuse,
        (f"the template cloner ran out of time; {request.advice}",),
    )
    guard.daemon = True
    guard.start()
    try:
        # Nothing else tells a rollback, and after one that is refused the project takes no update until somebody repeats it by hand.
        if request.kind == "Update" and CloudFormationStacks().status(request.stack_id) == ROLLING_UPDATE_BACK:
            rolls_back.set()
        settings = Settings.from_environment(os.environ)
        workers = _workers(request, settings, Deadline(at=ends, advice=request.advice))
        outcome = (restore if rolls_back.is_set() else carry_out)(request, settings, workers)
    except ExplainedError as error:
        refuse(str(error))
    except Exception as error:
        logger.exception("unexpected")
        refuse(unexpected(error))
    else:
        answer.succeed(outcome.physical_id, outcome.attributes)
    finally:
        guard.cancel()


def _patience(event: Mapping[str, object]) -> float:
    """Return the seconds for which CloudFormation waits: products that were published earlier tell it to wait for less than others."""
    properties = event.get("ResourceProperties")
    told = properties.get("ServiceTimeout") if isinstance(properties, Mapping) else None
    return float(told) if isinstance(told, str) and told.isdecimal() else math.inf


def _workers(request: Request, settings: Settings, deadline: Deadline) -> Workers:
    def github() -> GitHub:
        return GitHub(settings.api_url, github_token(settings.credential_secret_arn), deadline)

    def roles_provisioner(roles: DeploymentRoles) -> RolesProvisioner:
        return RolesProvisioner(
            roles=roles,
            account=OnboardingFunction(roles, settings.onboarding_function_arn(roles), request.stack_id),
            stacks=CloudFormationStacks(),
            deadline=deadline,
            stack_id=request.stack_id,
        )

    def deletion_guard(check: DeletionCheck) -> DeletionGuard:
        return DeletionGuard(
            check=check, account=roles_provisioner, stacks=CloudFormationStacks(), stack_id=request.stack_id
        )

    return Workers(
        launcher=lambda: Launcher(
            github=github(),
            records=ParameterRecords(settings.records_path),
            stacks=CloudFormationStacks(),
            deadline=deadline,
            stack_id=request.stack_id,
            rules=settings.review_rules,
            release=lambda environment: read_release(
                settings.releasing_function_arn(environment), deploy_advice(settings.unit, environment), deadline
            ),
        ),
        run_starter=lambda: RunStarter(github=github(), deadline=deadline),
        roles_provisioner=roles_provisioner,
        deletion_guard=deletion_guard,
    )
