"""The progress of a run: the status of its jobs, and its own, which follows from theirs."""

from collections.abc import Sequence

from sandbox.github.actions import deployments
from sandbox.github.state import Job, Result, Run, now
from sandbox.github.store import Store


def show(run: Run, key: str, status: str) -> None:
    """Set the status of the jobs that a job of the workflow file stands for, except those that are over."""
    for job in run.jobs:
        if job.caller == key and job.status != "completed":
            job.status = status


def finish(store: Store, run: Run, key: str, result: Result) -> None:
    """Record the result of a job of the workflow file; it waits for nothing any more and holds no group."""
    run.results[key] = result
    if result.result != "skipped":
        deployments.record(store, run, key, "success" if result.result == "success" else "failure")
    run.waiting.pop(key, None)
    run.pending = [one for one in run.pending if one != key]
    run.holding = [one for one in run.holding if one != key]
    jobs = [job for job in run.jobs if job.caller == key]
    started = any(job.status in ("in_progress", "completed") for job in jobs)
    if result.result == "skipped" and not started:
        # GitHub does not look into a workflow that it does not call.
        jobs[0].name = jobs[0].caller_name
        run.jobs = [job for job in run.jobs if job not in jobs[1:]]
    for job in jobs:
        if job.status != "completed":
            # Of the jobs of a called workflow, those that never started were skipped.
            ended = result.result if job.status == "in_progress" or not started else "skipped"
            _end(job, ended)


def refresh(run: Run, keys: Sequence[str], *, executing: bool) -> None:
    """Derive the status of a run from that of its jobs.

    Args:
        run: the run.
        keys: the jobs of its workflow file.
        executing: whether one of them executes now.
    """
    if run.status == "completed":
        return
    if executing and run.started_at is None:
        run.started_at = now()
    if all(key in run.results for key in keys) and not executing:
        results = {run.results[key].result for key in keys}
        order = ("failure", "cancelled", "success", "skipped")
        complete(run, next(result for result in order if result in results))
    elif run.waiting and not executing:
        run.status = "waiting"
    elif not run.admitted or (run.pending and not executing):
        run.status = "pending"
    else:
        run.status = "queued" if run.started_at is None else "in_progress"


def complete(run: Run, conclusion: str) -> None:
    """End a run, and those of its jobs that are not over."""
    run.status, run.conclusion, run.updated_at = "completed", conclusion, now()
    for job in run.jobs:
        if job.status != "completed":
            _end(job, conclusion)
    run.waiting.clear()
    run.pending.clear()
    run.holding.clear()


def _end(job: Job, conclusion: str) -> None:
    """End a job, and the step that still runs when it is stopped."""
    job.status, job.conclusion, job.completed_at = "completed", conclusion, now()
    for step in job.steps:
        if step.status != "completed":
            step.end("cancelled")
