"""The refs of a pull request, refs/pull/N/head and refs/pull/N/merge."""

from sandbox.github.git import Person
from sandbox.github.state import PullRequest, Repository
from sandbox.github.store import Store


def update(store: Store, base: Repository, pull: PullRequest) -> str | None:
    """Set the refs of a pull request and return the merge commit; None if the branches conflict."""
    git = store.git(base)
    head = store.state.repositories[pull.head_repository_id]
    git.fetch(store.git(head), pull.head_sha, f"refs/pull/{pull.number}/head")
    tree = git.merged_tree(pull.base_sha, pull.head_sha)
    if tree is None:
        return None
    merge = git.write_commit(
        tree,
        [pull.base_sha, pull.head_sha],
        f"Merge {pull.head_sha} into {pull.base_sha}",
        Person(name="GitHub", email="noreply@localhost"),
    )
    git.update_ref(f"refs/pull/{pull.number}/merge", merge)
    return merge
