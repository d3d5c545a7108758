"""`doctor` reads from GitHub whether one person could get something into production."""

from pathlib import Path
from typing import Any

import pytest

from bootstrap.doctor import reviews
from bootstrap.github import Answer, Server
from tests.bootstrap.healthy import (
    BY_NAME,
    HEDY,
    JOBS,
    OWNERS,
    PLATFORM,
    PULL_REQUEST,
    REVIEWED,
    REVIEWER,
    REVIEWING,
    RULESETS,
    SETTINGS,
    examine,
    github_that_answers,
    healthy,
)

pytestmark = pytest.mark.usefixtures("settings")

WITHOUT_TOKEN = SETTINGS.replace("projects: {}", "projects: {publishTemplateRepositories: false}")
"""Settings of a stack that leaves the organization to another, whose jobs have an owner's token."""


def test_a_platform_whose_changes_are_reviewed_is_fine() -> None:
    found = examine(healthy())

    assert found["GitHub reviews"].fine
    assert "needs the approval of one person who did not push it" in found["GitHub reviews"].message
    assert found["GitHub rulesets"].fine
    assert "only mlops-bot bypasses the rulesets of acme" in found["GitHub rulesets"].message


@pytest.mark.parametrize(
    ("changes", "lacking"),
    [
        ({"required_approving_review_count": 0}, "1 approvals (found: 0)"),
        ({"dismiss_stale_reviews_on_push": False}, "dismissal of stale approvals"),
        ({"require_last_push_approval": False}, "approval of the last push"),
        ({"required_review_thread_resolution": False}, "resolution of conversations"),
    ],
)
def test_what_the_rules_of_the_platforms_main_lack_is_reported(changes: dict[str, Any], lacking: str) -> None:
    rules = [*REVIEWED[:2], {"type": "pull_request", "parameters": PULL_REQUEST | changes}]

    found = examine(healthy(), get=github_that_answers(rules=(200, rules)))["GitHub reviews"]

    assert not found.fine
    assert f"its active rules lack: {lacking}. Deploy" in found.message


def test_the_strictest_of_several_rules_counts() -> None:
    weaker = {"type": "pull_request", "parameters": dict.fromkeys(PULL_REQUEST, 0)}

    assert examine(healthy(), get=github_that_answers(rules=(200, [weaker, *REVIEWED])))["GitHub reviews"].fine


def test_a_main_that_can_be_deleted_or_replaced_is_reported() -> None:
    found = examine(healthy(), get=github_that_answers(rules=(200, REVIEWED[1:])))["GitHub reviews"]

    assert "lack: no deletion and no force push" in found.message


def test_more_approvals_that_the_settings_want_are_looked_for(settings: Path) -> None:
    settings.write_text(SETTINGS.replace("platformUser: mlops-bot", "platformUser: mlops-bot, requiredApprovals: 2"))

    assert "2 approvals (found: 1)" in examine(healthy())["GitHub reviews"].message


def test_a_plan_without_rules_is_named() -> None:
    message = {"message": "Upgrade to GitHub Pro or make this repository public to enable this feature."}

    found = examine(healthy(), get=github_that_answers(rules=(403, message)))["GitHub reviews"]

    assert not found.fine
    assert "it needs GitHub Team or Enterprise" in found.message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"rulesets": ({**RULESETS[0], "bypass_actors": [PLATFORM, OWNERS]},)},
            "the ruleset mlops-protect-main lets OrganizationAdmin past",
        ),
        (
            {"rulesets": ({**RULESETS[0], "bypass_actors": [{**PLATFORM, "actor_id": 7}]},)},
            "the ruleset mlops-protect-main lets Team 7 past",
        ),
        (
            {"rulesets": ({**RULESETS[1], "bypass_actors": [PLATFORM]},)},
            "the ruleset mlops-protect-platform lets Team 4001 past",
        ),
        ({"rulesets": ({**RULESETS[0], "enforcement": "evaluate"},)}, "the ruleset mlops-protect-main is evaluate"),
        ({"rulesets": RULESETS[:2]}, "the ruleset mlops-only-people-push is missing"),
        ({"rulesets": RULESETS[:3]}, "the ruleset mlops-platform-branches is missing"),
        ({"rulesets": ({**RULESETS[2], "enforcement": "disabled"},)}, "the ruleset mlops-only-people-push is disabled"),
        (
            {"rulesets": ({**RULESETS[2], "bypass_actors": [OWNERS, {"actor_type": "Integration", "actor_id": 7}]},)},
            "the ruleset mlops-only-people-push lets Integration 7 past",
        ),
        ({"members": ("mlops-bot", "grace")}, "the members of the team mlops-platform-account are grace, mlops-bot"),
        ({"members": ()}, "the members of the team mlops-platform-account are none"),
        ({"jobs": {**JOBS, "can_approve_pull_request_reviews": True}}, "GitHub Actions may approve pull requests"),
        ({"jobs": {}}, "GitHub Actions may approve pull requests, or does not say"),
    ],
)
def test_whoever_gets_past_the_rules_is_reported(changes: dict[str, Any], message: str) -> None:
    found = examine(healthy(), get=github_that_answers(**changes))["GitHub rulesets"]

    assert not found.fine
    assert message in found.message


APPROVING = {"reviewer": {"id": 4002, "type": "Team"}, "file_patterns": ["*", "**/*"], "minimum_approvals": 1}


def production(required: dict[str, Any] = APPROVING, **changes: Any) -> tuple[dict[str, Any], ...]:
    """The rulesets of an organization that releases by pull request."""
    rules = [{"type": "pull_request", "parameters": {"required_reviewers": [required]}}]
    protecting: dict[str, Any] = {
        "id": 6,
        "name": "mlops-protect-production",
        "enforcement": "active",
        "bypass_actors": [],
        "rules": rules,
    }
    opening = {"id": 7, "name": "mlops-open-production", "enforcement": "active", "bypass_actors": [PLATFORM]}
    return (*RULESETS, {**protecting, **changes}, opening)


@pytest.fixture
def releasing(settings: Path) -> None:
    settings.write_text(
        SETTINGS.replace("platformUser: mlops-bot", "platformUser: mlops-bot, releaseManagers: [hedy, lise]")
    )


@pytest.mark.usefixtures("releasing")
def test_rules_by_which_release_managers_approve_are_fine() -> None:
    get = github_that_answers(rulesets=production(), managers=("Hedy", "lise"))

    assert examine(healthy(), get=get)["GitHub rulesets"].fine


@pytest.mark.usefixtures("releasing")
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"rulesets": RULESETS},
            "the ruleset mlops-open-production is missing; the ruleset mlops-protect-production is",
        ),
        (
            {"rulesets": production(bypass_actors=[PLATFORM])},
            "the ruleset mlops-protect-production lets Team 4001 past",
        ),
        ({"rulesets": production(enforcement="disabled")}, "the ruleset mlops-protect-production is disabled"),
        ({"rulesets": production(rules=[])}, "does not require the approval of the team mlops-release-managers"),
        (
            {"rulesets": production({**APPROVING, "minimum_approvals": 0})},
            "does not require the approval of the team mlops-release-managers",
        ),
        (
            {"rulesets": production({**APPROVING, "reviewer": {"id": 4001, "type": "Team"}})},
            "does not require the approval of the team mlops-release-managers",
        ),
        ({"managers": ("hedy",)}, "the members of the team mlops-release-managers are hedy, and should be hedy, lise"),
        ({"maintainers": ("lise",)}, "lise may add others to the team mlops-release-managers"),
    ],
)
def test_whoever_releases_instead_of_the_release_managers_is_reported(changes: dict[str, Any], message: str) -> None:
    known: dict[str, Any] = {"rulesets": production(), "managers": ("hedy", "lise"), **changes}
    get = github_that_answers(**known)

    found = examine(healthy(), get=get)["GitHub rulesets"]

    assert not found.fine
    assert message in found.message


def test_a_stack_that_leaves_the_organization_to_another_does_not_look_at_its_rulesets(settings: Path) -> None:
    settings.write_text(WITHOUT_TOKEN)

    assert "GitHub rulesets" not in examine(healthy())


@pytest.mark.parametrize(
    ("workload", "fine", "message"),
    [
        ({"release": "unprotected"}, False, "nobody releases models to prod: workload.release is unprotected"),
        ({}, True, "no product whose models need a release deploys to prod"),
        ({"releaseManagers": ["hedy"]}, True, "new and updated projects are released to prod by hedy"),
        (
            {"release": "branch", "releaseManagers": ["hedy"]},
            True,
            "released to prod by pull requests that hedy approves",
        ),
        ({"releaseManagers": ["hedy", "lise"]}, True, "new and updated projects are released to prod by hedy or lise"),
    ],
)
def test_who_releases_models_is_said(workload: dict[str, Any], fine: bool, message: str) -> None:
    found = reviews.of_release("prod", {"workload": workload})

    assert (found[0], message in found[1]) == (fine, True)


def test_a_trial_without_a_release_is_repeated_each_time(settings: Path) -> None:
    settings.write_text(f"{SETTINGS}  mlops-platform:workload: {{release: unprotected}}\n")

    assert not examine(healthy())["release"].fine


@pytest.mark.parametrize(
    ("release", "plan", "fine", "message"),
    [
        (
            "environment",
            "team",
            False,
            "acme has the GitHub plan team, and workload.release: environment of dev needs more",
        ),
        ("environment", "enterprise", True, "the GitHub plan enterprise of acme has what"),
        (
            "branch",
            "free",
            False,
            "needs more for private repositories: environment needs GitHub Enterprise, branch GitHub Team",
        ),
        ("branch", "team", True, "the GitHub plan team of acme has what"),
        (
            "environment",
            None,
            True,
            "to its owners alone, by a token with admin:org: a launch fails if it has not what",
        ),
    ],
)
def test_a_plan_that_cannot_do_what_the_settings_say_is_reported_to_owners(
    settings: Path, release: str, plan: str | None, fine: bool, message: str
) -> None:
    workload = f"{{release: {release}, releaseManagers: [hedy]}}"
    settings.write_text(f"{SETTINGS}  mlops-platform:workload: {workload}\n")

    found = examine(healthy(), get=github_that_answers(plan=plan))["GitHub plan"]

    assert (found.fine, message in found.message) == (fine, True), found.message


def test_a_plan_is_examined_only_where_somebody_releases() -> None:
    assert "GitHub plan" not in examine(healthy())


@pytest.mark.parametrize(
    ("environment", "fine", "message"),
    [
        (REVIEWER, True, "when a reviewer lets it"),
        ({**REVIEWER, "protection_rules": []}, False, "unreviewed (no reviewer is required), and what it deploys"),
        ({**REVIEWER, "can_admins_bypass": True}, False, "unreviewed (administrators may bypass it)"),
        ({**REVIEWER, "can_admins_bypass": None}, True, "when a reviewer lets it"),
        (
            {**REVIEWER, "protection_rules": [{**REVIEWING, "prevent_self_review": False}]},
            False,
            "unreviewed (who started it may release it)",
        ),
    ],
    ids=["reviewed", "by anybody", "by administrators", "an older Enterprise Server", "by who started it"],
)
@pytest.mark.parametrize(
    "written",
    [SETTINGS, f"{WITHOUT_TOKEN}  mlops-platform:workload: {{releaseManagers: [hedy]}}\n"],
    ids=["with an owner's token", "production"],
)
def test_the_platforms_own_deployments_to_production_and_with_an_owners_token_wait_for_somebody(
    settings: Path, written: str, environment: dict[str, Any], fine: bool, message: str
) -> None:
    settings.write_text(written)

    found = examine(healthy(), get=github_that_answers(environment={**BY_NAME, **environment}))["GitHub deployment"]

    assert (found.fine, message in found.message) == (fine, True)


@pytest.mark.parametrize(
    "written",
    [
        WITHOUT_TOKEN,
        SETTINGS.replace("platformUser: mlops-bot", "platformUser: mlops-bot, releaseManagers: [hedy, lise]"),
    ],
    ids=["without the token", "GitHub Team"],
)
def test_a_deployment_without_an_owners_token_or_where_nobody_can_be_asked_waits_for_nobody(
    settings: Path, written: str
) -> None:
    settings.write_text(written)

    assert "GitHub deployment" not in examine(healthy())


def test_an_environment_that_is_not_there_is_to_be_created() -> None:
    def answers(_: object, place: str, __: object) -> Answer:
        assert place.endswith("/environments/prod")
        return Answer(status=404, headers={}, body={"message": "Not Found"}, items=[])

    server = Server.at("https://github.com")
    fine, message = reviews.of_deployment(server, "acme/mlops-platform", "prod", {}, None, answers)

    assert not fine
    assert message.startswith("acme/mlops-platform has no environment prod, or this token does not see it: create it")


MACHINE = {"type": "User", "reviewer": {"login": "Mlops-bot"}}
LISE = {"type": "User", "reviewer": {"login": "lise"}}
OPERATORS = {"type": "Team", "reviewer": {"slug": "operators", "name": "Operators"}}


def reviewed_by(*reviewers: dict[str, Any]) -> dict[str, Any]:
    """An environment whose reviewers these are."""
    return {**BY_NAME, **REVIEWER, "protection_rules": [{**REVIEWING, "reviewers": list(reviewers)}]}


@pytest.mark.parametrize(
    ("reviewers", "production", "message"),
    [
        ((HEDY,), (HEDY, LISE), ""),
        ((HEDY, LISE), (HEDY,), "lise may let it in, and not into prod"),
        ((OPERATORS,), (HEDY,), "operators may let it in, and not into prod"),
        ((MACHINE,), (MACHINE,), "mlops-bot, the platform's own account, may let it in"),
        ((OPERATORS,), (OPERATORS,), "mlops-bot, the platform's own account, may let it in"),
    ],
    ids=["of prod", "another person", "another team", "the platform's account", "in a team"],
)
def test_whoever_else_lets_a_deployment_with_an_owners_token_in_is_reported(
    reviewers: tuple[dict[str, Any], ...], production: tuple[dict[str, Any], ...], message: str
) -> None:
    get = github_that_answers(
        environment=reviewed_by(*reviewers),
        production=(200, reviewed_by(*production)),
        teams={"operators": ("grace", "mlops-bot")},
    )

    found = examine(healthy(), get=get)["GitHub deployment"]

    assert (found.fine, message in found.message) == (not message, True), found.message


def test_reviewers_are_compared_with_those_of_production_where_it_is_there() -> None:
    get = github_that_answers(production=(404, {"message": "Not Found"}))

    assert examine(healthy(), get=get)["GitHub deployment"].fine


@pytest.mark.parametrize(
    ("secrets", "message"),
    [
        ({"secrets": (200, ("OTHER",))}, ""),
        (
            {"secrets": (200, ("ORGANIZATION_TOKEN", "OTHER"))},
            "run gh secret delete ORGANIZATION_TOKEN --repo acme/mlops-platform, revoke",
        ),
        (
            {"organization_secrets": (200, ("ORGANIZATION_TOKEN",))},
            "run gh secret delete ORGANIZATION_TOKEN --org acme, revoke",
        ),
        ({"secrets": (403, ())}, "does not show the names of the secrets that jobs of acme/mlops-platform have: 403"),
    ],
    ids=["of the environment alone", "of the repository", "of the organization", "not shown"],
)
def test_an_owners_token_that_a_job_of_any_branch_has_is_reported(secrets: dict[str, Any], message: str) -> None:
    found = examine(healthy(), get=github_that_answers(**secrets))["GitHub secrets"]

    assert (found.fine, message in found.message) == (not message, True), found.message


def test_a_stack_without_an_owners_token_does_not_look_for_it(settings: Path) -> None:
    settings.write_text(WITHOUT_TOKEN)

    assert "GitHub secrets" not in examine(healthy())
