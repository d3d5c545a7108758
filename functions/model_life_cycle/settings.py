"""Settings of the function: the account whose registry it is, as its environment variables describe it."""

from collections.abc import Mapping
from dataclasses import dataclass

from functions.shared.account import OwnEnvironment
from functions.shared.variables import read_variables


@dataclass(frozen=True, kw_only=True)
class Settings(OwnEnvironment):
    """The account that the function belongs to."""

    approver_role: str
    """Name of the role that approves versions."""
    own_role: str
    """Name of the role that the function runs under."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the function's environment variables; Lambda sets the name of the function, which is also that of its role.

        Raises:
            ExplainedError: variables are missing; the message names all of them.
        """
        names = {
            "account_id": "ACCOUNT_ID",
            "prefix": "PLATFORM_PREFIX",
            "approver_role": "APPROVER_ROLE",
            "own_role": "AWS_LAMBDA_FUNCTION_NAME",
        }
        return cls(**read_variables(environment, names, of="the life cycle of models"))
