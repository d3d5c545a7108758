"""The `github` package: its settings and resource types."""

import os
from collections.abc import Callable, Mapping

from sandbox.plugins.github.actions import ActionsOrganizationWorkflowPermissions
from sandbox.plugins.github.client import GitHub, GitHubError
from sandbox.plugins.github.repositories import Repository
from sandbox.plugins.github.rulesets import OrganizationRuleset
from sandbox.plugins.github.teams import Team, TeamMembership
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values
from sandbox.plugins.resource import Provider, RefusedError, Resource

TYPES = (ActionsOrganizationWorkflowPermissions(), OrganizationRuleset(), Repository(), Team(), TeamMembership())


class GitHubProvider(Provider[GitHub]):
    """Stands in for the official `github` plugin."""

    package = "github"
    version = "6.15.0"
    settings = Inputs("baseUrl owner token")
    types: Mapping[str, Resource[GitHub]] = {resource.type_name: resource for resource in TYPES}
    functions: Mapping[str, Callable[[GitHub, Values], Values]] = {}

    def connect(self, configuration: Values) -> GitHub:
        """Connect to the organization with the token of the settings, else of the environment."""
        token = configuration.get("token") or os.environ.get("GITHUB_TOKEN")
        if not token:
            raise RefusedError("the github provider has no token: set GITHUB_TOKEN where the engine is started")
        owner = configuration.get("owner") or os.environ.get("GITHUB_OWNER")
        if not owner:
            raise RefusedError("the github provider has no owner: set its `owner`")
        return GitHub(configuration.get("baseUrl") or "https://api.github.com", owner, token)

    def explain(self, error: Exception) -> str | None:
        """Return GitHub's message."""
        return str(error) if isinstance(error, GitHubError) else None
