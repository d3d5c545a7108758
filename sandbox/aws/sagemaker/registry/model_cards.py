"""Cards of model packages: their content has a form, and an archived one stays as it is.

Source: SageMaker API Reference, ModelPackageModelCard; SageMaker Developer Guide, "View and Update the Details of a Model
Version", part "Model package model card schema".
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from sandbox.aws.errors import ServiceError
from sandbox.aws.service import Members

ARCHIVED = "Archived"

Problems = Iterator[str]
Check = Callable[[Any, str], Problems]
"""Yields the problems of a value, each with the value's place in the card."""


def check(card: Members, before: Members | None) -> None:
    """Refuse a card whose content does not have the form, or that changes an archived one.

    Raises:
        ServiceError: it is.
    """
    content = card.get("ModelCardContent")
    if content is None:
        return
    if before and before.get("ModelCardStatus") == ARCHIVED and content != before.get("ModelCardContent"):
        raise ServiceError("ValidationException", "Model Card is in Archived state")
    try:
        problems = list(CARD(json.loads(content), "model card"))
    except ValueError as error:
        problems = [f"it is not JSON: {error}"]
    if problems:
        raise ServiceError("ValidationException", f"Model card content does not follow its schema: {problems[0]}")


def _text(longest: int | None = None, *allowed: str, shortest: int = 0) -> Check:
    def problems(value: Any, place: str) -> Problems:
        if not isinstance(value, str):
            yield f"{place} is no string"
        elif (longest is not None and len(value) > longest) or len(value) < shortest:
            yield f"{place} has {len(value)} characters"
        elif allowed and value not in allowed:
            yield f"{place} is none of {', '.join(allowed)}"

    return problems


def _number(value: Any, place: str) -> Problems:
    if not isinstance(value, int | float) or isinstance(value, bool):
        yield f"{place} is no number"


def _list(element: Check, *, shortest: int = 0, longest: int | None = None) -> Check:
    def problems(value: Any, place: str) -> Problems:
        if not isinstance(value, list):
            yield f"{place} is no array"
            return
        items = cast(Sequence[Any], value)
        if len(items) < shortest or (longest is not None and len(items) > longest):
            yield f"{place} has {len(items)} items"
        for number, item in enumerate(items):
            yield from element(item, f"{place}[{number}]")

    return problems


def _object(properties: Mapping[str, Check], *required: str, others: Check | None = None) -> Check:
    def problems(value: Any, place: str) -> Problems:
        if not isinstance(value, dict):
            yield f"{place} is no object"
            return
        members = cast(Mapping[str, Any], value)
        yield from (f"{place} lacks {name}" for name in required if name not in members)
        for name, member in members.items():
            known = properties.get(name, others)
            if known is None:
                yield f"{place} has no {name}"
            else:
                yield from known(member, f"{place}.{name}")

    return problems


def _anything(value: Any, place: str) -> Problems:
    del value, place
    yield from ()


def _simple_value(value: Any, place: str) -> Problems:
    if not isinstance(value, bool | int | float):
        yield from _text(63)(value, place)


def _metric(value: Any, place: str) -> Problems:
    kind = cast(Mapping[str, Any], value).get("type") if isinstance(value, dict) else None
    form = METRICS.get(str(kind))
    if form is None:
        yield f"{place}.type is none of {', '.join(METRICS)}"
    else:
        yield from form(value, place)


def _metric_of(kind: str, value: Check, x: Check, y: Check) -> Check:
    named: Mapping[str, Check] = {"name": NAME, "notes": NOTE, "type": _text(None, kind), "value": value}
    return _object({**named, "x_axis_name": x, "y_axis_name": y}, "name", "type", "value")


NAME = _text(shortest=1)
"""The guide's patterns for names, such as `.{1,255}`, are not anchored: they ask for one character."""
NOTE, PARAGRAPH = _text(1024), _text(2048)
AXIS, AXES = _text(63), _list(_text(63))
MATRIX_ROW = _list(_number, shortest=1, longest=20)
METRICS: Mapping[str, Check] = {
    **{kind: _metric_of(kind, _simple_value, AXIS, AXIS) for kind in ("number", "string", "boolean")},
    "linear_graph": _metric_of("linear_graph", _list(_list(_number, shortest=2, longest=2), shortest=1), AXIS, AXIS),
    "bar_chart": _metric_of("bar_chart", _list(_number, shortest=1), AXES, AXIS),
    "matrix": _metric_of("matrix", _list(MATRIX_ROW, shortest=1, longest=20), AXES, AXES),
}
"""By type: the form of a metric."""

TRAINING_METRICS = _list(_object({"name": NAME, "notes": NOTE, "value": _number}, "name", "value"))
HYPERPARAMETERS = _list(_object({"name": NAME, "value": NAME}, "name", "value"))
TRAINING_JOB = _object(
    {
        "training_arn": NOTE,
        "training_datasets": _list(NOTE),
        "training_environment": _object({"container_image": _list(NOTE)}),
        "training_metrics": TRAINING_METRICS,
        "user_provided_training_metrics": TRAINING_METRICS,
        "hyper_parameters": HYPERPARAMETERS,
        "user_provided_hyper_parameters": HYPERPARAMETERS,
    }
)
EVALUATION = _object(
    {
        "name": NAME,
        "evaluation_observation": _text(2096),
        "evaluation_job_arn": _text(256),
        "datasets": _list(NOTE, longest=10),
        "metadata": _object({}, others=NOTE),
        "metric_groups": _list(
            _object({"name": NAME, "metric_data": _list(_metric)}, "name", "metric_data", others=_anything)
        ),
    },
    "name",
)
CARD = _object(
    {
        "model_overview": _object({"model_creator": NOTE, "model_artifact": _list(NOTE)}),
        "intended_uses": _object(
            {
                "purpose_of_model": PARAGRAPH,
                "intended_uses": PARAGRAPH,
                "factors_affecting_model_efficiency": PARAGRAPH,
                "risk_rating": _text(None, "High", "Medium", "Low", "Unknown"),
                "explanations_for_risk_rating": PARAGRAPH,
            }
        ),
        "business_details": _object(
            {"business_problem": PARAGRAPH, "business_stakeholders": PARAGRAPH, "line_of_business": PARAGRAPH}
        ),
        "training_details": _object(
            {
                # The schema gives the members of this object no form.
                "objective_function": _anything,
                "training_observations": NOTE,
                "training_job_details": TRAINING_JOB,
            }
        ),
        "evaluation_details": _list(EVALUATION),
        "additional_information": _object(
            {
                "ethical_considerations": PARAGRAPH,
                "caveats_and_recommendations": PARAGRAPH,
                "custom_details": _object({}, others=NOTE),
            }
        ),
    }
)
"""The form of a card; other members than these are refused."""
