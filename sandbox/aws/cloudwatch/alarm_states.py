"""Changes of an alarm's state, decided from its data points alone.

Source: CloudWatch User Guide, "Using Amazon CloudWatch alarms", parts "Evaluating an alarm" and "Configuring how
CloudWatch alarms treat missing data", with their tables.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"

MORE_PERIODS = 2
"""Periods that CloudWatch looks at beyond those that an alarm names, in case some lack data."""

COMPARISONS: Mapping[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanOrEqualToThreshold": (lambda value, limit: value >= limit, "greater than or equal to"),
    "GreaterThanThreshold": (lambda value, limit: value > limit, "greater than"),
    "LessThanThreshold": (lambda value, limit: value < limit, "less than"),
    "LessThanOrEqualToThreshold": (lambda value, limit: value <= limit, "less than or equal to"),
}
"""By the operator's name: the comparison, and the words for it in a reason."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """The conditions of an alarm on its data points."""

    operator: str
    threshold: float
    periods: int
    """Number of the latest periods that count (N)."""
    to_alarm: int
    """Number of those that must breach (M)."""
    missing: str
    """Treatment of a period without data: missing, ignore, breaching or notBreaching."""

    def breaches(self, value: float) -> bool:
        """Return whether a data point is beyond the threshold."""
        return COMPARISONS[self.operator][0](value, self.threshold)


def state(rule: Rule, points: Sequence[float | None], current: str) -> str:
    """Return the next state of an alarm that is in `current`.

    `points` are those of the periods that CloudWatch looks at, the newest first, None where there is no data.
    """
    found = [value for value in points if value is not None][: rule.periods]
    lacking = rule.periods - len(found)
    breaching = sum(rule.breaches(value) for value in found)
    if rule.missing == "breaching":
        return ALARM if breaching + lacking >= rule.to_alarm else OK
    if breaching >= rule.to_alarm:
        return ALARM
    if rule.missing == "notBreaching" or breaching < len(found):
        return OK
    if rule.missing == "ignore":
        return current
    if not found:
        return INSUFFICIENT_DATA
    # All that is known breaches, but too little is known: only if it began long enough ago is it an alarm.
    oldest = max(position for position, value in enumerate(points, 1) if value is not None)
    return ALARM if oldest >= rule.to_alarm else current


def reason(rule: Rule, points: Sequence[float | None], new: str, old: str) -> str:
    """Return the reason of a change of state, in CloudWatch's words."""
    found = [value for value in points if value is not None][: rule.periods]
    counted = [value for value in found if rule.breaches(value)] if new == ALARM else found
    wording = COMPARISONS[rule.operator][1]
    if not found:
        treated = "" if rule.missing == "missing" else f" and {rule.periods} missing datapoints were treated as "
        treated += {"breaching": "[Breaching]", "notBreaching": "[NonBreaching]"}.get(rule.missing, "")
        return f"Threshold Crossed: no datapoints were received for {rule.periods} periods{treated}."
    shown = ", ".join(str(value) for value in counted)
    many = len(counted) > 1
    return (
        f"Threshold Crossed: {len(counted)} out of the last {rule.periods} datapoints [{shown}] "
        f"{'were' if many else 'was'} {'' if new == ALARM else 'not '}{wording} the threshold ({rule.threshold}) "
        f"(minimum {rule.to_alarm} datapoint{'s' if rule.to_alarm > 1 else ''} for {old} -> {new} transition)."
    )
