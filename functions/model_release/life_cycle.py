"""Development's function that notes in the model registry which version production serves."""

import json
from collections.abc import Mapping
from typing import Any

from functions.model_release.errors import RefusedError
from functions.shared import aws_clients
from functions.shared.github_api.errors import ExplainedError

_LONGEST_ANSWER_SECONDS = 95.0
"""Lambda ends the function after ninety."""


class LifeCycle:
    """The function, or nothing where this account is not production."""

    def __init__(self, function_arn: str, client: Any = None) -> None:
        self._arn = function_arn
        self._lambda = client or aws_clients.patient_client("lambda", _LONGEST_ANSWER_SECONDS)

    def note(self, package_group: str, version: int | None) -> Mapping[str, object]:
        """Say that this account serves a version of a group, or none; return what the registry shows by now.

        Raises:
            RefusedError: the registry does not show it; the message says why.
            ExplainedError: the function failed.
        """
        if not self._arn:
            return dict[str, object]()
        question = json.dumps({"model_package_group": package_group, "version": version})
        response = self._lambda.invoke(FunctionName=self._arn, Payload=question.encode())
        answer: Mapping[str, object] = json.loads(response["Payload"].read())
        if "FunctionError" in response:
            raise ExplainedError(f"{self._arn} failed ({answer.get('errorType')}): its log in that account says more")
        if "refused" in answer:
            raise RefusedError(str(answer["refused"]))
        return answer
