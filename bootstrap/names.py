"""Names of what the bootstrap creates, all derived from the business unit and the environment."""

import re
from dataclasses import dataclass

from bootstrap.problem import ProblemError

UNIT = re.compile(r"[a-z][a-z0-9]{1,11}")
ENVIRONMENT = re.compile(r"[a-z][a-z0-9]{1,7}")
PROJECT = "mlops-platform"
"""Pulumi project of the platform: part of the path of its state."""
SUFFIX = "-bootstrap"
"""Ends the name of every stack made from `bootstrap.yaml`."""


@dataclass(frozen=True, kw_only=True)
class Names:
    """Physical names of one environment of a business unit.

    Raises:
        ProblemError: the unit or the environment is malformed.
    """

    unit: str
    environment: str

    def __post_init__(self) -> None:
        if not UNIT.fullmatch(self.unit):
            raise ProblemError(f"unit {self.unit!r}: use 2 to 12 lower-case letters and digits, starting with a letter")
        if not ENVIRONMENT.fullmatch(self.environment):
            raise ProblemError(
                f"environment {self.environment!r}: use 2 to 8 lower-case letters and digits, starting with a letter"
            )

    @property
    def prefix(self) -> str:
        """First part of every physical name."""
        return f"{self.unit}-{self.environment}"

    @property
    def stack(self) -> str:
        """CloudFormation stack made from `bootstrap.yaml`."""
        return f"{self.prefix}{SUFFIX}"

    @property
    def deploy_role(self) -> str:
        """Role of the deploy workflow."""
        return f"{self.prefix}-deploy"

    @property
    def preview_role(self) -> str:
        """Role of the pull-request workflow."""
        return f"{self.prefix}-preview"

    @property
    def state_alias(self) -> str:
        """Alias of the key that encrypts the state and its secrets."""
        return f"alias/{self.prefix}-state"

    def state_bucket(self, account_id: str, region: str) -> str:
        """Bucket of the state."""
        return f"{self.prefix}-state-{account_id}-{region}"

    def parameter(self, path: str) -> str:
        """SSM parameter of the deployed platform."""
        return f"/mlops/{self.unit}/{self.environment}/{path}"

    @staticmethod
    def of_stack(stack: str) -> "Names | None":
        """The names behind a stack's name, or None when it isn't a bootstrap stack's."""
        unit, _, environment = stack.removesuffix(SUFFIX).partition("-")
        if not stack.endswith(SUFFIX) or not UNIT.fullmatch(unit) or not ENVIRONMENT.fullmatch(environment):
            return None
        return Names(unit=unit, environment=environment)
