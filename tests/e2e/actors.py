"""The people and account owners that act in a sandbox, each with the credentials that they get in production."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from sandbox import identities
from sandbox.demo import launch
from sandbox.demo.member import Member
from sandbox.organization import DATA_SCIENTIST, LEAD_DATA_SCIENTIST, PLATFORM_ENGINEER, RELEASE_MANAGER, User
from sandbox.servers import Server, Servers
from sandbox.stacks import StackFile
from tests.e2e.sandbox import ACCOUNTS, ENVIRONMENTS, REGION, UNIT, Sandbox


@contextmanager
def connected(sandbox: Sandbox) -> Generator[None]:
    """Point the AWS clients of this process at the sandbox."""
    servers = json.loads((sandbox.folder / "sandbox.json").read_text())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", servers["aws"]["url"])
        patch.setenv("AWS_CA_BUNDLE", servers["trust"])
        yield


class Actors:
    """People on GitHub and in Studio, and the accounts' owners; only within `connected`."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.folder = sandbox.folder
        content = json.loads((sandbox.folder / "sandbox.json").read_text())
        self.servers = Servers(**content | {name: Server(**content[name]) for name in ("aws", "github")})
        self.stacks = {
            environment: StackFile(
                environment=environment,
                unit=UNIT,
                region=REGION,
                account_id=ACCOUNTS[environment],
                path=sandbox.folder / "stacks" / f"Pulumi.{environment}.yaml",
            )
            for environment in ENVIRONMENTS
        }
        self.lead, self.scientist = self._in_studio(LEAD_DATA_SCIENTIST), self._in_studio(DATA_SCIENTIST)
        self.owner = Member(self.servers, PLATFORM_ENGINEER)
        self.developer, self.reviewer = Member(self.servers, LEAD_DATA_SCIENTIST), Member(self.servers, RELEASE_MANAGER)
        self.colleague = Member(self.servers, DATA_SCIENTIST)

    def root(self, environment: str, service: Any) -> Any:
        """Return a client as the root of an account, which may see everything."""
        root = identities.root(ACCOUNTS[environment])
        return boto3.client(
            service,
            region_name=REGION,
            aws_access_key_id=root["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=root["AWS_SECRET_ACCESS_KEY"],
        )

    def roles(self, environment: str) -> list[str]:
        """Return the names of all roles of an account."""
        pages = self.root(environment, "iam").get_paginator("list_roles").paginate()
        return [role["RoleName"] for page in pages for role in page["Roles"]]

    def _in_studio(self, user: User) -> boto3.Session:
        (domain,) = self.root("dev", "sagemaker").list_domains()["Domains"]
        return launch.studio_session(self.servers, self.stacks["dev"], domain=domain["DomainId"], profile=user.login)


def refused(call: Any, **arguments: object) -> str:
    """Return the message of the error with which AWS refuses a call."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value)
