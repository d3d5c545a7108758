"""Versions of pipelines: when there is a new one, which aliases it has, and which one an execution runs.

Source: SageMaker API Reference, CreatePipeline, UpdatePipeline, UpdatePipelineVersion and StartPipelineExecution.
"""

import json
import time
from typing import Any

import pytest

from tests.sandbox_aws.account import Account, allow, trust
from tests.sandbox_aws.test_aws_permissions import refusal

TOKEN = "0" * 32


def definition(message: str) -> str:
    """Return a pipeline that only fails, with a message."""
    step = {"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": message}}
    return json.dumps({"Version": "2020-12-01", "Steps": [step]})


@pytest.fixture(scope="module")
def role(dev: Account) -> str:
    return dev.role("versions-pipeline", trust=trust("sagemaker.amazonaws.com"))


class Pipeline:
    """A pipeline, and the requests about it."""

    def __init__(self, dev: Account, role: str, name: str, *aliases: str) -> None:
        self.sagemaker, self.name, self.role = dev.client("sagemaker"), name, role
        self.arn = self.sagemaker.create_pipeline(
            PipelineName=name,
            RoleArn=role,
            PipelineDefinition=definition("first"),
            ClientRequestToken=f"{name:0>32}",
            **({"PipelineVersionAliases": list(aliases)} if aliases else {}),
        )["PipelineArn"]

    def update(self, message: str, *aliases: str) -> int:
        given = {"PipelineVersionAliases": list(aliases)} if aliases else {}
        request = {"PipelineName": self.name, "PipelineDefinition": definition(message), **given}
        return self.sagemaker.update_pipeline(**request)["PipelineVersionId"]

    def change(self, version: int, **members: Any) -> None:
        self.sagemaker.update_pipeline_version(PipelineArn=self.arn, PipelineVersionId=version, **members)

    def versions(self, **members: Any) -> list[tuple[int, list[str]]]:
        listed = self.sagemaker.list_pipeline_versions(PipelineName=self.name, **members)["PipelineVersionSummaries"]
        return [(each["PipelineVersionId"], each.get("PipelineVersionAliases", [])) for each in listed]

    def start(self, token: str = TOKEN, **members: Any) -> str:
        request = {"PipelineName": self.name, "ClientRequestToken": token, **members}
        return self.sagemaker.start_pipeline_execution(**request)["PipelineExecutionArn"]

    def message(self, arn: str) -> str:
        """Wait for the end of an execution; return the message with which it failed."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            found = self.sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
            if found["PipelineExecutionStatus"] == "Failed":
                steps = self.sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)
                return steps["PipelineExecutionSteps"][0]["FailureReason"]
            time.sleep(0.02)
        pytest.fail(f"{arn} did not end")


def test_a_pipeline_has_a_new_version_only_when_its_definition_changes(dev: Account, role: str) -> None:
    pipeline = Pipeline(dev, role, "versions-new", "live", "first")
    assert pipeline.versions() == [(1, ["live", "first"])]
    assert pipeline.update("first") == 1
    changed = pipeline.sagemaker.update_pipeline(PipelineName=pipeline.name, PipelineDescription="a description")
    assert changed["PipelineVersionId"] == 1
    assert pipeline.update("second", "candidate") == 2
    assert pipeline.versions() == [(2, ["candidate"]), (1, ["live", "first"])]
    assert pipeline.versions(SortOrder="Ascending", MaxResults=1) == [(1, ["live", "first"])]
    assert pipeline.versions(CreatedAfter=time.time() + 60) == []


def test_a_pipeline_is_created_once_for_a_token(dev: Account, role: str) -> None:
    arn = Pipeline(dev, role, "versions-token").arn
    assert Pipeline(dev, role, "versions-token").arn == arn
    again = {"PipelineName": "versions-token", "RoleArn": role, "PipelineDefinition": definition("first")}
    code, message = refusal(dev.client("sagemaker").create_pipeline, **again, ClientRequestToken=TOKEN)
    assert (code, "already exists" in message) == ("ValidationException", True)


def test_a_version_is_described_by_its_number_or_by_an_alias(dev: Account, role: str) -> None:
    pipeline = Pipeline(dev, role, "versions-described", "live")
    pipeline.update("second")
    pipeline.change(1, PipelineVersionDisplayName="c-0123456789ab", PipelineVersionDescription="the first one")

    def described(**named_by: Any) -> dict[str, Any]:
        return pipeline.sagemaker.describe_pipeline(PipelineName=pipeline.arn, **named_by)

    assert described()["PipelineDefinition"] == definition("second")
    assert "PipelineVersionAliases" not in described()
    for named_by in ({"PipelineVersionId": 1}, {"PipelineVersionAlias": "live"}):
        found = described(**named_by)
        assert found["PipelineDefinition"] == definition("first")
        assert found["PipelineVersionAliases"] == ["live"]
        assert found["PipelineVersionDisplayName"] == "c-0123456789ab"
        assert found["PipelineVersionDescription"] == "the first one"
        assert "PipelineVersionId" not in found
    describe = pipeline.sagemaker.describe_pipeline
    both = {"PipelineVersionId": 1, "PipelineVersionAlias": "live"}
    assert refusal(describe, PipelineName=pipeline.name, **both)[0] == "ValidationException"
    for unknown in ({"PipelineVersionId": 3}, {"PipelineVersionAlias": "none"}):
        assert refusal(describe, PipelineName=pipeline.name, **unknown)[0] == "ResourceNotFound"


def test_an_alias_is_removed_from_its_version_before_another_gets_it(dev: Account, role: str) -> None:
    pipeline = Pipeline(dev, role, "versions-moved", "live")
    pipeline.update("second")
    code, message = refusal(pipeline.change, version=2, PipelineVersionAliasOperations={"Add": ["live"]})
    assert (code, "unique" in message) == ("ConflictException", True)
    pipeline.change(1, PipelineVersionAliasOperations={"Remove": ["live"]})
    assert refusal(pipeline.start, PipelineVersionAlias="live")[0] == "ResourceNotFound"
    pipeline.change(2, PipelineVersionAliasOperations={"Add": ["live"]})
    assert pipeline.versions() == [(2, ["live"]), (1, [])]


@pytest.mark.parametrize(
    ("operations", "code"),
    [
        ({"Add": ["12"]}, "ValidationException"),
        ({"Add": ["a b"]}, "ValidationException"),
        ({"Add": [f"a{number}" for number in range(10)]}, "ValidationException"),
        ({"Add": ["new"], "Remove": ["new"]}, "ValidationException"),
        ({"Add": ["new", "new"]}, "ConflictException"),
        ({"Add": ["live"]}, "NotEmulatedBySandbox"),
        ({"Remove": ["other"]}, "NotEmulatedBySandbox"),
    ],
)
def test_aliases_that_break_a_rule_are_refused_and_nothing_changes(
    dev: Account, role: str, operations: dict[str, list[str]], code: str
) -> None:
    pipeline = Pipeline(dev, role, "versions-rules", "live")
    assert refusal(pipeline.change, version=1, PipelineVersionAliasOperations=operations)[0] == code
    assert pipeline.versions() == [(1, ["live"])]


def test_aliases_of_an_update_belong_to_the_version_that_it_makes(dev: Account, role: str) -> None:
    pipeline = Pipeline(dev, role, "versions-update", "live")
    request = {"PipelineName": pipeline.name, "PipelineVersionAliases": ["next"]}
    update = pipeline.sagemaker.update_pipeline
    for unchanged in ({"PipelineDefinition": definition("first")}, {"PipelineDescription": "text"}):
        assert refusal(update, **request, **unchanged)[0] == "ValidationException"
    taken = {"PipelineName": pipeline.name, "PipelineDefinition": definition("second")}
    assert refusal(update, **taken, PipelineVersionAliases=["live"])[0] == "ConflictException"
    assert pipeline.versions() == [(1, ["live"])]


def test_an_execution_runs_the_version_that_it_was_started_with_and_remembers_it(dev: Account, role: str) -> None:
    pipeline = Pipeline(dev, role, "versions-runs", "live")
    pipeline.update("second")
    sagemaker = pipeline.sagemaker
    latest = pipeline.start("a" * 32)
    by_number = pipeline.start("b" * 32, PipelineVersionId=1)
    by_alias = pipeline.start("c" * 32, PipelineVersionAlias="live")
    assert [pipeline.message(arn) for arn in (latest, by_number, by_alias)] == ["second", "first", "first"]
    run = sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=by_number)
    assert run["PipelineDefinition"] == definition("first")

    pipeline.change(1, PipelineVersionAliasOperations={"Remove": ["live"]})
    pipeline.change(2, PipelineVersionAliasOperations={"Add": ["live"]})
    found = [sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn) for arn in (latest, by_alias)]
    assert [each["PipelineVersionId"] for each in found] == [2, 1]
    assert [each.get("PipelineVersionAliases") for each in found] == [["live"], None]
    listed = sagemaker.list_pipeline_executions(PipelineName=pipeline.name, PipelineVersionAlias="live")
    summaries = listed["PipelineExecutionSummaries"]
    assert [each["PipelineExecutionArn"] for each in summaries] == [latest]
    assert summaries[0]["PipelineVersionAliases"] == ["live"]
    by_arn = {"SortBy": "PipelineExecutionArn", "SortOrder": "Ascending"}
    ordered = sagemaker.list_pipeline_executions(PipelineName=pipeline.name, **by_arn)["PipelineExecutionSummaries"]
    assert [each["PipelineExecutionArn"] for each in ordered] == sorted((latest, by_number, by_alias))
    unknown = {"PipelineName": pipeline.name, "PipelineVersionAlias": "none"}
    assert refusal(sagemaker.list_pipeline_executions, **unknown)[0] == "ResourceNotFound"
    last = sagemaker.list_pipeline_versions(PipelineName=pipeline.name)["PipelineVersionSummaries"]
    assert [each["LastExecutionPipelineExecutionArn"] for each in last] == [latest, by_alias]


def test_a_token_starts_one_execution(dev: Account, role: str) -> None:
    pipeline = Pipeline(dev, role, "versions-once", "live")
    started = pipeline.start(PipelineVersionAlias="live")
    assert pipeline.start(PipelineVersionAlias="live") == started
    assert pipeline.start("1" * 32, PipelineVersionAlias="live") != started
    assert refusal(pipeline.start, token="short")[0] == "ValidationException"


def test_a_pipeline_of_ones_own_runs_with_its_own_role_only(dev: Account, role: str) -> None:
    pipeline = Pipeline(dev, role, "versions-role")
    assert refusal(pipeline.start, RoleArn=role)[0] == "ValidationException"
    assert refusal(pipeline.start, MlflowExperimentName="a")[0] == "NotEmulatedBySandbox"


def test_a_policy_can_limit_the_versions_by_number_and_not_by_alias(dev: Account, role: str) -> None:
    pipeline = Pipeline(dev, role, "versions-limited", "live")
    pipeline.update("second")
    actions = ["sagemaker:StartPipelineExecution", "sagemaker:DescribePipeline", "sagemaker:UpdatePipelineVersion"]
    first = allow(actions, pipeline.arn, {"StringEquals": {"sagemaker:PipelineVersionId": "1"}})
    listing = allow("sagemaker:ListPipelineVersions", pipeline.arn)
    pipeline.sagemaker = dev.client("sagemaker", dev.assume(dev.role("versions-limited", first, listing)))
    pipeline.start(PipelineVersionId=1)
    pipeline.change(1, PipelineVersionDescription="changed")
    assert len(pipeline.versions()) == 2
    assert refusal(pipeline.start, PipelineVersionId=2)[0] == "AccessDeniedException"
    assert refusal(pipeline.start, PipelineVersionAlias="live")[0] == "AccessDeniedException"
    assert refusal(pipeline.change, version=2)[0] == "AccessDeniedException"
    assert refusal(pipeline.sagemaker.describe_pipeline, PipelineName=pipeline.name)[0] == "AccessDeniedException"
    other = {"PipelineName": "versions-other"}
    assert refusal(pipeline.sagemaker.list_pipeline_versions, **other)[0] == "AccessDeniedException"
