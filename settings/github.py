"""Settings of GitHub: the organization, its server, and the platform's own repository."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from components.github.connection import GitHubConnection, GitHubRepository, GitHubTokens, SubjectForm
from components.github.server import PUBLIC_SERVER, server_at
from settings.types import HttpsUrl, Login, Number, Section, pattern, problem, without_repeats


def _api_url(known: Mapping[str, str]) -> str:
    return server_at(known.get("server_url", "")).api_url


def _token_issuer(known: Mapping[str, str]) -> str:
    return f"https://{server_at(known.get('server_url', '')).issuer}"


def _subject_form(known: Mapping[str, str]) -> SubjectForm:
    return server_at(known.get("server_url", "")).subject_form


def _actions_app(known: Mapping[str, str]) -> int | None:
    return server_at(known.get("server_url", "")).actions_app_id


def _dependabot_app(known: Mapping[str, str]) -> int | None:
    return server_at(known.get("server_url", "")).dependabot_app_id


class GitHub(Section):
    """The GitHub organization of the platform's repository and of its projects."""

    organization: Annotated[
        str, pattern(r"[A-Za-z0-9](-?[A-Za-z0-9]){0,38}", "give the organization's login, as in its URL")
    ]
    """Name of the organization, as in its URL."""
    organization_id: Annotated[Number, Field(gt=0)]
    """Numeric id of the organization: `gh api orgs/ORGANIZATION --jq .id` prints it."""
    repository: Annotated[str, pattern(r"[A-Za-z0-9._-]{1,100}", "give the repository's name without its owner")]
    """Name of the platform's own repository, without the organization."""
    repository_id: Annotated[Number, Field(gt=0)]
    """Numeric id of that repository: `gh api repos/ORGANIZATION/REPOSITORY --jq .id` prints it."""
    server_url: HttpsUrl = PUBLIC_SERVER
    """Address of the server: github.com, an enterprise's on GHE.com, or an Enterprise Server."""
    api_url: HttpsUrl = Field(default_factory=_api_url)
    """Address of the server's REST API. Derived from `serverUrl`."""
    oidc_issuer: HttpsUrl = Field(default_factory=_token_issuer)
    """Issuer of the tokens by which workflows log in to AWS (OpenID Connect). Derived from `serverUrl`."""
    oidc_subjects: SubjectForm = Field(default_factory=_subject_form)
    """Form of a token's subject, by which roles recognize a repository: with ids (`immutable`: `repo:acme@1001/name@2005`) or
    names only (`legacy`: `repo:acme/name`). Derived from `serverUrl`."""
    platform_user: Login | None = None
    """Login of the account whose token the platform acts with (`python -m bootstrap github-token`). Rulesets let it past, and
    nobody else, so no person may use it. Required where `development` publishes the template repositories."""
    required_approvals: Annotated[Number, Field(ge=1, le=10)] = 1
    """Approvals that a change to a project or to the platform needs, by others than who pushed it. One is the least."""
    release_managers: Annotated[list[Login], Field(min_length=0, max_length=6)] = Field(default_factory=list[Login])
    """Logins of the people who approve pull requests to the branch `production` of a deployment repository, where `workload.release` of
    production is `branch`: the same as `workload.releaseManagers` there. They become a team whose approval GitHub requires, and tested
    versions are proposed to them. Only in development."""
    actions_app_id: Annotated[Number, Field(gt=0)] | None = Field(default_factory=_actions_app)
    """App that reports the checks that a change has to pass: `gh api apps/github-actions --jq .id`. Known for github.com;
    without it, whoever may write to a repository can report them."""
    dependabot_app_id: Annotated[Number, Field(gt=0)] | None = Field(default_factory=_dependabot_app)
    """App that alone writes branches `dependabot/…`: `gh api apps/dependabot --jq .id`. Known for github.com; without it, only
    people write these branches."""

    through_network: bool | None = None
    """Whether the platform's Lambda functions call GitHub from the platform's network. Choose `true` if GitHub cannot be reached
    otherwise: an Enterprise Server is in a connected network, or the organization admits only listed addresses, such as the NAT
    gateway's. With `false`, the functions run outside of the network.

    Not set: `true` in an existing network (`network.vpcId`) and in one with `network.nat` but no `network.privateAccess`, where the
    functions have always been; `false` in any other."""

    @field_validator("release_managers")
    @classmethod
    def _managers_are_different(cls, managers: list[str]) -> list[str]:
        return without_repeats(managers, str.lower)

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
        return GitHubRepository(name=self.repository, repository_id=self.repository_id, tokens=self.tokens)

    @property
    def tokens(self) -> GitHubTokens:
        """The tokens of jobs of the organization's repositories."""
        return GitHubTokens(
            organization=self.organization,
            organization_id=self.organization_id,
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
