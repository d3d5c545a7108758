"""Errors that end a function's work."""


class ExplainedError(Exception):
    """The work can't go on; the message tells a person why, and what to do."""


class GitHubError(ExplainedError):
    """GitHub refused a request."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class OutcomeUnknownError(ExplainedError):
    """A POST got no answer, or a server error: it may have done its work or not."""


class RateLimitError(ExplainedError):
    """GitHub accepts no more requests before the deadline."""


class DeadlinePassedError(ExplainedError):
    """There is no time left for the next attempt."""


class CredentialError(ExplainedError):
    """There is no usable credential for GitHub."""
