"""The line that becomes metrics."""

import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from mlops_platform.monitoring import metric
from tests.template_repos.conftest import ROOT

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def test_it_is_one_line_in_the_embedded_metric_format() -> None:
    values = {metric.ROWS: 1000, metric.MAXIMUM_PSI: 0.25}
    text = metric.line(values, project="p-abcdefghijkl", environment="prod", moment=NOON)
    assert "\n" not in text
    assert json.loads(text) == {
        "_aws": {
            "Timestamp": int(NOON.timestamp()) * 1000,
            "CloudWatchMetrics": [
                {
                    "Namespace": "Mlops/Drift",
                    "Dimensions": [["Project", "Environment"]],
                    "Metrics": [{"Name": "Rows", "Unit": "Count"}, {"Name": "MaximumPsi", "Unit": "None"}],
                }
            ],
        },
        "Project": "p-abcdefghijkl",
        "Environment": "prod",
        "Rows": 1000,
        "MaximumPsi": 0.25,
    }


def test_a_metric_that_nobody_declared_is_refused() -> None:
    with pytest.raises(KeyError):
        metric.line({"Psi": 1}, project="p", environment="prod", moment=NOON)


def test_the_names_of_the_metrics_and_captured_files_need_nothing_beyond_the_standard_library() -> None:
    program = (
        "import sys; sys.path.insert(0, 'template-repos')\n"
        "import mlops_platform.monitoring.metric, mlops_platform.monitoring.captured\n"
        "assert 'numpy' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-S", "-c", program], cwd=ROOT, check=False).returncode == 0
