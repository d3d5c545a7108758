"""`github-token`: store the platform's GitHub token in the secret that the platform created for it."""

import hashlib
import http.client
import json
import uuid
from dataclasses import dataclass
from urllib.parse import quote

from botocore.exceptions import ClientError

from bootstrap import github
from bootstrap.account import Account, Client, error_message
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


def store(account: Account, names: Names, token: str, server_url: str | None = None, get: Get = github.get) -> Stored:
    """Check `token` against the platform's GitHub and store it.

    Raises:
        BootstrapError: the platform isn't deployed yet, or GitHub rejects the token. The message never contains it.
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
    owner = _owner(server, organization, token, get)
    try:
        changed = _put(account.client("secretsmanager"), secret_arn, token)
    except ClientError as error:
        raise BootstrapError(f"Secrets Manager did not store the token: {error_message(error)}") from error
    return Stored(owner=owner, changed=changed)


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


def _owner(server: github.Server, organization: str, token: str, get: Get) -> str:
    """Describe the owner of `token`, which must be able to create repositories in the organization."""
    user = get(server, "/user", token)
    if user.status == http.client.OK:
        scopes = user.headers.get("x-oauth-scopes")
        # Classic tokens list their scopes; fine-grained ones answer without the header.
        if scopes and "repo" not in {scope.strip() for scope in scopes.split(",")}:
            raise BootstrapError(f"The token has the scopes {scopes!r}: creating repositories needs `repo` as well.")
        seen = get(server, f"/orgs/{quote(organization)}", token)
        if seen.status != http.client.OK:
            raise BootstrapError(
                f"The token of {user.body['login']} cannot see the organization {organization} on {server.url} "
                f"({seen.status}: {github.explain(seen)}): authorize it for the organization (single sign-on), or "
                "use the token of a member."
            )
        return f"{user.body['login']} on {server.url}"
    # An app's installation token belongs to no user: GitHub answers 403 to the request above and 200 to this one.
    installation = get(server, "/installation/repositories?per_page=1", token)
    if installation.status == http.client.OK:
        return f"a GitHub App's installation on {server.url}"
    raise BootstrapError(
        f"{server.url} rejects the token ({user.status}: {github.explain(user)}). Nothing was stored. Check that it "
        "has not expired and belongs to this server."
    )
