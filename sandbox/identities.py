"""AWS credentials of people and jobs in the sandbox, obtained the way production obtains them.

Root's keys are for the bootstrap only. Deployments assume their account's deploy role with a token that the local GitHub
issues to the platform's repository; people get the role of their Studio user profile.
"""

import urllib.parse
from typing import Any, cast

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from sandbox import http_client
from sandbox.organization import ORGANIZATION, PLATFORM_ENGINEER, REPOSITORY
from sandbox.servers import Servers
from sandbox.stacks import StackFile

Identity = dict[str, str]
"""Environment variables that hold the credentials of AWS clients."""


def root(account_id: str) -> Identity:
    """Return the credentials of an account's root user, which only the bootstrap uses."""
    return {"AWS_ACCESS_KEY_ID": account_id, "AWS_SECRET_ACCESS_KEY": "root"}


def deploy(servers: Servers, stack: StackFile) -> Identity:
    """Assume the deploy role of a stack's account with a token of the platform repository's environment."""
    token = job_token(servers, f"{ORGANIZATION.login}/{REPOSITORY.name}", environment=stack.environment)
    sts = boto3.client("sts", region_name=stack.region, config=Config(signature_version=UNSIGNED))
    credentials = sts.assume_role_with_web_identity(
        RoleArn=f"arn:aws:iam::{stack.account_id}:role/{stack.prefix}-deploy",
        RoleSessionName="deploy",
        WebIdentityToken=token,
    )["Credentials"]
    return _session(credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])


def job_token(servers: Servers, repository: str, **context: str) -> str:
    """Return the token that GitHub would give a job of a repository, for example in an `environment`."""
    query = urllib.parse.urlencode({"repository": repository, "audience": "sts.amazonaws.com", **context})
    answer = _get(
        servers,
        f"{servers.github.url}/_sandbox/oidc-token?{query}",
        {"Authorization": f"Bearer {servers.tokens[PLATFORM_ENGINEER.login]}"},
    )
    return str(answer["value"])


def studio(servers: Servers, stack: StackFile, *, domain: str, profile: str) -> Identity:
    """Return the credentials that an application in the space of a Studio user profile has."""
    query = urllib.parse.urlencode({"account": stack.account_id, "domain": domain, "profile": profile})
    answer = _get(servers, f"{servers.aws.url}/_sandbox/studio-credentials?{query}", {})
    return _session(str(answer["AccessKeyId"]), str(answer["SecretAccessKey"]), str(answer["Token"]))


def session(identity: Identity, region: str) -> boto3.Session:
    """Return an AWS session with these credentials."""
    return boto3.Session(
        aws_access_key_id=identity["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=identity["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=identity.get("AWS_SESSION_TOKEN"),
        region_name=region,
    )


def _get(servers: Servers, url: str, headers: dict[str, str]) -> dict[str, Any]:
    return cast("dict[str, Any]", http_client.call(servers, "GET", url, headers))


def _session(key: str, secret: str, token: str) -> Identity:
    return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}
