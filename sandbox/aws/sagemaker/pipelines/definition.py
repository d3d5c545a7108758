"""Pipeline definitions: their steps, parameters, references and conditions.

Source: SageMaker's "Pipeline Definition JSON Schema", version 2020-12-01.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sandbox.aws.errors import NotEmulatedError, ServiceError

Step = Mapping[str, Any]

VERSION = "2020-12-01"
STEP_TYPES = frozenset({"Condition", "Fail", "Processing", "RegisterModel", "Training"})
PARAMETER_TYPES: Mapping[str, Callable[[Any], Any]] = {
    "String": str,
    "Integer": int,
    "Float": float,
    "Boolean": lambda value: str(value).lower() == "true",
}


@dataclass(frozen=True, kw_only=True)
class Definition:
    """A pipeline definition that has been checked."""

    parameters: Sequence[Mapping[str, Any]]
    steps: Sequence[Step]

    @classmethod
    def parse(cls, text: str) -> "Definition":
        """Read a definition.

        Raises:
            ServiceError: it is not one.
            NotEmulatedError: it uses something that the sandbox does not know.
        """
        try:
            document = json.loads(text)
        except json.JSONDecodeError as error:
            raise _invalid(f"Unable to parse pipeline definition. {error}") from None
        if document.get("Version") != VERSION:
            raise _invalid(f"Unable to parse pipeline definition. Version must be {VERSION}")
        definition = cls(parameters=document.get("Parameters", []), steps=document.get("Steps", []))
        definition.check()
        return definition

    def check(self) -> None:
        """Check step types, names and references.

        Raises:
            ServiceError: AWS would refuse the definition.
            NotEmulatedError: it uses something that the sandbox does not know.
        """
        every = list(_nested(self.steps))
        names = [step["Name"] for step in every]
        if not names:
            raise _invalid("Unable to parse pipeline definition. It has no steps")
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise _invalid(f"Invalid pipeline definition: step names must be unique: {twice}")
        for step in every:
            if step["Type"] not in STEP_TYPES:
                raise NotEmulatedError(f"pipeline steps of type {step['Type']}")
            if step.get("CacheConfig", {}).get("Enabled"):
                raise NotEmulatedError(f"CacheConfig of pipeline step {step['Name']}")
            unknown = {name for name in dependencies(step) if name not in names}
            if unknown:
                raise _invalid(f"Invalid pipeline definition: step {step['Name']} refers to {sorted(unknown)}")
        known = {parameter["Name"] for parameter in self.parameters}
        missing = sorted({name for reference in _references(self.steps) for name in _parameter(reference)} - known)
        if missing:
            raise _invalid(f"Invalid pipeline definition: parameters {missing} are not defined")

    def values(self, given: Mapping[str, str]) -> dict[str, Any]:
        """Return the value of every parameter of an execution.

        Raises:
            ServiceError: a value is missing, unknown or not of its type.
        """
        unknown = sorted(set(given) - {parameter["Name"] for parameter in self.parameters})
        if unknown:
            raise _invalid(f"Parameters {unknown} are not defined in the pipeline definition")
        values: dict[str, Any] = {}
        for parameter in self.parameters:
            name = parameter["Name"]
            value = given.get(name, parameter.get("DefaultValue"))
            if value is None:
                raise _invalid(f"Parameter [{name}] has no value")
            try:
                values[name] = PARAMETER_TYPES[parameter["Type"]](value)
            except ValueError:
                raise _invalid(f"Parameter [{name}] is not of type {parameter['Type']}") from None
            if parameter.get("EnumValues") and values[name] not in parameter["EnumValues"]:
                raise _invalid(f"Parameter [{name}] must be one of {parameter['EnumValues']}")
        return values


def in_order(steps: Sequence[Step]) -> Iterator[Step]:
    """Yield the steps, each after those that it depends on.

    Raises:
        ServiceError: they depend on each other in a circle.
    """
    names = {step["Name"] for step in steps}
    waiting = {step["Name"]: set(dependencies(step)) & names - {step["Name"]} for step in steps}
    done: set[str] = set()
    while waiting:
        ready = [step for step in steps if step["Name"] in waiting and waiting[step["Name"]] <= done]
        if not ready:
            raise _invalid(f"Invalid pipeline definition: steps depend on each other: {sorted(waiting)}")
        for step in ready:
            del waiting[step["Name"]]
            yield step
        done |= {step["Name"] for step in ready}


def dependencies(step: Step) -> Iterator[str]:
    """Yield the names of the steps that a step has to wait for."""
    yield from step.get("DependsOn", [])
    own = {nested["Name"] for nested in _nested([step])}
    for reference in _references(step):
        kind, _, rest = reference.partition(".")
        name = rest.partition(".")[0]
        if kind == "Steps" and name not in own:
            yield name


def _nested(steps: Sequence[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        if step["Type"] == "Condition":
            for branch in ("IfSteps", "ElseSteps"):
                yield from _nested(step["Arguments"].get(branch, []))


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        entries = cast(Mapping[str, Any], value)
        if set(entries) == {"Get"} and isinstance(entries["Get"], str):
            yield entries["Get"]
        for item in entries.values():
            yield from _references(item)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in cast(Sequence[Any], value):
            yield from _references(item)


def _parameter(reference: str) -> Iterator[str]:
    if reference.startswith("Parameters."):
        yield reference.removeprefix("Parameters.")


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)
