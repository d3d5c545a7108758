"""Studio: where it stands, what it costs while idle, and who is in it."""

from typing import Any

import pytest

from tests.rendering import Rendering, Resource, render_stack


@pytest.fixture(scope="module")
def domain(dev: Rendering) -> Resource:
    return dev.one("sagemaker/domain:Domain")


def test_dev_alone_has_studio(any_stack: Rendering) -> None:
    expected = 1 if any_stack.account_id == "111111111111" else 0

    assert len(any_stack.all("sagemaker/domain:Domain")) == expected


def test_studio_has_no_way_to_the_internet_but_the_vpc(domain: Resource, dev: Rendering) -> None:
    private = {f"subnet-{each.name}" for each in dev.all("ec2/subnet:Subnet") if "private" in each.name}

    assert domain.inputs["appNetworkAccessType"] == "VpcOnly"
    assert domain.inputs["authMode"] == "IAM"
    assert set(domain.inputs["subnetIds"]) == private
    assert len(domain.inputs["defaultUserSettings"]["securityGroups"]) == 1


def test_home_directories_are_encrypted_with_studios_own_key(domain: Resource, dev: Rendering) -> None:
    aliases = {each.inputs["name"]: each.inputs["targetKeyId"] for each in dev.all("kms/alias:Alias")}

    assert domain.inputs["kmsKeyId"].endswith(f":key/{aliases['alias/analytics-dev-studio']}")


def test_notebooks_are_not_shared(domain: Resource) -> None:
    assert domain.inputs["defaultUserSettings"]["sharingSettings"] == {"notebookOutputOption": "Disabled"}


USERS = {"userProfiles": [{"name": "ada", "role": "lead"}]}
APPS = ("jupyterLabAppSettings", "codeEditorAppSettings")


def idle(minutes: int, longest: int) -> dict[str, Any]:
    """The idle settings of apps that are stopped after some minutes."""
    return {
        "lifecycleManagement": "ENABLED",
        "idleTimeoutInMinutes": minutes,
        "minIdleTimeoutInMinutes": 60,
        "maxIdleTimeoutInMinutes": longest,
    }


@pytest.mark.parametrize("app", APPS)
def test_an_idle_app_is_stopped_and_starts_small(app: str) -> None:
    studio = {**USERS, "idleMinutes": 90, "defaultInstanceType": "ml.t3.large"}
    for profile in render_stack("dev", {"development": {"studio": studio}}).all("sagemaker/userProfile:UserProfile"):
        settings = profile.inputs["userSettings"][app]
        assert settings["defaultResourceSpec"] == {"instanceType": "ml.t3.large"}
        assert settings["appLifecycleManagement"]["idleSettings"] == idle(90, longest=90)


@pytest.mark.parametrize("app", APPS)
def test_an_idle_app_of_a_profile_that_was_made_by_hand_is_stopped_too(domain: Resource, app: str) -> None:
    settings = domain.inputs["defaultUserSettings"][app]
    assert settings == {"appLifecycleManagement": {"idleSettings": idle(60, longest=525_600)}}


def test_no_setting_changes_a_domain(domain: Resource) -> None:
    studio = {**USERS, "idleMinutes": 90, "defaultInstanceType": "ml.t3.large"}
    other = {"development": {"studio": studio}, "keepDataOnDestroy": "false"}

    changed = render_stack("dev", other).one("sagemaker/domain:Domain")
    assert changed.inputs == domain.inputs


def test_a_deployed_domain_is_not_updated(domain: Resource) -> None:
    assert domain.unchanging == ["defaultUserSettings", "retentionPolicy", "subnetIds", "tagPropagation"]


def test_each_user_works_under_the_role_of_their_group(dev: Rendering) -> None:
    profiles = {
        each.inputs["userProfileName"]: each.inputs["userSettings"]["executionRole"].rpartition("/")[2]
        for each in dev.all("sagemaker/userProfile:UserProfile")
    }

    assert profiles == {"grace": "analytics-dev-lead-data-scientist", "ada": "analytics-dev-data-scientist"}


def test_a_user_is_a_resource_of_their_own_whatever_their_place_in_the_list(dev: Rendering) -> None:
    profiles = [{"name": "ada", "role": "dataScientist"}, {"name": "grace", "role": "lead"}]
    turned = render_stack("dev", {"development": {"studio": {"userProfiles": profiles}}})

    def names(rendering: Rendering) -> set[str]:
        return {each.name for each in rendering.all("sagemaker/userProfile:UserProfile")}

    assert names(turned) == names(dev) == {"studio-user-ada", "studio-user-grace"}


def test_a_user_without_a_group_gets_the_least(domain: Resource) -> None:
    role = domain.inputs["defaultUserSettings"]["executionRole"]

    assert role == "arn:aws:iam::111111111111:role/analytics-dev-data-scientist"


def test_project_templates_are_offered_by_service_catalog_and_from_s3(domain: Resource, dev: Rendering) -> None:
    assert dev.one("sagemaker/servicecatalogPortfolioStatus:ServicecatalogPortfolioStatus").inputs == {
        "status": "Enabled"
    }
    location = "s3://analytics-dev-catalog-111111111111-eu-west-1/project-templates/"
    assert domain.inputs["tags"]["sagemaker:projectS3TemplatesLocation"] == location


def test_the_domain_outlives_the_stack_with_its_home_directories_or_goes_with_them(
    domain: Resource, dev_that_gives_up_its_data: Rendering
) -> None:
    given_up = dev_that_gives_up_its_data.one("sagemaker/domain:Domain")

    assert domain.protected
    assert domain.retained
    assert not given_up.protected
    assert not given_up.retained
    assert domain.inputs["retentionPolicy"] == given_up.inputs["retentionPolicy"] == {"homeEfsFileSystem": "Delete"}


def test_there_is_no_notebook_instance(any_stack: Rendering) -> None:
    assert any_stack.all("sagemaker/notebookInstance:NotebookInstance") == []
