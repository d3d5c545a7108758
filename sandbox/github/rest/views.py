"""Accounts, repositories and commits as JSON documents of responses."""

from collections.abc import Sequence

from sandbox.github.accounts import Caller, caller_role, reaches
from sandbox.github.git import Commit, Person
from sandbox.github.state import PERMISSIONS, Repository, User
from sandbox.github.store import Store

FEATURES = {
    "has_issues": True,
    "has_projects": True,
    "has_wiki": True,
    "has_downloads": True,
    "has_discussions": False,
    "allow_squash_merge": True,
    "allow_merge_commit": True,
    "allow_rebase_merge": True,
    "allow_auto_merge": False,
    "delete_branch_on_merge": False,
    "allow_update_branch": False,
    "allow_forking": False,
    "web_commit_signoff_required": False,
}
"""Switches of a repository and their defaults in an organization, also of one that is generated from a template with others.

Source of the latter: foundation50/classroom50, pull request 479.
"""


def user(store: Store, account: User) -> dict[str, object]:
    """An account, as other documents embed it."""
    return {
        "login": account.login,
        "id": account.id,
        "node_id": f"U_{account.id}",
        "url": f"{store.api_url}/users/{account.login}",
        "html_url": f"{store.url}/{account.login}",
        "type": account.type,
        "site_admin": False,
    }


def labels(names: Sequence[str]) -> list[dict[str, object]]:
    """The labels of an issue or a pull request."""
    return [{"name": name} for name in names]


def owner(store: Store, login: str) -> dict[str, object]:
    """The owner of a repository."""
    if login.lower() == store.organization.login.lower():
        return {
            "login": store.organization.login,
            "id": store.organization.id,
            "node_id": f"O_{store.organization.id}",
            "url": f"{store.api_url}/users/{store.organization.login}",
            "html_url": f"{store.url}/{store.organization.login}",
            "type": "Organization",
            "site_admin": False,
        }
    return user(store, store.user(login))


def repository(store: Store, shown: Repository, caller: Caller) -> dict[str, object]:
    """A repository."""
    held = caller_role(caller, shown, store.state)
    page, api = f"{store.url}/{shown.full_name}", f"{store.api_url}/repos/{shown.full_name}"
    return {
        "id": shown.id,
        "node_id": f"R_{shown.id}",
        "name": shown.name,
        "full_name": shown.full_name,
        "owner": owner(store, shown.owner),
        "private": shown.private,
        "visibility": "private" if shown.private else "public",
        "html_url": page,
        "description": shown.description,
        "fork": shown.fork_of is not None,
        "url": api,
        "clone_url": f"{page}.git",
        "svn_url": page,
        "git_url": f"git://{page.split('://', 1)[1]}.git",
        "ssh_url": f"git@localhost:{shown.full_name}.git",
        "homepage": shown.homepage,
        # GitHub computes it much later; clients must not take it for a sign of emptiness.
        "size": 0,
        "topics": shown.topics,
        "default_branch": shown.default_branch,
        "is_template": shown.is_template,
        "archived": shown.archived,
        "disabled": False,
        **FEATURES,
        **shown.features,
        "permissions": {name: reaches(held, name) for name in reversed(PERMISSIONS)},
        "created_at": shown.created_at,
        "updated_at": shown.updated_at,
        "pushed_at": shown.pushed_at or shown.created_at,
        **_template(store, shown),
    }


def _template(store: Store, shown: Repository) -> dict[str, object]:
    template = store.state.repositories.get(shown.template_id or 0)
    if template is None:
        return {}
    return {
        "template_repository": {
            "id": template.id,
            "name": template.name,
            "full_name": template.full_name,
            "owner": owner(store, template.owner),
            "default_branch": template.default_branch,
        }
    }


def person(someone: Person) -> dict[str, object]:
    """The author or committer of a commit."""
    return {"name": someone.name, "email": someone.email, "date": someone.date}


def account_of(store: Store, someone: Person) -> dict[str, object] | None:
    """The account of an author or committer, if there is one."""
    login = someone.email.partition("@")[0].partition("+")[2] or someone.name
    found = store.state.users.get(login.lower())
    return user(store, found) if found else None


def commit(store: Store, shown: Repository, one: Commit) -> dict[str, object]:
    """A commit with the accounts of its author and committer."""
    api = f"{store.api_url}/repos/{shown.full_name}"
    return {
        "sha": one.sha,
        "node_id": f"C_{one.sha}",
        "url": f"{api}/commits/{one.sha}",
        "html_url": f"{store.url}/{shown.full_name}/commit/{one.sha}",
        "commit": {
            "author": person(one.author),
            "committer": person(one.committer),
            "message": one.message,
            "tree": {"sha": one.tree, "url": f"{api}/git/trees/{one.tree}"},
            "url": f"{api}/git/commits/{one.sha}",
            "comment_count": 0,
        },
        "author": account_of(store, one.author),
        "committer": account_of(store, one.committer),
        "parents": [{"sha": parent, "url": f"{api}/commits/{parent}"} for parent in one.parents],
    }


def git_commit(store: Store, shown: Repository, one: Commit) -> dict[str, object]:
    """A commit of the git database."""
    api = f"{store.api_url}/repos/{shown.full_name}"
    return {
        "sha": one.sha,
        "node_id": f"C_{one.sha}",
        "url": f"{api}/git/commits/{one.sha}",
        "html_url": f"{store.url}/{shown.full_name}/commit/{one.sha}",
        "author": person(one.author),
        "committer": person(one.committer),
        "message": one.message,
        "tree": {"sha": one.tree, "url": f"{api}/git/trees/{one.tree}"},
        "parents": [{"sha": parent, "url": f"{api}/git/commits/{parent}"} for parent in one.parents],
    }
