"""The output of act about a job: status, steps and logs."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

from sandbox.github.actions import deployments, job_names
from sandbox.github.actions.isolation import HELPER
from sandbox.github.actions.job_names import Title
from sandbox.github.state import Job, Run, Step, now
from sandbox.github.store import Store

_NO_CLONE = "not located inside a git repository"
"""act's message about a folder that is not a clone, which it does not need here."""


def summary(folder: Path, job: Job) -> Path:
    """Return the file of a job's summary, Markdown, in the folder of its run; it exists if a step wrote one."""
    return folder / f"{job.id}.md"


class JobLogs:
    """Follows the execution of one job of a run's workflow file, which may be several jobs of the run."""

    def __init__(self, store: Store, run: Run, caller: str) -> None:
        self._store = store
        self._run = run
        self._caller = caller
        self._folder = store.run_folder(run.id)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._jobs: dict[str, Job] = {}
        """Jobs by the names that act gives them."""
        self.titles: dict[str, tuple[Title, ...]] = {}
        """Titles of the jobs, each after those of its callers, by key."""
        self._running_steps: dict[tuple[int, str], Step] = {}
        self._hidden: list[str] = []
        self.cancelled = False

    def hide(self, secrets: Iterable[str]) -> None:
        """Show neither these secrets nor any of their lines.

        Source: actions/runner, src/Runner.Worker/Worker.cs, `InitializeSecretMasker`: output is read line by line.
        """
        texts = {line for secret in secrets for line in (secret, *secret.splitlines()) if line.strip()}
        # A longer secret may contain a shorter one.
        self._hidden = sorted(texts, key=len, reverse=True)

    def fail(self, message: str) -> None:
        """Log the reason for which the job fails without being executed."""
        with self._store.lock:
            jobs = [job for job in self._run.jobs if job.caller == self._caller]
        for job in jobs:
            self._write(job, f"##[error]{message}")

    def read(self, line: str) -> None:
        """Read a line of act's output."""
        try:
            record = cast("dict[str, Any]", json.loads(line))
        except ValueError:
            self._write(None, line)
            return
        if f"/{HELPER}" in str(record.get("job", "")):
            return
        message = str(record.get("msg", ""))
        if "jobID" not in record:
            if record.get("level") in ("error", "fatal") and _NO_CLONE not in message:
                self._write(None, f"##[error]{message}")
            return
        with self._store.lock:
            job = self._job(record)
        if record.get("raw_output"):
            self._write(job, message)
        elif record.get("command") == "summary":
            with summary(self._folder, job).open("a") as file:
                file.write(self._mask(str(record.get("content", ""))) + "\n")
        elif "jobResult" in record:
            with self._store.lock:
                result = str(record["jobResult"])
                job.status, job.completed_at = "completed", now()
                job.conclusion = "cancelled" if self.cancelled and result == "failure" else result
        elif record.get("stage") == "Main" and len(record.get("stepID", [])) == 1:
            self._step(record, job, message)
        elif record.get("level") == "error":
            self._write(job, f"##[error]{message}")

    def _job(self, record: dict[str, Any]) -> Job:
        """Return the job of a record; each combination of a matrix is a job of its own."""
        label = str(record["job"]).strip()
        job = self._jobs.get(label)
        if job is None:
            key = str(record["jobID"])
            taken = {one.id for one in self._jobs.values()}
            alike = [one for one in self._run.jobs if one.caller == self._caller and one.key == key]
            name = job_names.answered(self.titles[key], label)
            # The first combination takes the place of the job that was planned, unless all are shown already.
            free = [one for one in alike if one.id not in taken]
            job = next((one for one in free if one.name == name), next(iter(free), None))
            if job is None:
                job = alike[0].model_copy(update={"id": self._store.state.next_id(), "status": "queued", "steps": []})
                self._run.jobs.append(job)
            self._jobs[label] = job
            job.name = name
        if job.status not in ("in_progress", "completed"):
            job.status, job.started_at = "in_progress", now()
            deployments.create_environments(self._store, self._run, self._caller)
        return job

    def _step(self, record: dict[str, Any], job: Job, message: str) -> None:
        identifier = str(record["stepID"][0])
        if "stepResult" not in record:
            if message.startswith("⭐ Run"):
                self._running_step(record, job, identifier)
                self._write(job, f"##[group]{record.get('step', '')}")
            elif record.get("level") == "error":
                self._write(job, f"##[error]{message}")
            return
        self._running_step(record, job, identifier).end(str(record["stepResult"]))
        del self._running_steps[job.id, identifier]
        self._write(job, "##[endgroup]")

    def _running_step(self, record: dict[str, Any], job: Job, identifier: str) -> Step:
        """Return the step of a record, which begins with it unless it runs already; a skipped one only ends."""
        step = self._running_steps.get((job.id, identifier))
        if step is None:
            name = self._mask(str(record.get("step", "")))
            step = Step(name=name, number=len(job.steps) + 1, started_at=now())
            with self._store.lock:
                job.steps.append(step)
            self._running_steps[job.id, identifier] = step
        return step

    def _mask(self, text: str) -> str:
        for secret in self._hidden:
            text = text.replace(secret, "***")
        return text

    def _write(self, job: Job | None, text: str) -> None:
        lines = self._mask(text).splitlines()
        prefix = f"{job.name}: " if job else ""
        with (self._folder / "log.txt").open("a") as log:
            log.writelines(f"{prefix}{line}\n" for line in lines)
        if job is not None:
            with (self._folder / f"{job.id}.txt").open("a") as own:
                own.writelines(f"{now()} {line}\n" for line in lines)
