"""The onboarding function of an account in memory: its own decisions, behind Lambda's client."""

import io
import json
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from functions.project_onboarding.handler import respond
from functions.template_cloner.resources import DeploymentRoles
from tests.functions.project_onboarding.fake_account import FUNCTION, PROJECT, REPOSITORY, MemoryAccount

ROLES = DeploymentRoles(
    unit="analytics",
    environment="prod",
    account_id="333333333333",
    project_name=PROJECT.name,
    project_id=PROJECT.id,
    repository_name=REPOSITORY.name,
    repository_id=REPOSITORY.id,
)


@dataclass
class MemoryFunction:
    """Lambda's client, which knows one function."""

    account: MemoryAccount
    failures: list[Exception] = field(default_factory=list[Exception])
    """Errors that the next invocations end with."""
    answers: list[Any] = field(default_factory=list[Any])
    """Answers that the next invocations get."""
    failed: bool = False
    """Whether these answers are those of a function that failed."""

    def invoke(self, **request: Any) -> dict[str, Any]:
        assert request["FunctionName"] == FUNCTION
        if self.failures:
            raise self.failures.pop(0)
        answer = (
            self.answers.pop(0) if self.answers else respond(self.account.onboarder(), json.loads(request["Payload"]))
        )
        response = {"Payload": io.BytesIO(json.dumps(answer).encode())}
        return {**response, "FunctionError": "Unhandled"} if self.failed else response


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "…"}}, "Invoke")
