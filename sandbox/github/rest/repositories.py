"""Repositories: create, generate from a template, fork, update, archive, delete."""

import re
from typing import Literal

from sandbox.github import errors
from sandbox.github.rest import views
from sandbox.github.routing import Body, Call, route
from sandbox.github.state import Repository, now
from sandbox.github.templates import generate
from sandbox.github.transport import Response, json_response


class _Settings(Body):
    description: str | None = None
    homepage: str | None = None
    private: bool | None = None
    visibility: Literal["public", "private", "internal"] | None = None
    is_template: bool | None = None
    has_issues: bool | None = None
    has_projects: bool | None = None
    has_wiki: bool | None = None
    has_downloads: bool | None = None
    has_discussions: bool | None = None
    allow_squash_merge: bool | None = None
    allow_merge_commit: bool | None = None
    allow_rebase_merge: bool | None = None
    allow_auto_merge: bool | None = None
    allow_update_branch: bool | None = None
    allow_forking: bool | None = None
    delete_branch_on_merge: bool | None = None
    web_commit_signoff_required: bool | None = None
    squash_merge_commit_title: str | None = None
    squash_merge_commit_message: str | None = None
    merge_commit_title: str | None = None
    merge_commit_message: str | None = None


class _Create(_Settings):
    name: str
    auto_init: bool = False
    gitignore_template: str | None = None
    license_template: str | None = None
    team_id: int | None = None


class _Update(_Settings):
    name: str | None = None
    default_branch: str | None = None
    archived: bool | None = None


class _Generate(Body):
    name: str
    owner: str | None = None
    description: str | None = None
    include_all_branches: bool = False
    private: bool = False


class _Topics(Body):
    names: list[str]


def _valid_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,100}", name):
        raise errors.validation_failed("Repository", "name", "custom", "name is invalid")
    return name


def _apply(repository: Repository, settings: _Settings) -> None:
    given = settings.model_dump(exclude_unset=True)
    for field in ("description", "homepage"):
        if field in given:
            setattr(repository, field, given[field] or None)
    if settings.is_template is not None:
        repository.is_template = settings.is_template
    if settings.private is not None:
        repository.private = settings.private
    if settings.visibility is not None:
        repository.private = settings.visibility != "public"
    for name, value in given.items():
        if name in views.FEATURES and value is not None:
            repository.features[name] = value


def _answer(call: Call, repository: Repository, status: int = 200) -> Response:
    return json_response(status, views.repository(call.store, repository, call.caller))


@route("POST", "/orgs/{org}/repos", permission="administration:write", organization="member", scope="repo")
def create_organization_repository(call: Call) -> Response:
    """Create an empty repository, or one with a README as its first commit (`auto_init`)."""
    body = call.body(_Create)
    if body.gitignore_template or body.license_template or body.team_id:
        raise errors.ApiError(501, "gitignore_template, license_template and team_id are not implemented here")
    repository = Repository(
        id=call.store.state.next_id(),
        owner=call.store.organization.login,
        name=_valid_name(body.name),
        private=False,
        default_branch=call.store.seed.default_branch,
    )
    _apply(repository, body)
    call.store.create_repository(repository)
    if not call.caller.user.admin:
        repository.collaborators[call.caller.user.login] = "admin"
    if body.auto_init:
        text = f"# {repository.name}\n" + (f"{repository.description}\n" if repository.description else "")
        readme = call.store.git(repository).write_blob(text.encode())
        changes = [("README.md", "100644", readme)]
        call.refs.commit(repository, repository.default_branch, changes, "Initial commit", call.caller)
    return _answer(call, repository, 201)


@route("GET", "/orgs/{org}/repos", permission="metadata:read")
def list_organization_repositories(call: Call) -> Response:
    """List the organization's repositories that the caller can see."""
    seen = [
        repository
        for repository in call.store.state.repositories.values()
        if repository.owner == call.store.organization.login and call.may(repository, "pull")
    ]
    page, headers = call.page(seen)
    return json_response(200, [views.repository(call.store, one, call.caller) for one in page], headers)


@route("GET", "/repos/{owner}/{repo}", permission="metadata:read", role="pull")
def get_repository(call: Call) -> Response:
    """Get a repository."""
    return _answer(call, call.repository)


@route("GET", "/repositories/{number}", permission="metadata:read")
def get_repository_by_id(call: Call) -> Response:
    """Get a repository by its id."""
    number = call.parameters["number"]
    found = call.store.state.repositories.get(int(number)) if number.isdecimal() else None
    if found is None or not call.may(found, "pull"):
        raise errors.not_found()
    return _answer(call, found)


@route("PATCH", "/repos/{owner}/{repo}", permission="administration:write", role="admin", writes_archived=True)
def update_repository(call: Call) -> Response:
    """Update a repository; an archived one can only be unarchived."""
    body = call.body(_Update)
    repository = call.repository
    if repository.archived and body.archived is not False:
        raise errors.archived()
    if body.name is not None and body.name != repository.name:
        if call.store.find_repository(repository.owner, body.name) not in (None, repository):
            raise errors.validation_failed("Repository", "name", "custom", "name already exists on this account")
        repository.name = _valid_name(body.name)
        repository.renamed = True
    if body.default_branch is not None and body.default_branch != repository.default_branch:
        if body.default_branch not in call.store.git(repository).branches():
            message = f"Cannot update default branch to {body.default_branch!r}: the branch does not exist"
            raise errors.validation_failed("Repository", "default_branch", "invalid", message)
        repository.default_branch = body.default_branch
        call.store.git(repository).set_default_branch(body.default_branch)
    _apply(repository, body)
    if body.archived is not None:
        repository.archived = body.archived
        if body.archived:
            call.actions.scheduler.stop(repository)
    repository.updated_at = now()
    return _answer(call, repository)


@route(
    "DELETE",
    "/repos/{owner}/{repo}",
    permission="administration:write",
    role="admin",
    scope="delete_repo",
    writes_archived=True,
)
def delete_repository(call: Call) -> Response:
    """Delete a repository."""
    call.actions.scheduler.forget(call.repository)
    call.store.delete_repository(call.repository)
    return Response(status=204)


@route("GET", "/repos/{owner}/{repo}/topics", permission="metadata:read", role="pull")
def get_topics(call: Call) -> Response:
    """Get a repository's topics."""
    return json_response(200, {"names": call.repository.topics})


@route("PUT", "/repos/{owner}/{repo}/topics", permission="administration:write", role="admin")
def replace_topics(call: Call) -> Response:
    """Replace a repository's topics."""
    names = call.body(_Topics).names
    if any(not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,49}", name) for name in names) or len(names) > 20:
        message = (
            "Topics must start with a lowercase letter or number, consist of 50 characters or less, "
            "and can include hyphens."
        )
        raise errors.validation_failed("Repository", "topics", "invalid", message)
    call.repository.topics = names
    return json_response(200, {"names": names})


@route("POST", "/repos/{owner}/{repo}/generate", permission="administration:write", role="pull", scope="repo")
def generate_repository(call: Call) -> Response:
    """Create a repository from a template; its files arrive a moment after the response."""
    body = call.body(_Generate)
    template = call.repository
    if not template.is_template:
        raise errors.not_found()
    if body.include_all_branches:
        raise errors.ApiError(501, "include_all_branches is not implemented here")
    owner = body.owner or call.caller.user.login
    if owner.lower() != call.store.organization.login.lower():
        raise errors.forbidden(f"Cannot create a repository for {owner}.")
    if not call.caller.user.member:
        raise errors.forbidden("You need admin access to the organization before adding a repository to it.")
    if call.store.find_repository(owner, body.name) is not None:
        message = "Could not clone: Name already exists on this account"
        raise errors.unprocessable(message, message)
    repository = Repository(
        id=call.store.state.next_id(),
        owner=call.store.organization.login,
        name=_valid_name(body.name),
        private=body.private,
        description=body.description,
        template_id=template.id,
        # Source: opensafely/research-template, issue 32.
        default_branch=template.default_branch,
    )
    generate(call.store, call.refs, template, repository, call.caller)
    if not call.caller.user.admin:
        repository.collaborators[call.caller.user.login] = "admin"
    return _answer(call, repository, 201)


@route("POST", "/repos/{owner}/{repo}/forks", permission="contents:read", role="pull")
def create_fork(call: Call) -> Response:
    """Fork a repository into the caller's own account."""
    source = call.repository
    repository = Repository(
        id=call.store.state.next_id(),
        owner=call.caller.user.login,
        name=source.name,
        private=source.private,
        fork_of=source.id,
    )
    call.store.create_repository(repository)
    for branch in call.store.git(source).branches():
        ref = f"refs/heads/{branch}"
        call.store.git(repository).fetch(call.store.git(source), ref, ref)
    return _answer(call, repository, 202)
