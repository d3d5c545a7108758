"""Errors that end a launch."""

from functions.shared.github_api.errors import ExplainedError


class LaunchError(ExplainedError):
    """The launch can't go on; the message tells the person who launched it why, and what to do."""


class OvertakenError(LaunchError):
    """The project was deleted while it was being launched."""
