"""The workflow files of repositories, and the ids under which GitHub registers them."""

import time
from functools import lru_cache

from sandbox.github import errors
from sandbox.github.actions.workflow import Document, WorkflowError, parse
from sandbox.github.git import Entry, GitRepository
from sandbox.github.state import Repository
from sandbox.github.store import Store

FOLDER = ".github/workflows/"


class Workflows:
    """The workflows of all repositories."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.dispatchable_from: dict[int, float] = {}
        """By repository, on the monotonic clock; repositories of an earlier process are not in it."""

    def register(self, repository: Repository) -> None:
        """Begin to register the workflows of a repository that has just got its first commit."""
        delay = self._store.seed.timing.workflow_registration
        self.dispatchable_from[repository.id] = time.monotonic() + delay

    def ids(self, repository: Repository) -> dict[str, int]:
        """Return the ids of the default branch's workflows by path; none while GitHub has not registered them."""
        if time.monotonic() < self.dispatchable_from.get(repository.id, 0):
            return {}
        commit = self._store.git(repository).branches().get(repository.default_branch)
        found: dict[str, int] = {}
        for entry in self.entries(repository, commit) if commit else []:
            found[entry.path] = repository.workflow_ids.setdefault(entry.path, 0) or self._store.state.next_id()
        repository.workflow_ids.update(found)
        return found

    def name(self, repository: Repository, path: str) -> str:
        """Return the name of a workflow of the default branch; its path if it has none or cannot be read."""
        text = self._store.git(repository).file(f"refs/heads/{repository.default_branch}", path)
        try:
            return str(parse(text).get("name", path)) if text is not None else path
        except WorkflowError:
            return path

    def path(self, repository: Repository, name: str) -> str:
        """Return the path of a workflow that is named by its id, its file's name or its path.

        Raises:
            ApiError: 404, there is no such workflow (yet).
        """
        for path, number in self.ids(repository).items():
            if name in (str(number), path, path.removeprefix(FOLDER)):
                return path
        raise errors.not_found()

    def entries(self, repository: Repository, commit: str) -> list[Entry]:
        """Return the workflow files of a commit."""
        entries = self._store.git(repository).entries(commit, path=FOLDER)
        return [entry for entry in entries if entry.path.endswith((".yml", ".yaml"))]


def read(store: Store, repository: Repository, commit: str, path: str) -> Document:
    """Read a workflow file as it is in a commit.

    Raises:
        WorkflowError: it does not exist, or is not valid.
    """
    text = _text(store.git(repository), commit, path)
    if text is None:
        raise WorkflowError(f"error parsing called workflow {path!r}: workflow was not found")
    return parse(text)


@lru_cache(maxsize=256)
def _text(git: GitRepository, commit: str, path: str) -> bytes | None:
    """Read a file of a commit, once: a run asks for its workflow files again and again."""
    return git.file(commit, path)
