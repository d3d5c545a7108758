"""Settings of the function: the account that it belongs to, as its environment variables describe it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from functions.shared.account import OwnEnvironment
from functions.shared.variables import read_variables


@dataclass(frozen=True, kw_only=True)
class Settings(OwnEnvironment):
    """The account, and the way in which it makes the roles of projects."""

    template_urls: Mapping[str, str]
    """Addresses of the templates of what a project gets here, which this account publishes, by kinds of repositories.

    An account publishes none for a kind that its settings do not let in."""
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
            "template_urls": "TEMPLATE_URLS",
            "stack_role_arn": "STACK_ROLE_ARN",
            "release": "RELEASE",
        }
        values = read_variables(environment, names, of="the onboarding of projects")
        release, template_urls = (json.loads(values.pop(name)) for name in ("release", "template_urls"))
        return cls(release=release, template_urls=template_urls, **values)
