"""Runs under the title of an approval, as the deployment trigger finds them and a writer starts them."""

from typing import Any

import pytest

from functions.deployment_trigger.github import GitHub
from functions.deployment_trigger.package import Approval
from functions.shared.github_api.deadline import Deadline
from functions.shared.github_api.values import Json, parsed
from tests.installed import CHECKOUT
from tests.sandbox_github.client import MEMBER, Client, encoded, repository

NAME = "acme/mlops-model"
PATH = f"/repos/{NAME}"
APPROVAL = Approval(version=1, at=5)
WORKFLOW = """\
run-name: Deploy ${{ inputs.approval }}
on: {workflow_dispatch: {inputs: {approval: {}}}}
jobs:
  build:
    runs-on: ubuntu-latest
    steps: [{run: echo}]
"""


class TriggersGitHub(GitHub):
    """The client of the deployment trigger, which sends its requests to a GitHub in this process."""

    def __init__(self, call: Client) -> None:
        super().__init__("", "", Deadline(at=0, now=lambda: 0, sleep=lambda _: None))
        self._call = call

    def send(self, method: str, path: str, body: Json | None = None, *, accept: tuple[int, ...]) -> tuple[int, Json]:
        """Send a request, and return what is answered."""
        answer = self._call(method, path, body)
        assert answer.status in accept, answer.content
        return answer.status, parsed(answer.content)


@pytest.fixture
def platform(call: Client) -> TriggersGitHub:
    """A GitHub without runners, as the platform's account, with a project in which another one may write."""
    call.github.store.seed.runners = 0
    repository(call, "mlops-model")
    body = {"message": "Workflow", "content": encoded(WORKFLOW)}
    assert call("PUT", f"{PATH}/contents/.github/workflows/deploy.yml", body).status == 201
    assert call("PUT", f"{PATH}/collaborators/mia", {"permission": "push"}).status == 204
    return TriggersGitHub(call)


def dispatch(person: Client, branch: str) -> dict[str, Any]:
    """Start a run under the title of the approval."""
    body = {"ref": branch, "inputs": {"approval": APPROVAL.id}, "return_run_details": True}
    answer = person("POST", f"{PATH}/actions/workflows/deploy.yml/dispatches", body)
    assert answer.status == 200, answer.content
    return answer.json


def found(platform: TriggersGitHub) -> str | None:
    return platform.run_of(NAME, "deploy.yml", "main", APPROVAL.id)


def commit_of(platform: TriggersGitHub, url: str | None) -> str | None:
    return platform.tested_commit(NAME, "deploy.yml", "main", APPROVAL, url)


@pytest.mark.parametrize("branch", ["hers", "main"])
def test_a_writers_run_of_her_branch_under_an_approvals_title_is_not_found(
    call: Client, platform: TriggersGitHub, branch: str
) -> None:
    writer = call.by(MEMBER)
    main = call("GET", f"{PATH}/git/ref/heads/main").json["object"]["sha"]
    assert call("POST", f"{PATH}/git/refs", {"ref": "refs/heads/hers", "sha": main}).status == 201
    forged = dispatch(writer, branch)
    run = call.github.store.state.runs[forged["workflow_run_id"]]
    run.status, run.conclusion = "completed", "success"

    assert run.title == f"Deploy {APPROVAL.id}"
    assert found(platform) is None
    assert commit_of(platform, None) is None
    assert commit_of(platform, forged["html_url"]) is None


def test_the_platforms_own_run_is_found_also_when_main_has_moved_and_a_writer_has_repeated_it(
    call: Client, platform: TriggersGitHub
) -> None:
    main = call("GET", f"{PATH}/git/ref/heads/main").json["object"]["sha"]
    url = platform.dispatch(NAME, "deploy.yml", "main", {"approval": APPROVAL.id})
    [run] = call.github.store.state.runs.values()
    run.status, run.conclusion = "completed", "success"
    run.triggering_actor = "mia"
    body = {"message": "Later", "content": encoded("later")}
    assert call("PUT", f"{PATH}/contents/later", body).status == 201
    dispatch(call.by(MEMBER), "main")

    assert found(platform) == url
    assert commit_of(platform, url) == main


def test_the_run_of_a_training_that_drift_starts_is_found_by_its_reason(call: Client, platform: TriggersGitHub) -> None:
    train = (CHECKOUT / "template-repos" / "model-training" / ".github" / "workflows" / "train.yml").read_text()
    before = {"message": "Train", "content": encoded(train)}
    assert call("PUT", f"{PATH}/contents/.github/workflows/train.yml", before).status == 201
    [pushed] = [run for run in call.github.store.state.runs.values() if run.workflow.endswith("train.yml")]

    url = platform.dispatch(NAME, "train.yml", "main", {"reason": "Drift: prod-2026-11-30"})

    assert pushed.title == "Train"
    assert platform.run_of(NAME, "train.yml", "main", "prod-2026-11-30") == url
    assert platform.run_of(NAME, "train.yml", "main", "prod-2026-W50") is None
