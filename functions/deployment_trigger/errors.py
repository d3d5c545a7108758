"""Errors that keep an approved model package from being deployed."""

from functions.shared.github_api.errors import ExplainedError


class RefusedError(ExplainedError):
    """This model package is not deployed, or this alarm trains nothing; the message says why. Trying again changes nothing."""


class NotEvaluatedError(ExplainedError):
    """A model package is not deployed, because it is not what its pipeline evaluated: somebody has changed it since.

    No refusal like the others, which only a log tells: it fails the request, so that the alarm tells people. The record of the
    approval says that it was refused, so it is not tried again.
    """


class ProjectParameterError(RefusedError):
    """A project's parameter does not describe a project; nothing of that project is deployed until it does."""

    def __init__(self, parameter: str, problem: str) -> None:
        super().__init__(
            f"parameter {parameter} does not describe a project ({problem}): give it the value that the project's stack "
            "in CloudFormation has for it"
        )
        self.parameter = parameter


class NotStartedError(ExplainedError):
    """The run could not be started; Lambda tries again, and for a deployment the sweep, too."""


class SweepError(ExplainedError):
    """The sweep failed for some projects; the message names them."""
