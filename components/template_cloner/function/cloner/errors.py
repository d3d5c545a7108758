"""What stops a launch."""


class LaunchError(Exception):
    """The launch can't go on; the message tells the person who launched it why, and what to do."""
