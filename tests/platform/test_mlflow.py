"""The MLflow app of development, by setting."""

from collections import Counter

import pytest

from tests.rendering import Rendering, Renderings, with_mlflow


@pytest.fixture(scope="module")
def tracked(rendered: Renderings) -> Rendering:
    return rendered("dev", with_mlflow())


def test_the_setting_adds_an_app_permissions_of_its_role_and_of_people_and_where_it_is(
    rendered: Renderings, tracked: Rendering
) -> None:
    assert dict(Counter(tracked.counts()) - Counter(rendered("dev").counts())) == {
        "aws:iam/rolePolicy:RolePolicy": 3,
        "aws:sagemaker/mlflowApp:MlflowApp": 1,
        "aws:ssm/parameter:Parameter": 1,
    }


def test_the_app_belongs_to_studio_keeps_artifacts_in_its_folder_and_registers_nothing(tracked: Rendering) -> None:
    app = tracked.one("sagemaker/mlflowApp:MlflowApp")
    assert app.inputs["name"] == "analytics-dev"
    assert app.inputs["artifactStoreUri"] == "s3://analytics-dev-sagemaker-111111111111-eu-west-1/mlflow"
    assert app.inputs["modelRegistrationMode"] == "AutoModelRegistrationDisabled"
    assert app.inputs["defaultDomainIdLists"] == ["studio-domain"]
    assert app.inputs["roleArn"].endswith(":role/analytics-dev-mlflow")
    assert "accountDefaultStatus" not in app.inputs


def test_the_runs_outlive_the_stack_unless_its_data_are_given_up(rendered: Renderings, tracked: Rendering) -> None:
    given_up = rendered("dev", {**with_mlflow(), "keepDataOnDestroy": "false"})
    kept, not_kept = (each.one("sagemaker/mlflowApp:MlflowApp") for each in (tracked, given_up))
    assert (kept.protected, not_kept.protected) == (True, False)
