"""Contents of repositories; each change of a file is one commit."""

import base64
import binascii
import urllib.parse
from dataclasses import replace

from sandbox.github import errors
from sandbox.github.git import Entry
from sandbox.github.rest import views
from sandbox.github.rest.commits import CommitPerson
from sandbox.github.routing import Body, Call, route
from sandbox.github.transport import Response, json_response


class _Write(Body):
    message: str
    content: str
    sha: str | None = None
    branch: str | None = None
    author: CommitPerson | None = None
    committer: CommitPerson | None = None


class _Delete(Body):
    message: str
    sha: str
    branch: str | None = None
    author: CommitPerson | None = None
    committer: CommitPerson | None = None


def _entry(call: Call, entry: Entry, ref: str) -> dict[str, object]:
    api = call.repository_url
    return {
        "name": entry.path.rsplit("/", 1)[-1],
        "path": entry.path,
        "sha": entry.sha,
        "size": entry.size or 0,
        "type": "dir" if entry.type == "tree" else "file",
        "url": f"{api}/contents/{urllib.parse.quote(entry.path)}?ref={ref}",
        "git_url": f"{api}/git/{entry.type}s/{entry.sha}",
        "html_url": f"{call.store.url}/{call.repository.full_name}/blob/{ref}/{urllib.parse.quote(entry.path)}",
        "download_url": None,
    }


@route("GET", "/repos/{owner}/{repo}/contents/{path...}", permission="contents:read", role="pull")
def get_contents(call: Call) -> Response:
    """Get a file with its contents, or the entries of a folder, of a branch, tag or commit."""
    repository = call.store.git(call.repository)
    ref = call.request.query.get("ref") or call.repository.default_branch
    if not repository.branches():
        raise errors.ApiError(404, "This repository is empty.")
    commit = repository.resolve(ref)
    if commit is None:
        raise errors.ApiError(404, f"No commit found for the ref {ref}")
    tree, path = repository.commit(commit).tree, call.parameters["path"].strip("/")
    if path:
        entry = repository.entry(tree, path)
        if entry is None:
            raise errors.not_found()
        if entry.type == "blob":
            content = repository.blob(entry.sha)
            if "raw" in call.request.headers.get("accept", ""):
                return Response(headers={"content-type": "application/octet-stream"}, body=content)
            encoded = base64.encodebytes(content).decode()
            return json_response(200, {**_entry(call, entry, ref), "encoding": "base64", "content": encoded})
    entries = repository.entries(tree, path=f"{path}/" if path else "")
    return json_response(200, [_entry(call, entry, ref) for entry in entries])


@route("GET", "/repos/{owner}/{repo}/readme", permission="contents:read", role="pull")
def get_readme(call: Call) -> Response:
    """Get the README."""
    return get_contents(replace(call, parameters={**call.parameters, "path": "README.md"}))


def _branch(call: Call, name: str | None) -> tuple[str, str | None]:
    """Return the branch to write to, and its commit if it has one."""
    branch = name or call.repository.default_branch
    branches = call.store.git(call.repository).branches()
    if call.repository.id in call.store.generating:
        raise errors.empty_repository()
    if branches and branch not in branches:
        raise errors.ApiError(404, f"Branch {branch} not found")
    return branch, branches.get(branch)


def _existing(call: Call, commit: str | None, path: str) -> Entry | None:
    entry = call.store.git(call.repository).entry(commit, path) if commit else None
    return entry if entry is not None and entry.type == "blob" else None


def _commit_document(call: Call, sha: str) -> dict[str, object]:
    return views.git_commit(call.store, call.repository, call.store.git(call.repository).commit(sha))


@route("PUT", "/repos/{owner}/{repo}/contents/{path...}", permission="contents:write", role="push")
def put_contents(call: Call) -> Response:
    """Create a file, or update it given the id of the blob that it replaces."""
    body = call.body(_Write)
    (branch, commit), path = _branch(call, body.branch), call.parameters["path"]
    if not path or path.startswith("/") or any(part in ("", ".", "..", ".git") for part in path.split("/")):
        raise errors.unprocessable("path contains a malformed path component")
    try:
        content = base64.b64decode(body.content, validate=False)
    except binascii.Error as error:
        raise errors.unprocessable("content is not valid Base64") from error
    existing = _existing(call, commit, path)
    if existing is not None and body.sha is None:
        raise errors.invalid_request('"sha" wasn\'t supplied.')
    if existing is not None and existing.sha != body.sha:
        raise errors.conflict(f"{path} does not match {body.sha}")
    blob = call.store.git(call.repository).write_blob(content)
    mode = existing.mode if existing is not None else "100644"
    sha = call.refs.commit(
        call.repository,
        branch,
        [(path, mode, blob)],
        body.message,
        call.caller,
        author=body.author.person() if body.author else None,
        committer=body.committer.person() if body.committer else None,
    )
    entry = Entry(path=path, mode=mode, type="blob", sha=blob, size=len(content))
    return json_response(
        200 if existing is not None else 201,
        {"content": _entry(call, entry, branch), "commit": _commit_document(call, sha)},
    )


@route("DELETE", "/repos/{owner}/{repo}/contents/{path...}", permission="contents:write", role="push")
def delete_contents(call: Call) -> Response:
    """Delete a file."""
    body = call.body(_Delete)
    (branch, commit), path = _branch(call, body.branch), call.parameters["path"]
    existing = _existing(call, commit, path)
    if existing is None:
        raise errors.not_found()
    if existing.sha != body.sha:
        raise errors.conflict(f"{path} does not match {body.sha}")
    sha = call.refs.commit(
        call.repository,
        branch,
        [(path, existing.mode, None)],
        body.message,
        call.caller,
        author=body.author.person() if body.author else None,
        committer=body.committer.person() if body.committer else None,
    )
    return json_response(200, {"content": None, "commit": _commit_document(call, sha)})
