"""Compare rows with the baseline of a model, feature by feature, and say whether they have drifted.

The measure is the population stability index (PSI): 0 for equal shares. Few rows differ by chance alone, so a feature has drifted when
its PSI is above the limit and chance does not explain it; with missing and unseen values it is the same. One verdict in a hundred may be
false, however many features there are: each of them has its part of that. Rows are counted chunk by chunk, so they need not fit into
memory.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
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
FALSE_VERDICTS = 0.01
"""Share of the samples of one population that are said to have drifted, at most."""
QUESTIONS = 3
"""Limits of a feature: its shares, its missing and its unseen values."""
EXPECTED = 5
"""Least number of rows that a bin has to be expected to have: with fewer, chance is not chi-squared (Cochran's rule)."""
_ROUNDING = 10.0 ** (1 - DIGITS)
"""Relative difference of a value from the point that it was rounded to, at most."""
EXAMPLES = 20
"""Unseen categories whose names are kept."""

Verdict = Literal["drift", "stable", "too few rows", "unreadable"]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The limits beyond which a feature has drifted."""

    psi: float = 0.1
    """Largest population stability index. 0.1 finds a measurement that is a quarter too large, 0.2 only one that is half too large."""
    unseen: float = 0.01
    """Largest share of values of which training saw none or few alike: other categories, beyond as many as training had too, or numbers
    outside of all that it saw."""
    missing: float = 0.01
    """Largest share of missing values beyond that in training."""
    rows: int = 200
    """Least number of rows for a verdict: ten bins of a number can be judged from there on, for hundreds of features."""


@dataclass(frozen=True, kw_only=True)
class FeatureDrift:
    """A feature, compared with training."""

    rows: int
    """Rows that had a value."""
    psi: float | None
    """None without any value."""
    chance: float | None
    """Probability that rows like those of training have shares as different as these."""
    distance: float | None
    """Largest distance of the distribution functions (Kolmogorov-Smirnov), at the points of the sketch; None for categories."""
    mean: float | None
    missing: float
    unseen: float
    unseen_values: Mapping[str, int]
    """The most frequent categories of which training saw none or few, with their number of rows."""
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
        """The features that have drifted; none without a verdict on them."""
        return [name for name, feature in self.features.items() if feature.reasons]

    def metrics(self) -> dict[str, float]:
        """Return the values of the metrics; those of the verdict only if there is one."""
        values: dict[str, float] = {metric.ROWS: self.rows, metric.QUARANTINED: self.quarantined}
        if (whole := self.rows + self.quarantined) >= self.limits.rows:
            values[metric.QUARANTINED_PERCENT] = 100 * self.quarantined / whole
        if self.verdict in ("drift", "stable"):
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

    def result(self, limits: Limits, improbable: float) -> FeatureDrift:
        known = max(self.rows, 1)
        distance = np.abs(self.cumulated / known - np.asarray(self.feature.cumulated)).max()
        return _result(
            self.feature,
            limits,
            improbable,
            rows=self.rows,
            missing=self.missing,
            expected=self.feature.shares,
            actual=[int(count) / known for count in self.bins],
            unseen=self.outside / known,
            unseen_by_chance=_new_extremes(self.outside, self.rows, self.feature.rows),
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

    def result(self, limits: Limits, improbable: float) -> FeatureDrift:
        rows, others = self.found.total() + self.others.total(), self.others.total()
        unlisted = others / max(rows, 1)
        named = sorted(self.others, key=lambda name: (-self.others[name], name))[:EXAMPLES]
        return _result(
            self.feature,
            limits,
            improbable,
            rows=rows,
            missing=self.missing,
            expected=[*self.feature.shares.values(), self.feature.rest],
            actual=[*(self.found[name] / max(rows, 1) for name in self.feature.shares), unlisted],
            # Rows of training had categories that are not kept, too.
            unseen=max(unlisted - self.feature.rest, 0.0),
            unseen_by_chance=_as_many(others, rows, round(self.feature.rest * self.feature.rows), self.feature.rows),
            unseen_values={name: self.others[name] for name in named},
            distance=None,
            mean=None,
        )


def _result(
    feature: Feature,
    limits: Limits,
    improbable: float,
    *,
    rows: int,
    missing: int,
    expected: Sequence[float],
    actual: Sequence[float],
    unseen: float,
    unseen_by_chance: float,
    unseen_values: Mapping[str, int],
    distance: float | None,
    mean: float | None,
) -> FeatureDrift:
    index, by_chance = None, None
    if rows:
        before, after = _merged(expected, actual, feature.rows, rows)
        index, by_chance = stability_index(before, after), chance(before, after, feature.rows, rows)
    missing_share = missing / max(rows + missing, 1)
    trained = round(feature.rows / (1 - feature.missing))
    missing_by_chance = _as_many(missing, rows + missing, trained - feature.rows, trained)
    reasons: list[str] = []
    enough = rows >= limits.rows
    if enough and index is not None and index > limits.psi and by_chance is not None and by_chance < improbable:
        reasons.append(f"its shares have changed (PSI {index:.3f})")
    if unseen > limits.unseen and unseen_by_chance < improbable:
        reasons.append(f"{unseen:.1%} of its values are like none or few in training")
    if missing_share > feature.missing + limits.missing and missing_by_chance < improbable:
        reasons.append(f"{missing_share:.1%} of its values are missing, {feature.missing:.1%} in training")
    return FeatureDrift(
        rows=rows,
        psi=None if index is None else rounded(index),
        chance=None if by_chance is None else rounded(by_chance),
        distance=distance,
        mean=mean,
        missing=rounded(missing_share),
        unseen=rounded(unseen),
        unseen_values=unseen_values,
        shares=[rounded(share) for share in actual],
        reasons=reasons,
    )


def _merged(
    expected: Sequence[float], actual: Sequence[float], baseline_rows: int, rows: int
) -> tuple[list[float], list[float]]:
    """Return the shares of the bins that so many rows can judge; the rarest are one bin.

    How rare a bin is, both sides say together: by one of them alone, those would be judged that are rare on the other.
    """
    whole = rows + baseline_rows
    shares = [(p * baseline_rows + q * rows) / whole for p, q in zip(expected, actual, strict=True)]
    fewest = EXPECTED / min(rows, baseline_rows)
    order = sorted(range(len(shares)), key=lambda index: shares[index])
    rare = sum(1 for share in shares if share < fewest)
    # Together they may still be too few: then the next one joins them.
    while 0 < rare < len(order) and math.fsum(shares[index] for index in order[:rare]) < fewest:
        rare += 1
    rest, own = order[:rare], order[rare:]
    before, after = (
        [*([math.fsum(part[index] for index in rest)] if rest else []), *(part[index] for index in own)]
        for part in (expected, actual)
    )
    return before, after


def _as_many(found: int, rows: int, found_before: int, rows_before: int) -> float:
    """Return the probability of so many rows of a kind, or more, when they are no more frequent than before.

    It is Fisher's exact test: among all rows of that kind, so many or more are of these.
    """
    if found * rows_before <= found_before * rows:
        return 1.0
    kind, whole = found + found_before, rows + rows_before
    probability = 0.0
    for here in range(found, min(kind, rows) + 1):
        probability += math.exp(_ways(rows, here) + _ways(rows_before, kind - here) - _ways(whole, kind))
    return probability


def _ways(whole: int, part: int) -> float:
    """Return the logarithm of the number of ways to choose a part."""
    return math.lgamma(whole + 1) - math.lgamma(part + 1) - math.lgamma(whole - part + 1)


def _new_extremes(found: int, rows: int, rows_before: int) -> float:
    """Return the probability of so many numbers, or more, below the smallest or above the largest one before.

    From either end, numbers come until the first one of before: how many of the others came until then, at both ends together, is
    distributed by the negative binomial distribution.
    """
    share = rows / (rows + rows_before)
    return share**found * (1 + found * (1 - share))


def stability_index(expected: Sequence[float], actual: Sequence[float]) -> float:
    """Return the population stability index of two divisions into the same bins."""
    before, after = ([max(share, FLOOR) for share in part] for part in (expected, actual))
    whole = math.fsum(before), math.fsum(after)
    pairs = [(p / whole[0], q / whole[1]) for p, q in zip(before, after, strict=True)]
    return math.fsum((q - p) * math.log(q / p) for p, q in pairs)


def chance(expected: Sequence[float], actual: Sequence[float], baseline_rows: int, rows: int) -> float:
    """Return the probability that samples of one population differ as much as two divisions into the same bins, or more.

    It is Pearson's test of homogeneity: with few rows in a bin, or far beyond 99 %, its statistic keeps to chi-squared, and the index
    does not. Of chi-squared it is Wilson's and Hilferty's approximation (1931).
    """
    whole = rows + baseline_rows
    shares = [(p * baseline_rows + q * rows) / whole for p, q in zip(expected, actual, strict=True)]
    squares = [(q - p) ** 2 / share for p, q, share in zip(expected, actual, shares, strict=True) if share]
    freedom = len(squares) - 1
    if freedom < 1:
        return 1.0
    spread = 2 / (9 * freedom)
    statistic = math.fsum(squares) * rows * baseline_rows / whole
    deviations = ((statistic / freedom) ** (1 / 3) - 1 + spread) / math.sqrt(spread)
    return math.erfc(deviations / math.sqrt(2)) / 2


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
        improbable = FALSE_VERDICTS / (QUESTIONS * len(counted))
        features = {name: count.result(limits, improbable) for name, count in counted.items()}
        if PREDICTION in features and not features[PREDICTION].rows:
            del features[PREDICTION]
        verdict: Verdict = "drift" if any(feature.reasons for feature in features.values()) else "stable"
        whole = self._rows + self._quarantined
        if whole >= limits.rows and 100 * self._quarantined > metric.UNREADABLE_PERCENT * whole:
            verdict = "unreadable"
        elif self._rows < limits.rows:
            verdict = "too few rows"
        if verdict in ("unreadable", "too few rows"):
            features = {name: replace(feature, reasons=[]) for name, feature in features.items()}
        return Drift(
            verdict=verdict,
            rows=self._rows,
            quarantined=self._quarantined,
            limits=limits,
            features=features,
        )
