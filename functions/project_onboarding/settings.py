"""Settings of the function: the account that it belongs to, as its environment variables describe it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from functions.shared.account import OwnEnvironment
from functions.shared.variables import read_variables


@dataclass(frozen=True, kw_only=True)
class Settings(OwnEnvironment):
    """The account, and the way in which it makes the roles of projects."""

    template_url: str
    """Address of the template of a project's roles, which this account publishes."""
    pipeline_template_url: str
    """Address of that of a project whose whole pipeline is promoted to this account."""
    stack_role_arn: str
    """Role under which CloudFormation makes them."""
    release: Mapping[str, object]
    """The `managers` who release models into this account, and whether it goes `unprotected` by anybody's release."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the function's environment variables.

        Raises:
            ExplainedError: variables are missing; the message names all of them.
        """
        names = {
            "account_id": "ACCOUNT_ID",
            "prefix": "PLATFORM_PREFIX",
            "template_url": "ROLES_TEMPLATE_URL",
            "pipeline_template_url": "PIPELINE_TEMPLATE_URL",
            "stack_role_arn": "STACK_ROLE_ARN",
            "release": "RELEASE",
        }
        values = read_variables(environment, names, of="the onboarding of projects")
        return cls(release=json.loads(values.pop("release")), **values)
