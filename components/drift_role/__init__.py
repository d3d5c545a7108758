"""The role of the workflow that looks for drift: it reads what the platform consists of, and changes nothing."""

from dataclasses import dataclass

import pulumi

from components import iam
from components.drift_role import permissions
from components.github import GitHubRepository
from components.github_oidc import GitHubOidcRole, GitHubOidcRoleArgs
from components.site import Site


@dataclass(frozen=True, kw_only=True)
class DriftRoleArgs:
    """Whose jobs may look, and where."""

    site: Site
    issuer: str
    """Host and path of the token's issuer, without the scheme."""
    repository: GitHubRepository
    """The platform's own repository."""


class DriftRole(pulumi.ComponentResource):
    """Read-only, for scheduled jobs on main: those run in no environment, which would ask for a review every night."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: DriftRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:DriftRole", name, None, opts)
        site = args.site
        role = GitHubOidcRole(
            name,
            GitHubOidcRoleArgs(
                site=site,
                purpose="drift",
                description="Compares the platform with its program; changes nothing",
                issuer=args.issuer,
                repository=args.repository,
                contexts=["ref:refs/heads/main"],
                policies={
                    "state": iam.document(*permissions.read_state(site)),
                    "platform": iam.document(
                        *permissions.read_network_and_roles(site),
                        *permissions.read_storage(site),
                        *permissions.read_functions(site),
                        *permissions.read_events_and_alarms(site),
                        *permissions.read_projects(site),
                    ),
                },
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.arn = role.arn
        self.register_outputs({"arn": self.arn})
