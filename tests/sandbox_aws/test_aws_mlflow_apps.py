"""MLflow apps of the local SageMaker."""

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from tests.mlflow_api import MlflowApi, RefusedError
from tests.sandbox_aws.account import Account, allow, trust

STORE = "s3://artifacts/mlflow"
SERVER = Path(__file__).parents[2] / "sandbox" / "mlflow" / "pyproject.toml"


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
    [server] = tomllib.loads(SERVER.read_text())["project"]["dependencies"]
    assert f"mlflow=={found['MlflowVersion']}" == server
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


def caller(dev: Account, name: str, app: str, action: str = "sagemaker:CallMlflowAppApi") -> MlflowApi:
    """Return the API of an app as a role that may do one action on it."""
    keys = dev.assume(dev.role(name, allow(action, app)))
    return MlflowApi(
        endpoint_url=dev.endpoint_url,
        certificate_authority=dev.certificate_authority,
        app_arn=app,
        credentials=Credentials(keys.access_key_id, keys.secret_access_key, keys.session_token),
    )


def test_whoever_may_not_call_an_app_gets_no_answer_of_mlflows(dev: Account, app: str) -> None:
    opens = caller(dev, "opens-mlflow", app, "sagemaker:CreatePresignedMlflowAppUrl")
    calls_another = replace(caller(dev, "calls-another-mlflow", app.replace("app-", "app-0")), app_arn=app)
    for api in (opens, calls_another):
        with pytest.raises(RefusedError, match=r"403 .*is not authorized to perform: sagemaker:CallMlflowAppApi"):
            api.post("experiments/search", max_results=1)
    keys = opens.credentials
    forged = replace(opens, credentials=Credentials(keys.access_key, "a guess", keys.token))
    with pytest.raises(RefusedError, match="403 "):
        forged.post("experiments/search", max_results=1)


def test_an_app_that_is_gone_gives_no_answer(dev: Account, app: str) -> None:
    api = caller(dev, "calls-mlflow-later", app)
    dev.client("sagemaker").delete_mlflow_app(Arn=app)
    with pytest.raises(RefusedError, match=f"400 .*MLflow App {app} does not exist"):
        api.post("experiments/search", max_results=1)


@pytest.mark.parametrize("path", ["registered-models/create", "artifacts/list", "traces/search"])
def test_requests_of_which_nothing_is_known_are_refused_by_name(dev: Account, app: str, path: str) -> None:
    api = caller(dev, f"calls-{path.replace('/', '-')}", app)
    with pytest.raises(RefusedError, match=f"501 .*does not emulate POST /api/2.0/mlflow/{path} of an MLflow app"):
        api.post(path)


def test_an_app_fails_as_often_as_a_test_asks_for(dev: Account, app: str) -> None:
    api = caller(dev, "calls-failing-mlflow", app)
    dev.page("faults", "POST", fail_mlflow=2)
    try:
        for _ in range(2):
            with pytest.raises(RefusedError, match="503 "):
                api.post("experiments/search", max_results=1)
    finally:
        dev.page("faults", "DELETE")


@pytest.mark.slow
def test_mlflows_own_server_answers_and_forgets_nothing_of_what_it_was_told(dev: Account, app: str) -> None:
    api = caller(dev, "calls-mlflow", app)
    made = api.post("experiments/create", name="abalone")["experiment_id"]
    with pytest.raises(RefusedError, match=r"400 .*RESOURCE_ALREADY_EXISTS"):
        api.post("experiments/create", name="abalone")
    found = api.post("experiments/search", max_results=5)["experiments"]
    assert {each["name"]: each["artifact_location"] for each in found}["abalone"] == f"{STORE}/{made}"
    assert "that has been used" in refusal(
        dev.client("sagemaker").update_mlflow_app, Arn=app, ArtifactStoreUri="s3://artifacts/runs"
    )
