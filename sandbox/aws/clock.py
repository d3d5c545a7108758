"""The one deviation in time: what takes minutes on AWS takes as many seconds here.

Everything that AWS makes somebody wait for (a bake time, an alarm's period, a schedule, a retry's pause) goes through
`seconds`, so that all of them keep their proportions. Time stamps are real.
"""

SECONDS_PER_EMULATED_MINUTE = 1.0
"""How long a minute of AWS's lasts here."""


def seconds(emulated: float) -> float:
    """How many real seconds `emulated` seconds of AWS's take."""
    return emulated * SECONDS_PER_EMULATED_MINUTE / 60
