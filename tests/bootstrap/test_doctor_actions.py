"""`doctor`: the organization's policy for GitHub Actions."""

import json
from pathlib import Path
from typing import Any

import pytest

from bootstrap import github
from bootstrap.doctor import actions_policy
from bootstrap.doctor.actions_policy import CHECKOUT, judge, used_actions
from tests.bootstrap.healthy import NO_ACTIONS, examine, github_that_answers, healthy
from tests.sandbox_github.client import WITHOUT_SCOPES, Client, seed, start

pytestmark = pytest.mark.usefixtures("settings")

SELECTED = {"enabled_repositories": "all", "allowed_actions": "selected"}
OURS = ["aws-actions/configure-aws-credentials@*", "pulumi/actions@*", "astral-sh/setup-uv@*"]


def test_every_action_of_the_platform_and_of_the_templates_is_known() -> None:
    assert [action.partition("@")[0] for action in used_actions(CHECKOUT)] == [
        "actions/checkout",
        "astral-sh/setup-uv",
        "aws-actions/configure-aws-credentials",
        "pulumi/actions",
    ]


@pytest.mark.parametrize(
    ("policy", "selected"),
    [
        ({}, {}),
        (SELECTED, {"github_owned_allowed": True, "patterns_allowed": OURS}),
        (SELECTED, {"patterns_allowed": ["*"]}),
        (SELECTED, {"patterns_allowed": ["actions/*", "aws-actions/*", "Pulumi/*", "astral-sh/setup-uv@*", "!evil/*"]}),
        (SELECTED, {"github_owned_allowed": True, "verified_allowed": True}),
    ],
)
def test_a_policy_that_allows_our_actions_is_fine(policy: dict[str, Any], selected: dict[str, Any]) -> None:
    get = github_that_answers(actions=(200, policy), selected={**NO_ACTIONS, **selected})
    assert examine(healthy(), get=get)["GitHub Actions"].fine


@pytest.mark.parametrize(
    ("policy", "selected", "message"),
    [
        ({"enabled_repositories": "selected"}, {}, "enabled for selected repositories of acme"),
        ({"enabled_repositories": "none"}, {}, "enabled for none repositories of acme"),
        ({"allowed_actions": "local_only"}, {}, "does not allow actions/checkout@"),
        (SELECTED, {"github_owned_allowed": True, "patterns_allowed": OURS[:2]}, "does not allow astral-sh/setup-uv@"),
        (SELECTED, {"patterns_allowed": OURS}, "by the patterns actions/checkout@*"),
        (SELECTED, {"patterns_allowed": ["*", "!pulumi/*"]}, "does not allow pulumi/actions@"),
        (
            SELECTED,
            {"github_owned_allowed": True, "patterns_allowed": ["pulumi/actions@v7", *OURS[2:], OURS[0]]},
            "does not allow pulumi/actions@",
        ),
    ],
)
def test_an_action_that_the_policy_forbids_is_named(
    policy: dict[str, Any], selected: dict[str, Any], message: str
) -> None:
    get = github_that_answers(actions=(200, policy), selected={**NO_ACTIONS, **selected})
    finding = examine(healthy(), get=get)["GitHub Actions"]
    assert not finding.fine
    assert message in finding.message


def test_verified_creators_are_said_to_be_unknown() -> None:
    selected = {"github_owned_allowed": True, "verified_allowed": True}
    message = examine(healthy(), get=github_that_answers(actions=(200, SELECTED), selected=selected))["GitHub Actions"]
    assert "Marketplace marks the creators of astral-sh/setup-uv@" in message.message


def test_actions_of_the_organization_itself_are_always_allowed() -> None:
    assert judge(["Acme/own@v1", "other/one@v1"], "acme", NO_ACTIONS) == (["other/one@v1"], [])


def test_a_policy_that_the_token_cannot_read_says_what_it_needs() -> None:
    get = github_that_answers(actions=(403, {"message": "You must be an org admin"}))
    finding = examine(healthy(), get=get)["GitHub Actions"]
    assert not finding.fine
    assert "scope `admin:org`" in finding.message


def test_the_policy_is_read_from_the_local_github(tmp_path: Path) -> None:
    call = start(tmp_path, seed())

    def reading(client: Client) -> tuple[bool, str]:
        def get(_: github.Server, path: str, __: str | None) -> github.Answer:
            answer = client("GET", path)
            return github.Answer(status=answer.status, headers=answer.headers, body=json.loads(answer.content))

        return actions_policy.check(github.Server.at("https://github.example.com"), "acme", "token", get)

    assert reading(call) == (True, "the policy of acme allows all actions")
    assert call("PUT", "/orgs/acme/actions/permissions", SELECTED).status == 204
    assert "does not allow actions/checkout@" in reading(call)[1]
    body = {"github_owned_allowed": True, "patterns_allowed": OURS}
    assert call("PUT", "/orgs/acme/actions/permissions/selected-actions", body).status == 204
    assert reading(call)[0]
    assert "answered 403" in reading(call.by(WITHOUT_SCOPES))[1]
    call.github.close()
