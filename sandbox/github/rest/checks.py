"""Check runs of a commit."""

from sandbox.github import checks, errors
from sandbox.github.routing import Call, route
from sandbox.github.state import Job, Run
from sandbox.github.transport import Response, json_response


def _document(call: Call, run: Run, job: Job) -> dict[str, object]:
    page = f"{call.store.url}/{call.repository.full_name}/actions/runs/{run.id}/job/{job.id}"
    return {
        "id": job.id,
        "node_id": f"CR_{job.id}",
        "name": job.name,
        "head_sha": run.head_sha,
        "status": job.status,
        "conclusion": job.conclusion,
        "started_at": job.started_at,
        "completed_at": job.completed_at,
        "url": f"{call.repository_url}/check-runs/{job.id}",
        "html_url": page,
        "details_url": page,
        "app": {"id": checks.APP_ID, "slug": "github-actions", "name": "GitHub Actions"},
    }


@route("GET", "/repos/{owner}/{repo}/commits/{ref...}/check-runs", permission="checks:read", role="pull")
def list_check_runs(call: Call) -> Response:
    """List the check runs of a commit, branch or tag."""
    commit = call.store.git(call.repository).resolve(call.parameters["ref"])
    if commit is None:
        raise errors.unprocessable(f"No commit found for SHA: {call.parameters['ref']}")
    query = call.request.query
    found = [
        (run, job)
        for run, job in checks.of_commit(call.store.state, call.repository, commit)
        if query.get("check_name", job.name) == job.name and query.get("status", job.status) == job.status
    ]
    page, headers = call.page(found)
    documents = [_document(call, run, job) for run, job in page]
    return json_response(200, {"total_count": len(found), "check_runs": documents}, headers)
