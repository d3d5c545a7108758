"""Errors that keep a project from getting its roles, or from going."""

from functions.shared.github_api.errors import ExplainedError


class RefusedError(ExplainedError):
    """The request is not carried out; the message says why, and what to do."""
