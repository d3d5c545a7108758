"""Settings of GitHub: the organization, its server, and the platform's own repository."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from components.github.connection import GitHubConnection, GitHubRepository, SubjectForm
from components.github.server import PUBLIC_SERVER, server_at
from settings.types import HttpsUrl, Number, Section, pattern, problem


def _api_url(known: Mapping[str, str]) -> str:
    return server_at(known.get("server_url", "")).api_url


def _token_issuer(known: Mapping[str, str]) -> str:
    return f"https://{server_at(known.get('server_url', '')).issuer}"


def _subject_form(known: Mapping[str, str]) -> SubjectForm:
    return server_at(known.get("server_url", "")).subject_form


class GitHub(Section):
    """The GitHub organization of the platform's repository and of its projects."""

    organization: Annotated[
        str, pattern(r"[A-Za-z0-9](-?[A-Za-z0-9]){0,38}", "give the organization's login, as in its URL")
    ]
    """Login of the organization."""
    organization_id: Annotated[Number, Field(gt=0)]
    """Its id: `gh api orgs/ORGANIZATION --jq .id`."""
    repository: Annotated[str, pattern(r"[A-Za-z0-9._-]{1,100}", "give the repository's name without its owner")]
    """Name of the platform's own repository."""
    repository_id: Annotated[Number, Field(gt=0)]
    """Its id: `gh api repos/ORGANIZATION/REPOSITORY --jq .id`."""
    server_url: HttpsUrl = PUBLIC_SERVER
    """github.com, an enterprise on GHE.com, or an Enterprise Server."""
    api_url: HttpsUrl = Field(default_factory=_api_url)
    """Its REST API; follows from the server."""
    oidc_issuer: HttpsUrl = Field(default_factory=_token_issuer)
    """Issuer of its workflows' tokens; follows from the server."""
    oidc_subjects: SubjectForm = Field(default_factory=_subject_form)
    """Whether a token's subject carries ids (`repo:acme@1001/name@2005`) or names only (`repo:acme/name`)."""

    through_network: bool = False
    """Whether functions call it from the platform's network: an Enterprise Server that only a connected network reaches, or an
    organization whose list of allowed addresses names the NAT gateway's. Otherwise functions stand outside of the network."""

    @field_validator("server_url")
    @classmethod
    def _server_has_no_path(cls, url: str) -> str:
        if urlsplit(url).path:
            raise problem("give the server alone, such as https://github.example.com")
        return server_at(url).url

    @property
    def is_enterprise_server(self) -> bool:
        """Whether the organization runs the server itself, perhaps where only its own networks reach it."""
        return server_at(self.server_url).is_enterprise_server

    @property
    def oidc_issuer_host(self) -> str:
        """The issuer without its scheme, as IAM names providers and condition keys."""
        return self.oidc_issuer.removeprefix("https://")

    @property
    def platform_repository(self) -> GitHubRepository:
        """The platform's own repository, as tokens of its jobs name it."""
        return GitHubRepository(
            organization=self.organization,
            organization_id=self.organization_id,
            name=self.repository,
            repository_id=self.repository_id,
            issuer=self.oidc_issuer_host,
            subject_form=self.oidc_subjects,
        )

    @property
    def connection(self) -> GitHubConnection:
        """The organization in which projects get their repositories."""
        return GitHubConnection(
            organization=self.organization,
            api_url=self.api_url,
            server_url=self.server_url,
            subject_form=self.oidc_subjects,
        )
