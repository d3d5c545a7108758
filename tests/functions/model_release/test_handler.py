"""The entry point: the alias says which project calls, and the event which version."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from functions.model_release import handler as module
from functions.model_release.artifacts import Artifacts
from functions.model_release.handler import Services, handler
from functions.model_release.models import Models
from functions.model_release.records import Records
from functions.model_release.registry import ModelRegistry
from functions.shared.github_api.errors import ExplainedError
from tests.functions.model_release.fakes import BUCKET, RECORD, Fakes

FUNCTION = "arn:aws:lambda:eu-west-1:333333333333:function:analytics-prod-model-release"
ALIAS = f"{FUNCTION}:abalone-p-abcdefghijkl"
VARIABLES = {
    "ACCOUNT_ID": "333333333333",
    "APPROVER_ROLE": "analytics-dev-lead-data-scientist",
    "APPROVERS": "[]",
    "ARTIFACTS_BUCKET": BUCKET,
    "AWS_REGION": "eu-west-1",
    "DEVELOPMENT_ACCOUNT_ID": "111111111111",
    "DEVELOPMENT_PREFIX": "analytics-dev",
    "EARLIER_VERSIONS": "{}",
    "PLATFORM_PREFIX": "analytics-prod",
    "RELEASE_MANAGERS": "[]",
    "SECURITY_GROUP_ID": "sg-1",
    "SUBNET_IDS": "subnet-1,subnet-2",
}


@dataclass(kw_only=True)
class Context:
    """Lambda's context of an invocation."""

    invoked_function_arn: str = ALIAS


@pytest.fixture(autouse=True)
def lambda_runtime(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of the function, with AWS in memory."""
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)

    def services(bucket: str) -> Services:
        return Services(
            registry=ModelRegistry(fakes.sagemaker),
            artifacts=Artifacts(bucket, fakes.s3, lambda: fakes.s3),
            records=Records(bucket, fakes.s3),
            models=Models(fakes.sagemaker),
        )

    monkeypatch.setattr(module, "services", services)


def test_a_version_of_the_project_whose_alias_is_invoked_is_released(
    fakes: Fakes, caplog: pytest.LogCaptureFixture
) -> None:
    answer = handler({"version": 3}, Context())
    assert answer["model_name"] in fakes.sagemaker.models
    logged = json.loads(caplog.messages[-1])
    assert (logged["invoked"], logged["version"], logged["model_name"]) == (ALIAS, 3, answer["model_name"])


@pytest.mark.parametrize(
    "invoked",
    [
        FUNCTION,
        f"{FUNCTION}:$LATEST",
        f"{FUNCTION}:7",
        f"{FUNCTION}:abalone",
        f"{FUNCTION}:p-abcdefghijkl",
        f"{FUNCTION}:abalone-p-abcdefghijkl-x",
    ],
)
def test_invoked_by_no_projects_alias_it_releases_nothing(fakes: Fakes, invoked: str) -> None:
    answer = handler({"version": 3}, Context(invoked_function_arn=invoked))
    assert answer == {"refused": f"{invoked} is no project's alias of this function: invoke the alias"}
    assert fakes.sagemaker.models == {}


def test_by_the_alias_of_another_project_it_releases_that_ones_versions_only(fakes: Fakes) -> None:
    answer = handler({"version": 3}, Context(invoked_function_arn=f"{FUNCTION}:churn-p-mnopqrstuvwx"))
    assert "model-package/churn-p-mnopqrstuvwx/3 does not exist" in str(answer["refused"])
    assert fakes.sagemaker.models == {}


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"version": "3"},
        {"version": 0},
        {"version": True},
        {"version": 3.0},
        {"version": 10**9},
        {"version": 10**30},
    ],
    ids=str,
)
def test_an_event_without_the_number_of_a_version_is_refused(event: Mapping[str, Any]) -> None:
    assert "is no number of a model package: pass an integer such as 3" in str(handler(event, Context())["refused"])


def test_other_members_of_the_event_change_nothing(fakes: Fakes) -> None:
    forged = {"version": 3, "project": "churn-p-mnopqrstuvwx", "image": "any", "model_package_arn": "any"}
    assert handler(forged, Context()) == handler({"version": 3}, Context())
    assert len(fakes.sagemaker.models) == 1


def test_missing_settings_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUBNET_IDS")
    monkeypatch.setenv("APPROVER_ROLE", "")
    with pytest.raises(ExplainedError, match="not configured: SUBNET_IDS, APPROVER_ROLE; deploy the platform again"):
        handler({"version": 3}, Context())


@pytest.fixture
def managers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of the account name who releases."""
    monkeypatch.setenv("RELEASE_MANAGERS", '["hedy", "Lise"]')


@pytest.mark.usefixtures("managers")
@pytest.mark.parametrize("logins", [["hedy"], ["HEDY"], ["lise"], ["hedy", "lise"]], ids=str)
def test_a_version_that_a_release_manager_let_in_is_released_and_its_record_names_them(
    fakes: Fakes, caplog: pytest.LogCaptureFixture, logins: list[str]
) -> None:
    assert "model_name" in handler({"version": 3, "released_by": logins}, Context())
    assert json.loads(fakes.s3.objects[BUCKET, RECORD]["Body"])["released_by"] == logins
    assert json.loads(caplog.messages[-1])["released_by"] == logins


@pytest.mark.usefixtures("managers")
@pytest.mark.parametrize("event", [{"version": 3}, {"action": "retire"}, {"action": "promote"}], ids=str)
@pytest.mark.parametrize("logins", [["former"], ["former", "hedy"], ["Lise", "former"]], ids=str)
def test_somebody_who_is_no_release_manager_any_more_releases_nothing(
    fakes: Fakes, event: dict[str, Any], logins: list[str]
) -> None:
    """GitHub lists the approvals of a run together: those of an earlier attempt, which a present one let in, and of a repetition."""
    answer = handler({**event, "released_by": logins}, Context())
    assert answer == {
        "refused": "former let this into prod, which hedy and Lise release by now (workload.releaseManagers there): update the "
        "project in Service Catalog, so that GitHub asks them, and release it by a new run or pull request, since one that is "
        "repeated keeps the approvals that it had"
    }
    assert (fakes.s3.done, fakes.sagemaker.models) == ([], {})


@pytest.mark.usefixtures("managers")
@pytest.mark.parametrize("released_by", [{}, {"released_by": []}], ids=str)
def test_a_release_that_names_nobody_is_refused_where_somebody_has_to_release(
    fakes: Fakes, released_by: dict[str, Any]
) -> None:
    answer = handler({"version": 3, **released_by}, Context())
    assert "nobody is said to have let this into prod" in str(answer["refused"])
    assert (fakes.s3.done, fakes.sagemaker.models) == ([], {})


@pytest.mark.parametrize("released_by", ["hedy", [1], {"hedy": 1}], ids=str)
def test_what_is_no_list_of_logins_is_refused(fakes: Fakes, released_by: Any) -> None:
    answer = handler({"version": 3, "released_by": released_by}, Context())
    assert answer == {"refused": f"released_by is {released_by!r}: pass a list of logins at GitHub"}


@pytest.mark.usefixtures("managers")
@pytest.mark.parametrize("action", ["promote", "retire"])
def test_before_a_promotion_or_a_retirement_it_says_whether_these_people_may_release_one(
    fakes: Fakes, action: str
) -> None:
    assert handler({"action": action, "released_by": ["hedy"]}, Context()) == {}
    assert (fakes.s3.done, fakes.sagemaker.models) == ([], {})


@pytest.mark.usefixtures("managers")
def test_an_action_that_is_not_known_is_no_release() -> None:
    answer = handler({"action": "delete", "released_by": ["hedy"]}, Context())
    assert "is no number of a model package" in str(answer["refused"])


def test_where_nobody_has_to_release_nobody_is_asked_for() -> None:
    assert handler({"action": "retire"}, Context()) == {}
    assert "model_name" in handler({"version": 3}, Context())
