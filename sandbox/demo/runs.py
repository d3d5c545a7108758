"""Runs of workflows that failed: say why, and try them again."""

import re
from collections.abc import Iterator
from typing import Any

from sandbox.demo.member import Member

LINES_OF_A_FAILURE = 15
_MOMENT = re.compile(r"^\ufeff?\d{4}-\d\d-\d\dT[\d:.]+Z ", re.MULTILINE)
_ERROR = "##[error]"


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
    return "\n".join([*lines, "Once the cause is mended, `make demo` tries it again."])


def _job(job: dict[str, Any], log: str) -> Iterator[str]:
    steps = [str(step["name"]) for step in job.get("steps", ()) if step["conclusion"] == "failure"]
    yield f"{job['name']}: " + (f"the step {', '.join(steps)} failed" if steps else f"{job['conclusion']}")
    printed = [line for line in _MOMENT.sub("", log).splitlines() if line.strip()]
    errors = [number for number, line in enumerate(printed) if line.startswith(_ERROR)]
    # Steps that run after a failure print, too.
    end = errors[-1] + 1 if errors else len(printed)
    for line in printed[max(0, end - LINES_OF_A_FAILURE) : end]:
        yield f"  {line.removeprefix(_ERROR)}"
