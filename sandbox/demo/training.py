"""Train models as a data scientist does: merge a change, and the training repository's workflow does the rest."""

import base64
import time
from collections.abc import Callable
from typing import Any

import boto3

from sandbox.demo import reviews, runs
from sandbox.demo.launch import Project
from sandbox.demo.member import Member

RUN_SECONDS = 900
BETTER = {
    "objective": '"reg:gamma"',
    "eta": "0.03",
    "max_depth": "3",
    "early_stopping_rounds": "60",
}
"""Settings that beat the template's on the abalone data, because the variance of rings grows with their number."""
BRANCH = "gamma-objective"


class TrainingFailedError(Exception):
    """A run of the training workflow failed; the message says why, and where to look."""


def first_run(session: boto3.Session, member: Member, project: Project, *, on_status: Callable[[str], None]) -> str:
    """Wait for the run that the launch dispatched, and return its URL; one that failed earlier is tried again."""
    return _follow(session, member, project, lambda run: run["event"] == "workflow_dispatch", on_status)


def improve(
    session: boto3.Session, member: Member, colleague: Member, project: Project, *, on_status: Callable[[str], None]
) -> str:
    """Change the model's settings by a pull request that a colleague approves, wait for the run on main, return its URL.

    A pull request that is merged already is not made again; its run is tried again if it failed.
    """
    repository = project.training
    merged = _merged(member, repository) or reviews.merge(
        member, colleague, repository, _propose_settings(member, repository), on_status=on_status
    )
    on_status(f"merged a pull request with other settings, which {colleague.user.login} approved")
    return _follow(session, member, project, lambda run: run["head_sha"] == merged, on_status)


def _merged(member: Member, repository: str) -> str | None:
    """Return the commit that an earlier run of the demo merged; None if it did not get that far."""
    owner = repository.partition("/")[0]
    pulls = member.listed(f"/repos/{repository}/pulls?state=closed&head={owner}:{BRANCH}")
    return next((str(pull["merge_commit_sha"]) for pull in pulls if pull["merged_at"]), None)


def _propose_settings(member: Member, repository: str) -> int:
    """Return the number of the pull request that changes the settings; an earlier run of the demo may have opened it."""
    owner = repository.partition("/")[0]
    opened = member.listed(f"/repos/{repository}/pulls?state=open&head={owner}:{BRANCH}")
    if opened:
        return int(opened[0]["number"])
    path = f"/repos/{repository}"
    file = member.get(f"{path}/contents/settings.toml?ref=main")
    lines = base64.b64decode(str(file["content"])).decode().splitlines(keepends=True)
    changed = "".join(_changed(line) for line in lines)
    main = member.get(f"{path}/git/ref/heads/main")["object"]["sha"]
    member.send("POST", f"{path}/git/refs", {"ref": f"refs/heads/{BRANCH}", "sha": main})
    member.send(
        "PUT",
        f"{path}/contents/settings.toml",
        {
            "message": "Train with a gamma objective",
            "content": base64.b64encode(changed.encode()).decode(),
            "branch": BRANCH,
            "sha": file["sha"],
        },
    )
    pull = member.send(
        "POST", f"{path}/pulls", {"title": "Train with a gamma objective", "head": BRANCH, "base": "main"}
    )
    return int(pull["number"])


def _changed(line: str) -> str:
    key = line.partition("=")[0].strip()
    return f"{key} = {BETTER[key]}\n" if key in BETTER else line


def _follow(
    session: boto3.Session,
    member: Member,
    project: Project,
    wanted: Callable[[dict[str, Any]], bool],
    on_status: Callable[[str], None],
) -> str:
    sagemaker = session.client("sagemaker")
    deadline = time.monotonic() + RUN_SECONDS
    earlier = _run(member, project, wanted)
    if earlier is not None and runs.failed(earlier):
        on_status("trying the run that failed again")
        runs.retry(member, project.training, earlier)
    while time.monotonic() < deadline:
        run = _run(member, project, wanted)
        if run is not None:
            if runs.failed(run):
                reasons = [runs.explain(member, project.training, run), *_failures(sagemaker, project.pipeline)]
                raise TrainingFailedError("\n".join(reasons))
            if run["status"] == "completed":
                return str(run["html_url"])
            on_status(_steps(sagemaker, project.pipeline) or str(run["status"]).replace("_", " "))
        time.sleep(0.3)
    raise TrainingFailedError(f"the run did not end within {RUN_SECONDS} seconds: {project.training}")


def _run(member: Member, project: Project, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any] | None:
    return next(filter(wanted, member.runs(project.training, "train.yml")), None)


def _steps(sagemaker: Any, pipeline: str) -> str:
    """Return the status of each step of a pipeline's newest execution; empty while there is none."""
    steps = _newest_steps(sagemaker, pipeline)
    return " · ".join(f"{step['StepName']} {str(step['StepStatus']).lower()}" for step in steps)


def _failures(sagemaker: Any, pipeline: str) -> list[str]:
    """Return the reason of each failed step of a pipeline's newest execution."""
    steps = _newest_steps(sagemaker, pipeline)
    return [
        f"step {step['StepName']} of the pipeline: {step.get('FailureReason', 'no reason given')}"
        for step in steps
        if step["StepStatus"] == "Failed"
    ]


def _newest_steps(sagemaker: Any, pipeline: str) -> list[dict[str, Any]]:
    try:
        executions = sagemaker.list_pipeline_executions(PipelineName=pipeline)["PipelineExecutionSummaries"]
    except sagemaker.exceptions.ResourceNotFound:
        return []
    if not executions:
        return []
    return sagemaker.list_pipeline_execution_steps(
        PipelineExecutionArn=executions[0]["PipelineExecutionArn"], SortOrder="Ascending"
    )["PipelineExecutionSteps"]
