"""Changes of branches and tags: they are checked against the rules, and become events."""

from collections.abc import Sequence
from typing import Protocol

from sandbox.github import errors, pull_refs, rules
from sandbox.github.accounts import Caller, commit_author
from sandbox.github.git import NO_COMMIT, GitError, Person
from sandbox.github.rules import RefChange
from sandbox.github.state import PullRequest, Repository, User, now
from sandbox.github.store import Store

WORKFLOWS = ".github/workflows/"


class EventListener(Protocol):
    """Receives the events that follow from a change of a ref."""

    def pushed(self, repository: Repository, change: RefChange, actor: User) -> None:
        """A branch or tag was created, moved or deleted."""
        ...

    def pull_request_changed(self, repository: Repository, pull: PullRequest, action: str, actor: User) -> None:
        """A pull request of a repository changed; `action` is GitHub's name for it, such as synchronize."""
        ...


class Refs:
    """Changes refs and notifies a listener."""

    def __init__(self, store: Store, listener: EventListener) -> None:
        self._store = store
        self._listener = listener

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
            ApiError: 409, a rule forbids it; 404 (403 for a job), a workflow file without the scope for it.
        """
        git = self._store.git(repository)
        parent = git.branches().get(branch)
        tree = git.write_tree(parent, changes)
        me = commit_author(caller.user)
        new = git.write_commit(tree, [parent] if parent else [], message, author or committer or me, committer or me)
        change = RefChange(ref=f"refs/heads/{branch}", old=parent or NO_COMMIT, new=new)
        self.change(repository, change, caller, status=409)
        return new

    def change(self, repository: Repository, change: RefChange, caller: Caller, *, status: int = 422) -> None:
        """Move a ref if no rule forbids it.

        Raises:
            ApiError: with `status`, a rule forbids it; 404 (403 for a job), a workflow file without the scope for it.
        """
        broken = self.violations(repository, change, caller)
        if broken:
            if broken[0].startswith("refusing"):
                # Only git says why. Source: octokit/rest.js, issue 368; octokit/octokit.rb, issue 1184.
                raise errors.forbidden(broken[0]) if caller.is_job else errors.not_found()
            raise errors.ApiError(status, "Repository rule violations found\n\n" + "\n".join(broken) + "\n\n")
        self.move(repository, change, caller)

    def violations(self, repository: Repository, change: RefChange, caller: Caller) -> list[str]:
        """Return the reasons not to move a ref: rules, the scope that workflow files need, and that a pull request's are GitHub's own.

        The words of the last are those that a push gets; those of the API are not known.
        """
        if change.ref.startswith("refs/pull/"):
            return ["deny updating a hidden ref"]
        git = self._store.git(repository)
        broken = rules.violations(self._store.state, repository, git, caller, change)
        if change.new == NO_COMMIT or not change.ref.startswith("refs/heads/"):
            return broken
        allowed = caller.job_may("workflows:write") if caller.is_job else caller.has_scope("workflow")
        if not allowed:
            broken += [
                f"refusing to allow a Personal Access Token to create or update workflow `{path}` without `workflow` scope"
                for path in git.pushed_paths(repository.default_branch, change.old, change.new)
                if path.startswith(WORKFLOWS)
            ][:1]
        return broken

    def move(self, repository: Repository, change: RefChange, caller: Caller) -> None:
        """Create, move or delete a ref without a check of the rules.

        Raises:
            ApiError: 409, it is no longer where it was.
        """
        git = self._store.git(repository)
        if change.new == NO_COMMIT:
            git.delete_ref(change.ref)
        else:
            try:
                git.update_ref(change.ref, change.new, change.old)
            except GitError as error:
                raise errors.conflict("Reference cannot be updated") from error
        self.moved(repository, change, caller)

    def moved(self, repository: Repository, change: RefChange, caller: Caller) -> None:
        """Update pull requests and notify the listener after a ref has moved, by the API or by a push."""
        repository.pushed_at = repository.updated_at = now()
        if change.ref.startswith("refs/heads/"):
            repository.pushers[change.ref.removeprefix("refs/heads/")] = caller.user.login
        self._update_pulls(repository, change, caller.user)
        # Events that a job's own token causes start no workflow: GitHub prevents loops this way.
        if not caller.is_job:
            self._listener.pushed(repository, change, caller.user)

    def _update_pulls(self, repository: Repository, change: RefChange, pusher: User) -> None:
        branch = change.ref.removeprefix("refs/heads/")
        for base in self._store.state.repositories.values():
            for pull in base.pulls:
                if pull.state != "open":
                    continue
                if base.id == repository.id and pull.base == branch and change.new != NO_COMMIT:
                    pull.base_sha = change.new
                if pull.head_repository_id == repository.id and pull.head == branch:
                    self._update_head(base, pull, change.new, pusher)

    def _update_head(self, base: Repository, pull: PullRequest, new: str, pusher: User) -> None:
        if new == NO_COMMIT:
            pull.state = "closed"
            return
        pull.head_sha, pull.last_pusher = new, pusher.login
        pull.updated_at = now()
        pull_refs.update(self._store, base, pull)
        self._listener.pull_request_changed(base, pull, "synchronize", self._store.user(pull.author))
