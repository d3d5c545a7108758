"""A project of an organization on GitHub's plan Team, whose models are released by pull requests to `production`.

The tests run in this order; each continues from the state that the ones before it left.
"""

import base64
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from mlops_platform.release.pull_request import propose_retirement
from mlops_platform.release.rollback import Repository
from sandbox import http_client
from sandbox.demo.member import Member
from sandbox.organization import CLONER
from tests.e2e.actors import connected
from tests.e2e.approvals import Approvals
from tests.e2e.sandbox import Sandbox, prepared
from tests.e2e.wait import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

PRODUCTION = "production"
RELEASE_FILE = "release.json"
RELEASE_WORKFLOW = "production.yml"
ATTACK = """
on: push
jobs:
  attack:
    runs-on: ubuntu-latest
    environment: prod
    steps:
      - run: "true"
"""
"""A workflow that does nothing but enter production."""


class Releases(Approvals):
    """Pull requests to the branch that releases, and the runs that their merges start."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.platform = Member(self.servers, CLONER)
        self.repository = f"/repos/{self.project.deployment}"

    def tested(self, version: int) -> int:
        """Approve a version, wait until preproduction has tested it, and return the run."""
        run = self.approve(version)
        assert self.conclusion(run) == "success"
        return run

    def proposed(self) -> dict[str, Any]:
        """Let the sweep propose what was tested, and return the platform's only open pull request."""
        # The record says that the run was started a moment after it was.
        decided = wait_until(lambda: [each for each in self.sweep() if each["decision"] == "proposed"], "a proposal")
        pulls = self.developer.listed(f"{self.repository}/pulls?base={PRODUCTION}")
        [pull] = [each for each in pulls if each["user"]["login"] == CLONER.login]
        assert [each["run_url"] for each in decided] == [pull["html_url"]]
        return pull

    def propose(self, member: Member, content: object, *, name: str, file: str = RELEASE_FILE) -> int:
        """Open a pull request to production as a person, and return its number."""
        head = member.get(f"{self.repository}/git/ref/heads/{PRODUCTION}")["object"]["sha"]
        member.send("POST", f"{self.repository}/git/refs", {"ref": f"refs/heads/{name}", "sha": head})
        self.write(member, name, file, json.dumps(content))
        body = {"title": name, "head": name, "base": PRODUCTION}
        return int(member.send("POST", f"{self.repository}/pulls", body)["number"])

    def retirement(self, member: Member) -> int:
        """Propose the end of production's endpoint as a person, by the template's own code, and return the pull request's number."""
        github = self.servers.github.url
        repository = Repository(name=self.project.deployment, server_url=github, api_url=f"{github}/api/v3")
        with pytest.MonkeyPatch.context() as variables:
            variables.setenv("SSL_CERT_FILE", self.servers.trust)
            page = propose_retirement(repository, PRODUCTION, {"GITHUB_TOKEN": self.servers.tokens[member.user.login]})
        return int(page.rpartition("/")[2])

    def close(self, member: Member, pull: int) -> None:
        """Close a pull request without merging it."""
        member.send("PATCH", f"{self.repository}/pulls/{pull}", {"state": "closed"})

    def write(self, member: Member, branch: str, file: str, text: str) -> None:
        """Commit a file to a branch as a person."""
        place = f"{self.repository}/contents/{file}"
        body = {"message": "m", "content": base64.b64encode(text.encode()).decode(), "branch": branch}
        with suppress(http_client.RefusedError):
            body["sha"] = member.get(f"{place}?ref={branch}")["sha"]
        member.send("PUT", place, body)

    def approve_pull(self, member: Member, pull: int) -> None:
        member.send("POST", f"{self.repository}/pulls/{pull}/reviews", {"event": "APPROVE"})

    def merge(self, member: Member, pull: int) -> str:
        """Merge a pull request, and return the commit."""
        return str(member.send("PUT", f"{self.repository}/pulls/{pull}/merge", {})["sha"])

    def conclusions(self, run: int) -> dict[str, str]:
        """Return the conclusions of a run's jobs, by their names."""
        return {each["name"]: each["conclusion"] for each in self.developer.get(self.path(run, "jobs"))["jobs"]}

    def ended(self, workflow: str) -> dict[str, Any]:
        """Wait for the end of the first run of a workflow, and return it."""

        def found() -> dict[str, Any] | None:
            # Not by its workflow: one that the default branch lacks is none that GitHub lists.
            runs = self.developer.get(f"{self.repository}/actions/runs?per_page=100")["workflow_runs"]
            ended = [run for run in runs if run["path"].endswith(workflow) and run["status"] == "completed"]
            return ended[-1] if ended else None

        return wait_until(found, f"a run of {workflow}")

    def released(self, commit: str) -> dict[str, Any]:
        """Wait for the end of the run that a merge started, and return it."""

        def ended() -> dict[str, Any] | None:
            runs = self.developer.runs(self.project.deployment, RELEASE_WORKFLOW)
            found = [run for run in runs if run["head_sha"] == commit and run["status"] == "completed"]
            return found[0] if found else None

        return wait_until(ended, "a release")


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Releases]:
    with prepared(tmp_path_factory.mktemp("releases") / "sandbox", "team") as sandbox, connected(sandbox):
        yield Releases(sandbox)


@pytest.fixture(scope="module")
def first(releases: Releases) -> dict[str, Any]:
    """The pull request that proposes version 1."""
    releases.tested(1)
    return releases.proposed()


@pytest.fixture(scope="module")
def first_release(releases: Releases, first: dict[str, Any]) -> dict[str, Any]:
    """The run by which version 1 was released."""
    number = int(first["number"])
    releases.approve_pull(releases.reviewer, number)
    return releases.released(releases.merge(releases.reviewer, number))


def refused(releases: Releases, member: Member, pull: int) -> str:
    """Try to merge a pull request, and return why it is not."""
    with pytest.raises(http_client.RefusedError) as refusal:
        releases.merge(member, pull)
    return str(refusal.value)


def test_a_launch_lets_only_jobs_of_the_branch_into_production(releases: Releases) -> None:
    environment = f"{releases.repository}/environments/prod"
    [policy] = releases.owner.get(f"{environment}/deployment-branch-policies")["branch_policies"]

    assert (policy["name"], policy["type"]) == (PRODUCTION, "branch")
    kinds = [rule["type"] for rule in releases.owner.get(environment)["protection_rules"]]
    assert kinds == ["branch_policy"]


def test_nobody_alone_writes_the_branch(releases: Releases) -> None:
    for member in (releases.developer, releases.reviewer, releases.owner, releases.platform):
        with pytest.raises(http_client.RefusedError, match="Changes must be made through a pull request"):
            releases.write(member, PRODUCTION, "README.md", "mine")
        with pytest.raises(http_client.RefusedError, match="Cannot delete this protected ref"):
            member.send("DELETE", f"{releases.repository}/git/refs/heads/{PRODUCTION}", {})


def test_a_job_of_a_writers_branch_does_not_enter_production(releases: Releases) -> None:
    main = releases.developer.get(f"{releases.repository}/git/ref/heads/main")["object"]["sha"]
    branch = {"ref": "refs/heads/attack", "sha": main}
    releases.developer.send("POST", f"{releases.repository}/git/refs", branch)

    releases.write(releases.developer, "attack", ".github/workflows/attack.yml", ATTACK)

    assert releases.ended("attack.yml")["conclusion"] == "failure"


def test_nothing_that_a_writer_starts_on_the_branch_enters_production(releases: Releases) -> None:
    place = f"{releases.repository}/actions/workflows/retire.yml/dispatches"
    started = releases.developer.send("POST", place, {"ref": PRODUCTION, "return_run_details": True})

    run = int(started["workflow_run_id"])
    # Preproduction trusts main alone.
    assert releases.conclusion(run) == "failure"
    assert releases.conclusions(run)["Retire from prod"] == "skipped"


def test_a_job_of_main_does_not_enter_production(releases: Releases) -> None:
    run = releases.retire()

    assert releases.conclusion(run) == "success"
    assert releases.conclusions(run)["Retire from prod"] == "skipped"


def test_a_project_that_released_nothing_by_the_branch_yet_is_retired_by_it(releases: Releases) -> None:
    # As a project whose production was released by another way before it got the branch.
    waiting = releases.retirement(releases.developer)
    assert releases.retirement(releases.colleague) == waiting
    releases.close(releases.developer, waiting)
    number = releases.retirement(releases.developer)
    assert number != waiting
    releases.approve_pull(releases.reviewer, number)

    run = releases.released(releases.merge(releases.developer, number))

    assert run["conclusion"] == "success"
    assert releases.conclusions(int(run["id"]))["Retire from prod / Retire"] == "success"


def test_a_tested_version_is_proposed_by_one_file(releases: Releases, first: dict[str, Any]) -> None:
    assert first["user"]["login"] == CLONER.login
    changed = releases.developer.listed(f"{releases.repository}/pulls/{first['number']}/files")
    assert [each["filename"] for each in changed] == [RELEASE_FILE]
    assert releases.serving("prod") is None


def test_writers_do_not_release_it_however_many_approve(releases: Releases, first: dict[str, Any]) -> None:
    number = int(first["number"])
    releases.approve_pull(releases.developer, number)
    releases.approve_pull(releases.colleague, number)

    assert "approving review from mlops-release-managers" in refused(releases, releases.developer, number)
    assert "approving review from mlops-release-managers" in refused(releases, releases.platform, number)


def test_a_release_manager_releases_nothing_of_her_own_alone(releases: Releases) -> None:
    number = releases.propose(releases.reviewer, {"retired": True}, name="hers")
    with pytest.raises(http_client.RefusedError, match="Can not approve your own pull request"):
        releases.approve_pull(releases.reviewer, number)
    releases.approve_pull(releases.colleague, number)

    assert "approving review from mlops-release-managers" in refused(releases, releases.reviewer, number)


def test_a_release_manager_who_pushed_last_does_not_approve(releases: Releases) -> None:
    number = releases.propose(releases.developer, {"retired": True}, name="theirs")
    releases.write(releases.reviewer, "theirs", "README.md", "hers")
    releases.approve_pull(releases.reviewer, number)

    assert "someone other than hedy" in refused(releases, releases.reviewer, number)


def test_what_a_release_manager_approves_is_deployed_and_the_run_says_so(
    releases: Releases, first: dict[str, Any], first_release: dict[str, Any]
) -> None:
    assert first_release["conclusion"] == "success"
    assert releases.version("prod") == 1
    page = http_client.text(releases.servers, "GET", first_release["html_url"], {})
    assert "Released to prod by hedy, who approved <a " in page
    assert f">pull request {first['number']}</a> of {CLONER.login}." in page


def test_a_release_is_not_repeated_once_the_branch_has_gone_on(
    releases: Releases, first_release: dict[str, Any]
) -> None:
    version = releases.register()
    releases.tested(version)
    pull = int(releases.proposed()["number"])
    releases.approve_pull(releases.reviewer, pull)
    assert releases.released(releases.merge(releases.developer, pull))["conclusion"] == "success"
    assert releases.version("prod") == version

    releases.send(int(first_release["id"]), "rerun")

    assert releases.conclusion(int(first_release["id"])) == "failure"
    assert "has gone on since" in releases.log(int(first_release["id"]), "prod")
    assert releases.version("prod") == version


def test_a_person_proposes_the_end_of_the_endpoint_and_a_release_manager_agrees(releases: Releases) -> None:
    number = releases.retirement(releases.developer)
    releases.approve_pull(releases.colleague, number)
    assert "approving review from mlops-release-managers" in refused(releases, releases.developer, number)
    releases.approve_pull(releases.reviewer, number)

    assert releases.released(releases.merge(releases.developer, number))["conclusion"] == "success"

    assert releases.serving("prod") is None
