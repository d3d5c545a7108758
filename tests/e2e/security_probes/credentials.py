"""Clients with the credentials of a role, as a job or a service gets them."""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from sandbox import identities
from tests.e2e.security_probes.probe import EVERYTHING, Client, trust_of
from tests.e2e.security_probes.target import Target

WIDENED = "flow-logs"
"""Purpose of a role that needs few permissions itself."""
ATTACK = {"PolicyName": "attack"}


def take_role(target: Target, role: str, *, repository: str, **job: str) -> Client:
    """Assume a role with the token of a job."""
    token = identities.job_token(target.found, repository, **job)
    sts: Any = boto3.client("sts", region_name=target.dev.region, config=Config(signature_version=UNSIGNED))
    taken = sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName="attack", WebIdentityToken=token)
    return _role_clients(taken["Credentials"], target.dev.region)


def become(target: Target, root: Client, role: str) -> Client:
    """Assume a role that trusts only a service, by letting the account's root assume it for a moment."""
    iam = root("iam")
    name = f"{target.dev.prefix}-{role}"
    trusted = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    opened = trust_of({"AWS": f"arn:aws:iam::{target.dev.account_id}:root"})
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=opened)
    try:
        taken = root("sts").assume_role(RoleArn=target.role(role), RoleSessionName="attack")
    finally:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trusted))
    return _role_clients(taken["Credentials"], target.dev.region)


def widen_role(target: Target, deploy: Client, root: Client) -> Client:
    """Let the deploy role give a role every permission, as it may with each that it deploys; the account becomes that role.

    It cannot let anybody into it, nor make another one.
    """
    deploy("iam").put_role_policy(RoleName=f"{target.dev.prefix}-{WIDENED}", **ATTACK, PolicyDocument=EVERYTHING)
    return become(target, root, WIDENED)


def narrow_role(target: Target, root: Client) -> None:
    """Take away what `widen_role` gave."""
    iam = root("iam")
    with suppress(iam.exceptions.NoSuchEntityException):
        iam.delete_role_policy(RoleName=f"{target.dev.prefix}-{WIDENED}", **ATTACK)


def _role_clients(credentials: Mapping[str, str], region: str) -> Client:
    return clients(
        {
            "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
            "AWS_SESSION_TOKEN": credentials["SessionToken"],
        },
        region,
    )


def clients(identity: Mapping[str, str], region: str) -> Client:
    """Return a function that makes clients with these credentials."""
    session = boto3.Session(
        aws_access_key_id=identity["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=identity["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=identity.get("AWS_SESSION_TOKEN"),
        region_name=region,
    )
    made: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in made:
            # Some probes omit arguments that an allowed call would need.
            unchecked = Config(retries={"max_attempts": 1}, parameter_validation=False)
            made[service] = session.client(service, config=unchecked)
        return made[service]

    return client
