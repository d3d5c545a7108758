"""Physical names that must be known before Pulumi runs.

They follow from the business unit and the environment alone, so they can be checked and listed without an account or
settings. `components.environment.Environment` builds the same names for the Pulumi program; a test compares the two.
"""

import re
from dataclasses import dataclass

from bootstrap.errors import BootstrapError

UNIT = re.compile(r"[a-z][a-z0-9]{1,11}")
ENVIRONMENT = re.compile(r"[a-z][a-z0-9]{1,7}")
PROJECT = "mlops-platform"
"""Pulumi project of the platform; part of the path of its state."""
SUFFIX = "-bootstrap"
"""Suffix of every CloudFormation stack that is created from `bootstrap.yaml`."""


@dataclass(frozen=True, kw_only=True)
class Names:
    """Physical names of one environment of a business unit.

    Raises:
        BootstrapError: the unit or the environment is malformed.
    """

    unit: str
    environment: str

    def __post_init__(self) -> None:
        if not UNIT.fullmatch(self.unit):
            raise BootstrapError(
                f"unit {self.unit!r}: use 2 to 12 lower-case letters and digits, starting with a letter"
            )
        if not ENVIRONMENT.fullmatch(self.environment):
            raise BootstrapError(
                f"environment {self.environment!r}: use 2 to 8 lower-case letters and digits, starting with a letter"
            )

    @property
    def prefix(self) -> str:
        """Prefix of every physical name."""
        return f"{self.unit}-{self.environment}"

    @property
    def stack(self) -> str:
        """CloudFormation stack that is created from `bootstrap.yaml`."""
        return f"{self.prefix}{SUFFIX}"

    @property
    def deploy_role(self) -> str:
        """Name of the role that the deploy workflow assumes."""
        return f"{self.prefix}-deploy"

    @property
    def preview_role(self) -> str:
        """Name of the role that the pull-request workflow assumes."""
        return f"{self.prefix}-preview"

    @property
    def drift_role(self) -> str:
        """Name of the role that the workflow which looks for drift assumes."""
        return f"{self.prefix}-drift"

    @property
    def state_alias(self) -> str:
        """Alias of the key that encrypts the state and its secrets."""
        return f"alias/{self.prefix}-state"

    def state_bucket(self, account_id: str, region: str) -> str:
        """Name of the bucket that holds the state."""
        return f"{self.prefix}-state-{account_id}-{region}"

    def parameter(self, path: str) -> str:
        """Name of a parameter that the deployed platform publishes, `path` relative to the environment."""
        return f"/mlops/{self.unit}/{self.environment}/{path}"

    @staticmethod
    def of_stack(stack: str) -> "Names | None":
        """Parse the name of a bootstrap stack; return None for any other stack."""
        unit, _, environment = stack.removesuffix(SUFFIX).partition("-")
        if not stack.endswith(SUFFIX) or not UNIT.fullmatch(unit) or not ENVIRONMENT.fullmatch(environment):
            return None
        return Names(unit=unit, environment=environment)
