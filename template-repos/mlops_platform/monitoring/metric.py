"""The metrics of watching: one line in CloudWatch's embedded metric format, printed by a job.

SageMaker writes what a job prints to CloudWatch Logs with the job's role, also for a job without a network, and CloudWatch makes metrics
of the line. So nobody needs permission to write metrics. Source: CloudWatch User Guide, "Embedding metrics within logs".
"""

import json
from collections.abc import Mapping
from datetime import datetime

NAMESPACE = "Mlops/Drift"
DIMENSIONS = ("Project", "Environment")
"""Each project has, in each environment, one metric of every name."""

ROWS = "Rows"
"""Rows that were compared with the baseline."""
QUARANTINED = "Quarantined"
"""Rows that could not be read."""
QUARANTINED_PERCENT = "QuarantinedPercent"
"""Share of all rows that could not be read, or that a batch could not score, in percent. Of an endpoint's, absent when they were too few."""
UNREADABLE_PERCENT = 50
"""Limit of that share: beyond it, the rows that could be read say nothing about all, and nothing watches the model."""
DRIFTED_FEATURES = "DriftedFeatures"
"""Features whose values have drifted, by all of the limits. Absent without a verdict: too few rows, or most could not be read."""
MAXIMUM_PSI = "MaximumPsi"
"""The largest population stability index of any feature. Absent without a verdict."""
ROWS_WITH_TRUTH = "RowsWithTruth"
"""Answers whose truth is known by now. Absent, like the two that follow, where nobody brought any truth."""
MEAN_SQUARED_ERROR = "MeanSquaredError"
"""Mean squared error of these answers."""
INSUFFICIENT_QUALITY = "InsufficientQuality"
"""1 when these answers are worse than the version may be to be registered, 0 when not. Absent when there were too few for a verdict."""

UNITS = {
    ROWS: "Count",
    QUARANTINED: "Count",
    QUARANTINED_PERCENT: "Percent",
    DRIFTED_FEATURES: "Count",
    MAXIMUM_PSI: "None",
    ROWS_WITH_TRUTH: "Count",
    MEAN_SQUARED_ERROR: "None",
    INSUFFICIENT_QUALITY: "None",
}
"""Every metric, with its unit."""


def line(values: Mapping[str, float], *, project: str, environment: str, moment: datetime) -> str:
    """Return the line, which has to stand alone on its line: print it with `flush=True`.

    Args:
        values: The value of each metric, by its name.
        project: Id of the project.
        environment: Name of the environment.
        moment: Time of the values. CloudWatch drops those of more than two weeks ago.

    Raises:
        KeyError: a metric has none of the names above.
    """
    metrics = [{"Name": name, "Unit": UNITS[name]} for name in values]
    directive = {"Namespace": NAMESPACE, "Dimensions": [list(DIMENSIONS)], "Metrics": metrics}
    return json.dumps(
        {
            "_aws": {"Timestamp": int(moment.timestamp() * 1000), "CloudWatchMetrics": [directive]},
            **dict(zip(DIMENSIONS, (project, environment), strict=True)),
            **values,
        }
    )
