"""The local AWS as tests see it: clients of an account's root, and of the roles that it makes."""

import json
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import boto3
import botocore.session
from botocore.config import Config

REGION = "eu-west-1"

MINUTE = 0.2
"""Seconds that one of AWS's minutes lasts in the local AWS of the tests."""


@dataclass(frozen=True)
class Credentials:
    """Keys of a principal; a root's access key is its account's number."""

    access_key_id: str
    secret_access_key: str = "any"
    session_token: str | None = None


@dataclass(frozen=True)
class Account:
    """One account of a running local AWS."""

    endpoint_url: str
    certificate_authority: Path
    number: str
    _clients: dict[tuple[Credentials, str], Any] = field(default_factory=dict[tuple[Credentials, str], Any], hash=False)

    def client(self, service: str, credentials: Credentials | None = None) -> Any:
        """Return a client of the account's root, or of `credentials`."""
        who = credentials or Credentials(self.number)
        if (who, service) not in self._clients:
            self._clients[who, service] = self._client(_session(), service, who)
        return self._clients[who, service]

    def regional_client(self, service: str, region: str) -> Any:
        """Return a client of the account's root in another region."""
        return self._client(_session(), service, Credentials(self.number), region)

    def form_client(self, service: str, credentials: Credentials) -> Any:
        """Return a client that sends forms, like older SDKs."""
        core: Any = botocore.session.get_session()
        model = core.get_component("data_loader").load_service_model(service, "service-2")
        model["metadata"] |= {"protocol": "query", "protocols": ["query"]}
        return self._client(boto3.session.Session(botocore_session=core), service, credentials)

    def _client(self, session: Any, service: str, who: Credentials, region: str = REGION) -> Any:
        return session.client(
            service,
            endpoint_url=self.endpoint_url,
            verify=str(self.certificate_authority),
            region_name=region,
            aws_access_key_id=who.access_key_id,
            aws_secret_access_key=who.secret_access_key,
            aws_session_token=who.session_token,
            config=Config(retries={"max_attempts": 1}, parameter_validation=False),
        )

    def page(self, path: str, method: str = "GET", **members: object) -> Any:
        """Return the answer of a page of the sandbox's own API."""
        trusted = ssl.create_default_context(cafile=str(self.certificate_authority))
        url, body = f"{self.endpoint_url}/_sandbox/{path}", json.dumps(members).encode()
        with urlopen(Request(url, body, method=method), timeout=10, context=trusted) as response:
            return json.load(response)

    def role(
        self,
        name: str,
        *statements: Mapping[str, Any],
        trust: Mapping[str, Any] | None = None,
        boundary: str | None = None,
    ) -> str:
        """Create a role that the account's own principals may assume, or those that `trust` names; return its ARN."""
        principal = trust or {"Principal": {"AWS": f"arn:aws:iam::{self.number}:root"}, "Action": "sts:AssumeRole"}
        iam = self.client("iam")
        iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=document(principal),
            **({"PermissionsBoundary": boundary} if boundary else {}),
        )
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="test", PolicyDocument=document(*statements))
        return f"arn:aws:iam::{self.number}:role/{name}"

    def assume(self, role_arn: str) -> Credentials:
        """Return credentials of a role."""
        answer = self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="test")["Credentials"]
        return Credentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])


def trust(service: str) -> Mapping[str, Any]:
    """Return a trust statement for an AWS service."""
    return {"Principal": {"Service": service}, "Action": "sts:AssumeRole"}


def allow(actions: str | Sequence[str], resource: str | Sequence[str] = "*", when: Any = None) -> Mapping[str, Any]:
    """Return a statement that allows actions."""
    return {"Action": actions, "Resource": resource, **({"Condition": when} if when else {})}


def document(*statements: Mapping[str, Any]) -> str:
    """Return a policy document of statements that allow."""
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement} for statement in statements]}
    )


@cache
def _session() -> Any:
    return boto3.session.Session()
