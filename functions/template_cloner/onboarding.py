"""The function of an account that projects deploy to, which gives them their roles there and takes them away.

The account decides; this asks. The requests and answers are described in `functions/project_onboarding/handler.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from functions.template_cloner.account_function import AccountFunction
from functions.template_cloner.errors import LaunchError
from functions.template_cloner.resources import DeploymentRoles

Action = Literal["onboard", "check_offboarding", "offboard"]


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
        self._function = AccountFunction(arn, roles.deploy_advice, client)

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
        answer = self._function.answer(request)
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
