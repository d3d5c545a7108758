"""MiniStack's CloudWatch Logs."""

from sandbox.aws.ministack import modules


def class_of(group: str) -> str:
    """Return the class of a log group of the current account, such as `STANDARD`; empty if there is no such group."""
    found = modules.logs._log_groups.get(group)
    return str(found["logGroupClass"]) if found else ""
