"""Pull requests."""

from typing import Literal

from sandbox.github import errors, pull_refs
from sandbox.github.accounts import commit_author
from sandbox.github.git import EMPTY_TREE, NO_COMMIT
from sandbox.github.rest import views
from sandbox.github.routing import Body, Call, route
from sandbox.github.rules import RefChange
from sandbox.github.state import PullRequest, Repository, Review, ReviewState, now
from sandbox.github.transport import Response, json_response

_PULL = "/repos/{owner}/{repo}/pulls/{number}"


class _Create(Body):
    title: str
    head: str
    base: str
    body: str | None = None
    draft: bool = False
    maintainer_can_modify: bool = True
    head_repo: str | None = None


class _Update(Body):
    title: str | None = None
    body: str | None = None
    state: Literal["open", "closed"] | None = None
    base: str | None = None
    maintainer_can_modify: bool | None = None


class _Review(Body):
    event: Literal["APPROVE", "REQUEST_CHANGES", "COMMENT"]
    body: str = ""
    commit_id: str | None = None


class _Merge(Body):
    commit_title: str | None = None
    commit_message: str | None = None
    sha: str | None = None
    merge_method: Literal["merge", "squash", "rebase"] = "merge"


def document(call: Call, repository: Repository, pull: PullRequest) -> dict[str, object]:
    """A pull request."""
    head = call.store.state.repositories.get(pull.head_repository_id)
    api = f"{call.store.api_url}/repos/{repository.full_name}"

    def side(place: Repository | None, branch: str, sha: str) -> dict[str, object]:
        owner = place.owner if place else repository.owner
        return {
            "label": f"{owner}:{branch}",
            "ref": branch,
            "sha": sha,
            "user": views.owner(call.store, owner),
            "repo": views.repository(call.store, place, call.caller) if place else None,
        }

    return {
        "id": pull.id,
        "number": pull.number,
        "url": f"{api}/pulls/{pull.number}",
        "html_url": f"{call.store.url}/{repository.full_name}/pull/{pull.number}",
        "state": pull.state,
        "title": pull.title,
        "body": pull.body,
        "draft": pull.draft,
        "user": views.user(call.store, call.store.user(pull.author)),
        "labels": views.labels(pull.labels),
        "head": side(head, pull.head, pull.head_sha),
        "base": side(repository, pull.base, pull.base_sha),
        "merged": pull.merged_at is not None,
        "merged_at": pull.merged_at,
        "merge_commit_sha": pull.merge_commit_sha,
        "created_at": pull.created_at,
        "updated_at": pull.updated_at,
        "closed_at": pull.updated_at if pull.state == "closed" else None,
    }


def _found(call: Call) -> PullRequest:
    for pull in call.repository.pulls:
        if str(pull.number) == call.parameters["number"]:
            return pull
    raise errors.not_found()


def _require_permitted(call: Call) -> None:
    """Refuse what the organization does not let Actions do, whatever permissions a job's token has.

    Source: GitHub Docs, "Disabling or limiting GitHub Actions for your organization".
    """
    if call.caller.is_job and not call.store.state.actions_policy.can_approve_pull_request_reviews:
        raise errors.forbidden("GitHub Actions is not permitted to create or approve pull requests.")


@route("GET", "/repos/{owner}/{repo}/pulls", permission="pull_requests:read", role="pull")
def list_pulls(call: Call) -> Response:
    """List pull requests, newest first; open ones by default."""
    query = call.request.query
    wanted = query.get("state", "open")
    found = [
        pull
        for pull in reversed(call.repository.pulls)
        if wanted in ("all", pull.state)
        and query.get("base", pull.base) == pull.base
        and query.get("head", label := _label(call, pull)) == label
    ]
    page, headers = call.page(found)
    return json_response(200, [document(call, call.repository, pull) for pull in page], headers)


def _label(call: Call, pull: PullRequest) -> str:
    head = call.store.state.repositories.get(pull.head_repository_id)
    return f"{head.owner if head else ''}:{pull.head}"


@route("POST", "/repos/{owner}/{repo}/pulls", permission="pull_requests:write", role="pull")
def create_pull(call: Call) -> Response:
    """Create a pull request from a branch of the repository or of a fork."""
    body, repository = call.body(_Create), call.repository
    _require_permitted(call)
    owner, _, branch = body.head.rpartition(":")
    head = call.store.find_repository(owner, repository.name) if owner else repository
    branches = call.store.git(head).branches() if head is not None else {}
    base_sha = call.store.git(repository).branches().get(body.base)
    if base_sha is None:
        raise errors.validation_failed("PullRequest", "base", "invalid")
    if head is None or branch not in branches:
        raise errors.validation_failed("PullRequest", "head", "invalid")
    if head.id == repository.id and not call.caller.is_job and not call.may(repository, "push"):
        raise errors.not_found()
    for pull in repository.pulls:
        if (pull.state, pull.base, pull.head, pull.head_repository_id) == ("open", body.base, branch, head.id):
            message = f"A pull request already exists for {owner or repository.owner}:{branch}."
            raise errors.validation_failed("PullRequest", "", "custom", message)
    if branches[branch] == base_sha:
        message = f"No commits between {body.base} and {branch}"
        raise errors.validation_failed("PullRequest", "", "custom", message)
    pull = PullRequest(
        id=call.store.state.next_id(),
        number=repository.next_number,
        title=body.title,
        body=body.body,
        author=call.caller.user.login,
        base=body.base,
        head=branch,
        head_repository_id=head.id,
        head_sha=branches[branch],
        last_pusher=head.pushers.get(branch, call.caller.user.login),
        base_sha=base_sha,
        draft=body.draft,
    )
    repository.pulls.append(pull)
    pull_refs.update(call.store, repository, pull)
    if not call.caller.is_job:
        call.actions.triggers.pull_request_changed(repository, pull, "opened", call.caller.user)
    return json_response(201, document(call, repository, pull))


@route("GET", _PULL, permission="pull_requests:read", role="pull")
def get_pull(call: Call) -> Response:
    """Get a pull request, with `mergeable`."""
    pull = _found(call)
    mergeable = None
    if pull.state == "open":
        mergeable = call.store.git(call.repository).merged_tree(pull.base_sha, pull.head_sha) is not None
    return json_response(200, {**document(call, call.repository, pull), "mergeable": mergeable})


@route("PATCH", _PULL, permission="pull_requests:write", role="push")
def update_pull(call: Call) -> Response:
    """Update title or body of a pull request, close or reopen it."""
    body, pull = call.body(_Update), _found(call)
    if body.base is not None and body.base != pull.base:
        raise errors.ApiError(501, "Changing the base of a pull request is not implemented here")
    pull.title = body.title or pull.title
    if "body" in body.model_fields_set:
        pull.body = body.body
    if body.state is not None and body.state != pull.state:
        if pull.merged_at is not None:
            raise errors.validation_failed("PullRequest", "state", "invalid")
        pull.state = body.state
        action = "closed" if body.state == "closed" else "reopened"
        call.actions.triggers.pull_request_changed(call.repository, pull, action, call.caller.user)
    pull.updated_at = now()
    return json_response(200, document(call, call.repository, pull))


@route("GET", _PULL + "/files", permission="pull_requests:read", role="pull")
def list_pull_files(call: Call) -> Response:
    """List the paths that a pull request changes."""
    git, pull = call.store.git(call.repository), _found(call)
    start = git.merge_base(pull.base_sha, pull.head_sha) or EMPTY_TREE
    page, headers = call.page(git.changed_paths(start, pull.head_sha))
    return json_response(200, [{"filename": path} for path in page], headers)


def _review(call: Call, review: Review) -> dict[str, object]:
    return {
        "id": review.id,
        "user": views.user(call.store, call.store.user(review.login)),
        "state": review.state,
        "body": review.body,
        "commit_id": review.commit,
        "submitted_at": review.submitted_at,
    }


@route("GET", _PULL + "/reviews", permission="pull_requests:read", role="pull")
def list_reviews(call: Call) -> Response:
    """List the reviews of a pull request."""
    page, headers = call.page(_found(call).reviews)
    return json_response(200, [_review(call, review) for review in page], headers)


@route("POST", _PULL + "/reviews", permission="pull_requests:write", role="pull")
def create_review(call: Call) -> Response:
    """Review a pull request; who may only read may do so too, and their approval does not count."""
    body, pull, me = call.body(_Review), _found(call), call.caller.user.login
    if body.event == "APPROVE":
        _require_permitted(call)
    if pull.author == me and body.event != "COMMENT":
        verb = "approve" if body.event == "APPROVE" else "request changes on"
        raise errors.unprocessable("Unprocessable Entity", f"Can not {verb} your own pull request")
    states: dict[str, ReviewState] = {
        "APPROVE": "APPROVED",
        "REQUEST_CHANGES": "CHANGES_REQUESTED",
        "COMMENT": "COMMENTED",
    }
    review = Review(
        id=call.store.state.next_id(),
        login=me,
        state=states[body.event],
        body=body.body,
        commit=body.commit_id or pull.head_sha,
    )
    pull.reviews.append(review)
    return json_response(200, _review(call, review))


@route("PUT", _PULL + "/merge", permission="contents:write", role="push")
def merge_pull(call: Call) -> Response:
    """Merge a pull request, by a merge commit or by one squashed commit."""
    body, pull, git = call.body(_Merge), _found(call), call.store.git(call.repository)
    if body.merge_method == "rebase":
        raise errors.ApiError(501, "Merging by rebase is not implemented here")
    if body.sha is not None and body.sha != pull.head_sha:
        raise errors.conflict("Head branch was modified. Review and try the merge again.")
    base = git.branches().get(pull.base, NO_COMMIT)
    tree = git.merged_tree(base, pull.head_sha) if pull.state == "open" else None
    if tree is None:
        raise errors.ApiError(405, "Pull Request is not mergeable")
    squash = body.merge_method == "squash"
    title = body.commit_title or (
        f"{pull.title} (#{pull.number})" if squash else f"Merge pull request #{pull.number} from {_label(call, pull)}"
    )
    message = f"{title}\n\n{body.commit_message or ('' if squash else pull.title)}".rstrip()
    parents = [base] if squash else [base, pull.head_sha]
    commit = git.write_commit(tree, parents, message, commit_author(call.caller.user))
    change = RefChange(ref=f"refs/heads/{pull.base}", old=base, new=commit, pull=pull)
    pull.state, pull.merged_at, pull.merged_by = "closed", now(), call.caller.user.login
    pull.merge_commit_sha, pull.updated_at = commit, now()
    try:
        call.refs.change(call.repository, change, call.caller, status=405)
    except errors.ApiError:
        pull.state, pull.merged_at, pull.merged_by, pull.merge_commit_sha = "open", None, None, None
        raise
    call.actions.triggers.pull_request_changed(call.repository, pull, "closed", call.caller.user)
    return json_response(200, {"sha": commit, "merged": True, "message": "Pull Request successfully merged"})
