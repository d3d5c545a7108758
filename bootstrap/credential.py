"""`github-token`: store the platform's GitHub token in the secret that the platform created for it."""

import hashlib
import http.client
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from botocore.exceptions import ClientError

from bootstrap import github, token_expiry, token_scopes
from bootstrap.account import Account, Client, refusal_reason
from bootstrap.deployed import deployed_parameter, deployed_server
from bootstrap.errors import BootstrapError
from bootstrap.github import Get
from bootstrap.names import Names

_OF_AN_INSTALLATION = "ghs_"
"""Beginning of the tokens of an app's installation, and of jobs. Source: GitHub Docs, "About authentication to GitHub"."""


@dataclass(frozen=True, kw_only=True)
class Stored:
    """The credential that the secret holds now."""

    owner: str
    changed: bool
    """Whether the secret held a different one before."""
    scopes_known: bool = True
    """Whether GitHub lists what the token may do; else it has permissions, which only its owner can see."""
    ends: datetime | None = None
    """The time at which the token ends; None: it has no end, or GitHub does not tell it."""


def store(
    account: Account,
    names: Names,
    token: str,
    server_url: str | None = None,
    get: Get = github.get,
    *,
    platform_user: str | None = None,
    releases: bool = False,
) -> Stored:
    """Check `token` against the platform's GitHub and store it.

    `platform_user` is the login that its owner must have, where the settings name one; with `releases`, models are released by
    pull request.

    Raises:
        BootstrapError: the platform isn't deployed yet, or GitHub rejects the token, or it is somebody else's, or it lacks
            a scope. The message never contains it.
    """
    token = token.strip()
    if not token or any(character.isspace() for character in token):
        raise BootstrapError(
            "Give the token, and nothing else, on standard input:\n"
            f"  gh auth token | python -m bootstrap github-token --environment {names.environment}"
        )
    if token.startswith(_OF_AN_INSTALLATION):
        raise BootstrapError(
            "This is the token of a GitHub App's installation or of a job, which ends after an hour or with the job: from then on "
            "nothing could be launched or deployed. Nothing was stored. Give a personal access token of the platform's account."
        )
    ssm = account.client("ssm")
    secret_arn = deployed_parameter(ssm, names, "github/credential-secret-arn")
    server = github.Server.at(server_url) if server_url else deployed_server(ssm, names)
    organization = deployed_parameter(ssm, names, "github/organization")
    user = _user(server, organization, token, get)
    login, held = str(user.body["login"]), token_scopes.scopes(user, token)
    owner = f"{login} on {server.url}"
    if platform_user is not None and login.lower() != platform_user.lower():
        raise BootstrapError(
            f"The token belongs to {owner}, and the settings of {names.environment} name {platform_user} as "
            "github.platformUser, whom alone the organization's rulesets let past. Nothing was stored. Give a token of "
            f"{platform_user}, or change the setting and deploy."
        )
    if held is not None:
        wanted = token_scopes.CREDENTIAL | token_scopes.RELEASES if releases else token_scopes.CREDENTIAL
        _require_scopes(server, names, owner, held, wanted)
    try:
        changed = _put(account.client("secretsmanager"), secret_arn, token)
    except ClientError as error:
        raise BootstrapError(f"Secrets Manager did not store the token: {refusal_reason(error)}") from error
    return Stored(owner=owner, changed=changed, scopes_known=held is not None, ends=token_expiry.expiry(user))


def store_command(server: github.Server, names: Names, wanted: Mapping[str, str] = token_scopes.CREDENTIAL) -> str:
    """Return the commands that give the token of GitHub's command line its scopes, and store it."""
    return (
        f"{token_scopes.granting(server, wanted)} && {token_scopes.showing(server)} | "
        f"python -m bootstrap github-token --unit {names.unit} --environment {names.environment}"
    )


def _require_scopes(
    server: github.Server, names: Names, owner: str, held: frozenset[str], wanted: Mapping[str, str]
) -> None:
    lacking = token_scopes.missing(held, wanted)
    if lacking:
        raise BootstrapError(
            f"The token of {owner} has the scopes {', '.join(sorted(held)) or '(none)'}: it also needs "
            f"{token_scopes.needs(lacking)}. Nothing was stored.\n"
            f"Add them to the token at {server.url}/settings/tokens, or to the one of GitHub's command line:\n"
            f"  {store_command(server, names, wanted)}"
        )


def _put(secrets: Client, arn: str, token: str) -> bool:
    """Make `token` the secret's value and return True, or return False if it is already.

    The version's id is a digest of the value, so that a caller who may not read the secret can still compare.
    """
    version = hashlib.sha256(f"{arn}\0{token}".encode()).hexdigest()
    versions = secrets.describe_secret(SecretId=arn).get("VersionIdsToStages", {})
    if "AWSCURRENT" in versions.get(version, []):
        return False
    # Secrets Manager ignores a request with the id of an existing version; an earlier token needs a new id.
    identifier = str(uuid.uuid4()) if version in versions else version
    secrets.put_secret_value(SecretId=arn, ClientRequestToken=identifier, SecretString=json.dumps({"token": token}))
    return True


def _user(server: github.Server, organization: str, token: str, get: Get) -> github.Answer:
    """Return what GitHub says about the owner of `token`, who must see the organization."""
    user = get(server, "/user", token)
    if user.status == http.client.OK:
        seen = get(server, f"/orgs/{quote(organization)}", token)
        if seen.status != http.client.OK:
            raise BootstrapError(
                f"The token of {user.body['login']} cannot see the organization {organization} on {server.url} "
                f"({seen.status}: {github.explain(seen)}): authorize it for the organization (single sign-on), or "
                "use the token of a member."
            )
        return user
    raise BootstrapError(
        f"{server.url} rejects the token ({user.status}: {github.explain(user)}). Nothing was stored. Check that it "
        "has not expired and belongs to this server."
    )
