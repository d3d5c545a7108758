"""Probes on GitHub, as the people who write to repositories, own the organization, or release."""

import base64
import time
from collections.abc import Iterator

from sandbox.demo.member import Member
from sandbox.http_client import RefusedError
from sandbox.organization import DEPLOYMENT, ORGANIZATION, PLATFORM_ENGINEER, PROJECT, RELEASE_MANAGER
from sandbox.organization import LEAD_DATA_SCIENTIST as WRITER
from tests.e2e.security_probes.probe import Probe
from tests.e2e.security_probes.target import Target


def as_writer(target: Target) -> Iterator[Probe]:
    """Try to change what deploys, alone, as somebody who may write to it."""
    member, repository = Member(target.found, WRITER), _deployment(target)
    yield from _changes(member, repository)
    place = f"/repos/{repository}"
    yield (
        "reviewers of production",
        lambda: member.send("PUT", f"{place}/environments/prod", {"reviewers": [{"type": "User", "id": WRITER.id}]}),
    )
    yield "no environment", lambda: member.send("DELETE", f"{place}/environments/prod", {})
    yield (
        "another writer",
        lambda: member.send("PUT", f"{place}/collaborators/{RELEASE_MANAGER.login}", {"permission": "push"}),
    )
    yield (
        "a branch of the platform",
        lambda: member.send(
            "POST", f"{place}/git/refs", {"ref": f"refs/heads/mlops/{_new()}", "sha": _main(member, place)}
        ),
    )
    yield "rulesets", lambda: member.send("POST", f"/orgs/{ORGANIZATION.login}/rulesets", {})
    workflow = f"/orgs/{ORGANIZATION.login}/actions/permissions/workflow"
    yield "jobs that approve", lambda: member.send("PUT", workflow, {"can_approve_pull_request_reviews": True})


def as_owner(target: Target) -> Iterator[Probe]:
    """Try to change what deploys, alone, as an owner of the organization whom the rules could let past."""
    member = Member(target.found, PLATFORM_ENGINEER)
    for repository in (_deployment(target), target.repository):
        yield from _changes(member, repository)


def as_release_manager(target: Target) -> Iterator[Probe]:
    """Try to write what they release."""
    member, place = Member(target.found, RELEASE_MANAGER), f"/repos/{_deployment(target)}"
    yield "a commit", lambda: _commit(member, place, "main")
    yield (
        "a branch",
        lambda: member.send("POST", f"{place}/git/refs", {"ref": f"refs/heads/{_new()}", "sha": _main(member, place)}),
    )


def _changes(member: Member, repository: str) -> Iterator[Probe]:
    place = f"/repos/{repository}"
    yield f"a commit on main of {repository}", lambda: _commit(member, place, "main")
    yield f"their own pull request to {repository}", lambda: _merge_alone(member, place)
    yield f"no main in {repository}", lambda: member.send("DELETE", f"{place}/git/refs/heads/main", {})


def _merge_alone(member: Member, place: str) -> object:
    """Propose a change, without a run of its checks, and merge it; only the merge may be refused."""
    branch = _new()
    try:
        member.send("POST", f"{place}/git/refs", {"ref": f"refs/heads/{branch}", "sha": _main(member, place)})
        _commit(member, place, branch)
        pull = member.send("POST", f"{place}/pulls", {"title": "Alone", "head": branch, "base": "main"})
    except RefusedError as error:
        raise AssertionError(f"nothing was tried: {error}") from None
    return member.send("PUT", f"{place}/pulls/{pull['number']}/merge", {})


def _commit(member: Member, place: str, branch: str) -> object:
    content = base64.b64encode(b"attack").decode()
    body = {"message": "Attack [skip ci]", "content": content, "branch": branch}
    return member.send("PUT", f"{place}/contents/{_new()}", body)


def _main(member: Member, place: str) -> str:
    return str(member.get(f"{place}/git/ref/heads/main")["object"]["sha"])


def _deployment(target: Target) -> str:
    return f"{ORGANIZATION.login}/mlops-{PROJECT}-{target.project_id}-{DEPLOYMENT}"


def _new() -> str:
    return f"attack-{time.time_ns()}"
