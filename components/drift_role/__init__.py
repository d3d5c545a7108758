"""The role of the workflow that looks for drift: it reads every resource of the platform, and changes nothing."""

from dataclasses import dataclass

import pulumi

from components import iam
from components.drift_role import permissions
from components.environment import Environment
from components.github.connection import GitHubRepository
from components.github.oidc import GitHubOidcRole, GitHubOidcRoleArgs


@dataclass(frozen=True, kw_only=True)
class DriftRoleArgs:
    """The environment to compare, and the repository whose jobs compare it."""

    environment: Environment
    repository: GitHubRepository
    """The platform's own repository."""


class DriftRole(pulumi.ComponentResource):
    """Read-only, for scheduled jobs on main: those run in no environment, which would ask for a review every night."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: DriftRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:DriftRole", name, None, opts)
        environment = args.environment
        role = GitHubOidcRole(
            name,
            GitHubOidcRoleArgs(
                environment=environment,
                purpose="drift",
                description="Compares the platform with its program; changes nothing",
                repository=args.repository,
                contexts=["ref:refs/heads/main"],
                policies={
                    "state": iam.document(*permissions.read_state(environment)),
                    "platform": iam.document(
                        *permissions.read_network_and_roles(environment),
                        *permissions.read_storage(environment),
                        *permissions.read_functions(environment),
                        *permissions.read_events_and_alarms(environment),
                        *permissions.read_projects(environment),
                    ),
                },
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.arn = role.arn
        self.register_outputs({"arn": self.arn})
