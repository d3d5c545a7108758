"""Report of the days that GitHub leaves the credential, as a metric that an alarm watches.

The metric is a printed line in CloudWatch's embedded metric format, so that the function needs no permission to write metrics.
Source: CloudWatch User Guide, "Embedding metrics within logs".
"""

import json
import logging
import time
from collections.abc import Callable
from datetime import datetime

from functions.deployment_trigger.github import GitHub
from functions.shared.github_api.errors import ExplainedError

logger = logging.getLogger(__name__)

NAMESPACE = "Mlops/Platform"
METRIC = "CredentialDaysLeft"
_SECONDS_OF_A_DAY = 86_400


def watch(github: Callable[[], GitHub], platform: str) -> None:
    """Print the metric of a credential that ends; one that cannot be examined fails nothing, and is logged."""
    try:
        ends = github().credential_ends
    except ExplainedError as error:
        logger.warning("the end of the credential is not known: %s", error)
        return
    if ends is not None:
        print(line(ends, platform, time.time()), flush=True)  # noqa: T201 - logging would wrap the line


def line(ends: datetime, platform: str, now: float) -> str:
    """Return the metric of a credential at the time `now`, in seconds; negative once it has ended."""
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [["Platform"]],
        "Metrics": [{"Name": METRIC, "Unit": "None"}],
    }
    return json.dumps(
        {
            "_aws": {"Timestamp": int(now * 1000), "CloudWatchMetrics": [directive]},
            "Platform": platform,
            METRIC: (ends.timestamp() - now) / _SECONDS_OF_A_DAY,
        }
    )
