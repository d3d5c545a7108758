"""The function of an account that projects deploy to, which gives them their roles there and takes them away.

The account decides; this asks. The requests and answers are described in `functions/project_onboarding/handler.py`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from botocore.exceptions import ClientError, HTTPClientError

from functions.shared import aws_clients
from functions.template_cloner.errors import LaunchError
from functions.template_cloner.resources import DeploymentRoles

Action = Literal["onboard", "check_offboarding", "offboard"]

_LONGEST_ANSWER_SECONDS = 65.0
"""Lambda ends the function after sixty."""
_NO_FUNCTION = ("AccessDeniedException", "ResourceNotFoundException")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The account's answer: it is done, or waits for something."""

    waiting_for: str = ""
    """Empty once the request is carried out."""
    begun: bool = False
    """Whether the account has begun the work; the next request repeats it."""
    roles: Mapping[str, str] = field(default_factory=dict[str, str])
    """ARNs of the project's roles, once they exist."""


class OnboardingFunction:
    """The onboarding function of the account of some roles."""

    def __init__(self, roles: DeploymentRoles, arn: str, launch: str, client: Any = None) -> None:
        self._roles = roles
        self._arn = arn
        self._launch = launch
        self._client = client or aws_clients.patient_client("lambda", _LONGEST_ANSWER_SECONDS)

    def ask(self, action: Action, *, begun: bool) -> Answer:
        """Send one request about the project.

        Raises:
            LaunchError: the account refuses it, or has no function that listens to the template cloner.
        """
        roles = self._roles
        request: dict[str, object] = {
            "action": action,
            "project_name": roles.project_name,
            "project_id": roles.project_id,
            "launch": self._launch,
            "begun": begun,
        }
        if action == "onboard":
            request |= {"repository_name": roles.repository_name, "repository_id": roles.repository_id}
        answer = self._invoke(request)
        if answer is None:
            return Answer(waiting_for=f"an answer of {self._arn}", begun=begun)
        match answer:
            case {"state": "done", "roles": made}:
                return Answer(roles=cast("Mapping[str, str]", made))
            case {"state": "pending", "waiting_for": reason, "begun": now_begun}:
                return Answer(waiting_for=str(reason), begun=now_begun is True)
            case {"state": "refused", "reason": reason}:
                raise LaunchError(str(reason))
            case _:
                raise LaunchError(f"{self._arn} gave an unknown answer: {roles.deploy_advice}")

    def _invoke(self, request: Mapping[str, object]) -> Mapping[str, object] | None:
        """Return the function's answer; None if there was none, and the request may be repeated."""
        try:
            response = self._client.invoke(FunctionName=self._arn, Payload=json.dumps(request).encode())
        except HTTPClientError:
            return None
        except ClientError as error:
            if aws_clients.code(error) == "TooManyRequestsException":
                return None
            if aws_clients.code(error) in _NO_FUNCTION:
                raise LaunchError(
                    f"{self._arn} does not exist, or does not let the template cloner in: {self._roles.deploy_advice}"
                ) from None
            raise
        answer = json.loads(response["Payload"].read()) or {}
        if "FunctionError" in response:
            raise LaunchError(f"{self._arn} failed ({answer.get('errorType')}): its log in that account says more")
        return answer
