"""`github-token`: hands the platform's GitHub token to the secret that the platform made for it."""

import hashlib
import http.client
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from botocore.exceptions import ClientError

from bootstrap import github
from bootstrap.account import Account, Client, error_code, error_message
from bootstrap.names import Names
from bootstrap.problem import ProblemError

Get = Callable[[github.Server, str, str | None], github.Answer]


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A credential that is in place."""

    owner: str
    changed: bool
    """Whether it was another one before."""


def store(account: Account, names: Names, token: str, server_url: str | None = None, get: Get = github.get) -> Stored:
    """Check `token` against the platform's GitHub and keep it.

    Raises:
        ProblemError: the platform isn't deployed yet, or GitHub refuses the token. The message never carries it.
    """
    token = token.strip()
    if not token or any(character.isspace() for character in token):
        raise ProblemError(
            "Give the token, and nothing else, on standard input:\n"
            f"  gh auth token | python -m bootstrap github-token --environment {names.environment}"
        )
    ssm = account.client("ssm")
    secret_arn = deployed_parameter(ssm, names, "github/credential-secret-arn")
    server = github.Server.at(server_url) if server_url else deployed_server(ssm, names)
    organization = deployed_parameter(ssm, names, "github/organization")
    owner = _owner(server, organization, token, get)
    try:
        changed = _keep(account.client("secretsmanager"), secret_arn, token)
    except ClientError as error:
        raise ProblemError(f"Secrets Manager refuses to store the token: {error_message(error)}") from error
    return Stored(owner=owner, changed=changed)


def deployed_server(ssm: Client, names: Names) -> github.Server:
    """The GitHub that the deployed platform works with; its addresses need not follow from one another.

    Raises:
        ProblemError: the platform isn't deployed in this account and region.
    """
    return github.Server.at(
        deployed_parameter(ssm, names, "github/server-url"),
        api_url=deployed_parameter(ssm, names, "github/api-url"),
        issuer=deployed_parameter(ssm, names, "github/oidc-issuer"),
    )


def deployed_parameter(ssm: Client, names: Names, path: str) -> str:
    """What the deployed platform says of itself.

    Raises:
        ProblemError: the platform isn't deployed in this account and region.
    """
    name = names.parameter(path)
    try:
        return ssm.get_parameter(Name=name)["Parameter"]["Value"]
    except ClientError as error:
        if error_code(error) == "ParameterNotFound":
            raise ProblemError(
                f"The platform is not deployed in {names.environment} yet (no SSM parameter {name}): deploy it, then "
                "run this again:\n"
                f'  eval "$(python -m bootstrap login --unit {names.unit} --environment {names.environment})" '
                "&& pulumi up"
            ) from error
        raise ProblemError(f"SSM does not show {name}: {error_message(error)}") from error


def _keep(secrets: Client, arn: str, token: str) -> bool:
    """Make `token` the secret's value, unless it is already.

    The version's id is a digest of the value, so that whoever may not read the secret can still tell.
    """
    version = hashlib.sha256(f"{arn}\0{token}".encode()).hexdigest()
    versions = secrets.describe_secret(SecretId=arn).get("VersionIdsToStages", {})
    if "AWSCURRENT" in versions.get(version, []):
        return False
    # Secrets Manager ignores the id of a version that it has; one that is no longer current needs a new id.
    identifier = str(uuid.uuid4()) if version in versions else version
    secrets.put_secret_value(SecretId=arn, ClientRequestToken=identifier, SecretString=json.dumps({"token": token}))
    return True


def _owner(server: github.Server, organization: str, token: str, get: Get) -> str:
    user = get(server, "/user", token)
    if user.status == http.client.OK:
        scopes = user.headers.get("x-oauth-scopes")
        # Classic tokens list their scopes; fine-grained ones answer without the header.
        if scopes and "repo" not in {scope.strip() for scope in scopes.split(",")}:
            raise ProblemError(f"The token has the scopes {scopes!r}: creating repositories needs `repo` as well.")
        seen = get(server, f"/orgs/{quote(organization)}", token)
        if seen.status != http.client.OK:
            raise ProblemError(
                f"The token of {user.body['login']} does not see the organization {organization} on {server.url} "
                f"({seen.status}: {github.explain(seen)}): authorize it for the organization (single sign-on), or "
                "use the token of a member."
            )
        return f"{user.body['login']} on {server.url}"
    # An app's installation token is nobody's: GitHub answers it 403 there, and 200 here.
    installation = get(server, "/installation/repositories?per_page=1", token)
    if installation.status == http.client.OK:
        return f"a GitHub App's installation on {server.url}"
    raise ProblemError(
        f"{server.url} refuses the token ({user.status}: {github.explain(user)}). Nothing was stored. Check that it "
        "has not expired and belongs to this server."
    )
