"""The entry point, with the requests that it sends to SageMaker."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from functions.model_life_cycle import handler as module
from functions.model_life_cycle.handler import handler
from functions.model_life_cycle.registry import ModelRegistry
from functions.shared.github_api.errors import ExplainedError

GROUP = "abalone-p-abcdefghijkl"
ARN = f"arn:aws:sagemaker:eu-west-1:111111111111:model-package/{GROUP}/"
LEAD = "arn:aws:sts::111111111111:assumed-role/analytics-dev-lead-data-scientist/SageMaker"
VARIABLES = {
    "ACCOUNT_ID": "111111111111",
    "APPROVER_ROLE": "analytics-dev-lead-data-scientist",
    "AWS_LAMBDA_FUNCTION_NAME": "analytics-dev-model-life-cycle",
    "AWS_REGION": "eu-west-1",
    "PLATFORM_PREFIX": "analytics-dev",
}


class MemorySageMaker:
    """Version 3 of a project's model, which a lead has approved, and version 2, which production served."""

    def __init__(self) -> None:
        own = LEAD.replace("lead-data-scientist", "model-life-cycle")
        self.packages: dict[str, dict[str, Any]] = {
            f"{ARN}3": self._package(3, LEAD),
            f"{ARN}2": {**self._package(2, own), "ModelLifeCycle": {"Stage": "Production", "StageStatus": "Serving"}},
        }

    @staticmethod
    def _package(number: int, changed_by: str) -> dict[str, Any]:
        return {
            "ModelPackageArn": f"{ARN}{number}",
            "ModelApprovalStatus": "Approved",
            "LastModifiedBy": {"IamIdentity": {"Arn": changed_by}},
        }

    def get_paginator(self, name: str) -> "MemorySageMaker":
        assert name == "list_model_packages"
        return self

    def paginate(self, **request: str) -> list[dict[str, Any]]:
        assert request == {"ModelPackageGroupName": GROUP}
        return [{"ModelPackageSummaryList": [each]} for each in self.packages.values()]

    def describe_model_package(self, **request: str) -> dict[str, Any]:
        return self.packages[request["ModelPackageName"]]

    def update_model_package(self, **request: Any) -> None:
        assert set(request) == {"ModelPackageArn", "ModelLifeCycle"}
        self.packages[request["ModelPackageArn"]] |= request


@pytest.fixture
def sagemaker() -> MemorySageMaker:
    return MemorySageMaker()


@pytest.fixture(autouse=True)
def lambda_runtime(sagemaker: MemorySageMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of the function, with a registry in memory."""
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(module, "registry", lambda: ModelRegistry(sagemaker))


def test_the_stage_of_a_version_is_all_that_is_changed(
    sagemaker: MemorySageMaker, caplog: pytest.LogCaptureFixture
) -> None:
    answer = handler({"model_package_group": GROUP, "version": 3}, None)
    assert answer == {"serving": f"{ARN}3", "archived": [f"{ARN}2"], "left": []}
    assert [sagemaker.packages[f"{ARN}{number}"]["ModelLifeCycle"] for number in (3, 2)] == [
        {"Stage": "Production", "StageStatus": "Serving"},
        {"Stage": "Archived", "StageStatus": "Replaced"},
    ]
    assert json.loads(caplog.messages[-1]) == {"model_package_group": GROUP, "version": 3, **answer}


def test_a_refusal_is_answered(sagemaker: MemorySageMaker) -> None:
    sagemaker.packages[f"{ARN}3"]["ModelApprovalStatus"] = "Rejected"
    answer = handler({"model_package_group": GROUP, "version": 3}, None)
    assert answer == {"refused": f"{ARN}3 is not approved any more"}


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({}, "None is no group of a project's versions"),
        ({"model_package_group": "experiments"}, "'experiments' is no group"),
        ({"model_package_group": f"{GROUP}/3"}, "is no group"),
        *(
            ({"model_package_group": GROUP, "version": version}, f"{version!r} is no number of a version")
            for version in ("3", 0, True, 3.0, 10**9)
        ),
    ],
    ids=str,
)
def test_what_names_no_version_of_a_project_is_refused(event: Mapping[str, object], reason: str) -> None:
    assert reason in str(handler(event, None)["refused"])


def test_missing_settings_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("APPROVER_ROLE")
    with pytest.raises(ExplainedError, match="not configured: APPROVER_ROLE; deploy the platform again"):
        handler({"model_package_group": GROUP, "version": 3}, None)
