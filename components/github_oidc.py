"""Roles that GitHub Actions jobs assume without a stored credential."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi

from components import iam
from components.role import Role, RoleArgs

SubjectForm = Literal["immutable", "legacy"]
"""How a token names its repository: `repo:ORG@ID/REPO@ID:…` since July 2026, `repo:ORG/REPO:…` on Enterprise Server."""


@dataclass(frozen=True, kw_only=True)
class GitHubRepository:
    """A repository, and how the tokens of its jobs name it."""

    organization: str
    organization_id: int
    name: str
    repository_id: int
    subject_form: SubjectForm

    def subject(self, context: str) -> str:
        """The `sub` claim of a job in `context`: `ref:refs/heads/main`, `pull_request` or `environment:NAME`.

        Source: GitHub Docs, "OpenID Connect reference"; a colon in an environment's name arrives as %3A.
        """
        kind, _, rest = context.partition(":")
        if kind == "environment":
            context = f"environment:{rest.replace(':', '%3A')}"
        if self.subject_form == "immutable":
            owner = f"{self.organization}@{self.organization_id}"
            return f"repo:{owner}/{self.name}@{self.repository_id}:{context}"
        return f"repo:{self.organization}/{self.name}:{context}"


@dataclass(frozen=True, kw_only=True)
class GitHubOidcRoleArgs:
    """Which jobs may assume the role, and what they may do with it."""

    role_name: str
    description: str
    provider_arn: pulumi.Input[str]
    """The identity provider of the account, made by bootstrap."""
    issuer: str
    """Host and path of the token's issuer, without the scheme."""
    repository: GitHubRepository
    contexts: Sequence[str]
    """Exact contexts of the jobs, such as `ref:refs/heads/main`."""
    boundary_arn: pulumi.Input[str]
    policies: Mapping[str, pulumi.Input[str]]


class GitHubOidcRole(pulumi.ComponentResource):
    """A role for the jobs of one repository in exactly the contexts named, and for no others."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: GitHubOidcRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:GitHubOidcRole", name, None, opts)
        role = Role(
            name,
            RoleArgs(
                role_name=args.role_name,
                description=args.description,
                trust_policy=iam.trust_github(
                    provider_arn=args.provider_arn,
                    issuer=args.issuer,
                    subjects=[args.repository.subject(context) for context in args.contexts],
                ),
                boundary_arn=args.boundary_arn,
                policies=args.policies,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.arn = role.arn
        self.register_outputs({"arn": self.arn})
