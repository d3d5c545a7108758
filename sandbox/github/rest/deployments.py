"""Deployments, and the reviews that let jobs of a run enter an environment.

Source: GitHub Docs, "REST API endpoints for workflow runs" and "REST API endpoints for deployments".
"""

from typing import Literal

from sandbox.github import errors
from sandbox.github.actions import deployments
from sandbox.github.rest import views
from sandbox.github.rest.actions import RUN, find_run
from sandbox.github.rest.environments import reviewers, summary
from sandbox.github.routing import Body, Call, route
from sandbox.github.state import Approval, Deployment
from sandbox.github.transport import Response, json_response

_DEPLOYMENTS = "/repos/{owner}/{repo}/deployments"


class _Review(Body):
    environment_ids: list[int]
    state: Literal["approved", "rejected"]
    comment: str


def _deployment(call: Call, deployment: Deployment) -> dict[str, object]:
    api = call.repository_url
    return {
        "id": deployment.id,
        "node_id": f"DE_{deployment.id}",
        "url": f"{api}/deployments/{deployment.id}",
        "sha": deployment.sha,
        "ref": deployment.ref,
        "task": "deploy",
        "payload": {},
        "original_environment": deployment.environment,
        "environment": deployment.environment,
        "description": None,
        "creator": views.user(call.store, call.store.user(deployment.creator)),
        "created_at": deployment.created_at,
        "updated_at": deployment.statuses[-1].created_at,
        "statuses_url": f"{api}/deployments/{deployment.id}/statuses",
        "repository_url": api,
        "transient_environment": False,
        "production_environment": False,
    }


@route("GET", RUN + "/pending_deployments", permission="actions:read", role="pull")
def list_pending_deployments(call: Call) -> Response:
    """List the environments whose reviewers a run waits for."""
    run = find_run(call)
    documents = [
        {
            "environment": {name: value for name, value in summary(call, one).items() if not name.endswith("_at")},
            "wait_timer": one.wait_timer,
            "wait_timer_started_at": None,
            "current_user_can_approve": deployments.may_review(call.store, run, one, call.caller.user),
            "reviewers": reviewers(call, one),
        }
        for one in deployments.pending(call.store, run)
    ]
    return json_response(200, documents)


@route("POST", RUN + "/pending_deployments", permission="deployments:write", role="pull", creates_content=False)
def review_pending_deployments(call: Call) -> Response:
    """Approve or reject, as a reviewer, the jobs of a run that wait for environments."""
    body, run = call.body(_Review), find_run(call)
    names = [
        one.name
        for one in deployments.pending(call.store, run)
        if one.id in body.environment_ids and deployments.may_review(call.store, run, one, call.caller.user)
    ]
    if not names:
        # GitHub does not reveal the reviewers: for any other account nothing is pending.
        raise errors.nothing_to_review()
    reviewed = [
        one
        for one in call.repository.deployments
        if one.run_id == run.id and one.environment in names and one.statuses[-1].state == "waiting"
    ]
    approval = Approval(state=body.state, login=call.caller.user.login, comment=body.comment, environments=names)
    call.actions.scheduler.review(run, approval)
    return json_response(200, [_deployment(call, one) for one in reviewed])


@route("GET", RUN + "/approvals", permission="actions:read", role="pull")
def list_approvals(call: Call) -> Response:
    """List the reviews of a run."""
    environments = call.repository.environments
    documents = [
        {
            "state": one.state,
            "comment": one.comment,
            "user": views.user(call.store, call.store.user(one.login)),
            "environments": [summary(call, environments[name]) for name in one.environments if name in environments],
        }
        for one in find_run(call).approvals
    ]
    return json_response(200, documents)


@route("GET", _DEPLOYMENTS, permission="deployments:read", role="pull")
def list_deployments(call: Call) -> Response:
    """List deployments, newest first."""
    found = sorted(call.repository.deployments, key=lambda one: one.id, reverse=True)
    for name in ("environment", "ref", "sha"):
        if name in call.request.query:
            found = [one for one in found if getattr(one, name) == call.request.query[name]]
    page, headers = call.page(found)
    return json_response(200, [_deployment(call, one) for one in page], headers)


@route("GET", _DEPLOYMENTS + "/{deployment}/statuses", permission="deployments:read", role="pull")
def list_statuses(call: Call) -> Response:
    """List the statuses of a deployment, newest first."""
    found = [one for one in call.repository.deployments if str(one.id) == call.parameters["deployment"]]
    if not found:
        raise errors.not_found()
    log = f"{call.store.url}/{call.repository.full_name}/actions/runs/{found[0].run_id}"
    documents = [
        {
            "id": status.id,
            "state": status.state,
            "description": "",
            "environment": found[0].environment,
            "creator": views.user(call.store, call.store.user(found[0].creator)),
            "log_url": log,
            "target_url": log,
            "created_at": status.created_at,
            "updated_at": status.created_at,
        }
        for status in reversed(found[0].statuses)
    ]
    page, headers = call.page(documents)
    return json_response(200, page, headers)
