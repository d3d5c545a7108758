"""Measure a model's answers against the truth that came later, by the measure and the limit by which it was registered.

Few rows differ by chance alone: a model is worse than its limit when its mean squared error would be above it in 99 of 100 samples like
these rows.
"""

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Literal

import numpy as np

from mlops_platform.monitoring import metric
from mlops_platform.monitoring.baseline import Gate
from mlops_platform.monitoring.values import rounded

CERTAINTY = NormalDist().inv_cdf(0.99)
"""Standard errors between a mean and the bound that it stays above in 99 of 100 samples."""

Verdict = Literal["sufficient", "insufficient", "too few rows", "no limit", "no truth"]


@dataclass(frozen=True, kw_only=True)
class Quality:
    """The quality of the answers whose truth is known."""

    verdict: Verdict
    rows: int
    """Answers whose truth is known."""
    unknown: int
    """Requests that truth was brought for, and that were not found: not captured, of another version, or of another time."""
    mismatched: int
    """Requests with another number of truths than of answers; they are left out."""
    limit: float | None
    """Largest mean squared error by which a model is registered; None if the artifact does not say."""
    mse: float | None = None
    mse_at_least: float | None = None
    """Value that the mean squared error is above in 99 of 100 samples."""
    mae: float | None = None

    def metrics(self) -> dict[str, float]:
        """Return the values of the metrics: none without truth, and that of the verdict only if there is one."""
        if self.verdict == "no truth":
            return {}
        values: dict[str, float] = {metric.ROWS_WITH_TRUTH: self.rows}
        if self.mse is not None:
            values[metric.MEAN_SQUARED_ERROR] = self.mse
        if self.verdict in ("sufficient", "insufficient"):
            values[metric.INSUFFICIENT_QUALITY] = float(self.verdict == "insufficient")
        return values

    def __str__(self) -> str:
        """Return the quality in words."""
        if self.verdict == "no truth":
            return "no truth"
        left_out = f"{self.unknown} requests with truth not found, {self.mismatched} with another number of rows"
        if self.mse is None:
            return f"{self.verdict}: no answer with known truth ({left_out})"
        limit = "no limit in the artifact" if self.limit is None else f"at most {self.limit:g} to be registered"
        return (
            f"{self.verdict}: {self.rows} answers with known truth ({left_out}); mean squared error {self.mse:.3f}, "
            f"above {self.mse_at_least:.3f} in 99 of 100 samples, {limit}; mean absolute error {self.mae:.3f}"
        )


@dataclass(kw_only=True)
class Answers:
    """Answers that are being compared with the truth."""

    mismatched: int = 0
    _errors: "array[float]" = field(default_factory=lambda: array("d"))

    def add(self, actual: Sequence[float], predicted: Sequence[float]) -> None:
        """Count the answers to the rows of a request; NaN stands for a truth that is not known, or an answer that is none."""
        if len(actual) != len(predicted):
            self.mismatched += 1
            return
        errors = (guess - truth for truth, guess in zip(actual, predicted, strict=True))
        self._errors.extend(error for error in errors if not math.isnan(error))

    def result(self, gate: Gate | None, *, unknown: int, least_rows: int) -> Quality:
        """Return the quality of all that was counted.

        Args:
            gate: The quality by which the model was registered.
            unknown: Requests that truth was brought for, and that were not found.
            least_rows: Least number of rows for a verdict.
        """
        errors = np.array(self._errors, dtype=np.float64)
        limit = None if gate is None else gate.highest
        if not len(errors):
            return Quality(verdict="too few rows", rows=0, unknown=unknown, mismatched=self.mismatched, limit=limit)
        squared = errors**2
        mse = float(squared.mean())
        least = max(mse - CERTAINTY * float(squared.std()) / math.sqrt(len(errors)), 0.0)
        return Quality(
            verdict=_verdict(least, limit, enough=len(errors) >= least_rows),
            rows=len(errors),
            unknown=unknown,
            mismatched=self.mismatched,
            limit=limit,
            mse=rounded(mse),
            mse_at_least=rounded(least),
            mae=rounded(float(np.abs(errors).mean())),
        )


def without_truth(gate: Gate | None) -> Quality:
    """Return the quality of which nobody knows anything."""
    return Quality(verdict="no truth", rows=0, unknown=0, mismatched=0, limit=None if gate is None else gate.highest)


def _verdict(least: float, limit: float | None, *, enough: bool) -> Verdict:
    if not enough:
        return "too few rows"
    if limit is None:
        return "no limit"
    return "insufficient" if least > limit else "sufficient"
