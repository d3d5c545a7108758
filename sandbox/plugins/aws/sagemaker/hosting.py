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
    """Yield what is wrong with a name or prefix, in the official provider's words."""
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
    """Yield what is wrong with a number that is known; in the official provider's words."""
    if isinstance(value, int) and not lowest <= value <= highest:
        yield path, f"expected {path} to be in the range ({lowest} - {highest}), got {value}"


class ServingResource(SageMakerResource):
    """What models, configurations and endpoints share: SageMaker's way of saying that there is none."""

    def is_gone(self, error: Exception) -> bool:
        """Tell whether SageMaker could not find it."""
        return (
            isinstance(error, ClientError)
            and code_of(error) == "ValidationException"
            and "Could not find" in str(error)
        ) or super().is_gone(error)

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Do nothing, as the official provider does where only tags can change."""
