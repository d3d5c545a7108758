"""Deployments that fail, told by the workflows themselves: real act runs them, and only what deploys to an environment is replaced.

The tests run in this order; each continues from the state that the one before it left.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from tests.e2e.wait import wait_until
from tests.sandbox_github.client import REVIEWER
from tests.sandbox_github.conftest import remote
from tests.sandbox_github.remote import Remote
from tests.template_repos.local_deployment import PROJECT_TOML

__all__ = ["remote"]

pytestmark = pytest.mark.slow

NAME = "mlops-telling"
VERSION = "arn:aws:sagemaker:eu-west-1:111111111111:model-package/abalone"
DEPLOYMENT = """
on:
  workflow_call:
    inputs:
      environment: {type: string}
      model_package_arn: {type: string}
      region: {type: string}
      role: {type: string}
jobs:
  deploy:
    runs-on: ubuntu-latest
    environment: ${{ inputs.environment }}
    steps: [{run: "[[ ${{ inputs.model_package_arn }} != */fails-in-${{ inputs.environment }} ]]", shell: bash}]
"""
"""Deploys nothing, and fails where the name of the version says it."""


@dataclass(frozen=True)
class Telling:
    """A deployment repository on the local GitHub."""

    remote: Remote
    path: str

    def run(self, version: str, *, approval: str = "", review: Literal["approved", "rejected"] | None = None) -> int:
        """Deploy a version, let a reviewer decide about production if it gets there, and return the run that has ended."""
        body = {"ref": "main", "inputs": {"model_package_arn": f"{VERSION}/{version}", "approval": approval}}
        started = self.remote("POST", f"{self.path}/actions/workflows/deploy.yml/dispatches", body)
        assert started.status == 204, started.content
        number = max(each["id"] for each in self.remote("GET", f"{self.path}/actions/runs").json["workflow_runs"])
        if review is not None:
            self.when(number, "waiting")
            [waiting] = self.remote("GET", f"{self.path}/actions/runs/{number}/pending_deployments").json
            decision = {"environment_ids": [waiting["environment"]["id"]], "state": review, "comment": "Decided"}
            place = f"{self.path}/actions/runs/{number}/pending_deployments"
            assert self.remote.by(REVIEWER)("POST", place, decision).status == 200
        self.when(number, "completed")
        return int(number)

    def when(self, number: int, status: str) -> None:
        """Wait until a run has a status."""
        place = f"{self.path}/actions/runs/{number}"
        wait_until(lambda: self.remote("GET", place).json["status"] == status, f"a run that is {status}")

    def conclusion(self, number: int) -> str:
        """Return the conclusion of a run whose last job has told what there was to tell."""
        [telling] = [result for name, result in self.remote.jobs(self.path, number).items() if name.startswith("Tell")]
        assert telling == "success"
        return self.remote("GET", f"{self.path}/actions/runs/{number}").json["conclusion"]

    def issues(self) -> list[tuple[str, str, int]]:
        """Return title, state and number of comments of each issue, oldest first."""
        listed = self.remote("GET", f"{self.path}/issues?state=all").json
        return [(each["title"], each["state"], each["comments"]) for each in reversed(listed)]


@pytest.fixture(scope="module")
def telling(remote: Remote, model_deployment: Path, tmp_path_factory: pytest.TempPathFactory) -> Telling:
    path = f"/repos/acme/{NAME}"
    assert remote("POST", "/orgs/acme/repos", {"name": NAME, "private": True, "auto_init": True}).status == 201
    clone = remote.clone(NAME, tmp_path_factory.mktemp("telling") / "clone")
    shutil.copytree(model_deployment, clone, dirs_exist_ok=True)
    workflows = clone / ".github" / "workflows"
    kept = ("deploy.yml", "tell.yml")
    for file in workflows.iterdir():
        if file.name not in kept:
            file.unlink()
    files = {"project.toml": PROJECT_TOML, ".github/workflows/deploy-environment.yml": DEPLOYMENT}
    remote.commit(clone, files, "A project [skip ci]")
    remote.git("push", "--quiet", "origin", "HEAD:main", folder=clone)
    assert remote("PUT", f"{path}/collaborators/rita", {"permission": "pull"}).status == 204
    reviewed: Any = {"reviewers": [{"type": "User", "id": 14}]}
    assert remote("PUT", f"{path}/environments/prod", reviewed).status == 200
    wait_until(lambda: remote("GET", f"{path}/actions/workflows").json["total_count"], "the workflows")
    return Telling(remote, path)


def test_whoever_starts_a_deployment_is_told_by_github_and_no_issue_is_opened(telling: Telling) -> None:
    assert telling.conclusion(telling.run("fails-in-preprod")) == "failure"
    assert telling.issues() == []


def test_a_deployment_that_an_approval_started_and_that_fails_opens_an_issue_once(telling: Telling) -> None:
    number = telling.run("fails-in-preprod", approval="1-5")
    assert telling.conclusion(number) == "failure"
    assert telling.issues() == [("Deployment failed", "open", 0)]
    [issue] = telling.remote("GET", f"{telling.path}/issues").json
    assert f"`{VERSION}/fails-in-preprod`, which was approved, failed" in issue["body"]
    assert f"/acme/{NAME}/actions/runs/{number}\n" in issue["body"]
    assert issue["user"]["login"] == "github-actions[bot]"

    assert telling.remote("POST", f"{telling.path}/actions/runs/{number}/rerun-failed-jobs").status == 201
    telling.when(number, "completed")
    assert telling.conclusion(number) == "failure"
    assert telling.issues() == [("Deployment failed", "open", 0)]


def test_who_let_a_failed_deployment_into_production_is_told_in_the_open_issue(telling: Telling) -> None:
    number = telling.run("fails-in-prod", approval="2-5", review="approved")
    assert telling.conclusion(number) == "failure"
    [issue] = telling.remote("GET", f"{telling.path}/issues").json
    [comment] = telling.remote("GET", f"{telling.path}/issues/{issue['number']}/comments").json
    assert comment["body"].endswith(f"/acme/{NAME}/actions/runs/{number}\n\nReleased by @rita.\n")


def test_a_reviewer_who_rejects_a_deployment_has_no_failure_told(telling: Telling) -> None:
    number = telling.run("3", approval="3-5", review="rejected")
    assert telling.conclusion(number) == "failure"
    assert telling.issues() == [("Deployment failed", "open", 1)]


def test_a_deployment_that_succeeds_closes_the_issue(telling: Telling) -> None:
    assert telling.conclusion(telling.run("4", review="approved")) == "success"
    assert telling.issues() == [("Deployment failed", "closed", 2)]
