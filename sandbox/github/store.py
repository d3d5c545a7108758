"""The store of the local GitHub: its state and git repositories, on disk, with the look-ups that other parts share."""

import shutil
import threading
from pathlib import Path

from sandbox.github import errors
from sandbox.github.accounts import ACTIONS_BOT, Tokens
from sandbox.github.git import GitRepository
from sandbox.github.sealing import SealingKeys
from sandbox.github.seed import Seed
from sandbox.github.state import Repository, State, User


class Store:
    """The state of one GitHub with one organization, and its git repositories."""

    def __init__(self, folder: Path, url: str, seed: Seed) -> None:
        self.folder = folder
        self.url = url
        self.api_url = f"{url}/api/v3"
        self.seed = seed
        self.organization = seed.organization
        self.lock = threading.RLock()
        """Held while a request or a job reads or changes the state."""
        self.state = State.load(folder / "state.json")
        self.tokens = Tokens(seed.tokens)
        self.sealing = SealingKeys(folder / "sealing.key")
        self.generating: set[int] = set()
        """Repositories made from a template that do not have their first commit yet."""
        self._apply_seed()

    def _apply_seed(self) -> None:
        for user in self.seed.users:
            self.state.users[user.login.lower()] = User(
                login=user.login, id=user.id, member=user.member, admin=user.admin
            )
        for repository in self.seed.repositories:
            if repository.id not in self.state.repositories:
                self._add(
                    Repository(
                        id=repository.id,
                        owner=self.organization.login,
                        name=repository.name,
                        private=repository.private,
                    )
                )
        self.save()

    def save(self) -> None:
        """Write the state to disk."""
        self.state.save(self.folder / "state.json")

    # Look-ups

    def find_repository(self, owner: str, name: str) -> Repository | None:
        """Return a repository by its name, in any case."""
        wanted = f"{owner}/{name}".lower()
        found = (each for each in self.state.repositories.values() if each.full_name.lower() == wanted)
        return next(found, None)

    def repository(self, owner: str, name: str) -> Repository:
        """Return a repository by its name, or raise 404."""
        found = self.find_repository(owner, name)
        if found is None:
            raise errors.not_found()
        return found

    def user(self, login: str) -> User:
        """Return an account, or raise 404."""
        if login.lower() == ACTIONS_BOT.login:
            return ACTIONS_BOT
        found = self.state.users.get(login.lower())
        if found is None:
            raise errors.not_found()
        return found

    def git(self, repository: Repository) -> GitRepository:
        """Return the git side of a repository."""
        return GitRepository(self.folder / "repositories" / f"{repository.id}.git")

    def run_folder(self, run_id: int) -> Path:
        """Return the folder with the logs of a run."""
        return self.folder / "runs" / str(run_id)

    # Repositories

    def create_repository(self, repository: Repository) -> None:
        """Create an empty repository.

        Raises:
            ApiError: 422, the name is taken.
        """
        if self.find_repository(repository.owner, repository.name) is not None:
            detail = {
                "resource": "Repository",
                "code": "custom",
                "field": "name",
                "message": "name already exists on this account",
            }
            raise errors.unprocessable("Repository creation failed.", detail)
        self._add(repository)

    def _add(self, repository: Repository) -> None:
        self.git(repository).create(repository.default_branch)
        self.state.repositories[repository.id] = repository

    def delete_repository(self, repository: Repository) -> None:
        """Remove a repository with its rulesets and its commits; the caller has cancelled its runs."""
        for team in self.state.teams.values():
            team.repositories.pop(repository.id, None)
        for ruleset in [one for one in self.state.rulesets.values() if one.repository_id == repository.id]:
            del self.state.rulesets[ruleset.id]
        del self.state.repositories[repository.id]
        shutil.rmtree(self.git(repository).path)
