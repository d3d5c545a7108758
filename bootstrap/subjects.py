"""Subjects of the tokens of a repository's jobs, as GitHub writes them and as roles trust them.

`sub_claim_prefix` decides about their beginning: after a rename, which gives subjects ids, `use_immutable_subject` was seen to
stay false.
Source: GitHub Docs, "OpenID Connect reference", *Immutable subject claims*; Azure/azure-dev, pull request 9430;
aprin-labs/archimedes, issue 1759.
"""

import http.client
from collections.abc import Sequence
from typing import cast
from urllib.parse import quote

from bootstrap import github
from bootstrap.errors import BootstrapError
from bootstrap.github import Get, Server
from components.github.server import server_of

CLAIMS = ["repo", "context"]
"""The claims that subjects are made of by default, and by which the roles recognize a job."""


class UntoldError(BootstrapError):
    """GitHub does not tell how it writes subjects."""


def written(server: Server, repository: str, token: str | None, get: Get) -> str:
    """Return the beginning of the subjects of a repository's jobs, up to the context: `repo:acme@1001/name@2001`.

    Raises:
        UntoldError: GitHub does not tell.
        BootstrapError: they are made of other claims than those that the roles recognize.
    """
    own = f"/repos/{quote(repository)}/actions/oidc/customization/sub"
    answer = _told(server, own, token, get, repository)
    claims: object = CLAIMS
    if answer.body.get("use_default") is False:
        # A template without claims of its own is the organization's.
        inherited = f"/orgs/{quote(repository.partition('/')[0])}/actions/oidc/customization/sub"
        claims = answer.body.get("include_claim_keys") or _told(server, inherited, token, get, repository).body.get(
            "include_claim_keys"
        )
    if claims != CLAIMS:
        named = ", ".join(map(str, cast("Sequence[object]", claims or ())))
        raise BootstrapError(
            f"GitHub makes the subjects of the tokens of {repository} of {named or 'other claims'}, and the roles recognize "
            f"those of {' and '.join(CLAIMS)}. Go back to them: gh api --method PUT {own.removeprefix('/')} -F use_default=true"
        )
    beginning = answer.body.get("sub_claim_prefix")
    if isinstance(beginning, str) and beginning:
        return beginning
    if server_of(server.issuer).is_enterprise_server:
        # There, subjects have no ids.
        return f"repo:{repository}"
    raise UntoldError(f"{server.url} does not tell how it begins the subjects of the tokens of {repository}.")


def beginnings(trusted: Sequence[str]) -> list[str]:
    """Return the beginnings of trusted subjects."""
    return [":".join(subject.split(":")[:2]) for subject in trusted]


def form(beginning: str) -> github.SubjectForm:
    """Return the form of a subject: GitHub's names contain no @."""
    return "immutable" if "@" in beginning else "legacy"


def require(beginning: str, trusted: Sequence[str]) -> None:
    """Check that roles trust the subjects that GitHub writes.

    Raises:
        BootstrapError: they would trust others only.
    """
    if beginning in beginnings(trusted):
        return
    also = ", or both until you have opted in to immutable subjects" if form(beginning) == "legacy" else ""
    raise BootstrapError(
        f"GitHub begins the subjects of the repository's tokens with {beginning}:, and the roles would trust "
        f"{' and '.join(trusted)} alone: no workflow could take them. Nothing was changed. Give --oidc-subjects "
        f"{form(beginning)}{also}."
    )


def _told(server: Server, path: str, token: str | None, get: Get, repository: str) -> github.Answer:
    answer = get(server, path, token)
    if answer.status == http.client.OK:
        return answer
    raise UntoldError(
        f"{server.url} does not tell how it writes the subjects of the tokens of {repository} ({answer.status}: "
        f"{github.explain(answer)}): set GITHUB_TOKEN to a token of somebody who may see that repository, with the scope "
        "`repo` or the permission Actions (read)."
    )
