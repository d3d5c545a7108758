"""Payloads of events, as webhooks have them.

Source: GitHub Docs, "Webhook events and payloads".
"""

from typing import Any

from sandbox.github.git import NO_COMMIT, Commit
from sandbox.github.state import PullRequest, Repository, User
from sandbox.github.store import Store


def repository_payload(store: Store, repository: Repository) -> dict[str, Any]:
    """The repository of a payload."""
    return {
        "id": repository.id,
        "name": repository.name,
        "full_name": repository.full_name,
        "private": repository.private,
        "default_branch": repository.default_branch,
        "html_url": f"{store.url}/{repository.full_name}",
        "url": f"{store.api_url}/repos/{repository.full_name}",
        "clone_url": f"{store.url}/{repository.full_name}.git",
        "fork": repository.fork_of is not None,
        "owner": {"login": repository.owner, "id": store.seed.owner_id(repository.owner)},
    }


def _common(store: Store, repository: Repository, sender: User) -> dict[str, Any]:
    return {
        "repository": repository_payload(store, repository),
        "organization": {"login": store.organization.login, "id": store.organization.id},
        "sender": {"login": sender.login, "id": sender.id, "type": sender.type},
    }


def push(store: Store, repository: Repository, ref: str, old: str, commit: Commit, sender: User) -> dict[str, Any]:
    """The payload of a push of a branch or tag."""
    head = {
        "id": commit.sha,
        "tree_id": commit.tree,
        "message": commit.message,
        "timestamp": commit.committer.date,
        "author": {"name": commit.author.name, "email": commit.author.email},
        "committer": {"name": commit.committer.name, "email": commit.committer.email},
    }
    return {
        **_common(store, repository, sender),
        "ref": ref,
        "before": old,
        "after": commit.sha,
        "created": old == NO_COMMIT,
        "deleted": False,
        "forced": False,
        "head_commit": head,
        "commits": [head],
        "pusher": {"name": sender.login},
    }


def pull_request(
    store: Store, repository: Repository, pull: PullRequest, action: str, sender: User, label: str | None
) -> dict[str, Any]:
    """The payload of a change of a pull request; `label` is the one that was put on it."""
    head = store.state.repositories[pull.head_repository_id]
    return {
        **_common(store, repository, sender),
        "action": action,
        **({} if label is None else {"label": {"name": label}}),
        "number": pull.number,
        "pull_request": {
            "id": pull.id,
            "number": pull.number,
            "title": pull.title,
            "body": pull.body,
            "state": pull.state,
            "draft": pull.draft,
            "merged": pull.merged_at is not None,
            "html_url": f"{store.url}/{repository.full_name}/pull/{pull.number}",
            "user": {"login": pull.author},
            "labels": [{"name": name} for name in pull.labels],
            "head": {"ref": pull.head, "sha": pull.head_sha, "repo": repository_payload(store, head)},
            "base": {"ref": pull.base, "sha": pull.base_sha, "repo": repository_payload(store, repository)},
        },
    }


def workflow_dispatch(
    store: Store, repository: Repository, workflow: str, ref: str, inputs: dict[str, str], sender: User
) -> dict[str, Any]:
    """The payload of a workflow that is started by hand."""
    return {**_common(store, repository, sender), "ref": ref, "workflow": workflow, "inputs": inputs}
