"""Repositories that are generated from a template."""

import threading

from sandbox.github import errors
from sandbox.github.accounts import Caller, commit_author
from sandbox.github.git import NO_COMMIT
from sandbox.github.refs import Refs
from sandbox.github.rules import RefChange
from sandbox.github.state import Repository
from sandbox.github.store import Store


def generate(store: Store, refs: Refs, template: Repository, repository: Repository, caller: Caller) -> None:
    """Create a repository that gets one commit, with the files of a template, a moment later.

    Raises:
        ApiError: 409, the template has no commit; 422, the name is taken.
    """
    source = store.git(template)
    head = source.resolve(template.default_branch)
    if head is None:
        raise errors.empty_repository()
    store.create_repository(repository)
    tree = source.commit(head).tree
    store.generating.add(repository.id)

    def finish() -> None:
        with store.lock:
            store.generating.discard(repository.id)
            if repository.id not in store.state.repositories:
                return
            target = store.git(repository)
            target.fetch(source, head, "refs/sandbox/template")
            commit = target.write_commit(tree, [], "Initial commit", commit_author(caller.user))
            target.delete_ref("refs/sandbox/template")
            ref = f"refs/heads/{repository.default_branch}"
            refs.move(repository, RefChange(ref=ref, old=NO_COMMIT, new=commit), caller)
            store.save()

    timer = threading.Timer(store.seed.timing.generation, finish)
    timer.daemon = True
    timer.start()
