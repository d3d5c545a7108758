"""Launch records and stacks, with clients in memory."""

from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from functions.template_cloner.launch_records import ParameterRecords, Record
from functions.template_cloner.stacks import CloudFormationStacks

RECORD = Record(state="running", since=1.5, template_commit="abc", stack="arn:stack")


def error(code: str, operation: str = "Operation") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "…"}}, operation)


class Parameters:
    """Parameters of Systems Manager in memory."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.failure: ClientError | None = None

    def _check(self, name: str) -> None:
        if self.failure is not None:
            raise self.failure
        if name not in self.values:
            raise error("ParameterNotFound")

    def get_parameter(self, **arguments: Any) -> dict[str, Any]:
        self._check(arguments["Name"])
        return {"Parameter": {"Value": self.values[arguments["Name"]]}}

    def put_parameter(self, **arguments: Any) -> None:
        assert arguments["Type"] == "String"
        if self.failure is not None:
            raise self.failure
        if arguments["Name"] in self.values and not arguments["Overwrite"]:
            raise error("ParameterAlreadyExists")
        self.values[arguments["Name"]] = arguments["Value"]

    def delete_parameter(self, **arguments: Any) -> None:
        self._check(arguments["Name"])
        del self.values[arguments["Name"]]


class Stacks:
    """One stack."""

    def describe_stacks(self, **arguments: Any) -> dict[str, Any]:
        assert arguments == {"StackName": "arn:stack"}
        return {"Stacks": [{"StackStatus": "ROLLBACK_IN_PROGRESS"}]}


def test_a_record_is_kept_until_it_is_deleted() -> None:
    parameters = Parameters()
    records = ParameterRecords("/mlops/analytics/dev/launches", parameters)

    assert records.read("p-1/model-training") is None
    records.write("p-1/model-training", RECORD)
    assert list(parameters.values) == ["/mlops/analytics/dev/launches/p-1/model-training"]
    assert records.read("p-1/model-training") == RECORD
    records.delete("p-1/model-training")
    records.delete("p-1/model-training")
    assert parameters.values == {}


def test_only_one_launch_begins() -> None:
    records = ParameterRecords("/x", Parameters())

    assert records.begin("p-1/model-training", RECORD)
    assert not records.begin("p-1/model-training", replace(RECORD, stack="arn:another"))
    assert records.read("p-1/model-training") == RECORD


def test_other_failures_of_systems_manager_are_not_taken_for_a_missing_record() -> None:
    parameters = Parameters()
    parameters.failure = error("AccessDeniedException")
    records = ParameterRecords("/x", parameters)

    with pytest.raises(ClientError):
        records.read("p-1/model-training")
    with pytest.raises(ClientError):
        records.delete("p-1/model-training")
    with pytest.raises(ClientError):
        records.begin("p-1/model-training", RECORD)


def test_the_status_of_the_stack_is_read() -> None:
    assert CloudFormationStacks(Stacks()).status("arn:stack") == "ROLLBACK_IN_PROGRESS"


def test_the_clients_are_the_runtimes_own(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []

    def client(service: str, config: Any) -> Any:
        asked.append((service, config.read_timeout))
        return {"ssm": Parameters(), "cloudformation": Stacks()}[service]

    monkeypatch.setattr(boto3, "client", client)

    ParameterRecords("/x")
    CloudFormationStacks()

    assert asked == [("ssm", 10), ("cloudformation", 10)]
