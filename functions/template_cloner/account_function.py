"""One request to the onboarding function of an account, and its answer as it came."""

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as ConnectingError

from functions.shared import aws_clients
from functions.template_cloner.errors import LaunchError

_LONGEST_ANSWER_SECONDS = 95.0
"""Lambda ends the function after ninety."""
_NO_FUNCTION = ("AccessDeniedException", "ResourceNotFoundException")


class AccountFunction:
    """The onboarding function of an account; `advice` says what to do where it is missing."""

    def __init__(self, arn: str, advice: str, client: Any = None) -> None:
        self._arn = arn
        self._advice = advice
        self._client = client or aws_clients.patient_client("lambda", _LONGEST_ANSWER_SECONDS)

    def answer(self, request: Mapping[str, object]) -> Mapping[str, object] | None:
        """Return the function's answer; None if there was none, and the request may be repeated.

        Raises:
            LaunchError: the account has no function that listens to the template cloner, or it failed.
        """
        try:
            response = self._client.invoke(FunctionName=self._arn, Payload=json.dumps(request).encode())
        except (ConnectingError, HTTPClientError):
            return None
        except ClientError as error:
            if aws_clients.code(error) == "TooManyRequestsException":
                return None
            if aws_clients.code(error) in _NO_FUNCTION:
                raise LaunchError(
                    f"{self._arn} does not exist, or does not let the template cloner in: {self._advice} (with --refresh, if the "
                    "template cloner's role was made anew)"
                ) from None
            raise
        answer = json.loads(response["Payload"].read()) or {}
        if "FunctionError" in response:
            raise LaunchError(f"{self._arn} failed ({answer.get('errorType')}): its log in that account says more")
        return answer
