"""Entry point of the deployment trigger: an event about a model package, or the sweep."""

import functools
import logging
import os
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Protocol

from functions.deployment_trigger import notice
from functions.deployment_trigger.aws import ModelRegistry, ProjectBuckets, ProjectParameters
from functions.deployment_trigger.deployer import Deployer
from functions.deployment_trigger.github import GitHub
from functions.shared.github_api.credential import github_token
from functions.shared.github_api.deadline import Deadline

logging.getLogger("functions.deployment_trigger").setLevel(logging.INFO)
logging.getLogger("functions.shared").setLevel(logging.INFO)

_SECONDS_TO_STOP = 10.0


class Context(Protocol):
    """What Lambda says about the invocation."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends it."""
        ...


@functools.cache
def services(settings: notice.Settings) -> tuple[ModelRegistry, ProjectParameters, ProjectBuckets]:
    """AWS, for all requests that this process serves: making a client takes as long as several calls."""
    return ModelRegistry(), ProjectParameters(settings), ProjectBuckets()


def handler(event: Mapping[str, object], context: Context) -> list[dict[str, object]]:
    """Do what the event asks for; what was decided about each model package."""
    settings = notice.Settings.from_environment(os.environ)
    ends = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - _SECONDS_TO_STOP
    deadline = Deadline(at=ends, advice="Lambda tries again, and then the sweep")

    @functools.cache
    def github() -> GitHub:
        return GitHub(settings.github_api_url, github_token(settings.credential_secret_arn), deadline)

    registry, projects, buckets = services(settings)
    deployer = Deployer(
        settings=settings,
        registry=registry,
        projects=projects,
        buckets=buckets,
        github=github,
        deadline=deadline,
        request_id=context.aws_request_id,
    )
    asked = notice.read(event)
    decisions = deployer.sweep() if asked is None else [deployer.approve(asked)]
    return [asdict(each) for each in decisions]
