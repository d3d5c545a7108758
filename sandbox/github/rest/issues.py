"""Issues, with their labels; a label exists once an issue has it."""

from typing import Literal

from pydantic import Field

from sandbox.github import errors
from sandbox.github.rest import pulls, views
from sandbox.github.routing import Body, Call, route
from sandbox.github.state import Issue, PullRequest, now
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
        "labels": [{"name": label} for label in issue.labels],
        "created_at": issue.created_at,
        "updated_at": issue.updated_at,
    }


def _request(call: Call, pull: PullRequest) -> dict[str, object]:
    """A pull request in a list of issues, which is told by `pull_request`."""
    document = pulls.document(call, call.repository, pull)
    return {**document, "labels": list[object](), "pull_request": {"url": document["url"]}}


@route("GET", _ISSUES, permission="issues:read", role="pull")
def list_issues(call: Call) -> Response:
    """List issues and pull requests, which have no labels here, newest first; open ones by default."""
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
        if wanted in ("all", pull.state) and not labels
    ]
    found = sorted([*issues, *requests], key=lambda each: each[0], reverse=True)
    page, headers = call.page([document for _, document in found])
    return json_response(200, page, headers)


@route("POST", _ISSUES, permission="issues:write", role="pull")
def create_issue(call: Call) -> Response:
    """Create an issue; labels of somebody without the role triage are dropped.

    Source: GitHub Docs, REST API, "Create an issue".
    """
    body, repository = call.body(_Create), call.repository
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
    issue = next((each for each in call.repository.issues if str(each.number) == call.parameters["number"]), None)
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
