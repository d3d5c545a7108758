"""The GitHub organization and repositories that the platform deals with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

SubjectForm = Literal["immutable", "legacy"]
"""The form in which a token names its repository: `repo:ORG@ID/REPO@ID:…` since July 2026, `repo:ORG/REPO:…` on Enterprise Server."""


@dataclass(frozen=True, kw_only=True)
class GitHubTokens:
    """The tokens of the jobs of an organization's repositories, by which they become roles of AWS."""

    organization: str
    organization_id: int
    issuer: str
    """Host and path of their issuer, without the scheme."""
    subject_form: SubjectForm

    def repository(self, name: str, repository_id: str) -> str:
        """Return the beginning of the `sub` claim of a repository's jobs, up to their context."""
        if self.subject_form == "immutable":
            return f"repo:{self.organization}@{self.organization_id}/{name}@{repository_id}"
        return f"repo:{self.organization}/{name}"


@dataclass(frozen=True, kw_only=True)
class GitHubRepository:
    """A repository, and the tokens of its jobs."""

    name: str
    repository_id: int
    tokens: GitHubTokens

    def subject(self, context: str) -> str:
        """Return the `sub` claim of a job in `context`: `ref:refs/heads/main`, `pull_request` or `environment:NAME`.

        Source: GitHub Docs, "OpenID Connect reference"; a colon in an environment's name arrives as %3A.
        """
        kind, _, rest = context.partition(":")
        if kind == "environment":
            context = f"environment:{rest.replace(':', '%3A')}"
        return f"{self.tokens.repository(self.name, str(self.repository_id))}:{context}"


@dataclass(frozen=True, kw_only=True)
class ReviewRules:
    """The rules about reviews that a launch checks."""

    required_approvals: int
    """Approvals by others that a change needs."""
    leads: Sequence[str]
    """Logins of those who approve models, as far as they are known."""


@dataclass(frozen=True, kw_only=True)
class GitHubConnection:
    """The organization in which projects get their repositories."""

    organization: str
    api_url: str
    server_url: str
    subject_form: SubjectForm
    """The form in which tokens of its jobs name their repository."""
