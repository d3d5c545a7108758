"""MLflow apps of the local SageMaker."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox_aws.account import Account, allow, trust

STORE = "s3://artifacts/mlflow"


@pytest.fixture(scope="module")
def role(dev: Account) -> str:
    return dev.role("mlflow", trust=trust("sagemaker.amazonaws.com"))


@pytest.fixture
def app(dev: Account, role: str) -> Iterator[str]:
    """The ARN of an app, which is gone afterwards."""
    sagemaker = dev.client("sagemaker")
    arn = sagemaker.create_mlflow_app(
        Name="runs", ArtifactStoreUri=STORE, RoleArn=role, Tags=[{"Key": "unit", "Value": "analytics"}]
    )["Arn"]
    yield arn
    if any(each["Arn"] == arn for each in sagemaker.list_mlflow_apps()["Summaries"]):
        sagemaker.delete_mlflow_app(Arn=arn)


def refusal(call: Any, **request: Any) -> str:
    """Return code and message of the error that a call ends with."""
    with pytest.raises(ClientError) as raised:
        call(**request)
    error: Any = raised.value.response.get("Error")
    return f"{error['Code']}: {error['Message']}"


def test_an_app_is_described_listed_changed_and_deleted(dev: Account, role: str, app: str) -> None:
    sagemaker = dev.client("sagemaker")
    found = sagemaker.describe_mlflow_app(Arn=app)
    assert (found["Name"], found["ArtifactStoreUri"], found["RoleArn"]) == ("runs", STORE, role)
    assert (found["Status"], found["ModelRegistrationMode"]) == ("Created", "AutoModelRegistrationDisabled")
    [listed] = sagemaker.list_mlflow_apps()["Summaries"]
    assert (listed["Arn"], listed["Name"]) == (app, "runs")
    assert sagemaker.list_tags(ResourceArn=app)["Tags"] == [{"Key": "unit", "Value": "analytics"}]
    assert sagemaker.update_mlflow_app(Arn=app, ArtifactStoreUri="s3://artifacts/runs")["Arn"] == app
    changed = sagemaker.describe_mlflow_app(Arn=app)
    assert (changed["Status"], changed["ArtifactStoreUri"]) == ("Updated", "s3://artifacts/runs")
    sagemaker.delete_mlflow_app(Arn=app)
    assert refusal(sagemaker.describe_mlflow_app, Arn=app).startswith("ResourceNotFound: ")


def test_an_app_needs_a_role_that_trusts_sagemaker_and_a_domain_that_exists(dev: Account, role: str) -> None:
    sagemaker, other = dev.client("sagemaker"), dev.role("not-mlflow", trust=trust("lambda.amazonaws.com"))
    wanted = {"Name": "runs", "ArtifactStoreUri": STORE}
    assert "sts:AssumeRole" in refusal(sagemaker.create_mlflow_app, **wanted, RoleArn=other)
    unknown = refusal(sagemaker.create_mlflow_app, **wanted, RoleArn=role, DefaultDomainIdList=["d-abcdefghijkl"])
    assert "Unable to find Domain" in unknown
    assert sagemaker.list_mlflow_apps()["Summaries"] == []


@pytest.mark.parametrize(
    "unknown",
    [{"KmsKeyId": "key"}, {"AccountDefaultStatus": "ENABLED"}, {"ArtifactStoreUri": "https://artifacts/mlflow"}],
    ids=str,
)
def test_what_is_not_known_about_apps_is_refused_by_name(dev: Account, role: str, unknown: dict[str, str]) -> None:
    request = {"Name": "runs", "ArtifactStoreUri": STORE, "RoleArn": role, **unknown}
    assert "MLflow app" in refusal(dev.client("sagemaker").create_mlflow_app, **request)


def test_an_app_is_opened_by_whoever_may_open_that_app(dev: Account, app: str) -> None:
    wanted = {"mine": app, "another": app.replace("app-", "app-0")}
    mine, another = (
        dev.client(
            "sagemaker", dev.assume(dev.role(f"mlflow-{name}", allow("sagemaker:CreatePresignedMlflowAppUrl", arn)))
        )
        for name, arn in wanted.items()
    )
    opened = mine.create_presigned_mlflow_app_url(Arn=app)["AuthorizedUrl"]
    assert opened.startswith("https://mlflow.sagemaker.eu-west-1.app.aws/")
    assert refusal(another.create_presigned_mlflow_app_url, Arn=app).startswith("AccessDenied")
