"""The scopes that the platform's GitHub tokens need, and those that a token has.

Only classic tokens have scopes, which every answer lists; fine-grained tokens and those of GitHub Apps have permissions,
which no answer lists.

Source: GitHub Docs, "Scopes for OAuth apps"; cli/cli, `HasMinimumScopes`.
"""

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from bootstrap.github import Answer, Server

CREDENTIAL: dict[str, str] = {
    "repo": "create projects' repositories and start their workflows",
    "workflow": "write files in .github/workflows",
    "delete_repo": "remove the repository of a launch that failed or of a project that is deleted",
}
"""Scopes of the template cloner's token, by what it does with them."""
RELEASES: dict[str, str] = {
    "read:org": "see who approves releases, and let them write to the repositories that they release"
}
"""Scopes that it needs besides where models are released by pull request."""
ORGANIZATION: Mapping[str, str] = {
    "repo": "create the template repositories and publish to them",
    "workflow": "write files in .github/workflows",
    "delete_repo": "delete a template repository, if the settings do not keep it",
    "admin:org": "manage the organization's rules",
}
"""Scopes of the token that deploys a stack which publishes template repositories, by what it does with them."""
PERMISSIONS = (
    "of its repositories: Actions, Administration, Contents, Environments, Pull requests and Workflows (read and write); "
    "of the organization: Members (read)"
)
"""Permissions of a fine-grained token, or of an app, that stand for the scopes of the template cloner's token."""

_CLASSIC = ("ghp_", "gho_")
"""Beginnings of classic tokens. Source: GitHub Docs, "About authentication to GitHub", token formats."""


_WIDER: Mapping[str, tuple[str, ...]] = {"read:org": ("write:org", "admin:org")}
"""Scopes that include another one. Source: GitHub Docs, "Scopes for OAuth apps"."""


def scopes(answer: Answer, token: str) -> frozenset[str] | None:
    """Return the scopes of the token that was answered; None if it has permissions instead."""
    listed = answer.headers.get("x-oauth-scopes")
    # An app's token is answered with an empty list.
    if listed is None or (not listed.strip() and not token.startswith(_CLASSIC)):
        return None
    return frozenset(scope.strip() for scope in listed.split(",") if scope.strip())


def missing(held: Iterable[str], wanted: Mapping[str, str]) -> Mapping[str, str]:
    """Return the scopes that a token lacks, by what it would do with them."""
    found = frozenset(held)
    return {scope: purpose for scope, purpose in wanted.items() if found.isdisjoint((scope, *_WIDER.get(scope, ())))}


def needs(lacking: Mapping[str, str]) -> str:
    """Return the end of a sentence that says what a token lacks."""
    return ", ".join(f"`{scope}` to {purpose}" for scope, purpose in lacking.items())


def granting(server: Server, wanted: Mapping[str, str]) -> str:
    """Return the command that grants the scopes to the token of GitHub's command line."""
    return f"gh auth refresh --hostname {_host(server)} --scopes {','.join(sorted(wanted))}"


def showing(server: Server) -> str:
    """Return the command that prints the token of GitHub's command line."""
    return f"gh auth token --hostname {_host(server)}"


def _host(server: Server) -> str:
    return urlsplit(server.url).netloc
