"""Who a job is, to the issuer of tokens."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A job that may ask for a token."""

    run_id: int
    workflow: str
    """Path of the file that has the job: that of the run, or a reusable one."""
    environment: str | None
    """None: the job has none."""
