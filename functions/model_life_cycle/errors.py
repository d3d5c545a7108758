"""Errors that keep the registry as it is."""

from functions.shared.github_api.errors import ExplainedError


class RefusedError(ExplainedError):
    """The registry does not show what it was told; the message says why."""
