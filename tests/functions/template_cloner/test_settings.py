"""Settings that the component passes as environment variables."""

import json
from dataclasses import replace

import pytest

from functions.template_cloner.errors import LaunchError
from functions.template_cloner.launch import ReviewRules
from functions.template_cloner.settings import Settings
from tests.functions.project_onboarding.fake_account import FUNCTION
from tests.functions.template_cloner.fake_function import ROLES

ENVIRONMENT = {
    "GITHUB_ORGANIZATION": "acme",
    "GITHUB_API_URL": "https://github.example.com/api/v3/",
    "GITHUB_SERVER_URL": "https://github.example.com/",
    "GITHUB_CREDENTIAL_SECRET_ARN": "arn:aws:secretsmanager:…",
    "OIDC_SUBJECTS": "legacy",
    "LAUNCH_RECORDS_PATH": "/mlops/analytics/dev/launches/",
    "UNIT": "analytics",
    "ONBOARDING_FUNCTION_ARNS": json.dumps(
        {
            "preprod": "arn:aws:lambda:eu-west-1:222222222222:function:analytics-preprod-project-onboarding",
            "prod": FUNCTION,
        }
    ),
    "REVIEW_RULES": json.dumps({"required_approvals": 1, "leads": ["grace"]}),
}


def test_settings_of_the_function_are_read() -> None:
    settings = Settings.from_environment(ENVIRONMENT)

    assert settings.api_url == "https://github.example.com/api/v3"
    assert settings.server_url == "https://github.example.com"
    assert settings.records_path == "/mlops/analytics/dev/launches"
    assert settings.unit == "analytics"
    assert not settings.immutable_subjects
    assert settings.onboarding_function_arns["prod"] == FUNCTION
    assert settings.review_rules == ReviewRules(required_approvals=1, leads=("grace",))


def test_missing_settings_of_the_function_are_all_named() -> None:
    with pytest.raises(LaunchError) as error:
        Settings.from_environment({"OIDC_SUBJECTS": "both"})

    assert all(name in str(error.value) for name in ENVIRONMENT)


def test_roles_are_given_by_the_onboarding_function_of_their_account() -> None:
    assert Settings.from_environment(ENVIRONMENT).onboarding_function_arn(ROLES) == FUNCTION


@pytest.mark.parametrize("changes", [{"environment": "test"}, {"account_id": "222222222222"}])
def test_no_role_is_given_in_an_account_that_projects_do_not_deploy_to(changes: dict[str, str]) -> None:
    roles = replace(ROLES, **changes)

    with pytest.raises(LaunchError, match=r"projects of analytics do not deploy to account [23]{12} as (test|prod)"):
        Settings.from_environment(ENVIRONMENT).onboarding_function_arn(roles)


def test_nobody_releases_into_an_environment_that_projects_do_not_deploy_to() -> None:
    settings = Settings.from_environment(ENVIRONMENT)

    assert settings.releasing_function_arn("prod") == FUNCTION
    with pytest.raises(LaunchError, match="projects of analytics do not deploy to test"):
        settings.releasing_function_arn("test")
