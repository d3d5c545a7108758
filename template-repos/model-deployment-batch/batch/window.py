"""The windows of a batch: a folder of rows for each time of the schedule."""

from batch.definition import INPUT, WINDOW
from deployment.settings import Input
from mlops_platform.scheduled.names import Names
from mlops_platform.scheduled.schedule import SCHEDULED_TIME


def input_uri(names: Names, given: Input, window: str) -> str:
    """Return the S3 URI of the rows of a window: a folder, so that no other window's name begins with it."""
    return f"{names.uri('input', given.prefix, window)}/"


def scheduled(names: Names, given: Input) -> dict[str, str]:
    """Return the parameters of the execution that the schedule starts: its window is called like its time."""
    return {INPUT: input_uri(names, given, SCHEDULED_TIME), WINDOW: SCHEDULED_TIME}
