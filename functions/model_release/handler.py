"""Entry point of the release function: a project's alias, the number of a version, and those who let its job in."""

import functools
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Protocol

from functions.model_release.artifacts import Artifacts
from functions.model_release.errors import RefusedError
from functions.model_release.life_cycle import LifeCycle
from functions.model_release.models import Models
from functions.model_release.project import calling_project
from functions.model_release.records import Records
from functions.model_release.registry import ModelRegistry
from functions.model_release.releaser import Releaser
from functions.model_release.releasers import logins_of, require_managers
from functions.model_release.settings import Settings
from functions.shared import aws_clients

logger = logging.getLogger("functions.model_release")
logger.setLevel(logging.INFO)
logging.getLogger("functions.shared").setLevel(logging.INFO)

_HIGHEST_VERSION = 999_999_999
"""Highest number of a version in an ARN. Source: API Reference, DescribeModelPackage."""
_WITHOUT_A_MODEL = ("promote", "retire")
"""Actions of a repository, once those who let its job in are known to be release managers: it makes another version of its pipeline live,
or retires its endpoint or batch."""


class Context(Protocol):
    """The part of Lambda's context that is used here."""

    invoked_function_arn: str


@dataclass(frozen=True, kw_only=True)
class Services:
    """AWS as the releaser uses it."""

    registry: ModelRegistry
    artifacts: Artifacts
    records: Records
    models: Models
    life_cycle: LifeCycle


@functools.cache
def services(bucket: str, life_cycle_function_arn: str) -> Services:
    """Make the clients of AWS once for all requests of this process: each takes as long as several calls."""
    s3, sagemaker = aws_clients.client("s3"), aws_clients.client("sagemaker")
    return Services(
        registry=ModelRegistry(sagemaker),
        artifacts=Artifacts(bucket, s3),
        records=Records(bucket, s3),
        models=Models(sagemaker),
        life_cycle=LifeCycle(life_cycle_function_arn),
    )


def handler(event: Mapping[str, object], context: Context) -> Mapping[str, object]:
    """Release the version that the event names, of the project whose alias was invoked.

    The event has the number of a `version`, or an `action` by which no model is released, `promote` or `retire`; and in `released_by` the
    logins of those who let the repository's job in, where somebody has to. Afterwards `"action": "serves"`, with a `version`, and
    `"action": "retired"` say what came of it.

    Returns:
        The model's name and what it is of; nothing for an action that may begin; what the model registry shows afterwards, nothing unless
        this account is production; or the reason of a refusal under `refused`.
    """
    settings = Settings.from_environment(os.environ)
    invoked = context.invoked_function_arn
    asked = {name: event.get(name) for name in ("action", "version", "released_by")}
    try:
        answer = _answer(settings, invoked, event)
    except RefusedError as refusal:
        answer = {"refused": str(refusal)}
    logger.info(json.dumps({"invoked": invoked, **asked, **answer}))
    return answer


def _answer(settings: Settings, invoked: str, event: Mapping[str, object]) -> Mapping[str, object]:
    project, released_by = calling_project(invoked), logins_of(event.get("released_by"))
    require_managers(released_by, settings.release_managers, settings.environment)
    action = event.get("action")
    if action in _WITHOUT_A_MODEL:
        return dict[str, object]()
    aws = services(settings.artifacts_bucket, settings.life_cycle_function_arn)
    if action == "retired":
        return aws.life_cycle.note(project.package_group, None)
    version = event.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or not 1 <= version <= _HIGHEST_VERSION:
        raise RefusedError(f"the version {version!r} is no number of a model package: pass an integer such as 3")
    releaser = Releaser(
        settings=settings,
        project=project,
        registry=aws.registry,
        artifacts=aws.artifacts,
        records=aws.records,
        models=aws.models,
        released_by=released_by,
    )
    return releaser.note_serving(aws.life_cycle, version) if action == "serves" else asdict(releaser.release(version))
