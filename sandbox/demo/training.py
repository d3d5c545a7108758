"""Train models as a data scientist does: merge a change, and the training repository's workflow does the rest."""

import base64
import time
from collections.abc import Callable
from typing import Any

import boto3

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
    """A run of the training workflow failed; the message says where to look."""


def first_run(session: boto3.Session, member: Member, project: Project, *, on_status: Callable[[str], None]) -> str:
    """Wait for the run that the launch dispatched, and return its URL."""
    return _follow(session, member, project, lambda run: run["event"] == "workflow_dispatch", on_status)


def improve(session: boto3.Session, member: Member, project: Project, *, on_status: Callable[[str], None]) -> str:
    """Change the model's settings by a pull request, wait for the run on main, and return its URL."""
    merged = _merge_settings(member, project.training)
    on_status("merged a pull request with other settings")
    return _follow(session, member, project, lambda run: run["head_sha"] == merged, on_status)


def _merge_settings(member: Member, repository: str) -> str:
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
    return str(member.send("PUT", f"{path}/pulls/{pull['number']}/merge", {})["sha"])


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
    while time.monotonic() < deadline:
        run = next(filter(wanted, member.runs(project.training, "train.yml")), None)
        if run is not None:
            if run["status"] == "completed":
                if run["conclusion"] != "success":
                    raise TrainingFailedError(f"the run ended with {run['conclusion']}: {run['html_url']}")
                return str(run["html_url"])
            on_status(_steps(sagemaker, project.pipeline) or str(run["status"]).replace("_", " "))
        time.sleep(0.3)
    raise TrainingFailedError(f"the run did not end within {RUN_SECONDS} seconds: {project.training}")


def _steps(sagemaker: Any, pipeline: str) -> str:
    """Return the status of each step of a pipeline's newest execution; empty while there is none."""
    try:
        executions = sagemaker.list_pipeline_executions(PipelineName=pipeline)["PipelineExecutionSummaries"]
    except sagemaker.exceptions.ResourceNotFound:
        return ""
    if not executions:
        return ""
    steps = sagemaker.list_pipeline_execution_steps(
        PipelineExecutionArn=executions[0]["PipelineExecutionArn"], SortOrder="Ascending"
    )["PipelineExecutionSteps"]
    return " · ".join(f"{step['StepName']} {str(step['StepStatus']).lower()}" for step in steps)
