"""The people who work on the demo's project."""

from dataclasses import dataclass

import boto3

from sandbox import stacks
from sandbox.demo import launch
from sandbox.demo.accounts import Platform
from sandbox.demo.member import Member
from sandbox.organization import DATA_SCIENTIST, LEAD_DATA_SCIENTIST, RELEASE_MANAGER


@dataclass(frozen=True, kw_only=True)
class People:
    """Each person's session: of their Studio role on AWS, of their own account on GitHub."""

    lead: boto3.Session
    scientist: boto3.Session
    developer: Member
    colleague: Member
    """Approves the developer's changes."""
    reviewer: Member


def sign_in(platform: Platform) -> People:
    """Return the sessions of everybody who works on the project."""
    found, dev = platform.servers, platform.files["dev"]
    domain = stacks.output(dev, platform.deployers["dev"], "studioDomainId")
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
