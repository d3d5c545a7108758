"""The base of models, endpoint configurations and endpoints, and checks of their inputs."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from sandbox.plugins.aws.cloud import Aws, code_of
from sandbox.plugins.aws.sagemaker.resource import SageMakerResource
from sandbox.plugins.properties import Values

LONGEST_NAME = 63


def wrong_name(wanted: Mapping[str, Any], name: str, longest: int) -> Iterator[tuple[str, str]]:
    """Yield the problems of a name or prefix, worded as by the official provider."""
    value = wanted.get(name)
    if value is None:
        return
    if not re.fullmatch(r"[0-9A-Za-z-]+", value):
        yield name, f'only alphanumeric characters and hyphens allowed in "{name}": "{value}"'
    if len(value) > longest:
        yield name, f'"{name}" cannot be longer than {longest} characters: "{value}"'
    if value.startswith("-"):
        yield name, f'"{name}" cannot begin with a hyphen: "{value}"'


def out_of_range(path: str, value: Any, lowest: int, highest: int) -> Iterator[tuple[str, str]]:
    """Yield the problem of a known number that is out of range, worded as by the official provider."""
    if isinstance(value, int) and not lowest <= value <= highest:
        yield path, f"expected {path} to be in the range ({lowest} - {highest}), got {value}"


class ServingResource(SageMakerResource):
    """The base of models, endpoint configurations and endpoints: errors, and updates of nothing but tags."""

    def is_gone(self, error: Exception) -> bool:
        """Return whether SageMaker could not find it."""
        return (
            isinstance(error, ClientError)
            and code_of(error) == "ValidationException"
            and "Could not find" in str(error)
        ) or super().is_gone(error)

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Do nothing, as the official provider does where only tags can change."""
