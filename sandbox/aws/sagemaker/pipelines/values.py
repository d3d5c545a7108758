"""Values of an execution: its parameters, the properties of its steps, and the conditions on them."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from sandbox.aws.sagemaker.failures import StepFailedError

COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "Equals": lambda left, right: left == right,
    "GreaterThan": lambda left, right: left > right,
    "GreaterThanOrEqualTo": lambda left, right: left >= right,
    "LessThan": lambda left, right: left < right,
    "LessThanOrEqualTo": lambda left, right: left <= right,
}
PATH = re.compile(r"([A-Za-z_][\w-]*)|\[['\"]([^'\"]+)['\"]\]|\[(\d+)\]")


@dataclass(kw_only=True)
class Values:
    """The values that the references of an execution stand for."""

    parameters: Mapping[str, Any]
    execution: Mapping[str, str]
    read: Callable[[str], bytes]
    """Contents of an object in S3, by its URI."""
    properties: dict[str, Any] = field(default_factory=dict[str, Any])
    """By step: the description of its job."""
    files: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    """By step and name: the URI of a property file in S3."""

    def resolve(self, value: Any) -> Any:
        """Return a value with every reference replaced.

        Raises:
            StepFailedError: a reference stands for nothing.
        """
        if isinstance(value, list):
            return [self.resolve(item) for item in cast(list[Any], value)]
        if not isinstance(value, dict):
            return value
        entries = cast(Mapping[str, Any], value)
        if set(entries) == {"Get"}:
            return self._get(entries["Get"])
        if set(entries) == {"Std:Join"}:
            join = entries["Std:Join"]
            return join.get("On", "").join(_text(self.resolve(item)) for item in join["Values"])
        if set(entries) == {"Std:JsonGet"}:
            return self._json_get(entries["Std:JsonGet"])
        return {key: self.resolve(item) for key, item in entries.items()}

    def holds(self, condition: Mapping[str, Any]) -> bool:
        """Return whether a condition of a Condition step holds.

        Raises:
            StepFailedError: it cannot be evaluated.
        """
        kind = condition["Type"]
        if kind == "Not":
            return not self.holds(condition["Expression"])
        if kind == "Or":
            return any(self.holds(item) for item in condition["Conditions"])
        if kind == "In":
            return self.resolve(condition["QueryValue"]) in self.resolve(condition["Values"])
        if kind not in COMPARISONS:
            raise StepFailedError(f"ClientError: unknown condition type {kind}")
        left, right = self.resolve(condition["LeftValue"]), self.resolve(condition["RightValue"])
        try:
            return COMPARISONS[kind](left, right)
        except TypeError:
            raise StepFailedError(f"ClientError: {left!r} and {right!r} cannot be compared") from None

    def _get(self, reference: str) -> Any:
        kind, _, rest = reference.partition(".")
        if kind == "Parameters":
            return self.parameters[rest]
        if kind == "Execution":
            if rest not in self.execution:
                raise StepFailedError(f"ClientError: {reference} is unknown")
            return self.execution[rest]
        step, _, path = rest.partition(".")
        if step not in self.properties:
            raise StepFailedError(f"ClientError: {reference}: step {step} has not run")
        return _follow(self.properties[step], path, reference)

    def _json_get(self, get: Mapping[str, Any]) -> Any:
        if "PropertyFile" in get:
            _, step, _, name = get["PropertyFile"]["Get"].split(".")
            if (step, name) not in self.files:
                raise StepFailedError(f"ClientError: step {step} has no property file {name}")
            uri = self.files[step, name]
        else:
            uri = self.resolve(get["S3Uri"])
        try:
            document = json.loads(self.read(uri))
        except ValueError:
            raise StepFailedError(f"ClientError: {uri} is not JSON") from None
        return _follow(document, get["Path"], f"{uri} {get['Path']}")


def _follow(value: Any, path: str, shown: str) -> Any:
    for name, quoted, index in PATH.findall(path):
        try:
            value = value[int(index)] if index else value[quoted or name]
        except (KeyError, IndexError, TypeError):
            raise StepFailedError(f"ClientError: {shown} does not exist") from None
    return value


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)
