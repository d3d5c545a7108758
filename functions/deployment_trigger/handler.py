"""Entry point of the deployment trigger: an event about a model package, an alarm about drift or quality, or the sweep."""

import functools
import logging
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

from functions.deployment_trigger import credential_end
from functions.deployment_trigger.approval_store import ApprovalStore
from functions.deployment_trigger.approved_artifacts import ApprovedArtifacts
from functions.deployment_trigger.deployer import Deployer
from functions.deployment_trigger.event import AlarmEvent, parse_event
from functions.deployment_trigger.github import GitHub
from functions.deployment_trigger.model_registry import ModelRegistry
from functions.deployment_trigger.project_parameters import ProjectParameters
from functions.deployment_trigger.retrainer import Retrainer
from functions.deployment_trigger.retraining_store import RetrainingStore
from functions.deployment_trigger.settings import Settings
from functions.shared import aws_clients
from functions.shared.github_api.credential import github_token
from functions.shared.github_api.deadline import Deadline

logging.getLogger("functions.deployment_trigger").setLevel(logging.INFO)
logging.getLogger("functions.shared").setLevel(logging.INFO)

_SECONDS_TO_STOP = 10.0


class Context(Protocol):
    """The parts of Lambda's context that are used here."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda ends the invocation."""
        ...


@dataclass(frozen=True, kw_only=True)
class Services:
    """AWS as the deployer uses it."""

    registry: ModelRegistry
    projects: ProjectParameters
    approvals: ApprovalStore
    artifacts: ApprovedArtifacts
    retrainings: RetrainingStore


@functools.cache
def services(settings: Settings) -> Services:
    """Make the clients of AWS once for all requests of this process: each takes as long as several calls."""
    s3 = aws_clients.client("s3")
    return Services(
        registry=ModelRegistry(),
        projects=ProjectParameters(settings),
        approvals=ApprovalStore(s3),
        artifacts=ApprovedArtifacts(s3),
        retrainings=RetrainingStore(s3),
    )


def handler(event: Mapping[str, object], context: Context) -> Sequence[Mapping[str, object]]:
    """Handle an event, and return what was decided about each model package, or about the alarm."""
    settings = Settings.from_environment(os.environ)
    ends = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - _SECONDS_TO_STOP
    deadline = Deadline(at=ends, advice="Lambda tries again, and then the sweep")

    @functools.cache
    def github() -> GitHub:
        return GitHub(settings.github_api_url, github_token(settings.credential_secret_arn), deadline)

    aws, parsed = services(settings), parse_event(event)
    if isinstance(parsed, AlarmEvent):
        retrainer = Retrainer(
            settings=settings,
            projects=aws.projects,
            retrainings=aws.retrainings,
            github=github,
            deadline=deadline,
            request_id=context.aws_request_id,
        )
        return [asdict(retrainer.retrain(parsed))]
    deployer = Deployer(
        settings=settings,
        registry=aws.registry,
        projects=aws.projects,
        approvals=aws.approvals,
        artifacts=aws.artifacts,
        github=github,
        deadline=deadline,
        request_id=context.aws_request_id,
    )
    if parsed is not None:
        return [asdict(deployer.approve(parsed))]
    try:
        return [asdict(each) for each in deployer.sweep()]
    finally:
        credential_end.watch(github, settings.prefix)
