"""Template repositories and rules on GitHub, and the jobs that AWS trusts."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

import lookups
from components.github.connection import GitHubRepository, GitHubTokens, SubjectForm
from components.github.organization import PLATFORM_CHECK
from tests.access.conftest import RoleNamed
from tests.decisions import Request, Values, allowances
from tests.rendering import ROOT, Rendering, render_stack


def _repository(subject_form: SubjectForm) -> GitHubRepository:
    tokens = GitHubTokens(
        organization="acme",
        organization_id=1001,
        issuer="token.actions.githubusercontent.com",
        subject_form=subject_form,
    )
    return GitHubRepository(name="mlops-platform", repository_id=2001, tokens=tokens)


@pytest.mark.parametrize(
    ("subject_form", "context", "subject"),
    [
        ("immutable", "ref:refs/heads/main", "repo:acme@1001/mlops-platform@2001:ref:refs/heads/main"),
        ("immutable", "pull_request", "repo:acme@1001/mlops-platform@2001:pull_request"),
        ("immutable", "environment:dev", "repo:acme@1001/mlops-platform@2001:environment:dev"),
        ("immutable", "environment:a:b", "repo:acme@1001/mlops-platform@2001:environment:a%3Ab"),
        ("legacy", "environment:prod", "repo:acme/mlops-platform:environment:prod"),
    ],
)
def test_a_job_is_known_by_its_exact_subject(subject_form: SubjectForm, context: str, subject: str) -> None:
    assert _repository(subject_form).subject(context) == subject


def test_the_drift_role_is_for_scheduled_jobs_on_main_of_the_platforms_repository(role_named: RoleNamed) -> None:
    (trust,) = role_named("drift").trust

    assert trust.principal is not None
    assert trust.principal["Federated"].endswith(":oidc-provider/token.actions.githubusercontent.com")
    assert trust.condition == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": ["repo:acme@1001/mlops-platform@2001:ref:refs/heads/main"],
        }
    }


def test_an_enterprise_server_is_trusted_under_its_own_issuer() -> None:
    enterprise = render_stack(
        "dev",
        {
            "github": {
                "organization": "acme",
                "organizationId": 1001,
                "repository": "mlops-platform",
                "repositoryId": 2001,
                "serverUrl": "https://github.example.com",
                "platformUser": "mlops-bot",
            }
        },
    )

    trust = enterprise.one("iam/role:Role", "drift-role").statements("assumeRolePolicy")["AssumeByGitHubActions"]
    issuer = "github.example.com/_services/token"
    assert trust["Principal"]["Federated"].endswith(f":oidc-provider/{issuer}")
    assert trust["Condition"]["StringEquals"] == {
        f"{issuer}:aud": "sts.amazonaws.com",
        f"{issuer}:sub": ["repo:acme/mlops-platform:ref:refs/heads/main"],
    }


def test_the_drift_role_changes_nothing_and_reads_no_secret(role_named: RoleNamed) -> None:
    actions = {action for statement in role_named("drift").statements for action in statement.actions}

    changing = {
        action for action in actions if not action.partition(":")[2].startswith(("Describe", "Get", "List", "View"))
    }
    assert changing == {"kms:Decrypt"}
    assert "secretsmanager:GetSecretValue" not in actions


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"kms:ViaService": "s3.eu-west-1.amazonaws.com", "kms:EncryptionContextKeys": ["aws:s3:arn"]}, True),
        ({}, True),
        ({"kms:EncryptionContext:project": "p-abcdefghijkl", "kms:EncryptionContextKeys": ["project"]}, False),
        ({"kms:ViaService": "sns.eu-west-1.amazonaws.com", "kms:EncryptionContextKeys": ["aws:sns:topicArn"]}, False),
    ],
    ids=["of storage", "of the platform", "of a project", "of another service"],
)
def test_the_drift_role_opens_secrets_of_the_platforms_state_and_of_no_projects(
    role_named: RoleNamed, keys: dict[str, Values], expected: bool
) -> None:
    def opens(alias: str) -> bool:
        request = Request(
            principal="drift",
            action="kms:Decrypt",
            resource="arn:aws:kms:eu-west-1:111111111111:key/1",
            keys={"kms:ResourceAliases": f"alias/analytics-dev-{alias}", **keys},
        )
        return any(allowances(json.loads(document), request) for document in role_named("drift").policies.values())

    assert opens("state") is expected
    assert not opens("data")


def test_each_kind_of_repository_has_a_private_template(dev: Rendering) -> None:
    templates = dev.all("github:index/repository:Repository")

    assert {each.inputs["name"] for each in templates} == {
        "mlops-template-model-deployment-batch",
        "mlops-template-model-deployment-realtime",
        "mlops-template-model-training",
        "mlops-template-pipeline-promotion",
    }
    for template in templates:
        assert template.inputs["visibility"] == "private"
        assert template.inputs["isTemplate"] is True
        assert template.inputs["autoInit"] is True


def test_templates_are_archived_rather_than_deleted_unless_data_is_given_up(
    dev: Rendering, dev_that_gives_up_its_data: Rendering
) -> None:
    for rendering, archived in ((dev, True), (dev_that_gives_up_its_data, False)):
        templates = rendering.all("github:index/repository:Repository")
        assert [each.inputs["archiveOnDestroy"] for each in templates] == [archived] * 4


PLATFORM = {"actorType": "Team", "actorId": 4001, "bypassMode": "always"}
"""The team that the platform's user alone is a member of."""
REVIEWED = {
    "deletion": True,
    "nonFastForward": True,
    "pullRequest": {
        "requiredApprovingReviewCount": 1,
        "dismissStaleReviewsOnPush": True,
        "requireLastPushApproval": True,
        "requiredReviewThreadResolution": True,
    },
}
CLOSED = {"creation": True, "update": True}
EXEMPT = [
    {"actorType": "OrganizationAdmin", "bypassMode": "exempt"},
    *({"actorType": "RepositoryRole", "actorId": role, "bypassMode": "exempt"} for role in (2, 4, 5)),
]
"""Owners of the organization, and who may maintain, write to or administer a repository."""
OTHERS = ["refs/heads/dependabot/**/*", "~DEFAULT_BRANCH"]


def checked(context: str) -> dict[str, Any]:
    check = {"context": context, "integrationId": 15368}
    return {"requiredStatusChecks": {"requiredChecks": [check], "doNotEnforceOnCreate": True}}


@pytest.fixture(scope="module")
def rulesets(dev: Rendering) -> dict[str, Mapping[str, Any]]:
    return {each.inputs["name"]: each.inputs for each in dev.all("OrganizationRuleset")}


@pytest.mark.parametrize(
    ("name", "repositories", "excluded", "branch", "rules", "bypass"),
    [
        ("mlops-only-people-push", ["mlops-*", "mlops-platform"], [], "~ALL", CLOSED, EXEMPT),
        ("mlops-protect-main", ["mlops-*"], [], "~DEFAULT_BRANCH", REVIEWED, [PLATFORM]),
        (
            "mlops-protect-platform",
            ["mlops-platform"],
            [],
            "~DEFAULT_BRANCH",
            {**REVIEWED, **checked("Checks")},
            [],
        ),
        (
            "mlops-check-model-training",
            ["mlops-*-model-training"],
            ["mlops-template-model-training"],
            "~DEFAULT_BRANCH",
            checked("Test and train on the runner"),
            [PLATFORM],
        ),
        (
            "mlops-check-model-deployment-batch",
            ["mlops-*-model-deployment-batch"],
            ["mlops-template-model-deployment-batch"],
            "~DEFAULT_BRANCH",
            checked("Test, lint and check types"),
            [PLATFORM],
        ),
        (
            "mlops-check-model-deployment-realtime",
            ["mlops-*-model-deployment-realtime"],
            ["mlops-template-model-deployment-realtime"],
            "~DEFAULT_BRANCH",
            checked("Test, lint and check types"),
            [PLATFORM],
        ),
        (
            "mlops-check-pipeline-promotion",
            ["mlops-*-pipeline-promotion"],
            ["mlops-template-pipeline-promotion"],
            "~DEFAULT_BRANCH",
            checked("Test and train on the runner"),
            [PLATFORM],
        ),
        (
            "mlops-platform-branches",
            ["mlops-*", "mlops-platform"],
            [],
            "refs/heads/mlops/**/*",
            CLOSED,
            [PLATFORM],
        ),
        (
            "mlops-dependabot-branches",
            ["mlops-*", "mlops-platform"],
            [],
            "refs/heads/dependabot/**/*",
            CLOSED,
            [{"actorType": "Integration", "actorId": 29110, "bypassMode": "always"}],
        ),
    ],
)
def test_nobody_alone_changes_what_deploys(
    rulesets: dict[str, Mapping[str, Any]],
    name: str,
    repositories: list[str],
    excluded: list[str],
    branch: str,
    rules: dict[str, Any],
    bypass: list[dict[str, Any]],
) -> None:
    assert rulesets[name] == {
        "name": name,
        "target": "branch",
        "enforcement": "active",
        "conditions": {
            "repositoryName": {"includes": repositories, "excludes": excluded},
            "refName": {"includes": [branch], "excludes": OTHERS if branch == "~ALL" else []},
        },
        "rules": rules,
        "bypassActors": bypass,
    }


@pytest.mark.parametrize(
    ("server", "app"),
    [({}, 29110), ({"serverUrl": "https://github.example.com"}, None)],
    ids=["github.com", "a server whose Dependabot is not known"],
)
def test_branches_of_dependabot_are_left_out_only_where_they_have_rules_of_their_own(
    server: dict[str, str], app: int | None
) -> None:
    github = {
        "organization": "acme",
        "organizationId": 1001,
        "repository": "mlops-platform",
        "repositoryId": 2001,
        "platformUser": "mlops-bot",
        **server,
    }
    found = {
        each.inputs["name"]: each.inputs for each in render_stack("dev", {"github": github}).all("OrganizationRuleset")
    }

    others = found["mlops-only-people-push"]["conditions"]["refName"]["excludes"]
    assert ("mlops-dependabot-branches" in found) is (app is not None)
    assert others == (OTHERS if app is not None else ["~DEFAULT_BRANCH"])


def test_there_is_no_other_ruleset(rulesets: dict[str, Mapping[str, Any]]) -> None:
    assert len(rulesets) == 9


def test_the_platforms_user_is_the_only_member_of_a_team_that_may_bypass_rules(dev: Rendering) -> None:
    assert dev.one("index/team:Team").inputs["privacy"] == "closed", "a secret team bypasses nothing"
    membership = dev.one("index/teamMembership:TeamMembership").inputs
    assert (membership["teamId"], membership["username"]) == ("4001", "template-cloner")


def test_jobs_neither_write_by_default_nor_approve(dev: Rendering) -> None:
    assert dev.one("ActionsOrganizationWorkflowPermissions").inputs == {
        "organizationSlug": "acme",
        "defaultWorkflowPermissions": "read",
        "canApprovePullRequestReviews": False,
    }


def test_a_check_that_is_required_is_a_job_of_the_workflow_that_checks_pull_requests(tmp_path: Path) -> None:
    def names(workflow: Path) -> set[str]:
        return {job["name"] for job in yaml.safe_load(workflow.read_text())["jobs"].values()}

    assert PLATFORM_CHECK in names(ROOT / ".github/workflows/pull-request.yml")
    publish = [sys.executable, str(ROOT / "template-repos" / "publish.py"), "--assemble", str(tmp_path)]
    subprocess.run(publish, check=True, capture_output=True)
    for kind, check in lookups.template_checks().items():
        assert names(tmp_path / kind / ".github" / "workflows" / "checks.yml") == {check}


def test_a_server_whose_apps_are_not_known_has_rules_without_them() -> None:
    github = {
        "organization": "acme",
        "organizationId": 1001,
        "repository": "mlops-platform",
        "repositoryId": 2001,
        "serverUrl": "https://github.example.com",
        "platformUser": "mlops-bot",
        "requiredApprovals": 2,
    }
    enterprise = render_stack("dev", {"github": github})

    rulesets = {each.inputs["name"]: each.inputs for each in enterprise.all("OrganizationRuleset")}
    assert len(rulesets) == 8
    platform = rulesets["mlops-protect-platform"]["rules"]
    assert platform["requiredStatusChecks"]["requiredChecks"] == [{"context": "Checks"}]
    assert platform["pullRequest"]["requiredApprovingReviewCount"] == 2


@pytest.fixture(scope="module")
def releasing() -> Rendering:
    """Development of an organization that releases by pull request."""
    github = {
        "organization": "acme",
        "organizationId": 1001,
        "repository": "mlops-platform",
        "repositoryId": 2001,
        "platformUser": "template-cloner",
        "requiredApprovals": 2,
        "releaseManagers": ["hedy", "Lise"],
    }
    return render_stack("dev", {"github": github})


def test_a_release_manager_approves_every_change_of_production_and_nobody_bypasses_that(releasing: Rendering) -> None:
    rulesets = {each.inputs["name"]: each.inputs for each in releasing.all("OrganizationRuleset")}
    assert len(rulesets) == 11
    places: dict[str, dict[str, list[str]]] = {
        "repositoryName": {"includes": ["mlops-*"], "excludes": []},
        "refName": {"includes": ["refs/heads/production"], "excludes": []},
    }
    protecting, opening = (rulesets[f"mlops-{name}-production"] for name in ("protect", "open"))
    assert (protecting["conditions"], opening["conditions"]) == (places, places)
    assert (protecting["bypassActors"], opening["bypassActors"]) == ([], [PLATFORM])
    assert opening["rules"] == {"creation": True}
    approval = {"reviewer": {"id": 4001, "type": "Team"}, "filePatterns": ["*", "**/*"], "minimumApprovals": 1}
    assert protecting["rules"] == {
        **REVIEWED,
        "pullRequest": {**REVIEWED["pullRequest"], "requiredReviewers": [approval]},
    }


def test_nobody_who_releases_can_add_others(releasing: Rendering) -> None:
    memberships = [each.inputs for each in releasing.all("index/teamMembership:TeamMembership")]
    # The engine registers them in any order.
    assert sorted((each["username"], each["role"]) for each in memberships) == [
        ("Lise", "member"),
        ("hedy", "member"),
        ("template-cloner", "maintainer"),
    ]
    teams = {each.inputs["name"]: each.inputs["privacy"] for each in releasing.all("index/team:Team")}
    assert teams == {"mlops-platform-account": "closed", "mlops-release-managers": "closed"}


def test_tested_versions_are_proposed_where_release_managers_approve_them(dev: Rendering, releasing: Rendering) -> None:
    def branch(rendering: Rendering) -> str | None:
        [function] = [
            each
            for each in rendering.all("lambda/function:Function")
            if each.inputs["name"].endswith("deployment-trigger")
        ]
        return function.inputs["environment"]["variables"].get("RELEASE_BRANCH")

    assert (branch(dev), branch(releasing)) == (None, "production")


def test_the_drift_role_reads_the_platforms_state_and_no_projects(role_named: RoleNamed) -> None:
    read = role_named("drift").statement("ReadState")

    state = "arn:aws:s3:::analytics-dev-state-111111111111-eu-west-1/.pulumi"
    assert read.reaches(f"{state}/stacks/mlops-platform/dev.json.gz")
    assert not read.reaches(f"{state}/stacks/abalone-deployment/dev.json.gz")


def test_the_drift_role_reads_the_budget_of_its_environment(role_named: RoleNamed) -> None:
    statement = role_named("drift").statement("ReadBudget")
    assert set(statement.actions) == {"budgets:ListTagsForResource", "budgets:ViewBudget"}
    assert list(statement.resources) == ["arn:aws:budgets::111111111111:budget/analytics-dev-*"]
