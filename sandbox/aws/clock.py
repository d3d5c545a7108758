"""The one deviation in time: what takes minutes on AWS takes as many seconds here, or fewer.

Every wait that AWS imposes (a bake time, an alarm's period, a schedule, a retry's pause) goes through `seconds`, so that
all of them keep their proportions. Time stamps are real.
"""

SECONDS_PER_EMULATED_MINUTE = 1.0
"""Length of one of AWS's minutes; `python -m sandbox.aws --seconds-per-minute` sets it before the server starts."""

TICK = 6.0
"""Seconds of AWS's between two looks at something that changes with time, such as alarms and schedules."""


def seconds(emulated: float) -> float:
    """Return the real seconds that `emulated` seconds of AWS's take."""
    return emulated * SECONDS_PER_EMULATED_MINUTE / 60
