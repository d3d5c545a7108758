"""Issues, their comments, and labels, also those of pull requests; a label exists once something has it."""

from typing import Literal

from pydantic import Field

from sandbox.github import errors
from sandbox.github.rest import pulls, views
from sandbox.github.routing import Body, Call, route
from sandbox.github.state import Comment, Issue, PullRequest, now
from sandbox.github.transport import Response, json_response

_ISSUES = "/repos/{owner}/{repo}/issues"


class _Create(Body):
    title: str
    body: str | None = None
    labels: list[str] = Field(default_factory=list[str])


class _Update(Body):
    title: str | None = None
    body: str | None = None
    state: Literal["open", "closed"] | None = None


class _Comment(Body):
    body: str


class _Labels(Body):
    labels: list[str]


def _document(call: Call, issue: Issue) -> dict[str, object]:
    return {
        "id": issue.id,
        "number": issue.number,
        "url": f"{call.repository_url}/issues/{issue.number}",
        "html_url": f"{call.store.url}/{call.repository.full_name}/issues/{issue.number}",
        "state": issue.state,
        "title": issue.title,
        "body": issue.body,
        "user": views.user(call.store, call.store.user(issue.author)),
        "labels": views.labels(issue.labels),
        "comments": len(issue.comments),
        "created_at": issue.created_at,
        "updated_at": issue.updated_at,
    }


def _request(call: Call, pull: PullRequest) -> dict[str, object]:
    """A pull request in a list of issues, which is told by `pull_request`."""
    document = pulls.document(call, call.repository, pull)
    return {**document, "pull_request": {"url": document["url"]}}


def _issue(call: Call) -> Issue | None:
    return next((each for each in call.repository.issues if str(each.number) == call.parameters["number"]), None)


def _pull(call: Call) -> PullRequest | None:
    return next((each for each in call.repository.pulls if str(each.number) == call.parameters["number"]), None)


def _commented(call: Call) -> Issue:
    issue = _issue(call)
    if issue is not None:
        return issue
    if _pull(call) is not None:
        raise errors.ApiError(501, "Comments on pull requests are not implemented here")
    raise errors.not_found()


def _comment(call: Call, comment: Comment) -> dict[str, object]:
    return {
        "id": comment.id,
        "body": comment.body,
        "user": views.user(call.store, call.store.user(comment.author)),
        "created_at": comment.created_at,
    }


@route("GET", _ISSUES, permission="issues:read", role="pull")
def list_issues(call: Call) -> Response:
    """List issues and pull requests, newest first; open ones by default."""
    query = call.request.query
    wanted = query.get("state", "open")
    labels = {label for label in query.get("labels", "").split(",") if label}
    issues = [
        (issue.number, _document(call, issue))
        for issue in call.repository.issues
        if wanted in ("all", issue.state) and labels <= set(issue.labels)
    ]
    requests = [
        (pull.number, _request(call, pull))
        for pull in call.repository.pulls
        if wanted in ("all", pull.state) and labels <= set(pull.labels)
    ]
    found = sorted([*issues, *requests], key=lambda each: each[0], reverse=True)
    page, headers = call.page([document for _, document in found])
    return json_response(200, page, headers)


@route("POST", _ISSUES, permission="issues:write", role="pull")
def create_issue(call: Call) -> Response:
    """Create an issue; labels of somebody without the role triage are dropped.

    Sources: GitHub Docs, REST API, "Create an issue"; the answer where issues are switched off: ossf/allstar, issue 64.
    """
    body, repository = call.body(_Create), call.repository
    if not repository.features.get("has_issues", True):
        raise errors.ApiError(410, "Issues are disabled for this repo")
    issue = Issue(
        id=call.store.state.next_id(),
        number=repository.next_number,
        title=body.title,
        body=body.body,
        author=call.caller.user.login,
        labels=body.labels if call.may(repository, "triage") else [],
    )
    repository.issues.append(issue)
    return json_response(201, _document(call, issue))


@route("PATCH", _ISSUES + "/{number}", permission="issues:write", role="pull")
def update_issue(call: Call) -> Response:
    """Change title or text of an issue, close or reopen it: its author, or who may triage."""
    body = call.body(_Update)
    issue = _issue(call)
    if issue is None:
        raise errors.not_found()
    if issue.author != call.caller.user.login and not call.may(call.repository, "triage"):
        raise errors.forbidden("Must have admin rights to Repository.")
    issue.title = body.title or issue.title
    if "body" in body.model_fields_set:
        issue.body = body.body
    issue.state = body.state or issue.state
    issue.updated_at = now()
    return json_response(200, _document(call, issue))


@route("GET", _ISSUES + "/{number}/comments", permission="issues:read", role="pull")
def list_comments(call: Call) -> Response:
    """List the comments on an issue, oldest first."""
    page, headers = call.page(_commented(call).comments)
    return json_response(200, [_comment(call, comment) for comment in page], headers)


@route("POST", _ISSUES + "/{number}/comments", permission="issues:write", role="pull")
def create_comment(call: Call) -> Response:
    """Comment on an issue."""
    issue = _commented(call)
    comment = Comment(id=call.store.state.next_id(), author=call.caller.user.login, body=call.body(_Comment).body)
    issue.comments.append(comment)
    issue.updated_at = now()
    return json_response(201, _comment(call, comment))


@route("POST", _ISSUES + "/{number}/labels", permission="issues:write", role="triage")
def add_labels(call: Call) -> Response:
    """Put labels on an issue or a pull request; each that a pull request did not have yet may start runs.

    Source: GitHub Docs, "Events that trigger workflows", `pull_request` of the type `labeled`.
    """
    pull = _pull(call)
    labelled = pull or _issue(call)
    if labelled is None:
        raise errors.not_found()
    for label in call.body(_Labels).labels:
        if label in labelled.labels:
            continue
        labelled.labels.append(label)
        labelled.updated_at = now()
        if pull is not None and not call.caller.is_job:
            call.actions.triggers.pull_request_changed(call.repository, pull, "labeled", call.caller.user, label)
    return json_response(200, views.labels(labelled.labels))
