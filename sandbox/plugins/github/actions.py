"""Permissions of the tokens of workflows in an organization."""

from sandbox.plugins.github.client import GitHub
from sandbox.plugins.github.resource import GitHubResource
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values

_NAMES = {
    "defaultWorkflowPermissions": "default_workflow_permissions",
    "canApprovePullRequestReviews": "can_approve_pull_request_reviews",
}


class ActionsOrganizationWorkflowPermissions(GitHubResource):
    """The permissions of workflows; the id is the organization."""

    type_name = "github:index/actionsOrganizationWorkflowPermissions:ActionsOrganizationWorkflowPermissions"
    inputs = Inputs(
        replaces="organizationSlug",
        defaults={"defaultWorkflowPermissions": "read", "canApprovePullRequestReviews": False},
    )

    def create(self, cloud: GitHub, wanted: Values) -> str:
        """Set the permissions."""
        organization = str(wanted["organizationSlug"])
        cloud.put(_path(organization), {github_name: wanted[name] for name, github_name in _NAMES.items()})
        return organization

    def read(self, cloud: GitHub, identifier: str, state: Values) -> Values | None:
        """Read the permissions."""
        found = cloud.get(_path(identifier))
        return {"organizationSlug": identifier, **{name: found[github_name] for name, github_name in _NAMES.items()}}

    def update(self, cloud: GitHub, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Set other permissions."""
        self.create(cloud, wanted)

    def delete(self, cloud: GitHub, identifier: str, state: Values) -> None:
        """Set GitHub's own defaults again, as the official provider does."""
        cloud.put(
            _path(identifier), {"default_workflow_permissions": "read", "can_approve_pull_request_reviews": False}
        )


def _path(organization: str) -> str:
    return f"/orgs/{organization}/actions/permissions/workflow"
