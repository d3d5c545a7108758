"""Follow a model version from its approval to production, and measure each phase."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.demo import reviews, runs
from sandbox.demo.launch import Project
from sandbox.demo.member import Member

WORKFLOW = "deploy.yml"
RUN_SECONDS = 900
POLL_SECONDS = 0.2
STEPS = {"Deploy": "deployed to", "Test": "tested in"}
"""Steps of an environment's job whose ends are measured, and what each has done then."""
UPDATE = re.compile(r"pulumi up: ([0-9.]+) s")
"""Line that the deployment repository's command prints about its update."""


class ReleaseFailedError(Exception):
    """A version did not reach production; the message says why, and where to look."""


@dataclass
class Release:
    """The deployment of one version: its run, and the time of each event."""

    title: str
    """Says what was done, such as `Version 2, approved by grace`."""
    arn: str
    began: float = field(default_factory=time.monotonic)
    """Time of its approval, or of its manual start, on the clock of `time.monotonic`."""
    page: str = ""
    moments: dict[str, float] = field(default_factory=dict[str, float])
    """Seconds since it began, by event, in order."""
    updates: dict[str, float] = field(default_factory=dict[str, float])
    """Seconds that `pulumi up` took, by environment."""

    def record(self, event: str) -> None:
        """Record the time of an event when it is first seen."""
        self.moments.setdefault(event, time.monotonic() - self.began)

    @property
    def phases(self) -> list[tuple[str, float]]:
        """Seconds of each phase, named after the event that ended it."""
        ends = list(self.moments.items())
        return [
            (event, end - before) for (event, end), before in zip(ends, [0.0, *self.moments.values()], strict=False)
        ]

    @property
    def durations(self) -> list[tuple[str, float]]:
        """Seconds of these phases that were spent in `pulumi up`."""
        return [(f"of which `pulumi up` in {environment}", seconds) for environment, seconds in self.updates.items()]

    def __str__(self) -> str:
        """Return the duration of each phase in one line."""
        return _line(self.phases, self.durations)

    def in_production(self) -> str:
        """Return the duration of each phase since its review began in one line."""
        known = list(self.moments)
        began = known.index("ready for review") + 1 if "ready for review" in known else 0
        return _line(self.phases[began:], [each for each in self.durations if each[0].endswith(" in prod")])


def _line(phases: Sequence[tuple[str, float]], durations: Sequence[tuple[str, float]]) -> str:
    """Return phases and what they contain, with their seconds."""
    together = ", ".join(f"{phase} {seconds:.1f} s" for phase, seconds in phases)
    return "; ".join([together, *(f"{phase} {seconds:.1f} s" for phase, seconds in durations)])


def finished(member: Member, project: Project) -> list[dict[str, Any]]:
    """Return the runs that reached production, oldest first."""
    return [run for run in member.runs(project.deployment, WORKFLOW) if run["conclusion"] == "success"]


def unfinished(member: Member, project: Project, arn: str) -> dict[str, Any] | None:
    """Return the newest run for a version if it has not reached production: it failed, or waits."""
    found = [run for run in member.runs(project.deployment, WORKFLOW) if arn in run["display_title"]]
    return found[-1] if found and found[-1]["conclusion"] != "success" else None


def to_preprod(
    release: Release, member: Member, project: Project, earlier: set[int], *, on_status: Callable[[str], None]
) -> int:
    """Wait until preprod serves the version and the run waits for its reviewer; return the run's id.

    Args:
        release: the deployment to follow.
        member: a member who may read the deployment repository.
        project: the project.
        earlier: ids of the runs that existed before the deployment began.
        on_status: called with the progress.

    Raises:
        ReleaseFailedError: the run failed or took longer than `RUN_SECONDS`.
    """
    run: dict[str, Any] | None = None
    for _ in _poll(f"no deployment of {release.arn} reached preprod"):
        found = [run for run in member.runs(project.deployment, WORKFLOW) if run["id"] not in earlier]
        run = next((run for run in found if release.arn in run["display_title"]), None)
        if run is None:
            on_status("waiting for the event")
            continue
        release.page = str(run["html_url"])
        release.record("workflow started")
        _watch(release, member, project, int(run["id"]), "preprod", on_status)
        if run["status"] == "waiting":
            release.record("ready for review")
            return int(run["id"])
        _require_not_failed(run, member, project)
    raise AssertionError("unreachable")


def to_production(
    release: Release, reviewer: Member, project: Project, run: int, *, on_status: Callable[[str], None]
) -> None:
    """Approve the release as the reviewer, and wait until production serves the version.

    Raises:
        ReleaseFailedError: the run failed or took longer than `RUN_SECONDS`.
    """
    reviews.release(reviewer, project.deployment, run)
    release.record("reviewed")
    for _ in _poll(f"{release.arn} did not reach production"):
        _watch(release, reviewer, project, run, "prod", on_status)
        found = reviewer.run(project.deployment, run)
        _require_not_failed(found, reviewer, project)
        if found["status"] == "completed":
            release.record("finished")
            return


def _watch(
    release: Release, member: Member, project: Project, run: int, environment: str, on_status: Callable[[str], None]
) -> None:
    """Record the progress of an environment's job."""
    jobs = member.get(f"/repos/{project.deployment}/actions/runs/{run}/jobs")["jobs"]
    job = next((job for job in jobs if str(job["name"]).startswith(f"Deploy to {environment} / ")), None)
    if job is None or job["status"] in ("queued", "waiting", "pending"):
        return
    release.record(f"{environment} job started")
    steps = [step for step in job.get("steps", ()) if step["status"] != "queued"]
    for step in steps:
        if step["status"] == "completed" and step["name"] in STEPS:
            release.record(f"{STEPS[step['name']]} {environment}")
    on_status(f"{environment}: {steps[-1]['name'] if steps else job['status']}")
    if job["status"] == "completed":
        log = member.text(f"/repos/{project.deployment}/actions/jobs/{job['id']}/logs")
        release.updates.update((environment, float(seconds)) for seconds in UPDATE.findall(log))


def _require_not_failed(run: dict[str, Any], member: Member, project: Project) -> None:
    if runs.failed(run):
        raise ReleaseFailedError(runs.explain(member, project.deployment, run))


def _poll(problem: str) -> Iterator[None]:
    deadline = time.monotonic() + RUN_SECONDS
    while time.monotonic() < deadline:
        yield
        time.sleep(POLL_SECONDS)
    raise ReleaseFailedError(f"{problem} within {RUN_SECONDS} seconds")
