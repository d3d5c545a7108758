"""Failures of work that SageMaker does in the background."""


class StepFailedError(Exception):
    """A step or a job failed; the message is its failure reason."""
