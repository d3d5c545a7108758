"""Errors that keep a version from being released."""

from functions.shared.github_api.errors import ExplainedError


class RefusedError(ExplainedError):
    """This version is not released; the message says why."""
