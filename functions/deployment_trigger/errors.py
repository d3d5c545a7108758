"""What keeps an approved model package from being deployed."""

from functions.shared.github_api.errors import ExplainedError


class RefusedError(ExplainedError):
    """This model package is not deployed; the message says why. Trying again changes nothing."""


class NotStartedError(ExplainedError):
    """The deployment could not be started; Lambda and the sweep try again."""


class SweepError(ExplainedError):
    """The sweep failed for some projects; the message names them."""
