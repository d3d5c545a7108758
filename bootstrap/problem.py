"""The error that a person can act upon."""


class ProblemError(Exception):
    """Something that the caller can put right; the message says what happened and what to do."""
