"""The addresses and tokens of a GitHub server, as far as they follow from its own address.

Sources: GitHub Docs, "OpenID Connect reference" (issuers, *Substituted values on GHE.com*, *Immutable subject claims*),
"Getting started with the REST API", and "Getting started with data residency" (`https://api.SUBDOMAIN.ghe.com`).
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from components.github.connection import SubjectForm

PUBLIC_SERVER = "https://github.com"
PUBLIC_ISSUER = "token.actions.githubusercontent.com"
DATA_RESIDENCY = re.compile(r"[a-z0-9-]+\.ghe\.com")
"""The host of an enterprise on GitHub Enterprise Cloud with data residency."""
SERVERS_ISSUER = "/_services/token"
"""Path of the issuer on an Enterprise Server."""


@dataclass(frozen=True, kw_only=True)
class GitHubServer:
    """A GitHub server: github.com, an enterprise on GHE.com, or an Enterprise Server."""

    url: str
    """Its address, the host in small letters."""
    api_url: str
    issuer: str
    """Host and path of the issuer of its workflows' tokens, without the scheme."""
    subject_form: SubjectForm
    """GitHub puts ids into the subjects of new repositories everywhere but on Enterprise Server."""
    actions_app_id: int | None = None
    """The app GitHub Actions, which reports checks; other servers than github.com have ids of their own."""
    dependabot_app_id: int | None = None
    """The app Dependabot, likewise."""

    @property
    def is_enterprise_server(self) -> bool:
        """Whether it is an Enterprise Server, which an organization runs itself."""
        return self.issuer.endswith(SERVERS_ISSUER)


def server_at(url: str) -> GitHubServer:
    """Return the server at `url`, the https address of a server without a path."""
    host = urlsplit(url).netloc.lower()
    server = f"https://{host}"
    if server == PUBLIC_SERVER:
        return GitHubServer(
            url=server,
            api_url="https://api.github.com",
            issuer=PUBLIC_ISSUER,
            subject_form="immutable",
            # Source: https://api.github.com/apps/github-actions and https://api.github.com/apps/dependabot.
            actions_app_id=15368,
            dependabot_app_id=29110,
        )
    if DATA_RESIDENCY.fullmatch(host):
        return GitHubServer(
            url=server, api_url=f"https://api.{host}", issuer=f"token.actions.{host}", subject_form="immutable"
        )
    return GitHubServer(url=server, api_url=f"{server}/api/v3", issuer=f"{host}{SERVERS_ISSUER}", subject_form="legacy")


def server_of(issuer: str) -> GitHubServer:
    """Return the server whose workflows' tokens come from `issuer`, a host and path; github.com if it is unknown."""
    host, slash, path = issuer.partition("/")
    if f"{slash}{path}".startswith(SERVERS_ISSUER):
        return server_at(f"https://{host}")
    tenant = host.removeprefix("token.actions.")
    return server_at(f"https://{tenant}" if DATA_RESIDENCY.fullmatch(tenant) else PUBLIC_SERVER)
