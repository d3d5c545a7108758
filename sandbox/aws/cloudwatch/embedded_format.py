"""The embedded metric format: an event in a log, as a JSON object, that contains metrics.

Sources: Amazon CloudWatch User Guide, "Specification: Embedded metric format", with its schema; API Reference, MetricDatum. No
document says what remains of an event of which a part is wrong: here, nothing.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from sandbox.aws import validation

RESERVED = "AWS/"
"""Beginning of the namespaces of AWS's own metrics."""
MOST_METRICS = 100
MOST_DIMENSIONS = 30
MOST_VALUES = 100
LONGEST_NAME = 1024
LONGEST_DIMENSION = 250
OLDEST_SECONDS = 14 * 24 * 3600
NEWEST_SECONDS = 2 * 3600
LARGEST = 2.0**360

Object = Mapping[str, Any]


class MalformedError(ValueError):
    """An event is not as the specification says."""


def document(message: str) -> Object | None:
    """Return the event that is in the format, be it well formed or not; None for any other text."""

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    try:
        found = json.loads(message, parse_constant=refuse)
    except ValueError:
        return None
    return cast(Object, found) if isinstance(found, dict) and "_aws" in found else None


def metrics(event: Object, now: float) -> Iterator[tuple[str, Object]]:
    """Yield the namespace and the data point of every metric in an event, for each set of its dimensions.

    Raises:
        MalformedError: the event is not as the specification says.
    """
    metadata = _object(event["_aws"])
    timestamp = metadata.get("Timestamp")
    if not isinstance(timestamp, int) or isinstance(timestamp, bool):
        raise MalformedError("Timestamp")
    seconds = timestamp / 1000
    _check(-OLDEST_SECONDS <= seconds - now <= NEWEST_SECONDS, "Timestamp")
    for directive in _list(metadata.get("CloudWatchMetrics")):
        yield from _of_directive(_object(directive), event, seconds)


def _of_directive(directive: Object, event: Object, seconds: float) -> Iterator[tuple[str, Object]]:
    namespace = _text(directive.get("Namespace"), LONGEST_NAME)
    _check(not namespace.startswith(RESERVED), "Namespace")
    sets, definitions = _list(directive.get("Dimensions")), _list(directive.get("Metrics"))
    _check(len(sets) > 0 and len(definitions) <= MOST_METRICS, "Dimensions, Metrics")
    dimensions = [[_dimension(name, event) for name in _dimension_set(each)] for each in sets]
    data = [_datum(_object(definition), event, seconds) for definition in definitions]
    for each in dimensions:
        for datum in data:
            yield namespace, {**datum, "Dimensions": each}


def _dimension_set(value: Any) -> Sequence[Any]:
    found = _list(value)
    _check(len(found) <= MOST_DIMENSIONS, "DimensionSet")
    return found


def _dimension(name: Any, event: Object) -> Object:
    return {
        "Name": _text(name, LONGEST_DIMENSION),
        "Value": _text(event.get(name), LONGEST_NAME),
    }


def _datum(definition: Object, event: Object, seconds: float) -> Object:
    name = _text(definition.get("Name"), LONGEST_NAME)
    units: Sequence[str] = validation.service_model("cloudwatch").shape_for("StandardUnit").enum
    unit, resolution = definition.get("Unit", "None"), definition.get("StorageResolution", 60)
    _check(unit in units and resolution in (1, 60), "Unit, StorageResolution")
    target = event.get(name)
    values = _list(target) if isinstance(target, list) else [target]
    _check(0 < len(values) <= MOST_VALUES and all(_is_number(value) for value in values), name)
    return {"MetricName": name, "Values": values, "Unit": unit, "Timestamp": seconds}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST


def _object(value: Any) -> Object:
    _check(isinstance(value, dict), "object")
    return cast(Object, value)


def _list(value: Any) -> Sequence[Any]:
    _check(isinstance(value, list), "array")
    return cast(Sequence[Any], value)


def _text(value: Any, longest: int) -> str:
    _check(isinstance(value, str) and 0 < len(value) <= longest, "string")
    return str(value)


def _check(holds: bool, what: str) -> None:
    if not holds:
        raise MalformedError(what)
