"""The queue of runs."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.github.state import PullRequest, Repository, User

if TYPE_CHECKING:
    from sandbox.github.service import GitHub


class Actions:
    """Starts runs for events."""

    def __init__(self, github: "GitHub", *, aws_url: str, authority: Path) -> None:
        self._github = github

    def pushed(self, repository: Repository, ref: str, old: str, new: str, actor: User) -> None: ...
    def pull_changed(self, repository: Repository, pull: PullRequest, action: str, actor: User) -> None: ...
    def forget(self, repository: Repository) -> None: ...
    def close(self) -> None: ...
    def identity(self, bearer: str, query: Mapping[str, str]) -> str | None: ...
