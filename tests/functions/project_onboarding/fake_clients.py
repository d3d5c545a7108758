"""AWS's clients in memory."""

from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError


def error(code: str, message: str = "…") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


class Client:
    """Every service at once, with prepared answers and a record of the requests."""

    def __init__(self) -> None:
        self.answers: dict[str, object] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def ask(**arguments: Any) -> Any:
            self.asked.append((operation, arguments))
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
