"""`github-token`: the token is checked, stored, and never shown."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from bootstrap import credential, github
from bootstrap.account import Account
from bootstrap.errors import BootstrapError
from bootstrap.names import Names
from tests.bootstrap.fakes import CREDENTIAL_ARN, Parameters, account

NAMES = Names(unit="analytics", environment="dev")
TOKEN = "token-0123456789"


@dataclass
class Secrets:
    """A secret that, like AWS, ignores the id of an existing version."""

    versions: dict[str, str] = field(default_factory=dict[str, str])
    current: str = ""

    def describe_secret(self, SecretId: str) -> dict[str, Any]:  # noqa: N803
        assert SecretId == CREDENTIAL_ARN
        stages = {version: ["AWSCURRENT"] if version == self.current else [] for version in self.versions}
        return {"VersionIdsToStages": stages}

    def put_secret_value(self, SecretId: str, ClientRequestToken: str, SecretString: str) -> None:  # noqa: N803
        assert SecretId == CREDENTIAL_ARN
        assert 32 <= len(ClientRequestToken) <= 64
        if ClientRequestToken not in self.versions:
            self.versions[ClientRequestToken] = SecretString
            self.current = ClientRequestToken


def answers(**by_path: github.Answer) -> github.Get:
    table = {f"/{path.replace('__', '/')}": each for path, each in by_path.items()}

    def get(server: github.Server, path: str, token: str | None) -> github.Answer:
        assert server.api_url == "https://api.github.example.com"
        assert token
        return table.get(path.partition("?")[0], github.Answer(status=404, headers={}, body={"message": "Not Found"}))

    return get


def ok(headers: dict[str, str] | None = None, **body: object) -> github.Answer:
    return github.Answer(status=200, headers=headers or {}, body=body)


GOOD = answers(
    user=ok({"x-oauth-scopes": "admin:org, delete_repo, repo, workflow"}, login="platform-bot"), orgs__acme=ok()
)


def place(secrets: Secrets, parameters: Parameters | None = None) -> Account:
    return account(ssm=parameters or Parameters(), secretsmanager=secrets)


def test_a_good_token_becomes_the_secrets_json_value() -> None:
    secrets = Secrets()
    stored = credential.store(place(secrets), NAMES, f"{TOKEN}\n", get=GOOD)
    assert stored == credential.Stored(owner="platform-bot on https://github.example.com", changed=True)
    assert json.loads(secrets.versions[secrets.current]) == {"token": TOKEN}


def test_the_token_can_be_checked_on_another_server_than_the_deployed_one() -> None:
    asked: list[str] = []

    def get(server: github.Server, path: str, token: str | None) -> github.Answer:
        assert (path, token) in (("/user", TOKEN), ("/orgs/acme", TOKEN))
        asked.append(server.api_url)
        return ok(login="ada")

    stored = credential.store(place(Secrets()), NAMES, TOKEN, "https://github.example.org", get)
    assert stored.owner == "ada on https://github.example.org"
    assert set(asked) == {"https://github.example.org/api/v3"}


def test_the_same_token_again_changes_nothing() -> None:
    secrets = Secrets()
    credential.store(place(secrets), NAMES, TOKEN, get=GOOD)
    assert not credential.store(place(secrets), NAMES, TOKEN, get=GOOD).changed
    assert len(secrets.versions) == 1


def test_an_earlier_token_can_become_current_again() -> None:
    secrets = Secrets()
    for token in (TOKEN, "another-token", TOKEN):
        assert credential.store(place(secrets), NAMES, token, get=GOOD).changed
    assert json.loads(secrets.versions[secrets.current]) == {"token": TOKEN}


def test_a_versions_id_does_not_reveal_the_token() -> None:
    secrets = Secrets()
    credential.store(place(secrets), NAMES, TOKEN, get=GOOD)
    assert TOKEN not in secrets.current


def test_a_fine_grained_token_answers_without_scopes_and_is_accepted() -> None:
    get = answers(user=ok(login="ada"), orgs__acme=ok())
    stored = credential.store(place(Secrets()), NAMES, TOKEN, get=get)
    assert (stored.owner, stored.scopes_known) == ("ada on https://github.example.com", False)


def test_an_empty_list_of_scopes_is_that_of_an_apps_token_unless_the_token_is_a_classic_one() -> None:
    get = answers(user=ok({"x-oauth-scopes": ""}, login="ada"), orgs__acme=ok())
    assert not credential.store(place(Secrets()), NAMES, "ghu_0123456789", get=get).scopes_known
    with pytest.raises(BootstrapError, match="has the scopes \\(none\\): it also needs `repo`"):
        credential.store(place(Secrets()), NAMES, "ghp_0123456789", get=get)


@pytest.mark.parametrize(
    ("scopes", "lacking"),
    [
        ("repo", ["workflow", "delete_repo"]),
        ("repo, read:org, gist", ["workflow", "delete_repo"]),
        ("repo, workflow", ["delete_repo"]),
        ("delete_repo, repo, public_repo", ["workflow"]),
        ("admin:org, delete_repo, workflow", ["repo"]),
    ],
)
def test_every_scope_that_a_launch_may_need_is_required_with_the_command_that_grants_it(
    scopes: str, lacking: list[str]
) -> None:
    secrets = Secrets()
    get = answers(user=ok({"x-oauth-scopes": scopes}, login="ada"), orgs__acme=ok())
    with pytest.raises(BootstrapError) as problem:
        credential.store(place(secrets), NAMES, TOKEN, get=get)
    said = str(problem.value)
    assert [scope for scope in ("repo", "workflow", "delete_repo") if f"`{scope}` to " in said] == lacking
    assert "gh auth refresh --hostname github.example.com --scopes delete_repo,repo,workflow && " in said
    assert not secrets.versions


@pytest.mark.parametrize("held", ["read:org", "write:org", "admin:org"])
def test_a_token_that_sees_teams_is_enough_where_models_are_released_by_pull_request(held: str) -> None:
    get = answers(user=ok({"x-oauth-scopes": f"{held}, delete_repo, repo, workflow"}, login="ada"), orgs__acme=ok())
    assert credential.store(place(Secrets()), NAMES, TOKEN, get=get, releases=True).changed


def test_a_token_that_sees_no_teams_is_refused_only_where_models_are_released_by_pull_request() -> None:
    secrets = Secrets()
    get = answers(user=ok({"x-oauth-scopes": "delete_repo, repo, workflow"}, login="ada"), orgs__acme=ok())
    with pytest.raises(BootstrapError, match="it also needs `read:org` to see who approves releases") as problem:
        credential.store(place(secrets), NAMES, TOKEN, get=get, releases=True)
    assert "--scopes delete_repo,read:org,repo,workflow && " in str(problem.value)
    assert not secrets.versions
    assert credential.store(place(secrets), NAMES, TOKEN, get=get).changed


def test_a_token_that_ends_after_an_hour_is_refused_before_any_request() -> None:
    token = "ghs_0123456789"
    with pytest.raises(BootstrapError, match="ends after an hour or with the job") as problem:
        credential.store(account(), NAMES, token, get=answers())
    assert token not in str(problem.value)


def test_a_token_of_the_account_that_the_settings_name_is_stored_however_its_login_is_spelled() -> None:
    assert credential.store(place(Secrets()), NAMES, TOKEN, get=GOOD, platform_user="Platform-Bot").changed


def test_a_token_of_another_account_than_the_settings_name_is_refused_and_not_stored() -> None:
    secrets = Secrets()
    get = answers(user=ok({"x-oauth-scopes": "repo"}, login="ada"), orgs__acme=ok())
    with pytest.raises(BootstrapError) as problem:
        credential.store(place(secrets), NAMES, TOKEN, get=get, platform_user="platform-bot")
    said = str(problem.value)
    assert said.startswith("The token belongs to ada on https://github.example.com, and the settings of dev name ")
    assert "Give a token of platform-bot, or change the setting and deploy." in said
    assert TOKEN not in said
    assert not secrets.versions


@pytest.mark.parametrize(
    ("get", "reason"),
    [
        (
            answers(user=github.Answer(status=403, headers={}, body={"message": "Resource not accessible"})),
            "rejects the token \\(403: Resource not accessible\\)",
        ),
        (answers(user=github.Answer(status=401, headers={}, body={"message": "Bad credentials"})), "Bad credentials"),
        (answers(user=ok({"x-oauth-scopes": "read:user"}, login="ada"), orgs__acme=ok()), "needs `repo`"),
        (answers(user=ok(login="ada")), "cannot see the organization acme"),
    ],
)
def test_a_token_that_cannot_work_is_refused_and_not_stored(get: github.Get, reason: str) -> None:
    secrets = Secrets()
    with pytest.raises(BootstrapError, match=reason) as problem:
        credential.store(place(secrets), NAMES, TOKEN, get=get)
    assert TOKEN not in str(problem.value)
    assert not secrets.versions


@pytest.mark.parametrize("token", ["", "  \n", "two tokens", "token=one\ntoken=two"])
def test_input_other_than_one_token_is_rejected_before_any_request(token: str) -> None:
    with pytest.raises(BootstrapError, match="nothing else, on standard input"):
        credential.store(account(), NAMES, token, get=answers())


def test_before_the_first_deployment_the_advice_is_to_deploy() -> None:
    secrets = Secrets()
    with pytest.raises(BootstrapError, match="not deployed in dev yet") as problem:
        credential.store(place(secrets, Parameters({})), NAMES, TOKEN, get=answers())
    assert "pulumi up" in str(problem.value)


@pytest.mark.parametrize(
    ("told", "ends"),
    [
        ("2027-03-31 09:30:00 UTC", datetime(2027, 3, 31, 9, 30, tzinfo=UTC)),
        ("2027-03-31 09:30:00 +0900", datetime(2027, 3, 31, 0, 30, tzinfo=UTC)),
        ("some day", None),
    ],
)
def test_the_end_of_the_token_is_known_in_either_form_that_github_writes(told: str, ends: datetime | None) -> None:
    scopes = {"x-oauth-scopes": "delete_repo, repo, workflow", "github-authentication-token-expiration": told}
    get = answers(user=ok(scopes, login="ada"), orgs__acme=ok())
    assert credential.store(place(Secrets()), NAMES, TOKEN, get=get).ends == ends
