"""The command that releases: it lists what waits for a review, and lets it in as somebody who may review it."""

from collections.abc import Iterator

import pytest

from sandbox import __main__ as command
from sandbox import servers
from sandbox.demo import launching
from sandbox.organization import ORGANIZATION, RELEASE_MANAGER, SECOND_RELEASE_MANAGER, USERS
from sandbox.servers import Server, Servers
from tests.sandbox_github.client import seed
from tests.sandbox_github.remote import Remote, running

WORKFLOW = """
name: Deploy
run-name: Deploy version 1
on: workflow_dispatch
jobs: {prod: {runs-on: ubuntu-latest, environment: prod, steps: [{run: echo deployed}]}}
"""
TOKENS = {user.login: f"token-of-{user.login}" for user in USERS}
REVIEWERS = [{"type": "User", "id": user.id} for user in (RELEASE_MANAGER, SECOND_RELEASE_MANAGER)]


@pytest.fixture(scope="module")
def github(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remote]:
    """A GitHub with the people of the demo, called by the platform engineer."""
    people = {
        "users": [{"login": user.login, "id": user.id, "admin": user.admin} for user in USERS],
        "tokens": [
            {"token": token, "login": login, "scopes": "admin:org,repo,workflow"} for login, token in TOKENS.items()
        ],
    }
    with running(tmp_path_factory.mktemp("github"), seed(**people)) as found:
        yield found.by(TOKENS["platform-engineer"])


@pytest.fixture
def sandbox(github: Remote, monkeypatch: pytest.MonkeyPatch) -> Remote:
    """A sandbox that runs, with this GitHub."""
    here = Server(pid=0, url=github.url)
    found = Servers(aws=here, github=here, trust=str(github.ca), tokens=TOKENS)
    monkeypatch.setattr(servers, "require", lambda: found)
    return github


def waiting(github: Remote, name: str, *, started_by: str) -> int:
    """Start a run that waits for a release manager, and return its id."""
    path = github.with_workflow(name, WORKFLOW)
    protection = {"prevent_self_review": True, "reviewers": REVIEWERS}
    assert github("PUT", f"{path}/environments/prod", protection).status == 200
    for login in ("hedy", "lise"):
        assert github("PUT", f"{path}/collaborators/{login}", {"permission": "push"}).status in (201, 204)
    run = github.by(TOKENS[started_by]).start(path)
    github.when(path, run, "waiting")
    return run


@pytest.mark.parametrize(("started_by", "reviewer"), [("platform-engineer", "hedy"), ("hedy", "lise")])
def test_a_run_that_waits_is_listed_and_released_as_somebody_who_may_review_it(
    sandbox: Remote, capsys: pytest.CaptureFixture[str], started_by: str, reviewer: str
) -> None:
    name = f"started-by-{started_by}"
    run = waiting(sandbox, name, started_by=started_by)
    assert command.main(["release"]) == 0
    first, second, how = capsys.readouterr().out.splitlines()
    assert first == f"{run}  Deploy: Deploy version 1"
    assert second.startswith(f"  waits for prod; {reviewer} may; {sandbox.url}/{ORGANIZATION.login}/{name}/")
    assert how == "Release one: .venv/bin/python -m sandbox release RUN"
    assert command.main(["release", str(run)]) == 0
    assert "All green" in capsys.readouterr().out
    path = f"/repos/{ORGANIZATION.login}/{name}/actions/runs/{run}"
    assert sandbox("GET", path).json["conclusion"] == "success"
    assert [one["user"]["login"] for one in sandbox("GET", f"{path}/approvals").json] == [reviewer]
    assert command.main(["release", str(run)]) == 1
    said = capsys.readouterr()
    assert said.err.splitlines() == [f"no run {run} waits for a review", "No run waits for a review."]


def test_a_run_that_nobody_may_review_is_refused_and_still_waits(
    sandbox: Remote, capsys: pytest.CaptureFixture[str]
) -> None:
    run = waiting(sandbox, "alone", started_by="hedy")
    path = f"/repos/{ORGANIZATION.login}/alone"
    only = {"prevent_self_review": True, "reviewers": [{"type": "User", "id": RELEASE_MANAGER.id}]}
    assert sandbox("PUT", f"{path}/environments/prod", only).status == 200
    assert command.main(["release", str(run)]) == 1
    assert capsys.readouterr().err.startswith("nobody of the sandbox may review the run: ")
    assert sandbox("GET", f"{path}/actions/runs/{run}").json["status"] == "waiting"
    assert sandbox("PATCH", path, {"archived": True}).status == 200


def test_the_next_step_names_the_exact_version_and_both_commands() -> None:
    arn = "arn:aws:sagemaker:eu-west-1:111111111111:model-package/shells-p-abcdefghijkl/1"
    text = launching.next_step(arn)
    assert f"aws --profile grace sagemaker update-model-package --model-package-arn {arn} " in text
    assert text.splitlines()[-1] == "  .venv/bin/python -m sandbox release"


@pytest.mark.parametrize("profile", ["hedy", "lise", "dev-admin"])
def test_credentials_of_a_profile_that_has_none_to_fetch_are_refused_in_one_line(
    sandbox: Remote, capsys: pytest.CaptureFixture[str], profile: str
) -> None:
    del sandbox
    assert command.main(["credentials", profile]) == 1
    [said] = capsys.readouterr().err.splitlines()
    assert said.startswith(f"there is no profile {profile!r}; profiles: dev, preprod, prod, grace, ada.")
