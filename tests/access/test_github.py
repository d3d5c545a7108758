"""Template repositories and rules on GitHub, and the jobs that AWS trusts."""

import pytest

from components.github.connection import GitHubRepository, SubjectForm
from tests.access.conftest import RoleNamed
from tests.rendering import Rendering, render_stack


def _repository(subject_form: SubjectForm) -> GitHubRepository:
    return GitHubRepository(
        organization="acme",
        organization_id=1001,
        name="mlops-platform",
        repository_id=2001,
        issuer="token.actions.githubusercontent.com",
        subject_form=subject_form,
    )


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
    assert role_named("drift").statement("DecryptState").condition == {
        "ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/analytics-dev-state"}
    }


def test_each_kind_of_repository_has_a_private_template(dev: Rendering) -> None:
    templates = dev.all("github:index/repository:Repository")

    assert {each.inputs["name"] for each in templates} == {
        "mlops-template-model-deployment-realtime",
        "mlops-template-model-training",
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
        assert [each.inputs["archiveOnDestroy"] for each in templates] == [archived, archived]


def test_main_of_every_project_repository_takes_pull_requests_only(dev: Rendering) -> None:
    ruleset = dev.one("OrganizationRuleset").inputs

    assert ruleset["enforcement"] == "active"
    assert ruleset["target"] == "branch"
    assert ruleset["conditions"] == {
        "repositoryName": {"includes": ["mlops-*"], "excludes": []},
        "refName": {"includes": ["~DEFAULT_BRANCH"], "excludes": []},
    }
    assert ruleset["rules"]["deletion"] is True
    assert ruleset["rules"]["nonFastForward"] is True
    assert ruleset["rules"]["pullRequest"]["dismissStaleReviewsOnPush"] is True


def test_only_owners_of_the_organization_bypass_the_ruleset(dev: Rendering) -> None:
    assert dev.one("OrganizationRuleset").inputs["bypassActors"] == [
        {"actorType": "OrganizationAdmin", "bypassMode": "always"}
    ], "GitHub returns no id of these actors"


def test_the_drift_role_reads_the_platforms_state_and_no_projects(role_named: RoleNamed) -> None:
    read = role_named("drift").statement("ReadState")

    state = "arn:aws:s3:::analytics-dev-state-111111111111-eu-west-1/.pulumi"
    assert read.reaches(f"{state}/stacks/mlops-platform/dev.json.gz")
    assert not read.reaches(f"{state}/stacks/abalone-deployment/dev.json.gz")


def test_the_drift_role_reads_the_budget_of_its_environment(role_named: RoleNamed) -> None:
    statement = role_named("drift").statement("ReadBudget")
    assert set(statement.actions) == {"budgets:ListTagsForResource", "budgets:ViewBudget"}
    assert list(statement.resources) == ["arn:aws:budgets::111111111111:budget/analytics-dev-*"]
