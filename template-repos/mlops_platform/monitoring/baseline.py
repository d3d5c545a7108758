"""The baseline of a model: what the rows looked like that it was trained on, as one document without any of these rows.

Of a numeric feature it keeps the deciles with the share of the rows between them, and a sketch of the distribution function at 201
quantiles, the smallest and the largest value among them; of a categoric one the share of each category. The document is JSON with a
version, in the order of the model's columns, so that it is the schema of the model's requests too. It also says how good the model had to
be: what measures it later needs no limit of its own.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from mlops_platform.monitoring.values import is_missing, number, rounded

Numbers = NDArray[np.float64]
Kind = Literal["numeric", "categoric"]
Measure = Literal["mse"]
"""Measures of quality: the mean squared error."""

VERSION = 1
"""Version of the document. A reader refuses any other."""
BINS = 10
QUANTILES = 201
"""Points of a sketch, which is off by half a percent at most."""
CATEGORIES = 200
"""Categories that are kept, the most frequent; a feature with more is rather an identity, and would tell about rows."""
FEWEST = 8
"""Rows of a category that is kept, in one half of the rows, at least: of rarer ones, hardly any rows may be in the other half."""


class BaselineError(ValueError):
    """There is no baseline of these rows, or a document is none; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Numeric:
    """A numeric feature in training."""

    rows: int
    """Rows that had a value."""
    missing: float
    """Share of the rows without one."""
    mean: float
    edges: Sequence[float]
    """Borders of the bins, ascending; a value on a border belongs to the bin above it, and the outermost bins are open."""
    shares: Sequence[float]
    """Share of the values in each bin, one more than borders."""
    points: Sequence[float]
    """Ascending values, from the smallest to the largest of all."""
    cumulated: Sequence[float]
    """Share of the values up to each point, the point included: rounded values tie."""


@dataclass(frozen=True, kw_only=True)
class Categoric:
    """A categoric feature in training."""

    rows: int
    """Rows that had a value, and that the shares are of."""
    missing: float
    """Share of all rows without one."""
    shares: Mapping[str, float]
    """Share of the values in each category, by name."""
    rest: float
    """Share of the values whose categories are not kept: as many as other rows of the same population have."""


Feature = Numeric | Categoric


@dataclass(frozen=True, kw_only=True)
class Gate:
    """The quality that a model had to have to be registered."""

    measure: Measure
    highest: float
    """A model whose measure is above it is not registered."""


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """The statistics of the rows that a model was trained on."""

    rows: int
    features: Mapping[str, Feature]
    """By column, in the order of the columns."""
    prediction: Numeric | None = None
    """The model's answers to rows that training had not seen."""
    importance: Mapping[str, float] = field(default_factory=dict[str, float])
    """Importance of each column to the model, by a measure of the training."""
    gate: Gate | None = None
    """None for models that were trained before it was kept."""


def of_rows(rows: Iterable[Sequence[str]], columns: Mapping[str, Kind]) -> Baseline:
    """Return the statistics of training rows.

    Args:
        rows: The values of each row as text, without the target.
        columns: The kind of each column, in the order of the values.

    Raises:
        BaselineError: there is no row, or a column has no value at all.
        ValueError: a row has more or fewer values than columns, or text where a number belongs.
    """
    by_column = dict(zip(columns, zip(*rows, strict=True), strict=True)) if (rows := list(rows)) else {}
    if not by_column:
        raise BaselineError("there is no row to make a baseline of")
    features: dict[str, Feature] = {}
    for name, kind in columns.items():
        try:
            features[name] = (
                of_categories(by_column[name])
                if kind == "categoric"
                else of_numbers(np.array([number(value) for value in by_column[name]]))
            )
        except ValueError as error:
            raise BaselineError(f"{name} {error}") from error
    return Baseline(rows=len(rows), features=features)


def of_numbers(values: Numbers) -> Numeric:
    """Return the statistics of a numeric feature, or of predictions; NaN is a missing value.

    Raises:
        BaselineError: there is no value.
    """
    known = np.sort(values[~np.isnan(values)])
    if not len(known):
        raise BaselineError("has no value in any row")
    # Equal deciles (many equal values) make fewer bins. Rounded before they are used: what is written is what was counted with.
    edges = _distinct(np.quantile(known, np.arange(1, BINS) / BINS))
    points = _distinct(np.quantile(known, np.linspace(0, 1, QUANTILES), method="inverted_cdf"))
    return Numeric(
        rows=len(known),
        missing=rounded(1 - len(known) / len(values)),
        mean=rounded(float(known.mean())),
        edges=edges,
        shares=_rounded(counts(known, edges) / len(known)),
        points=points,
        cumulated=_rounded(up_to(known, points) / len(known)),
    )


def of_categories(values: Sequence[str]) -> Categoric:
    """Return the statistics of a categoric feature.

    One half of the rows names the categories, and the shares are those of the other half: of the same rows, the most frequent ones would
    look more frequent than they are, and none would be missing.

    Raises:
        BaselineError: there is no value.
    """
    found = Counter(value for value in values if not is_missing(value))
    known = found.total()
    if not known:
        raise BaselineError("has no value in any row")
    naming, counted = _halves(found)
    if not counted:
        # Of a handful of rows, all may have come into one half.
        counted = naming
    # By name among the equally frequent, so that the same rows in another order keep the same categories.
    frequent = (name for name, number in naming.items() if number >= FEWEST)
    kept = sorted(frequent, key=lambda name: (-naming[name], name))[:CATEGORIES]
    rows = counted.total()
    return Categoric(
        rows=rows,
        missing=rounded(1 - known / len(values)),
        shares={name: rounded(counted[name] / rows) for name in sorted(kept)},
        rest=rounded(1 - sum(counted[name] for name in kept) / rows),
    )


def _halves(found: Mapping[str, int]) -> tuple[Counter[str], Counter[str]]:
    """Divide rows by chance, the same way each time, whatever their order."""
    draw = Random(0)  # noqa: S311 - no secret depends on it
    one = Counter({name: sum(draw.random() < 0.5 for _ in range(found[name])) for name in sorted(found)})
    return one, Counter(found) - one


def counts(values: Numbers, edges: Sequence[float]) -> NDArray[np.int64]:
    """Return the number of values in each bin."""
    bins = np.searchsorted(np.asarray(edges), values, side="right")
    return np.bincount(bins, minlength=len(edges) + 1).astype(np.int64)


def up_to(ascending: Numbers, points: Sequence[float]) -> NDArray[np.int64]:
    """Return the number of values up to each point, the point included."""
    return np.searchsorted(ascending, np.asarray(points), side="right").astype(np.int64)


def _distinct(values: Numbers) -> list[float]:
    return sorted({rounded(value) for value in cast("list[float]", values.tolist())})


def _rounded(values: Numbers) -> list[float]:
    return [rounded(value) for value in cast("list[float]", values.tolist())]


def write(baseline: Baseline, file: Path) -> None:
    """Write a baseline as JSON; the same baseline gives the same bytes."""
    file.write_text(json.dumps(_document(baseline), indent=1, sort_keys=True) + "\n")


def _document(baseline: Baseline) -> dict[str, Any]:
    return {
        "version": VERSION,
        "rows": baseline.rows,
        "features": [{"name": name, **_member(feature)} for name, feature in baseline.features.items()],
        "prediction": None if baseline.prediction is None else _member(baseline.prediction),
        "importance": dict(baseline.importance),
        "gate": None if baseline.gate is None else asdict(baseline.gate),
    }


def _member(feature: Feature) -> dict[str, Any]:
    return {"kind": "numeric" if isinstance(feature, Numeric) else "categoric", **asdict(feature)}


def read(file: Path) -> Baseline:
    """Read what `write` wrote.

    Raises:
        BaselineError: it is no baseline, or one of another version.
    """
    try:
        document = json.loads(file.read_text())
        if document["version"] != VERSION:
            raise BaselineError(
                f"{file.name} is a baseline of version {document['version']}, and this code reads version {VERSION}: use the "
                "template's version that trained the model, or train it again"
            )
        prediction = document["prediction"]
        return Baseline(
            rows=document["rows"],
            features={member["name"]: _feature(member) for member in document["features"]},
            prediction=None if prediction is None else cast("Numeric", _feature(prediction)),
            importance=document["importance"],
            gate=_gate(document.get("gate")),
        )
    except (KeyError, TypeError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BaselineError(f"{file.name} is no baseline of a model: {error!r}") from error


def _gate(member: Mapping[str, Any] | None) -> Gate | None:
    if member is None:
        return None
    if member["measure"] not in get_args(Measure):
        raise BaselineError(f"the quality of the model is its {member['measure']}, which this code cannot measure")
    return Gate(measure=member["measure"], highest=float(member["highest"]))


def _feature(member: Mapping[str, Any]) -> Feature:
    content = {key: value for key, value in member.items() if key not in ("name", "kind")}
    return {"numeric": Numeric, "categoric": Categoric}[member["kind"]](**content)
