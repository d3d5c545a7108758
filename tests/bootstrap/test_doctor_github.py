"""`doctor`: the token issuer, the organization and the GitHub environment."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bootstrap import github
from tests.bootstrap.fakes import Parameters, answer
from tests.bootstrap.healthy import (
    BY_NAME,
    ENVIRONMENT,
    LEGACY,
    MAIN,
    OF_AN_ENTERPRISE,
    POLICIES,
    PROTECTED,
    SEEN,
    SETTINGS,
    bootstrapped,
    deployed_for,
    examine,
    github_that_answers,
    healthy,
)
from tests.bootstrap.template import ISSUER

pytestmark = pytest.mark.usefixtures("settings")


def test_roles_that_trust_a_different_issuer_than_the_platforms_are_reported() -> None:
    elsewhere = deployed_for(
        "https://github.example.com", "https://github.example.com/api/v3", "github.example.com/_services/token"
    )
    finding = examine(healthy(ssm=Parameters(elsewhere)))["token issuer"]
    assert not finding.fine
    assert (
        "python -m bootstrap up --unit analytics --environment dev --github-org acme "
        "--github-repository mlops-platform --github-url https://github.example.com; if the roles are"
    ) in finding.message
    assert f"github.oidcIssuer to https://{ISSUER}" in finding.message


def test_an_enterprises_own_issuer_is_fine_if_the_settings_have_it() -> None:
    where = healthy(
        cloudformation=bootstrapped(OF_AN_ENTERPRISE),
        ssm=Parameters(deployed_for("https://github.com", "https://api.github.com", OF_AN_ENTERPRISE)),
    )
    assert [each.message for each in examine(where).values() if not each.fine] == []


def test_the_advice_for_roles_that_do_not_trust_an_enterprises_own_issuer_names_it() -> None:
    own = deployed_for("https://github.com", "https://api.github.com", OF_AN_ENTERPRISE)
    where = healthy(cloudformation=bootstrapped(subjects=LEGACY), ssm=Parameters(own))
    assert f"--oidc-issuer {OF_AN_ENTERPRISE} --oidc-subjects legacy; if" in examine(where)["token issuer"].message


def test_requests_to_github_go_to_the_api_address_in_the_settings() -> None:
    asked: list[str] = []

    def get(server: github.Server, path: str, token: str | None) -> github.Answer:
        asked.append(server.api_url)
        return github_that_answers()(server, path, token)

    api = "https://api.octocorp.ghe.com"
    where = healthy(ssm=Parameters(deployed_for("https://octocorp.ghe.com", api, ISSUER)))
    assert all(each.fine for each in examine(where, get=get).values())
    assert set(asked) == {api}


@pytest.mark.parametrize(("token", "hint"), [(None, "set GITHUB_TOKEN"), ("bad", "GITHUB_TOKEN is rejected")])
def test_an_organization_that_is_not_visible_says_why(token: str | None, hint: str) -> None:
    finding = examine(healthy(), token)["GitHub"]
    assert not finding.fine
    assert hint in finding.message


def test_the_scopes_that_deploying_the_templates_needs_are_checked() -> None:
    finding = examine(healthy(), get=github_that_answers(scopes="repo, workflow"))["GitHub token"]
    assert not finding.fine
    assert finding.message == (
        "GITHUB_TOKEN lacks `delete_repo` to delete a template repository, if the settings do not keep it, `admin:org` to "
        "manage the organization's rules; run: gh auth refresh --hostname github.com --scopes "
        "admin:org,delete_repo,repo,workflow"
    )
    assert examine(healthy(), get=github_that_answers(scopes="admin:org,delete_repo,repo,workflow"))[
        "GitHub token"
    ].fine


@pytest.mark.parametrize("scopes", ["admin:org,delete_repo,repo,workflow", None])
def test_the_end_of_the_token_is_told_and_a_near_one_is_reported(scopes: str | None) -> None:
    now = datetime.now(UTC)
    later, near = (f"{now + timedelta(days=days, hours=1):%Y-%m-%d %H:%M:%S UTC}" for days in (14, 13))
    finding = examine(healthy(), get=github_that_answers(scopes=scopes, ends=later))["GitHub token"]
    assert finding.fine
    assert finding.message.endswith("in 14 days")
    finding = examine(healthy(), get=github_that_answers(scopes=scopes, ends=near))["GitHub token"]
    assert not finding.fine
    assert "in 13 days. If it is the one in the secret ORGANIZATION_TOKEN" in finding.message


def test_a_token_that_has_permissions_instead_of_scopes_is_fine_and_said_to_be_unknown() -> None:
    finding = examine(healthy(), get=github_that_answers(scopes=None))["GitHub token"]
    assert finding.fine
    assert "GitHub does not tell what it may do" in finding.message


@pytest.mark.parametrize(
    "content",
    [
        SETTINGS.replace("projects: {}", "projects: {publishTemplateRepositories: false}"),
        SETTINGS[: SETTINGS.index("  mlops-platform:development")],
    ],
    ids=["another stack publishes them", "not development"],
)
def test_a_stack_that_publishes_no_templates_needs_no_such_token(settings: Path, content: str) -> None:
    settings.write_text(content)
    assert "GitHub token" not in examine(healthy(), get=github_that_answers(scopes="repo"))


def test_the_advice_for_an_empty_credential_grants_its_scopes() -> None:
    message = examine(healthy(secretsmanager={"describe_secret": answer({})}))["GitHub credential"].message
    assert "gh auth refresh --hostname github.com --scopes delete_repo,repo,workflow && gh auth token" in message


def test_an_organization_in_another_case_than_githubs_is_reported() -> None:
    finding = examine(healthy(), get=github_that_answers(login="Acme"))["GitHub"]
    assert not finding.fine
    assert "set github.organization to Acme and deploy" in finding.message


def test_a_repository_that_the_roles_trust_in_another_case_than_githubs_is_reported() -> None:
    get = github_that_answers(repository={"full_name": "Acme/MLOps-Platform"})
    finding = examine(healthy(), get=get)["GitHub repository"]
    assert not finding.fine
    assert "the roles trust acme/mlops-platform, and GitHub's tokens say Acme/MLOps-Platform; run: python -m" in (
        finding.message
    )


def test_a_repository_in_the_settings_in_another_case_than_githubs_is_reported(settings: Path) -> None:
    settings.write_text(SETTINGS.replace("platformUser: mlops-bot", "repository: MLOps-Platform"))
    finding = examine(healthy())["GitHub repository"]
    assert not finding.fine
    assert (
        "github.repository of the settings is MLOps-Platform, and GitHub's tokens say mlops-platform" in finding.message
    )


def test_a_default_branch_that_the_workflows_do_not_deploy_is_reported() -> None:
    get = github_that_answers(repository={"full_name": "acme/mlops-platform", "default_branch": "master"})
    finding = examine(healthy(), get=get)["GitHub repository"]
    assert not finding.fine
    assert "repos/acme/mlops-platform/branches/master/rename --field new_name=main" in finding.message


def test_an_environment_in_another_case_than_the_roles_trust_is_reported() -> None:
    finding = examine(healthy(), get=github_that_answers(environment={**BY_NAME, "name": "Dev"}))["GitHub environment"]
    assert not finding.fine
    assert "has the environment Dev" in finding.message


def test_no_finding_contains_the_token() -> None:
    assert SEEN not in json.dumps([each.message for each in examine(healthy()).values()])


@pytest.mark.parametrize(
    ("status", "environment", "message"),
    [
        (404, {}, "the first job that names it creates it, on whatever branch"),
        (200, {"deployment_branch_policy": None}, "jobs on every branch of acme/mlops-platform may enter dev"),
        (200, PROTECTED, "all branches unless one has a branch protection rule (rulesets do not count)"),
        (200, PROTECTED, "Selected branches and tags, add main"),
        (500, {"message": "Server Error"}, f"answered 500 for {ENVIRONMENT}: Server Error"),
    ],
)
def test_an_environment_that_admits_every_branch_is_reported(
    status: int, environment: dict[str, Any], message: str
) -> None:
    finding = examine(healthy(), get=github_that_answers(status, environment))["GitHub environment"]
    assert not finding.fine
    assert message in finding.message


@pytest.mark.parametrize(
    ("policies", "message"),
    [
        ((), "admits no branch to dev"),
        (({"name": "*", "type": "branch"}, MAIN), "admits branch *, branch main to dev, which is for main alone"),
        ((MAIN, {"name": "main", "type": "tag"}), "admits branch main, tag main to dev"),
        (({"name": "release", "type": "branch"},), "admits branch release to dev"),
    ],
)
def test_everything_that_an_environment_admits_is_listed(policies: tuple[dict[str, Any], ...], message: str) -> None:
    finding = examine(healthy(), get=github_that_answers(policies=policies))["GitHub environment"]
    assert not finding.fine
    assert message in finding.message
    assert "add main" in finding.message


@pytest.mark.parametrize("policy", [MAIN, {"name": "main"}], ids=["now", "older Enterprise Server"])
def test_an_environment_that_admits_only_main_is_fine(policy: dict[str, Any]) -> None:
    finding = examine(healthy(), get=github_that_answers(policies=(policy,)))["GitHub environment"]
    assert finding.fine
    assert finding.message == "acme/mlops-platform admits only main to dev"


def test_an_environment_whose_branches_cannot_be_read_is_not_fine() -> None:
    finding = examine(healthy(), get=github_that_answers(policies_status=403))["GitHub environment"]
    assert not finding.fine
    assert f"answered 403 for {POLICIES}" in finding.message
