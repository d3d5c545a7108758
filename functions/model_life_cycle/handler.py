"""Entry point of the function: production's release function says which version of a project it serves by now."""

import functools
import json
import logging
import os
import re
from collections.abc import Mapping
from dataclasses import asdict

from functions.model_life_cycle.errors import RefusedError
from functions.model_life_cycle.life_cycle import Noted, note
from functions.model_life_cycle.registry import ModelRegistry
from functions.model_life_cycle.settings import Settings

logger = logging.getLogger("functions.model_life_cycle")
logger.setLevel(logging.INFO)
logging.getLogger("functions.shared").setLevel(logging.INFO)

_GROUP = re.compile(r"[a-z0-9-]+-p-[a-z0-9]{12}")
_HIGHEST_VERSION = 999_999_999
"""Highest number of a version in an ARN. Source: API Reference, DescribeModelPackage."""


@functools.cache
def registry() -> ModelRegistry:
    """Make the client of AWS once for all requests of this process."""
    return ModelRegistry()


def handler(event: Mapping[str, object], context: object) -> Mapping[str, object]:
    """Note what is served: `model_package_group` is the project's group, `version` the number of the version, or nothing.

    Returns:
        The ARN that is `serving`, those that were `archived`, and those that were `left` as they are; or why it was `refused`.
    """
    del context
    asked = {name: event.get(name) for name in ("model_package_group", "version")}
    try:
        answer: Mapping[str, object] = asdict(_note(event))
    except RefusedError as refusal:
        answer = {"refused": str(refusal)}
    logger.info(json.dumps({**asked, **answer}))
    return answer


def _note(event: Mapping[str, object]) -> Noted:
    settings = Settings.from_environment(os.environ)
    group, version = event.get("model_package_group"), event.get("version")
    if not isinstance(group, str) or not _GROUP.fullmatch(group):
        raise RefusedError(f"{group!r} is no group of a project's versions")
    if version is not None and (
        not isinstance(version, int) or isinstance(version, bool) or not 1 <= version <= _HIGHEST_VERSION
    ):
        raise RefusedError(f"{version!r} is no number of a version")
    place = f"{os.environ['AWS_REGION']}:{settings.account_id}"
    arn = "" if version is None else f"arn:aws:sagemaker:{place}:model-package/{group}/{version}"
    return note(registry(), settings, group, arn)
