"""The people who work on the demo's project."""

from collections.abc import Mapping
from dataclasses import dataclass

import boto3

from sandbox import stacks
from sandbox.demo import launch
from sandbox.demo.member import Member
from sandbox.organization import DATA_SCIENTIST, LEAD_DATA_SCIENTIST, RELEASE_MANAGER
from sandbox.servers import Servers
from sandbox.stacks import StackFile


@dataclass(frozen=True, kw_only=True)
class People:
    """Each person's session: of their Studio role on AWS, of their own account on GitHub."""

    lead: boto3.Session
    scientist: boto3.Session
    developer: Member
    colleague: Member
    """Approves the developer's changes."""
    reviewer: Member


def sign_in(found: Servers, dev: StackFile, as_deployer: Mapping[str, str]) -> People:
    """Return the sessions of everybody who works on the project; `as_deployer` has the variables of dev's deployer."""
    domain = stacks.output(dev, as_deployer, "studioDomainId")
    lead, scientist = (
        launch.studio_session(found, dev, domain=domain, profile=user.login)
        for user in (LEAD_DATA_SCIENTIST, DATA_SCIENTIST)
    )
    return People(
        lead=lead,
        scientist=scientist,
        developer=Member(found, LEAD_DATA_SCIENTIST),
        colleague=Member(found, DATA_SCIENTIST),
        reviewer=Member(found, RELEASE_MANAGER),
    )
