"""Branches, refs, commits and the git database."""

import base64
from dataclasses import replace
from typing import Literal

from pydantic import Field

from sandbox.github import errors
from sandbox.github.accounts import commit_author
from sandbox.github.git import NO_COMMIT, GitRepository, Person
from sandbox.github.rest import views
from sandbox.github.routing import Body, Call, route
from sandbox.github.rules import RefChange, active
from sandbox.github.transport import Response, json_response


class _CreateRef(Body):
    ref: str
    sha: str


class _UpdateRef(Body):
    sha: str
    force: bool = False


class _Rename(Body):
    new_name: str


class _Blob(Body):
    content: str
    encoding: Literal["utf-8", "base64"] = "utf-8"


class _TreeEntry(Body):
    path: str
    mode: Literal["100644", "100755", "040000", "120000"] = "100644"
    type: Literal["blob", "tree"] = "blob"
    sha: str | None = None
    content: str | None = None


class _Tree(Body):
    tree: list[_TreeEntry]
    base_tree: str | None = None


class CommitPerson(Body):
    """Author or committer of a commit, as the body of a request has them."""

    name: str
    email: str
    date: str | None = None

    def person(self) -> Person:
        """Return the person for git."""
        return Person(name=self.name, email=self.email, date=self.date)


class _Commit(Body):
    message: str
    tree: str
    parents: list[str] = Field(default_factory=list[str])
    author: CommitPerson | None = None
    committer: CommitPerson | None = None


def git(call: Call) -> GitRepository:
    """Return the repository's git side, if it has a commit.

    Raises:
        ApiError: 409, it has none (yet).
    """
    found = call.store.git(call.repository)
    if not found.branches():
        raise errors.empty_repository()
    return found


def resolve(call: Call, name: str) -> str:
    """Return the commit of a branch, tag or id, or raise 422."""
    found = git(call).resolve(name)
    if found is None:
        raise errors.unprocessable(f"No commit found for SHA: {name}")
    return found


@route("GET", "/repos/{owner}/{repo}/branches", permission="contents:read", role="pull")
def list_branches(call: Call) -> Response:
    """List the branches; none while the repository is being generated."""
    page, headers = call.page(list(call.store.git(call.repository).branches().items()))
    api = call.repository_url
    document = [
        {"name": name, "commit": {"sha": sha, "url": f"{api}/commits/{sha}"}, "protected": _protected(call, name)}
        for name, sha in page
    ]
    return json_response(200, document, headers)


@route("GET", "/repos/{owner}/{repo}/branches/{branch...}", permission="contents:read", role="pull")
def get_branch(call: Call) -> Response:
    """Get a branch with its last commit."""
    name = call.parameters["branch"]
    repository = call.store.git(call.repository)
    sha = repository.branches().get(name)
    if sha is None:
        raise errors.ApiError(404, "Branch not found")
    commit = views.commit(call.store, call.repository, repository.commit(sha))
    return json_response(200, {"name": name, "commit": commit, "protected": _protected(call, name)})


@route("POST", "/repos/{owner}/{repo}/branches/{branch}/rename", permission="contents:write", role="push")
def rename_branch(call: Call) -> Response:
    """Rename a branch, and with it the base of its pull requests.

    The default branch, and one that a ruleset is about, take an administrator, and the new name has to be under the same rulesets.
    Sources: GitHub Docs, "Renaming a branch" and "Managing rulesets for repositories in your organization"; GitHub Changelog,
    7 May 2026. GitHub's own words of a refusal by a ruleset are not known.
    """
    old, new = call.parameters["branch"], call.body(_Rename).new_name
    repository = call.repository
    branches = git(call).branches()
    if old not in branches:
        raise errors.ApiError(404, "Branch not found")
    if new in branches:
        raise errors.validation_failed("Branch", "new_name", "already_exists")
    default = old == repository.default_branch
    rulesets = active(call.store.state, repository, f"refs/heads/{old}")
    if (default or rulesets) and not call.may(repository, "admin"):
        raise errors.forbidden("Must have admin rights to Repository.")
    kept = active(call.store.state, repository, f"refs/heads/{new}")
    # Whatever its name, the default branch stays the default branch.
    if not default and any(each not in kept for each in rulesets):
        raise errors.unprocessable(f"The rulesets of {old} are not about {new}.")
    change = RefChange(ref=f"refs/heads/{new}", old=NO_COMMIT, new=branches[old])
    if broken := call.refs.violations(repository, change, call.caller):
        raise errors.unprocessable("Repository rule violations found\n\n" + "\n".join(broken) + "\n\n")
    git(call).update_ref(f"refs/heads/{new}", branches[old], NO_COMMIT)
    git(call).delete_ref(f"refs/heads/{old}")
    if default:
        repository.default_branch = new
        git(call).set_default_branch(new)
    for pull in repository.pulls:
        pull.base = new if pull.base == old else pull.base
    renamed = get_branch(replace(call, parameters={**call.parameters, "branch": new}))
    return replace(renamed, status=201)


def _protected(call: Call, branch: str) -> bool:
    return bool(active(call.store.state, call.repository, f"refs/heads/{branch}"))


def _ref(call: Call, ref: str, sha: str, status: int = 200) -> Response:
    api = call.repository_url
    return json_response(
        status,
        {
            "ref": ref,
            "node_id": f"REF_{call.repository.id}_{ref}",
            "url": f"{api}/git/{ref}",
            "object": {"type": "commit", "sha": sha, "url": f"{api}/git/commits/{sha}"},
        },
    )


@route("GET", "/repos/{owner}/{repo}/git/ref/{ref...}", permission="contents:read", role="pull")
def get_ref(call: Call) -> Response:
    """Get one ref, for example heads/main."""
    ref = f"refs/{call.parameters['ref']}"
    found = git(call).refs().get(ref)
    if found is None:
        raise errors.not_found()
    return _ref(call, ref, found)


@route("POST", "/repos/{owner}/{repo}/git/refs", permission="contents:write", role="push")
def create_ref(call: Call) -> Response:
    """Create a branch or tag."""
    body = call.body(_CreateRef)
    repository = git(call)
    if not body.ref.startswith("refs/") or body.ref.count("/") < 2:
        raise errors.unprocessable("Reference name must start with 'refs/' and have at least two slashes.")
    if repository.type_of(body.sha) != "commit":
        raise errors.unprocessable("Object does not exist")
    if body.ref in repository.refs():
        raise errors.unprocessable("Reference already exists")
    call.refs.change(call.repository, RefChange(ref=body.ref, old=NO_COMMIT, new=body.sha), call.caller)
    return _ref(call, body.ref, body.sha, 201)


@route("PATCH", "/repos/{owner}/{repo}/git/refs/{ref...}", permission="contents:write", role="push")
def update_ref(call: Call) -> Response:
    """Move a branch; backwards only by force."""
    body = call.body(_UpdateRef)
    ref = f"refs/{call.parameters['ref']}"
    repository = git(call)
    old = repository.refs().get(ref)
    if old is None:
        raise errors.unprocessable("Reference does not exist")
    if repository.type_of(body.sha) != "commit":
        raise errors.unprocessable("Object does not exist")
    if not body.force and not repository.is_ancestor(old, body.sha):
        raise errors.unprocessable("Update is not a fast forward")
    call.refs.change(call.repository, RefChange(ref=ref, old=old, new=body.sha), call.caller)
    return _ref(call, ref, body.sha)


@route("DELETE", "/repos/{owner}/{repo}/git/refs/{ref...}", permission="contents:write", role="push")
def delete_ref(call: Call) -> Response:
    """Delete a branch or tag."""
    ref = f"refs/{call.parameters['ref']}"
    old = git(call).refs().get(ref)
    if old is None:
        raise errors.unprocessable("Reference does not exist")
    call.refs.change(call.repository, RefChange(ref=ref, old=old, new=NO_COMMIT), call.caller)
    return Response(status=204)


@route("GET", "/repos/{owner}/{repo}/commits", permission="contents:read", role="pull")
def list_commits(call: Call) -> Response:
    """List the commits of a branch, or those that change one path."""
    start = resolve(call, call.request.query.get("sha") or call.repository.default_branch)
    repository = git(call)
    page, headers = call.page(repository.log(start, path=call.request.query.get("path")))
    document = [views.commit(call.store, call.repository, repository.commit(sha)) for sha in page]
    return json_response(200, document, headers)


@route("GET", "/repos/{owner}/{repo}/commits/{ref...}", permission="contents:read", role="pull")
def get_commit(call: Call) -> Response:
    """Get a commit with the paths that it changes."""
    repository = git(call)
    commit = repository.commit(resolve(call, call.parameters["ref"]))
    before = commit.parents[0] if commit.parents else NO_COMMIT
    files = [{"filename": path} for path in repository.changed_paths(before, commit.sha)]
    return json_response(200, {**views.commit(call.store, call.repository, commit), "files": files})


@route("GET", "/repos/{owner}/{repo}/compare/{basehead...}", permission="contents:read", role="pull")
def compare_commits(call: Call) -> Response:
    """Compare a commit or branch with another, as `BASE...HEAD`: how many commits each has that the other lacks.

    Source: GitHub Docs, REST API, "Compare two commits". The commits and files themselves are left out.
    """
    repository = git(call)
    names = call.parameters["basehead"].split("...")
    if len(names) != 2 or any(":" in name for name in names):
        raise errors.ApiError(501, "Only two commits or branches of the same repository are compared here")
    base, head = (repository.resolve(name) for name in names)
    if base is None or head is None:
        raise errors.not_found()
    ahead, behind = repository.count(base, head), repository.count(head, base)
    status = {(False, False): "identical", (True, False): "ahead", (False, True): "behind"}
    return json_response(
        200,
        {
            "status": status.get((ahead > 0, behind > 0), "diverged"),
            "ahead_by": ahead,
            "behind_by": behind,
            "total_commits": ahead,
        },
    )


@route("POST", "/repos/{owner}/{repo}/git/blobs", permission="contents:write", role="push")
def create_blob(call: Call) -> Response:
    """Create a blob."""
    body = call.body(_Blob)
    content = base64.b64decode(body.content) if body.encoding == "base64" else body.content.encode()
    sha = git(call).write_blob(content)
    return json_response(201, {"sha": sha, "url": f"{call.repository_url}/git/blobs/{sha}"})


@route("GET", "/repos/{owner}/{repo}/git/blobs/{sha}", permission="contents:read", role="pull")
def get_blob(call: Call) -> Response:
    """Get a blob."""
    repository, sha = git(call), call.parameters["sha"]
    if repository.type_of(sha) != "blob":
        raise errors.not_found()
    content = repository.blob(sha)
    document = {"sha": sha, "size": len(content), "encoding": "base64", "content": base64.b64encode(content).decode()}
    return json_response(200, document)


def _tree(call: Call, sha: str, status: int, *, recursive: bool) -> Response:
    entries = git(call).entries(sha, recursive=recursive)
    document = [
        {"path": entry.path, "mode": entry.mode, "type": entry.type, "sha": entry.sha}
        | (dict[str, int]() if entry.size is None else {"size": entry.size})
        for entry in entries
    ]
    return json_response(status, {"sha": sha, "tree": document, "truncated": False})


@route("POST", "/repos/{owner}/{repo}/git/trees", permission="contents:write", role="push")
def create_tree(call: Call) -> Response:
    """Create a tree from a base and changes."""
    body = call.body(_Tree)
    repository = git(call)
    if body.base_tree is not None and repository.type_of(body.base_tree) not in ("tree", "commit"):
        raise errors.unprocessable("Tree SHA does not exist")
    changes: list[tuple[str, str, str | None]] = []
    for entry in body.tree:
        sha = repository.write_blob(entry.content.encode()) if entry.content is not None else entry.sha
        if sha is not None and repository.type_of(sha) is None:
            raise errors.unprocessable(f"tree.sha {sha} is not a valid {entry.type}")
        changes.append((entry.path, entry.mode, sha))
    return _tree(call, repository.write_tree(body.base_tree, changes), 201, recursive=False)


@route("GET", "/repos/{owner}/{repo}/git/trees/{sha...}", permission="contents:read", role="pull")
def get_tree(call: Call) -> Response:
    """Get a tree by its own id, a branch or a commit."""
    repository, name = git(call), call.parameters["sha"]
    commit = repository.resolve(name)
    sha = repository.commit(commit).tree if commit else name
    if repository.type_of(sha) != "tree":
        raise errors.not_found()
    return _tree(call, sha, 200, recursive="recursive" in call.request.query)


@route("POST", "/repos/{owner}/{repo}/git/commits", permission="contents:write", role="push")
def create_commit(call: Call) -> Response:
    """Create a commit; no branch changes."""
    body = call.body(_Commit)
    repository = git(call)
    if repository.type_of(body.tree) != "tree":
        raise errors.unprocessable("Tree SHA does not exist")
    for parent in body.parents:
        if repository.type_of(parent) != "commit":
            raise errors.unprocessable("Parent SHA does not exist or is not a commit object")
    me = commit_author(call.caller.user)
    author = body.author.person() if body.author else me
    committer = body.committer.person() if body.committer else author
    sha = repository.write_commit(body.tree, body.parents, body.message, author, committer)
    return json_response(201, views.git_commit(call.store, call.repository, repository.commit(sha)))


@route("GET", "/repos/{owner}/{repo}/git/commits/{sha}", permission="contents:read", role="pull")
def get_git_commit(call: Call) -> Response:
    """Get a commit from the git database."""
    repository, sha = git(call), call.parameters["sha"]
    if repository.type_of(sha) != "commit":
        raise errors.not_found()
    return json_response(200, views.git_commit(call.store, call.repository, repository.commit(sha)))
