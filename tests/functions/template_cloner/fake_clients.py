"""AWS's clients in memory, for an account that projects deploy to."""

from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

PROVIDED = {
    "/mlops/analytics/prod/projects/roles-template-url": "https://bucket/onboarding/project-roles-1.yaml",
    "/mlops/analytics/prod/projects/roles-stack-role-arn": "arn:aws:iam::333333333333:role/analytics-prod-project-roles",
}


def error(code: str, message: str = "…") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


class Client:
    """Every service at once, with prepared answers and a record of the requests."""

    def __init__(self) -> None:
        self.answers: dict[str, object] = {}
        self.parameters = dict(PROVIDED)
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.failures: list[ClientError] = []

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def ask(**arguments: Any) -> Any:
            self.asked.append((operation, arguments))
            if operation == "get_parameter":
                if arguments["Name"] not in self.parameters:
                    raise error("ParameterNotFound")
                return {"Parameter": {"Value": self.parameters[arguments["Name"]]}}
            if self.failures:
                raise self.failures.pop(0)
            answer = self.answers.get(operation, {})
            if isinstance(answer, ClientError):
                raise answer
            return answer

        return ask

    def get_paginator(self, operation: str) -> "Pages":
        return Pages(self, operation)

    def did(self, operation: str) -> list[dict[str, Any]]:
        return [arguments for asked, arguments in self.asked if asked == operation]


class Pages:
    """Answers of several pages."""

    def __init__(self, client: Client, operation: str) -> None:
        self._client = client
        self._operation = operation

    def paginate(self, **arguments: Any) -> Iterator[Any]:
        return iter(getattr(self._client, self._operation)(**arguments))
