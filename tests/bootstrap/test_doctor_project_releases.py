"""`doctor` names the projects whose GitHub asks others than the account's release managers."""

from pathlib import Path
from typing import Any

import pytest

from bootstrap import github
from bootstrap.doctor.finding import Finding
from bootstrap.github import Get, Server
from tests.bootstrap.healthy import NAMES, SEEN, SETTINGS, bootstrapped, examine, github_that_answers, healthy

pytestmark = pytest.mark.usefixtures("settings")

REALTIME = "mlops-abalone-p-abcdefghijkl-model-deployment-realtime"
OTHER = "mlops-churn-p-mnopqrstuvwx-model-deployment-realtime"


@pytest.fixture(autouse=True)
def managers(settings: Path) -> None:
    settings.write_text(f"{SETTINGS}  mlops-platform:workload: {{releaseManagers: [hedy, Lise]}}\n")


def asked(*logins: str) -> dict[str, Any]:
    """An environment in which GitHub asks these people."""
    reviewers = [{"type": "User", "reviewer": {"login": login}} for login in logins]
    return {"protection_rules": [{"type": "branch_policy"}, {"type": "required_reviewers", "reviewers": reviewers}]}


def found(environments: dict[str, tuple[int, dict[str, Any]]], token: str | None = SEEN) -> Finding | None:
    """Examine an account with a stack of roles for each repository, whose environments GitHub answers."""
    stacks = bootstrapped()
    for number, repository in enumerate(environments):
        name = f"{NAMES.prefix}-p-{'abcdefghijk'}{number}"
        parameters = [{"ParameterKey": "RepositoryName", "ParameterValue": repository}]
        stacks.stacks[name] = {"StackName": name, "StackStatus": "CREATE_COMPLETE", "Parameters": parameters}
    stacks.stacks["another"] = {"StackName": "another", "StackStatus": "CREATE_COMPLETE"}
    known = github_that_answers()

    def get(server: Server, path: str, token: str | None) -> github.Answer:
        for repository, (status, body) in environments.items():
            if path == f"/repos/acme/{repository}/environments/dev":
                return github.Answer(status=status, headers={}, body=body)
        return known(server, path, token)

    answers: Get = get
    return examine(healthy(cloudformation=stacks), token, answers).get("project releases")


def test_projects_whose_github_asks_the_accounts_release_managers_are_fine() -> None:
    finding = found({REALTIME: (200, asked("lise", "Hedy")), OTHER: (200, asked("hedy", "lise"))})

    assert finding
    assert (finding.fine, finding.message) == (True, "GitHub asks hedy and Lise about the releases of 2 projects")


@pytest.mark.parametrize(
    ("environment", "shown"),
    [
        (asked("former", "hedy", "lise"), "former releases"),
        (asked("hedy"), "Lise is not asked"),
        (asked("former"), "former releases, hedy and Lise are not asked"),
        ({}, "hedy and Lise are not asked"),
    ],
    ids=str,
)
def test_a_project_whose_github_asks_others_is_to_be_updated(environment: dict[str, Any], shown: str) -> None:
    finding = found({REALTIME: (200, environment), OTHER: (200, asked("hedy", "lise"))})

    assert finding
    assert not finding.fine
    assert f"{REALTIME} ({shown}): update" in finding.message
    assert OTHER not in finding.message


def test_a_team_that_github_asks_is_none_of_the_release_managers() -> None:
    team = {"type": "Team", "reviewer": {"slug": "everybody"}}
    environment = asked("hedy", "lise")
    environment["protection_rules"][1]["reviewers"].append(team)

    finding = found({REALTIME: (200, environment)})

    assert finding
    assert "(the team everybody releases)" in finding.message


def test_a_project_that_the_token_does_not_see_is_named() -> None:
    finding = found({REALTIME: (404, {"message": "Not Found"})})

    assert finding
    assert not finding.fine
    assert f"{REALTIME} (GitHub does not show its environment dev: 404, Not Found)" in finding.message


def test_an_account_without_projects_has_none_to_look_at() -> None:
    finding = found({})

    assert finding
    assert (finding.fine, finding.message) == (True, "no project deploys to this account yet")


def test_without_release_managers_there_is_nothing_to_compare(settings: Path) -> None:
    settings.write_text(f"{SETTINGS}  mlops-platform:workload: {{release: unprotected}}\n")

    assert found({REALTIME: (200, asked("former"))}) is None
