"""Compare rows with the baseline of a model, feature by feature, and say whether they have drifted.

The measure is the population stability index (PSI): 0 for equal shares. Few rows differ by chance alone, so a feature has drifted when
its PSI is above the limit and above what chance explains. Rows are counted chunk by chunk, so they need not fit into memory.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mlops_platform.monitoring import metric
from mlops_platform.monitoring.baseline import Baseline, Categoric, Feature, Numbers, Numeric, counts, up_to
from mlops_platform.monitoring.values import DIGITS, is_missing, number, rounded

PREDICTION = "(prediction)"
"""Stands for the model's answers among the features."""
FLOOR = 1e-4
"""Least share of a bin, so that an empty one does not make the index infinite."""
CHANCE = 0.99
"""Share of the samples of one population whose index is below the bound of chance."""
_ROUNDING = 10.0 ** (1 - DIGITS)
"""Relative difference of a value from the point that it was rounded to, at most."""
EXAMPLES = 20
"""Unseen categories that are named."""

Verdict = Literal["drift", "stable", "too few rows"]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The limits beyond which a feature has drifted."""

    psi: float = 0.1
    """Largest population stability index. 0.1 finds a measurement that is a quarter too large, 0.2 only one that is half too large."""
    unseen: float = 0.01
    """Largest share of values of which training saw none alike: other categories, or numbers outside of all that it saw."""
    missing: float = 0.01
    """Largest share of missing values beyond that in training."""
    rows: int = 200
    """Least number of rows for a verdict: the bound of chance holds from there on."""


@dataclass(frozen=True, kw_only=True)
class FeatureDrift:
    """A feature, compared with training."""

    rows: int
    """Rows that had a value."""
    psi: float | None
    """None without any value."""
    chance: float | None
    """Index that 99 of 100 samples of the training rows stay below."""
    distance: float | None
    """Largest distance of the distribution functions (Kolmogorov-Smirnov), at the points of the sketch; None for categories."""
    mean: float | None
    missing: float
    unseen: float
    unseen_values: Mapping[str, int]
    """The most frequent categories that training did not see, with their number of rows."""
    shares: Sequence[float]
    """Share of the values in each bin of the baseline; for categories in the order of the baseline, the unseen ones last."""
    reasons: Sequence[str]
    """Limits that it is beyond, in words; none if it has not drifted."""


@dataclass(frozen=True, kw_only=True)
class Drift:
    """The result of a comparison."""

    verdict: Verdict
    rows: int
    quarantined: int
    limits: Limits
    features: Mapping[str, FeatureDrift]
    """In the order of the columns, the prediction last."""

    @property
    def drifted(self) -> list[str]:
        """The features that have drifted; none when there were too few rows."""
        return [name for name, feature in self.features.items() if feature.reasons]

    def metrics(self) -> dict[str, float]:
        """Return the values of the metrics; those of the verdict only if there is one."""
        values: dict[str, float] = {metric.ROWS: self.rows, metric.QUARANTINED: self.quarantined}
        if self.verdict != "too few rows":
            values[metric.DRIFTED_FEATURES] = len(self.drifted)
            values[metric.MAXIMUM_PSI] = max((each.psi or 0.0 for each in self.features.values()), default=0.0)
        return values

    def document(self) -> dict[str, Any]:
        """Return everything as a JSON object."""
        return {**asdict(self), "drifted": self.drifted}


@dataclass
class _NumericCount:
    feature: Numeric
    rows: int = 0
    missing: int = 0
    total: float = 0.0
    outside: int = 0
    bins: NDArray[np.int64] = field(init=False)
    cumulated: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        self.bins = np.zeros(len(self.feature.shares), dtype=np.int64)
        self.cumulated = np.zeros(len(self.feature.points), dtype=np.int64)

    def add(self, values: Numbers) -> None:
        known = np.sort(values[~np.isnan(values)])
        self.rows += len(known)
        self.missing += len(values) - len(known)
        self.total += float(known.sum())
        self.bins += counts(known, self.feature.edges)
        self.cumulated += up_to(known, self.feature.points)
        lowest, highest = self.feature.points[0], self.feature.points[-1]
        outside = (known < lowest - _ROUNDING * abs(lowest)) | (known > highest + _ROUNDING * abs(highest))
        self.outside += int(outside.sum())

    def result(self, limits: Limits) -> FeatureDrift:
        known = max(self.rows, 1)
        distance = np.abs(self.cumulated / known - np.asarray(self.feature.cumulated)).max()
        return _result(
            self.feature,
            limits,
            rows=self.rows,
            missing=self.missing,
            expected=self.feature.shares,
            actual=[int(count) / known for count in self.bins],
            unseen=self.outside / known,
            unseen_values={},
            distance=rounded(float(distance)) if self.rows else None,
            mean=rounded(self.total / known) if self.rows else None,
        )


@dataclass
class _CategoricCount:
    feature: Categoric
    missing: int = 0
    found: Counter[str] = field(default_factory=Counter[str])
    others: Counter[str] = field(default_factory=Counter[str])

    def add(self, values: Sequence[str]) -> None:
        for value in values:
            if is_missing(value):
                self.missing += 1
            elif value in self.feature.shares:
                self.found[value] += 1
            else:
                self.others[value] += 1

    def result(self, limits: Limits) -> FeatureDrift:
        rows = self.found.total() + self.others.total()
        unlisted = self.others.total() / max(rows, 1)
        named = sorted(self.others, key=lambda name: (-self.others[name], name))[:EXAMPLES]
        return _result(
            self.feature,
            limits,
            rows=rows,
            missing=self.missing,
            expected=[*self.feature.shares.values(), self.feature.rest],
            actual=[*(self.found[name] / max(rows, 1) for name in self.feature.shares), unlisted],
            # What is not kept of a feature with very many categories was seen, too.
            unseen=max(unlisted - self.feature.rest, 0.0),
            unseen_values={name: self.others[name] for name in named},
            distance=None,
            mean=None,
        )


def _result(
    feature: Feature,
    limits: Limits,
    *,
    rows: int,
    missing: int,
    expected: Sequence[float],
    actual: Sequence[float],
    unseen: float,
    unseen_values: Mapping[str, int],
    distance: float | None,
    mean: float | None,
) -> FeatureDrift:
    index = stability_index(expected, actual) if rows else None
    bound = chance(sum(1 for share in expected if share), feature.rows, rows) if rows else None
    missing_share = missing / max(rows + missing, 1)
    reasons: list[str] = []
    if index is not None and bound is not None and rows >= limits.rows and index > max(limits.psi, bound):
        reasons.append(f"its shares have changed (PSI {index:.3f})")
    # Ten over the rows: among few training rows a new smallest or largest value is nothing strange.
    if unseen > max(limits.unseen, 10 / feature.rows):
        reasons.append(f"{unseen:.1%} of its values are like none in training")
    if missing_share > feature.missing + max(limits.missing, _three_deviations(feature, rows + missing)):
        reasons.append(f"{missing_share:.1%} of its values are missing, {feature.missing:.1%} in training")
    return FeatureDrift(
        rows=rows,
        psi=None if index is None else rounded(index),
        chance=None if bound is None else rounded(bound),
        distance=distance,
        mean=mean,
        missing=rounded(missing_share),
        unseen=rounded(unseen),
        unseen_values=unseen_values,
        shares=[rounded(share) for share in actual],
        reasons=reasons,
    )


def _three_deviations(feature: Feature, rows: int) -> float:
    """Return what a share of missing values differs by chance, of that in training and that of some rows."""
    share = feature.missing
    return 3 * math.sqrt(share * (1 - share) * (1 / feature.rows + 1 / max(rows, 1)))


def stability_index(expected: Sequence[float], actual: Sequence[float]) -> float:
    """Return the population stability index of two divisions into the same bins."""
    before, after = ([max(share, FLOOR) for share in part] for part in (expected, actual))
    whole = math.fsum(before), math.fsum(after)
    pairs = [(p / whole[0], q / whole[1]) for p, q in zip(before, after, strict=True)]
    return math.fsum((q - p) * math.log(q / p) for p, q in pairs)


def chance(bins: int, baseline_rows: int, rows: int) -> float:
    """Return the index that chance alone exceeds once in a hundred times.

    It is the 99 % quantile of chi-squared with one degree of freedom less than bins, over the rows; the quantile is Wilson's and
    Hilferty's approximation (1931), which is off by 1 % at most.
    """
    freedom = max(bins - 1, 1)
    spread = 2 / (9 * freedom)
    quantile = freedom * (1 - spread + NormalDist().inv_cdf(CHANCE) * math.sqrt(spread)) ** 3
    return quantile * (1 / baseline_rows + 1 / rows)


class Comparison:
    """Rows that are being compared with a baseline."""

    def __init__(self, baseline: Baseline) -> None:
        self._rows = 0
        self._quarantined = 0
        self._counts = {
            name: _NumericCount(feature) if isinstance(feature, Numeric) else _CategoricCount(feature)
            for name, feature in baseline.features.items()
        }
        self._predictions = None if baseline.prediction is None else _NumericCount(baseline.prediction)

    def add(self, rows: Sequence[Sequence[str]], *, quarantined: int = 0) -> None:
        """Count rows: the values of each, as `rows` reads them, and the number of those that it refused.

        Raises:
            ValueError: a row has more or fewer values than the baseline has columns.
        """
        self._rows += len(rows)
        self._quarantined += quarantined
        columns = list(zip(*rows, strict=True)) or [()] * len(self._counts)
        for column, count in zip(columns, self._counts.values(), strict=True):
            if isinstance(count, _NumericCount):
                count.add(np.array([number(value) for value in column], dtype=np.float64))
            else:
                count.add(column)

    def add_predictions(self, predictions: Sequence[float]) -> None:
        """Count answers of the model; nothing happens if the baseline has none to compare them with."""
        if self._predictions is not None:
            self._predictions.add(np.array(predictions, dtype=np.float64))

    def result(self, limits: Limits) -> Drift:
        """Return how far all that was counted is from the baseline."""
        counted = {**self._counts, **({PREDICTION: self._predictions} if self._predictions is not None else {})}
        features = {name: count.result(limits) for name, count in counted.items()}
        if PREDICTION in features and not features[PREDICTION].rows:
            del features[PREDICTION]
        enough = self._rows >= limits.rows
        if not enough:
            features = {name: replace(feature, reasons=[]) for name, feature in features.items()}
        drifted = any(feature.reasons for feature in features.values())
        return Drift(
            verdict=("drift" if drifted else "stable") if enough else "too few rows",
            rows=self._rows,
            quarantined=self._quarantined,
            limits=limits,
            features=features,
        )
