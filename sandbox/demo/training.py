"""Train models as a data scientist does: merge a change, and the training repository's workflow does the rest."""

import base64
from collections.abc import Callable
from typing import Any

import boto3

from sandbox.demo import reviews, runs
from sandbox.demo.launch import Project
from sandbox.demo.member import Member

BETTER = {
    "objective": '"reg:gamma"',
    "eta": "0.03",
    "max_depth": "3",
    "early_stopping_rounds": "60",
}
"""Settings that beat the template's on the abalone data, because the variance of rings grows with their number."""
BRANCH = "gamma-objective"


def first_run(session: boto3.Session, member: Member, project: Project, *, on_status: Callable[[str], None]) -> str:
    """Wait for the run that the launch dispatched, and return its URL; one that failed earlier is tried again."""
    repository, pipeline = project.training, (session, project.pipeline)
    run = runs.follow(
        member, repository, lambda: runs.first(member, repository), pipeline=pipeline, on_status=on_status
    )
    return str(run["html_url"])


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
    def find() -> dict[str, Any] | None:
        return next(filter(wanted, member.runs(project.training, "train.yml")), None)

    run = runs.follow(member, project.training, find, pipeline=(session, project.pipeline), on_status=on_status)
    return str(run["html_url"])
