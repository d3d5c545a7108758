"""What the endpoints share: look-ups, new repositories, commits, and the events that follow them."""

import shutil
import threading
from collections.abc import Sequence
from pathlib import Path

from sandbox.github import errors, rules
from sandbox.github.accounts import Caller, Tokens, caller_role, reaches
from sandbox.github.actions.queue import Actions
from sandbox.github.downloads import Downloads
from sandbox.github.faults import Faults, RequestLog
from sandbox.github.git import EMPTY_TREE, NO_COMMIT, GitError, GitRepository, Person
from sandbox.github.issuer import Issuer
from sandbox.github.limits import RateLimits
from sandbox.github.seed import Seed
from sandbox.github.state import Permission, Repository, State, User, now

WORKFLOWS = ".github/workflows/"


class GitHub:
    """One GitHub with one organization."""

    def __init__(self, folder: Path, url: str, seed: Seed, *, aws_url: str, authority: Path) -> None:
        self.folder = folder
        self.url = url
        self.api_url = f"{url}/api/v3"
        self.seed = seed
        self.organization = seed.organization
        self.lock = threading.RLock()
        """Held while a request reads or changes the state."""
        self.state = State.load(folder / "state.json")
        self.tokens = Tokens(seed.tokens)
        self.limits = RateLimits(seed.limits)
        self.faults = Faults()
        self.downloads = Downloads(url)
        self.requests = RequestLog()
        self.issuer = Issuer(folder / "issuer.pem", f"{url}/_services/token", seed)
        self.generating: set[int] = set()
        """Repositories whose first commit is still on its way."""
        self._apply_seed()
        self.actions = Actions(self, aws_url=aws_url, authority=authority)
        self.actions.scheduler.schedule()

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

    def close(self) -> None:
        """Stop what runs."""
        self.actions.scheduler.close()
        with self.lock:
            self.save()

    # Look-ups

    def git(self, repository: Repository) -> GitRepository:
        """Return the git side of a repository."""
        return GitRepository(self.folder / "repositories" / f"{repository.id}.git")

    def find_repository(self, owner: str, name: str) -> Repository | None:
        """Return a repository by its name, in whatever case."""
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
        found = self.state.users.get(login.lower())
        if found is None:
            raise errors.not_found()
        return found

    # Repositories

    def create_repository(self, repository: Repository) -> None:
        """Make an empty repository.

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
        """Remove a repository and everything that belongs to it."""
        self.actions.scheduler.forget(repository)
        for team in self.state.teams.values():
            team.repositories.pop(repository.id, None)
        for ruleset in [one for one in self.state.rulesets.values() if one.repository_id == repository.id]:
            del self.state.rulesets[ruleset.id]
        del self.state.repositories[repository.id]
        shutil.rmtree(self.git(repository).path)

    def generate(self, template: Repository, repository: Repository, caller: Caller) -> None:
        """Make a repository whose one commit, a moment later, has the files of a template."""
        source = self.git(template)
        head = source.resolve(template.default_branch)
        if head is None:
            raise errors.empty_repository()
        self.create_repository(repository)
        tree = source.commit(head).tree
        self.generating.add(repository.id)

        def finish() -> None:
            with self.lock:
                self.generating.discard(repository.id)
                if repository.id not in self.state.repositories:
                    return
                target = self.git(repository)
                target.fetch(source, head, "refs/sandbox/template")
                commit = target.write_commit(tree, [], "Initial commit", self.person(caller.user))
                target.delete_ref("refs/sandbox/template")
                self.move_ref(repository, f"refs/heads/{repository.default_branch}", NO_COMMIT, commit, caller)
                self.save()

        timer = threading.Timer(self.seed.timing.generation, finish)
        timer.daemon = True
        timer.start()

    # Commits

    def person(self, user: User) -> Person:
        """Return an account as the author of commits."""
        return Person(name=user.login, email=f"{user.id}+{user.login}@users.noreply.localhost")

    def branch(self, repository: Repository, name: str) -> str:
        """Return the commit of a branch, or raise 404."""
        found = self.git(repository).branches().get(name)
        if found is None:
            raise errors.not_found()
        return found

    def check_change(self, repository: Repository, change: rules.RefChange, caller: Caller) -> list[str]:
        """Return what speaks against moving a ref: rules, and the scope that workflow files need."""
        git = self.git(repository)
        broken = rules.violations(self.state, repository, git, caller, change)
        if change.new == NO_COMMIT or not change.ref.startswith("refs/heads/"):
            return broken
        allowed = caller.job_may("workflows:write") if caller.is_job else caller.has_scope("workflow")
        if not allowed:
            changed = self.pushed_paths(repository, change.old, change.new)
            broken += [
                f"refusing to allow a Personal Access Token to create or update workflow `{path}` without `workflow` scope"
                for path in changed
                if path.startswith(WORKFLOWS)
            ][:1]
        return broken

    def pushed_paths(self, repository: Repository, old: str, new: str) -> list[str]:
        """Return the paths that a push changes; a new branch is compared with where it left the default branch."""
        git = self.git(repository)
        if old == NO_COMMIT:
            main = git.branches().get(repository.default_branch)
            old = (git.merge_base(main, new) if main and main != new else None) or EMPTY_TREE
        return git.changed_paths(old, new)

    def commit(
        self,
        repository: Repository,
        branch: str,
        changes: Sequence[tuple[str, str, str | None]],
        message: str,
        caller: Caller,
        *,
        author: Person | None = None,
        committer: Person | None = None,
    ) -> str:
        """Add one commit to a branch (the first one if it has none) and return its id.

        Raises:
            ApiError: 409, a rule forbids it; 404, a workflow file without the scope for it.
        """
        git = self.git(repository)
        ref = f"refs/heads/{branch}"
        parent = git.branches().get(branch)
        tree = git.write_tree(git.commit(parent).tree if parent else None, changes)
        me = self.person(caller.user)
        new = git.write_commit(tree, [parent] if parent else [], message, author or committer or me, committer or me)
        self.change_ref(repository, rules.RefChange(ref=ref, old=parent or NO_COMMIT, new=new), caller, status=409)
        return new

    def change_ref(self, repository: Repository, change: rules.RefChange, caller: Caller, *, status: int = 422) -> None:
        """Move a ref if no rule speaks against it.

        Raises:
            ApiError: with `status`, one does.
        """
        broken = self.check_change(repository, change, caller)
        if broken:
            if broken[0].startswith("refusing"):
                raise errors.forbidden(broken[0])
            raise errors.ApiError(status, "Repository rule violations found\n\n" + "\n".join(broken) + "\n\n")
        self.move_ref(repository, change.ref, change.old, change.new, caller)

    def move_ref(self, repository: Repository, ref: str, old: str, new: str, caller: Caller) -> None:
        """Move a ref and tell everybody who wants to know."""
        git = self.git(repository)
        if new == NO_COMMIT:
            git.delete_ref(ref)
        else:
            try:
                git.update_ref(ref, new, old)
            except GitError as error:
                raise errors.conflict("Reference cannot be updated") from error
        self.ref_moved(repository, ref, old, new, caller)

    def ref_moved(self, repository: Repository, ref: str, old: str, new: str, caller: Caller) -> None:
        """What follows a change of a ref, however it was made."""
        repository.pushed_at = repository.updated_at = now()
        self._move_pulls(repository, ref, new)
        # Events that a job's own token causes start no workflow: GitHub prevents loops this way.
        if not caller.is_job:
            self.actions.pushed(repository, ref, old, new, caller.user)

    def _move_pulls(self, repository: Repository, ref: str, new: str) -> None:
        branch = ref.removeprefix("refs/heads/")
        for base in self.state.repositories.values():
            for pull in base.pulls:
                if pull.state != "open":
                    continue
                if base.id == repository.id and pull.base == branch and new != NO_COMMIT:
                    pull.base_sha = new
                if pull.head_repository_id == repository.id and pull.head == branch:
                    if new == NO_COMMIT:
                        pull.state = "closed"
                        continue
                    pull.head_sha = new
                    pull.updated_at = now()
                    self.refresh_pull_refs(base, pull.number)
                    self.actions.pull_changed(base, pull, "synchronize", self.user(pull.author))

    def refresh_pull_refs(self, base: Repository, number: int) -> str | None:
        """Set refs/pull/N/head and refs/pull/N/merge; return the merge commit, None if the branches conflict."""
        pull = next(pull for pull in base.pulls if pull.number == number)
        git = self.git(base)
        head = self.state.repositories[pull.head_repository_id]
        git.fetch(self.git(head), pull.head_sha, f"refs/pull/{number}/head")
        tree = git.merged_tree(pull.base_sha, pull.head_sha)
        if tree is None:
            return None
        merge = git.write_commit(
            tree,
            [pull.base_sha, pull.head_sha],
            f"Merge {pull.head_sha} into {pull.base_sha}",
            Person(name="GitHub", email="noreply@localhost"),
        )
        git.update_ref(f"refs/pull/{number}/merge", merge)
        return merge

    def may(self, caller: Caller, repository: Repository, needed: Permission) -> bool:
        """Whether the caller may do something in a repository."""
        return reaches(caller_role(caller, repository, self.state), needed)
