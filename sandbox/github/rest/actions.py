"""Workflows, their runs, jobs and logs."""

import io
import re
import zipfile
from collections.abc import Callable
from typing import Any

from pydantic import Field

from sandbox.github import errors
from sandbox.github.rest import views
from sandbox.github.routing import Body, Call, route
from sandbox.github.state import Job, Run
from sandbox.github.transport import Response, json_response

_ACTIONS = "/repos/{owner}/{repo}/actions"
RUN = _ACTIONS + "/runs/{run}"


class _Dispatch(Body):
    ref: str
    inputs: dict[str, Any] = Field(default_factory=dict[str, Any])
    return_run_details: bool = False


class _Rerun(Body):
    enable_debug_logging: bool = False


def _workflow(call: Call, path: str, number: int) -> dict[str, object]:
    api = call.repository_url
    return {
        "id": number,
        "node_id": f"W_{number}",
        "name": call.actions.workflows.name(call.repository, path),
        "path": path,
        "state": "active",
        "url": f"{api}/actions/workflows/{number}",
        "html_url": f"{call.store.url}/{call.repository.full_name}/blob/{call.repository.default_branch}/{path}",
        "created_at": call.repository.created_at,
        "updated_at": call.repository.updated_at,
    }


def _run(call: Call, run: Run) -> dict[str, object]:
    api = call.repository_url
    ids = call.repository.workflow_ids
    actor = views.user(call.store, call.store.user(run.actor))
    return {
        "id": run.id,
        "node_id": f"WFR_{run.id}",
        "name": run.name,
        "display_title": run.title,
        "path": run.workflow,
        "workflow_id": ids.get(run.workflow),
        "run_number": run.number,
        "run_attempt": run.attempt,
        "event": run.event,
        "status": run.status,
        "conclusion": run.conclusion,
        "head_branch": run.branch,
        "head_sha": run.head_sha,
        "actor": actor,
        "triggering_actor": views.user(call.store, call.store.user(run.triggering_actor)),
        "pull_requests": [] if run.pull_number is None else [{"number": run.pull_number}],
        "url": f"{api}/actions/runs/{run.id}",
        "html_url": f"{call.store.url}/{call.repository.full_name}/actions/runs/{run.id}",
        "jobs_url": f"{api}/actions/runs/{run.id}/jobs",
        "logs_url": f"{api}/actions/runs/{run.id}/logs",
        "cancel_url": f"{api}/actions/runs/{run.id}/cancel",
        "rerun_url": f"{api}/actions/runs/{run.id}/rerun",
        "workflow_url": f"{api}/actions/workflows/{ids.get(run.workflow)}",
        "created_at": run.created_at,
        "run_started_at": run.started_at or run.created_at,
        "updated_at": run.updated_at,
        "repository": views.repository(call.store, call.repository, call.caller),
    }


def _job(call: Call, run: Run, job: Job) -> dict[str, object]:
    api = call.repository_url
    return {
        "id": job.id,
        "node_id": f"CR_{job.id}",
        "run_id": run.id,
        "run_url": f"{api}/actions/runs/{run.id}",
        "run_attempt": job.attempt,
        "workflow_name": run.name,
        "head_branch": run.branch,
        "head_sha": run.head_sha,
        "name": job.name,
        "status": job.status,
        "conclusion": job.conclusion,
        "started_at": job.started_at,
        "completed_at": job.completed_at,
        "steps": [step.model_dump() for step in job.steps],
        "labels": ["ubuntu-latest"],
        "runner_name": "sandbox",
        "url": f"{api}/actions/jobs/{job.id}",
        "html_url": f"{call.store.url}/{call.repository.full_name}/actions/runs/{run.id}/job/{job.id}",
    }


def find_run(call: Call) -> Run:
    """Return the run that the path names, or raise 404."""
    number = call.parameters["run"]
    run = call.store.state.runs.get(int(number)) if number.isdecimal() else None
    if run is None or run.repository_id != call.repository.id:
        raise errors.not_found()
    return run


def _find_job(call: Call) -> tuple[Run, Job]:
    for run in call.store.state.runs.values():
        for job in (*run.jobs, *run.earlier_jobs):
            if run.repository_id == call.repository.id and str(job.id) == call.parameters["job"]:
                return run, job
    raise errors.not_found()


@route("GET", _ACTIONS + "/workflows", permission="actions:read", role="pull")
def list_workflows(call: Call) -> Response:
    """List the workflows of the default branch."""
    found = list(call.actions.workflows.ids(call.repository).items())
    page, headers = call.page(found)
    documents = [_workflow(call, path, number) for path, number in page]
    return json_response(200, {"total_count": len(found), "workflows": documents}, headers)


@route("GET", _ACTIONS + "/workflows/{workflow}", permission="actions:read", role="pull")
def get_workflow(call: Call) -> Response:
    """Get a workflow by its id or its file's name."""
    path = call.actions.workflows.path(call.repository, call.parameters["workflow"])
    return json_response(200, _workflow(call, path, call.repository.workflow_ids[path]))


@route(
    "POST",
    _ACTIONS + "/workflows/{workflow}/dispatches",
    permission="actions:write",
    role="push",
    creates_content=False,
)
def dispatch_workflow(call: Call) -> Response:
    """Create a workflow dispatch event; the response names the run if `return_run_details` is set."""
    body = call.body(_Dispatch)
    inputs = {
        name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in body.inputs.items()
    }
    run = call.actions.triggers.dispatch(
        call.repository, call.parameters["workflow"], body.ref, inputs, call.caller.user
    )
    if not body.return_run_details:
        return Response(status=204)
    document = _run(call, run)
    return json_response(200, {"workflow_run_id": run.id, "run_url": document["url"], "html_url": document["html_url"]})


def _moments(text: str) -> Callable[[str], bool]:
    """Return the predicate of a date range such as `>=2026-01-01` or `2026-01-01..2026-02-01T12:00:00Z`."""
    first, separator, last = text.partition("..")
    if separator:
        return lambda moment: (first == "*" or moment >= first) and (last == "*" or moment[: len(last)] <= last)
    operator = re.match(r"[<>]=?|", text)
    comparison = operator[0] if operator else ""
    date = text.removeprefix(comparison)
    compare: dict[str, Callable[[str], bool]] = {
        ">": lambda moment: moment[: len(date)] > date,
        ">=": lambda moment: moment[: len(date)] >= date,
        "<": lambda moment: moment[: len(date)] < date,
        "<=": lambda moment: moment[: len(date)] <= date,
        "": lambda moment: moment.startswith(date),
    }
    return compare[comparison]


def _list_runs(call: Call, runs: list[Run]) -> Response:
    query = call.request.query
    for name in ("actor", "branch", "event", "head_sha"):
        if name in query:
            runs = [run for run in runs if getattr(run, name) == query[name]]
    if "status" in query:
        runs = [run for run in runs if query["status"] in (run.status, run.conclusion)]
    if "created" in query:
        created = _moments(query["created"])
        runs = [run for run in runs if created(run.created_at)]
    runs.sort(key=lambda run: run.id, reverse=True)
    page, headers = call.page(runs)
    return json_response(200, {"total_count": len(runs), "workflow_runs": [_run(call, run) for run in page]}, headers)


def _runs(call: Call) -> list[Run]:
    return [run for run in call.store.state.runs.values() if run.repository_id == call.repository.id]


@route("GET", _ACTIONS + "/runs", permission="actions:read", role="pull")
def list_runs(call: Call) -> Response:
    """List the runs of all workflows, newest first."""
    return _list_runs(call, _runs(call))


@route("GET", _ACTIONS + "/workflows/{workflow}/runs", permission="actions:read", role="pull")
def list_workflow_runs(call: Call) -> Response:
    """List the runs of one workflow, newest first."""
    path = call.actions.workflows.path(call.repository, call.parameters["workflow"])
    return _list_runs(call, [run for run in _runs(call) if run.workflow == path])


@route("GET", RUN, permission="actions:read", role="pull")
def get_run(call: Call) -> Response:
    """Get a run."""
    return json_response(200, _run(call, find_run(call)))


@route("POST", RUN + "/cancel", permission="actions:write", role="push", creates_content=False)
def cancel_run(call: Call) -> Response:
    """Cancel a run."""
    run = find_run(call)
    if run.status == "completed":
        raise errors.conflict("Cannot cancel a workflow run that is completed.")
    call.actions.scheduler.cancel(run)
    return json_response(202, {})


@route("POST", RUN + "/rerun", permission="actions:write", role="push", creates_content=False)
def rerun(call: Call) -> Response:
    """Re-run all jobs of a run."""
    call.body(_Rerun)
    call.actions.scheduler.rerun(find_run(call), call.caller.user, only_failed=False)
    return json_response(201, {})


@route("POST", RUN + "/rerun-failed-jobs", permission="actions:write", role="push", creates_content=False)
def rerun_failed_jobs(call: Call) -> Response:
    """Re-run the jobs of a run that failed or were cancelled, and those that need them."""
    call.body(_Rerun)
    call.actions.scheduler.rerun(find_run(call), call.caller.user, only_failed=True)
    return json_response(201, {})


@route("GET", RUN + "/jobs", permission="actions:read", role="pull")
def list_jobs(call: Call) -> Response:
    """List the jobs of the latest attempt of a run, or of all attempts (`filter=all`)."""
    run = find_run(call)
    earlier = run.earlier_jobs if call.request.query.get("filter") == "all" else []
    found = [*earlier, *run.jobs]
    page, headers = call.page(found)
    return json_response(200, {"total_count": len(found), "jobs": [_job(call, run, job) for job in page]}, headers)


@route("GET", _ACTIONS + "/jobs/{job}", permission="actions:read", role="pull")
def get_job(call: Call) -> Response:
    """Get a job."""
    return json_response(200, _job(call, *_find_job(call)))


@route("GET", _ACTIONS + "/jobs/{job}/logs", permission="actions:read", role="pull")
def get_job_log(call: Call) -> Response:
    """Redirect to a job's log."""
    run, job = _find_job(call)
    file = call.store.run_folder(run.id) / f"{job.id}.txt"
    return _download(call, file.read_bytes() if file.exists() else b"", "text/plain; charset=utf-8")


@route("GET", RUN + "/logs", permission="actions:read", role="pull")
def get_run_logs(call: Call) -> Response:
    """Redirect to the archive of a run's logs."""
    run = find_run(call)
    folder = call.store.run_folder(run.id)
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, job in enumerate(run.jobs):
            file = folder / f"{job.id}.txt"
            if file.exists():
                archive.writestr(f"{number}_{job.name.replace('/', '_')}.txt", file.read_bytes())
    return _download(call, memory.getvalue(), "application/zip")


def _download(call: Call, content: bytes, content_type: str) -> Response:
    """Redirect to a link that needs no token, as GitHub does."""
    return Response(status=302, headers={"location": call.downloads.offer(content, content_type)})
