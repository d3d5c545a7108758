"""Runs of workflows: follow them to their end, say why one failed, and try it again."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3

from sandbox.demo.member import Member

RUN_SECONDS = 900
LINES_OF_A_FAILURE = 15
_MOMENT = re.compile(r"^\ufeff?\d{4}-\d\d-\d\dT[\d:.]+Z ", re.MULTILINE)
_ERROR = "##[error]"


class RunFailedError(Exception):
    """A run of a workflow failed; the message says why, and where to look."""


def first(member: Member, repository: str) -> dict[str, Any] | None:
    """Return the run that the launch of a repository's project started; None as long as there is none."""
    return next((run for run in member.runs(repository) if run["event"] == "workflow_dispatch"), None)


def follow(
    member: Member,
    repository: str,
    find: Callable[[], dict[str, Any] | None],
    *,
    pipeline: tuple[boto3.Session, str] | None,
    on_status: Callable[[str], None],
    released: bool = False,
) -> dict[str, Any]:
    """Wait until a run has succeeded, or waits for its reviewer, and return it; one that failed earlier is tried again.

    Args:
        member: a member who may read the repository.
        repository: its full name.
        find: returns the run, or None as long as there is none.
        pipeline: a session that sees the pipeline which the run starts, and the pipeline's name; None if it starts none.
        on_status: called with the progress.
        released: whether its reviewer has let it go on, so that it waits no more.

    Raises:
        RunFailedError: it failed, or took longer than `RUN_SECONDS`.
    """
    steps = _Steps(pipeline[0].client("sagemaker"), pipeline[1]) if pipeline else None
    deadline = time.monotonic() + RUN_SECONDS
    earlier = find()
    if earlier is not None and failed(earlier):
        on_status("trying the run that failed again")
        retry(member, repository, earlier)
    while time.monotonic() < deadline:
        run = find()
        if run is not None:
            if failed(run):
                reasons = steps.failures() if steps else []
                raise RunFailedError("\n".join([explain(member, repository, run), *reasons]))
            if run["status"] == "completed" or (run["status"] == "waiting" and not released):
                return run
            executing = steps.progress() if steps else ""
            on_status(executing or _jobs(member, repository, run) or str(run["status"]).replace("_", " "))
        time.sleep(0.3)
    raise RunFailedError(f"the run did not end within {RUN_SECONDS} seconds: {repository}")


def failed(run: dict[str, Any]) -> bool:
    """Whether a run is over and did not succeed."""
    return run["status"] == "completed" and run["conclusion"] != "success"


def retry(member: Member, repository: str, run: dict[str, Any]) -> None:
    """Run the failed jobs of a run again, and those that need them, as its page offers."""
    member.send("POST", f"/repos/{repository}/actions/runs/{run['id']}/rerun-failed-jobs", {})


def explain(member: Member, repository: str, run: dict[str, Any]) -> str:
    """Return the failed steps of a run, the reason of each, and the last lines that its job printed before it."""
    jobs = member.get(f"/repos/{repository}/actions/runs/{run['id']}/jobs")["jobs"]
    lines = [f"the run ended with {run['conclusion']}: {run['html_url']}"]
    for job in jobs:
        if job["conclusion"] in ("failure", "cancelled", "timed_out"):
            lines += _job(job, member.text(f"/repos/{repository}/actions/jobs/{job['id']}/logs"))
    return "\n".join(lines)


def _job(job: dict[str, Any], log: str) -> Iterator[str]:
    steps = [str(step["name"]) for step in job.get("steps", ()) if step["conclusion"] == "failure"]
    yield f"{job['name']}: " + (f"the step {', '.join(steps)} failed" if steps else f"{job['conclusion']}")
    printed = [line for line in _MOMENT.sub("", log).splitlines() if line.strip()]
    errors = [number for number, line in enumerate(printed) if line.startswith(_ERROR)]
    # Steps that run after a failure print, too.
    end = errors[-1] + 1 if errors else len(printed)
    for line in printed[max(0, end - LINES_OF_A_FAILURE) : end]:
        yield f"  {line.removeprefix(_ERROR)}"


def _jobs(member: Member, repository: str, run: dict[str, Any]) -> str:
    """Return the jobs of a run that are under way, each with its step."""
    jobs = member.get(f"/repos/{repository}/actions/runs/{run['id']}/jobs")["jobs"]
    under_way = [job for job in jobs if job["status"] == "in_progress"]
    return " · ".join(
        next(
            (f"{job['name']}: {step['name']}" for step in job["steps"] if step["status"] == "in_progress"), job["name"]
        )
        for job in under_way
    )


@dataclass(frozen=True)
class _Steps:
    """The steps of a pipeline's newest execution."""

    sagemaker: Any
    pipeline: str

    def progress(self) -> str:
        """Return the status of each step while one is executing."""
        steps = self._newest()
        if all(step["StepStatus"] != "Executing" for step in steps):
            return ""
        return " · ".join(f"{step['StepName']} {str(step['StepStatus']).lower()}" for step in steps)

    def failures(self) -> list[str]:
        """Return the reason of each step that failed."""
        return [
            f"step {step['StepName']} of the pipeline: {step.get('FailureReason', 'no reason given')}"
            for step in self._newest()
            if step["StepStatus"] == "Failed"
        ]

    def _newest(self) -> list[dict[str, Any]]:
        try:
            found = self.sagemaker.list_pipeline_executions(PipelineName=self.pipeline)["PipelineExecutionSummaries"]
        except self.sagemaker.exceptions.ResourceNotFound:
            return []
        if not found:
            return []
        return self.sagemaker.list_pipeline_execution_steps(
            PipelineExecutionArn=found[0]["PipelineExecutionArn"], SortOrder="Ascending"
        )["PipelineExecutionSteps"]
