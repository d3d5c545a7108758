"""Runs of the real engine, which deploys a network of the platform through the stand-ins."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sandbox_plugins.project import Project

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).parents[2]
PROGRAM = """
import lookups
from components.environment import Environment
from components.network.vpc import NetworkVpc, NetworkVpcArgs
from settings import NewNetwork

environment = Environment(unit="zoned", name="dev", region="us-east-1", account_id="111111111111")
tags = {"unit": "zoned", "environment": "dev"}
provider = aws.Provider("us", region="us-east-1", default_tags={"tags": tags})
network = NewNetwork.model_validate({"cidr": "10.40.0.0/16", "zones": 2})
zones = ZONES
NetworkVpc(
    "network",
    NetworkVpcArgs(environment=environment, cidr=network.cidr, zones=zones, nat="single"),
    pulumi.ResourceOptions(providers=[provider]),
)
"""


def test_a_deployed_network_is_neither_moved_nor_changed_by_the_choice_of_zones(
    project: Callable[[str], Project],
) -> None:
    chosen = 'lookups.availability_zones(network, ["servicecatalog"], environment, provider)'
    stack = project("zoned")
    stack.environment["PYTHONPATH"] = str(CHECKOUT)
    # Zones that the program would not choose, in an order that is not theirs.
    stack.program(PROGRAM.replace("ZONES", '{"us-east-1e": 0, "us-east-1d": 1}'))
    stack.up()
    stack.program(PROGRAM.replace("ZONES", chosen))
    stack.run("preview", "--expect-no-changes")
    stack.run("destroy", "--yes", "--skip-preview")

    stack.up()
    zones = {each["outputs"]["availabilityZone"] for each in stack.state()["resources"] if "Subnet" in each["type"]}
    assert "us-east-1a" in zones
    stack.unchanged()
