"""`github-token`: store the platform's GitHub token in the secret that the platform created for it."""

import hashlib
import http.client
import json
import uuid
from dataclasses import dataclass
from urllib.parse import quote

from botocore.exceptions import ClientError

from bootstrap import github, token_scopes
from bootstrap.account import Account, Client, refusal_reason
from bootstrap.deployed import deployed_parameter, deployed_server
from bootstrap.errors import BootstrapError
from bootstrap.github import Get
from bootstrap.names import Names


@dataclass(frozen=True, kw_only=True)
class Stored:
    """The credential that the secret holds now."""

    owner: str
    changed: bool
    """Whether the secret held a different one before."""
    scopes_known: bool = True
    """Whether GitHub lists what the token may do; else it has permissions, which only its owner can see."""


def store(account: Account, names: Names, token: str, server_url: str | None = None, get: Get = github.get) -> Stored:
    """Check `token` against the platform's GitHub and store it.

    Raises:
        BootstrapError: the platform isn't deployed yet, or GitHub rejects the token, or it lacks a scope. The message
            never contains it.
    """
    token = token.strip()
    if not token or any(character.isspace() for character in token):
        raise BootstrapError(
            "Give the token, and nothing else, on standard input:\n"
            f"  gh auth token | python -m bootstrap github-token --environment {names.environment}"
        )
    ssm = account.client("ssm")
    secret_arn = deployed_parameter(ssm, names, "github/credential-secret-arn")
    server = github.Server.at(server_url) if server_url else deployed_server(ssm, names)
    organization = deployed_parameter(ssm, names, "github/organization")
    owner, held = _owner(server, organization, token, get)
    if held is not None:
        _require_scopes(server, names, owner, held)
    try:
        changed = _put(account.client("secretsmanager"), secret_arn, token)
    except ClientError as error:
        raise BootstrapError(f"Secrets Manager did not store the token: {refusal_reason(error)}") from error
    return Stored(owner=owner, changed=changed, scopes_known=held is not None)


def store_command(server: github.Server, names: Names) -> str:
    """Return the commands that give the token of GitHub's command line its scopes, and store it."""
    return (
        f"{token_scopes.granting(server, token_scopes.CREDENTIAL)} && {token_scopes.showing(server)} | "
        f"python -m bootstrap github-token --unit {names.unit} --environment {names.environment}"
    )


def _require_scopes(server: github.Server, names: Names, owner: str, held: frozenset[str]) -> None:
    lacking = token_scopes.missing(held, token_scopes.CREDENTIAL)
    if lacking:
        raise BootstrapError(
            f"The token of {owner} has the scopes {', '.join(sorted(held)) or '(none)'}: it also needs "
            f"{token_scopes.needs(lacking)}. Nothing was stored.\n"
            f"Add them to the token at {server.url}/settings/tokens, or to the one of GitHub's command line:\n"
            f"  {store_command(server, names)}"
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


def _owner(server: github.Server, organization: str, token: str, get: Get) -> tuple[str, frozenset[str] | None]:
    """Describe the owner of `token`, who must see the organization, and return the token's scopes if it has any."""
    user = get(server, "/user", token)
    if user.status == http.client.OK:
        seen = get(server, f"/orgs/{quote(organization)}", token)
        if seen.status != http.client.OK:
            raise BootstrapError(
                f"The token of {user.body['login']} cannot see the organization {organization} on {server.url} "
                f"({seen.status}: {github.explain(seen)}): authorize it for the organization (single sign-on), or "
                "use the token of a member."
            )
        return f"{user.body['login']} on {server.url}", token_scopes.scopes(user, token)
    # An app's installation token belongs to no user: GitHub answers 403 to the request above and 200 to this one.
    installation = get(server, "/installation/repositories?per_page=1", token)
    if installation.status == http.client.OK:
        return f"a GitHub App's installation on {server.url}", None
    raise BootstrapError(
        f"{server.url} rejects the token ({user.status}: {github.explain(user)}). Nothing was stored. Check that it "
        "has not expired and belongs to this server."
    )
