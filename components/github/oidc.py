"""Roles that GitHub Actions jobs assume without a stored credential."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components import iam
from components.environment import Environment
from components.github.connection import GitHubRepository
from components.iam.role import Role, RoleArgs


@dataclass(frozen=True, kw_only=True)
class GitHubOidcRoleArgs:
    """The jobs that may assume the role, and the role's permissions."""

    environment: Environment
    purpose: str
    """Suffix of the role's name `{prefix}-{purpose}`."""
    description: str
    repository: GitHubRepository
    contexts: Sequence[str]
    """Exact contexts of the jobs, such as `ref:refs/heads/main`."""
    policies: Mapping[str, pulumi.Input[str]]


class GitHubOidcRole(pulumi.ComponentResource):
    """A role for the jobs of one repository in exactly the contexts named, and for no others."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: GitHubOidcRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:GitHubOidcRole", name, None, opts)
        role = Role(
            name,
            RoleArgs(
                environment=args.environment,
                purpose=args.purpose,
                description=args.description,
                trust_policy=iam.trust_github(
                    provider_arn=args.environment.oidc_provider_arn(args.repository.tokens.issuer),
                    issuer=args.repository.tokens.issuer,
                    subjects=[args.repository.subject(context) for context in args.contexts],
                ),
                policies=args.policies,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.arn = role.arn
        self.register_outputs({"arn": self.arn})
