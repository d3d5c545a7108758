"""Promote a commit's pipeline in one account: a version of it, one execution that proves it, then the alias and the schedule.

The version that was live stays so until the new one has succeeded. Every step looks at what there is, so a promotion that was
killed anywhere is finished by the next one.
"""

from collections.abc import Callable
from dataclasses import dataclass

from mlops_platform.pipeline import remote
from mlops_platform.promotion.versions import Pipeline, Proposal, Version


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """The promotion of a pipeline."""

    pipeline: Pipeline
    follow: Callable[[str], object]
    """Follows an execution, by its ARN, until it has succeeded; raises `ExecutionError` if it does not."""
    converge_schedule: Callable[[], None]

    def promote(self, proposal: Proposal, attempt: str) -> Version:
        """Make the proposed pipeline live, and return its version.

        Args:
            proposal: the pipeline.
            attempt: the run of the workflow: repeated within it, a start is the same start.

        Raises:
            ExecutionError: an execution of the version failed; what was live still is.
        """
        version = self.pipeline.propose(proposal)
        if not version.is_live:
            self.pipeline.converge(version.number, execution_arn=self._prove(version, attempt))
        self.converge_schedule()
        return self.pipeline.version(version.number)

    def _prove(self, version: Version, attempt: str) -> str:
        """Return the ARN of an execution of the version that has succeeded."""
        name, arn = self.pipeline.name, version.execution_arn
        if self.pipeline.last_status(version) not in ("Executing", "Succeeded"):
            arn = remote.start(
                self.pipeline.sagemaker,
                name=name,
                token=remote.idempotency_token(name, str(version.number), attempt),
                display_name=f"{version.name}-{attempt}",
                version=version.number,
            )
        self.follow(arn)
        return arn
