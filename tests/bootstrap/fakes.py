"""An account in memory: the operations that bootstrap calls, with AWS's own errors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from botocore.exceptions import ClientError

from bootstrap.account import Account, Client
from tests.bootstrap.template import ACCOUNT, REGION

CREDENTIAL_ARN = "arn:aws:secretsmanager:eu-west-1:111111111111:secret:analytics-dev-github-AbCdEf"
PARAMETERS = {
    "/mlops/analytics/dev/github/credential-secret-arn": CREDENTIAL_ARN,
    "/mlops/analytics/dev/github/server-url": "https://github.example.com",
    "/mlops/analytics/dev/github/api-url": "https://api.github.example.com",
    "/mlops/analytics/dev/github/oidc-issuer": "github.example.com/_services/token",
    "/mlops/analytics/dev/github/organization": "acme",
    "/mlops/analytics/dev/notifications/alarms-topic-arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:analytics-dev-alarms",
}


def refusal(code: str, message: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


@dataclass
class CloudFormation:
    """Stacks that settle after some requests, in the status `ends_in`.

    As on AWS, termination protection belongs to the stack: it stays through updates and rollbacks, and a protected stack
    cannot be deleted, whatever its status.
    """

    stacks: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list[tuple[str, dict[str, Any]]])
    requests_until_settled: int = 2
    ends_in: str | None = None
    reasons: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    """Logical id, status and reason of the events of the next failure, oldest first."""
    deleted: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    """Deleted stacks by id; AWS does not show them by name."""
    events: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])
    settles_to: dict[str, tuple[int, str]] = field(default_factory=dict[str, tuple[int, str]])

    def describe_stacks(self, StackName: str | None = None, **_: str) -> dict[str, Any]:  # noqa: N803
        if StackName is None:
            return {"Stacks": list(self.stacks.values())}
        if StackName in self.deleted:
            return {"Stacks": [self.deleted[StackName]]}
        stack = self._find(StackName)
        name = stack["StackName"]
        if name in self.settles_to:
            requests, status = self.settles_to[name]
            if requests:
                self.settles_to[name] = (requests - 1, status)
            else:
                stack["StackStatus"] = status
                del self.settles_to[name]
        return {"Stacks": [dict(stack)]}

    def describe_stack_events(self, StackName: str) -> dict[str, Any]:  # noqa: N803
        assert StackName
        return {"StackEvents": self.events}

    def create_stack(self, **request: Any) -> dict[str, Any]:
        self.requests.append(("create", request))
        name = request["StackName"]
        if name in self.stacks:
            raise refusal("AlreadyExistsException", f"Stack [{name}] already exists")
        identifier = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/{len(self.requests)}"
        protected = request.get("EnableTerminationProtection", False)
        self._begin(request, "CREATE", {"StackId": identifier, "EnableTerminationProtection": protected})
        return {"StackId": identifier}

    def update_stack(self, **request: Any) -> dict[str, Any]:
        self.requests.append(("update", request))
        present = self._find(request["StackName"])
        if present["StackStatus"] in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED"):
            where = f"Stack:{present['StackName']} is in {present['StackStatus']} state"
            raise refusal("ValidationError", f"{where} and can not be updated.")
        if present.get("request") == (request["TemplateBody"], request["Parameters"], request["Tags"]):
            raise refusal("ValidationError", "No updates are to be performed.")
        self._begin(request, "UPDATE", present)
        return {}

    def update_termination_protection(self, StackName: str, EnableTerminationProtection: bool) -> dict[str, Any]:  # noqa: N803
        self.requests.append(("protect" if EnableTerminationProtection else "unprotect", {"StackName": StackName}))
        self._find(StackName)["EnableTerminationProtection"] = EnableTerminationProtection
        return {}

    def delete_stack(self, StackName: str) -> dict[str, Any]:  # noqa: N803
        self.requests.append(("delete", {"StackName": StackName}))
        stack = self._find(StackName)
        if stack.get("EnableTerminationProtection"):
            raise refusal(
                "ValidationError", f"Stack [{StackName}] cannot be deleted while TerminationProtection is enabled"
            )
        del self.stacks[stack["StackName"]]
        if "StackId" in stack:
            self.deleted[stack["StackId"]] = {**stack, "StackStatus": "DELETE_COMPLETE"}
        return {}

    def _find(self, name_or_id: str) -> dict[str, Any]:
        for name, stack in self.stacks.items():
            if name_or_id in (name, stack.get("StackId")):
                return stack
        raise refusal("ValidationError", f"Stack with id {name_or_id} does not exist")

    def _begin(self, request: Mapping[str, Any], verb: str, present: Mapping[str, Any]) -> None:
        name = request["StackName"]
        self.stacks[name] = {
            **present,
            "StackName": name,
            "StackStatus": f"{verb}_IN_PROGRESS",
            "Parameters": request["Parameters"],
            "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in self.outputs.items()],
            "request": (request["TemplateBody"], request["Parameters"], request["Tags"]),
        }
        self.settles_to[name] = (self.requests_until_settled, self.ends_in or f"{verb}_COMPLETE")
        for logical, status, reason in self.reasons:
            event = {
                "LogicalResourceId": logical,
                "PhysicalResourceId": f"the-{logical}",
                "ResourceType": "AWS::KMS::Key" if logical == "StateKey" else "AWS::S3::Bucket",
                "ResourceStatus": status,
                "ResourceStatusReason": reason,
            }
            self.events.insert(0, {"EventId": str(len(self.events)), **event})


@dataclass
class Parameters:
    """The parameters that the deployed platform publishes."""

    values: dict[str, str] = field(default_factory=lambda: dict(PARAMETERS))

    def get_parameter(self, Name: str) -> dict[str, Any]:  # noqa: N803
        if Name not in self.values:
            raise refusal("ParameterNotFound")
        return {"Parameter": {"Value": self.values[Name]}}


@dataclass
class Service:
    """Answers operations from a table; any other operation is an error that names it."""

    answers: dict[str, Callable[..., dict[str, Any]]]

    def __getattr__(self, operation: str) -> Callable[..., dict[str, Any]]:
        if operation.startswith("_") or operation not in self.answers:
            raise AttributeError(f"unexpected operation {operation}")
        return self.answers[operation]


def answer(value: Mapping[str, Any]) -> Callable[..., dict[str, Any]]:
    def operation(**_: object) -> dict[str, Any]:
        return dict(value)

    return operation


def refuse(code: str, message: str = "") -> Callable[..., dict[str, Any]]:
    def operation(**_: object) -> dict[str, Any]:
        raise refusal(code, message)

    return operation


def account(**services: object) -> Account:
    """Return an account that has only these services."""

    def client(service: str) -> Client:
        if service not in services:
            raise AssertionError(f"unexpected client of {service}")
        return cast("Client", services[service])

    return Account(account_id=ACCOUNT, region=REGION, caller=f"arn:aws:iam::{ACCOUNT}:user/engineer", client=client)
