"""One project's launch: its record, and the systems that its steps use."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from functions.shared.github_api.deadline import Deadline
from functions.template_cloner.errors import LaunchError, OvertakenError
from functions.template_cloner.launch_records import Record, State
from functions.template_cloner.protocols import GitHubApi, Records
from functions.template_cloner.releases import Release
from functions.template_cloner.resources import ProjectRepository

RETRY_SECONDS = 1.0
"""Seconds between two checks of something that GitHub does in the background."""


@dataclass(frozen=True, kw_only=True)
class ReviewRules:
    """The platform's rules about who reviews."""

    required_approvals: int
    """Approvals by others that a change needs."""
    leads: tuple[str, ...] = ()
    """GitHub logins of those who approve models, as far as the platform's settings name them."""


@dataclass(frozen=True, kw_only=True)
class Launch:
    """The launch of one project by one stack."""

    project: ProjectRepository
    github: GitHubApi
    records: Records
    deadline: Deadline
    stack_id: str
    rules: ReviewRules
    release: Callable[[str], Release]
    """Returns who releases into the account of an environment."""
    wall_clock: Callable[[], float] = time.time

    def record(self) -> Record | None:
        """Return the launch's record; None when it has none.

        Raises:
            LaunchError: another stack launched the project.
        """
        record = self.records.read(self.project.record_key)
        if record is not None and record.stack != self.stack_id:
            raise LaunchError(
                f"{self.project.full_name} belongs to another launch ({record.stack}): a project's id is its own; nothing "
                "was created or changed"
            )
        return record

    def begin(self, template_commit: str) -> Record:
        """Write the first record, and return the one that counts."""
        record = Record(state="running", since=self.wall_clock(), template_commit=template_commit, stack=self.stack_id)
        if self.records.begin(self.project.record_key, record):
            return record
        # Another request began at the same moment: of another launch, or the same one delivered again.
        return self.record() or record

    def mark(self, record: Record, state: State) -> None:
        """Write the launch's new state."""
        self.records.write(self.project.record_key, replace(record, state=state, since=self.wall_clock()))

    def require_wanted(self) -> None:
        """Check, before each change, that the project is not being deleted.

        Raises:
            OvertakenError: it was deleted.
        """
        if self.was_deleted():
            raise OvertakenError(f"{self.project.full_name} was deleted while it was being launched")

    def was_deleted(self) -> bool:
        """Whether the project was deleted while it was being launched."""
        record = self.records.read(self.project.record_key)
        return record is None or record.state == "deleted"

    def forget(self) -> None:
        """Delete the launch's record."""
        self.records.delete(self.project.record_key)

    def pause(self, *, waiting_for: str) -> None:
        """Wait before the next check.

        Raises:
            DeadlinePassedError: there is no time for it.
        """
        self.deadline.pause(RETRY_SECONDS, waiting_for=waiting_for)
