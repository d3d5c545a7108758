"""The entry point: the alias says which project calls, and the event which version."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from functions.model_release import handler as module
from functions.model_release.artifacts import Artifacts
from functions.model_release.handler import Services, handler
from functions.model_release.life_cycle import LifeCycle
from functions.model_release.models import Models
from functions.model_release.records import Records
from functions.model_release.registry import ModelRegistry
from functions.shared.github_api.errors import ExplainedError
from tests.functions.model_release.fakes import (
    BUCKET,
    CONTAINER,
    LIFE_CYCLE,
    NOTED,
    RECORD,
    Fakes,
    arn,
    described,
    evidence,
)

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
    "LIFE_CYCLE_FUNCTION_ARN": LIFE_CYCLE,
    "LIFE_CYCLE_ROLE": "analytics-dev-model-life-cycle",
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

    def services(bucket: str, life_cycle_function_arn: str) -> Services:
        return Services(
            registry=ModelRegistry(fakes.sagemaker),
            artifacts=Artifacts(bucket, fakes.s3, lambda: fakes.s3),
            records=Records(bucket, fakes.s3),
            models=Models(fakes.sagemaker),
            life_cycle=LifeCycle(life_cycle_function_arn, fakes.functions),
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


SERVES = {"action": "serves", "version": 3}


def test_what_serves_and_what_was_retired_is_told_to_development(fakes: Fakes) -> None:
    handler({"version": 3}, Context())
    fakes.functions.answer = {"serving": arn(), "archived": [], "left": []}
    assert handler(SERVES, Context()) == {"serving": arn(), "archived": [], "left": []}
    handler({"action": "retired"}, Context())
    group = {"model_package_group": "abalone-p-abcdefghijkl"}
    assert fakes.functions.asked == [{**group, "version": 3}, {**group, "version": None}]


def test_an_account_that_is_not_production_tells_nothing(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIFE_CYCLE_FUNCTION_ARN")
    handler({"version": 3}, Context())
    assert [handler(event, Context()) for event in (SERVES, {"action": "retired"})] == [{}, {}]
    assert fakes.functions.asked == []


@pytest.mark.usefixtures("managers")
@pytest.mark.parametrize("event", [SERVES, {"action": "retired"}], ids=str)
def test_only_what_a_release_manager_let_in_tells_what_serves(fakes: Fakes, event: dict[str, Any]) -> None:
    assert "refused" in handler({**event, "released_by": ["former"]}, Context())
    assert fakes.functions.asked == []


def test_a_version_that_was_not_released_here_does_not_serve(fakes: Fakes) -> None:
    assert "was not released here" in str(handler(SERVES, Context())["refused"])
    assert fakes.functions.asked == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ModelApprovalStatus": "Rejected"}, "is Rejected, not Approved"),
        ({"LastModifiedBy": {"IamIdentity": {"Arn": "arn:aws:iam::111111111111:root"}}}, "does not approve models"),
    ],
    ids=["rejected", "changed by another identity"],
)
def test_who_decided_last_is_looked_at_before_development_hides_it(
    fakes: Fakes, change: dict[str, Any], reason: str
) -> None:
    handler({"version": 3}, Context())
    fakes.register(**change)
    assert reason in str(handler(SERVES, Context())["refused"])
    assert fakes.functions.asked == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"InferenceSpecification": {"Containers": [{**CONTAINER, "Image": "another"}]}},
            "was changed since it was released",
        ),
        ({"ModelPackageDescription": described(evidence(body=b"another"))}, "was released here with another artifact"),
    ],
    ids=["another image", "another artifact"],
)
def test_a_version_that_was_changed_since_its_release_is_not_noted_as_serving(
    fakes: Fakes, change: dict[str, Any], reason: str
) -> None:
    """A lead may approve it with another image: what serves is the one that was released."""
    handler({"version": 3}, Context())
    fakes.register(**change)
    assert reason in str(handler(SERVES, Context()).get("refused"))
    assert fakes.functions.asked == []


def test_a_version_whose_stage_was_set_is_released_again_where_it_was_released_and_nowhere_else(fakes: Fakes) -> None:
    fakes.register(LastModifiedBy={"IamIdentity": {"Arn": NOTED}})
    assert "which does not approve models" in str(handler({"version": 3}, Context())["refused"])
    fakes.register()
    released = handler({"version": 3}, Context())
    fakes.register(LastModifiedBy={"IamIdentity": {"Arn": NOTED}})
    assert handler({"version": 3}, Context()) == released
    changed = {"Containers": [{**CONTAINER, "Environment": {"A": "b"}}]}
    fakes.register(LastModifiedBy={"IamIdentity": {"Arn": NOTED}}, InferenceSpecification=changed)
    assert "was changed since it was released here first" in str(handler({"version": 3}, Context())["refused"])


def test_developments_refusal_is_told_and_its_failure_fails(fakes: Fakes) -> None:
    handler({"version": 3}, Context())
    fakes.functions.answer = {"refused": "it is not approved any more"}
    assert handler(SERVES, Context()) == {"refused": "it is not approved any more"}
    fakes.functions.answer, fakes.functions.failed = {"errorType": "ClientError"}, True
    with pytest.raises(ExplainedError, match=r"model-life-cycle failed \(ClientError\): its log in that account"):
        handler(SERVES, Context())
