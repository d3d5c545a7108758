"""Settings of the deployment trigger: the platform as the function's environment variables describe it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from functions.shared.variables import read_variables


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The platform that the function belongs to."""

    github_api_url: str
    credential_secret_arn: str
    parameter_path: str
    """Path of the platform's parameters, such as `/mlops/analytics/dev`."""
    prefix: str
    """Beginning of the names of projects' buckets, such as `analytics-dev`."""
    account_id: str
    region: str
    life_cycle_role: str
    """Name of the role that notes in the registry which version production serves: what it changes is no approval."""
    unit: str
    retraining_accounts: tuple[tuple[str, str], ...]
    """Environments whose alarms start trainings, with their accounts."""
    release_branch: str = ""
    """Branch to which versions are proposed that preproduction has tested; empty where production's jobs wait themselves."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the function's environment variables.

        Raises:
            ExplainedError: variables are missing; the message names all of them.
        """
        names = {
            "github_api_url": "GITHUB_API_URL",
            "credential_secret_arn": "GITHUB_CREDENTIAL_SECRET_ARN",
            "parameter_path": "PARAMETER_PATH",
            "prefix": "PLATFORM_PREFIX",
            "account_id": "ACCOUNT_ID",
            "region": "AWS_REGION",
            "life_cycle_role": "LIFE_CYCLE_ROLE",
            "unit": "UNIT",
            "retraining_accounts": "RETRAINING_ACCOUNTS",
        }
        values = read_variables(environment, names, of="the deployment trigger")
        accounts: Mapping[str, str] = json.loads(values.pop("retraining_accounts"))
        found = {field: value.rstrip("/") for field, value in values.items()}
        return cls(
            **found, retraining_accounts=tuple(accounts.items()), release_branch=environment.get("RELEASE_BRANCH", "")
        )
