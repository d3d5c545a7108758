"""The error that the commands report to the user."""


class BootstrapError(Exception):
    """A problem that the user can solve; the message says what happened and what to do."""
