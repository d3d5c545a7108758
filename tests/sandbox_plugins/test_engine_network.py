"""Runs of the real engine, which deploys networks of the platform through the stand-ins."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sandbox_plugins.project import Project

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).parents[2]
CONFIGURATION = {
    "unit": "walker",
    "environment": "dev",
    "region": "eu-west-1",
    "accountId": "111111111111",
    "github": {
        "organization": "acme",
        "organizationId": 1,
        "repository": "mlops-platform",
        "repositoryId": 2,
        "platformUser": "bot",
    },
    "development": {"studio": {"userProfiles": [{"name": "ada", "role": "lead"}]}},
}
PROGRAM = """
import lookups
from components.network.endpoints import NetworkEndpoints, NetworkEndpointsArgs
from components.network.vpc import NetworkVpc, NetworkVpcArgs
from settings import Settings

configuration = CONFIGURATION
settings = Settings.parse(
    {f"mlops-platform:{key}": text if isinstance(text, str) else json.dumps(text) for key, text in configuration.items()}
)
environment, cidr, ways_out = settings.environment, settings.network.cidr, settings.ways_out
provider = aws.Provider("its", region=environment.region, default_tags={"tags": settings.default_tags})
opts = pulumi.ResourceOptions(providers=[provider])
zones = ZONES or lookups.network_zones(settings, provider)
shape = NetworkVpcArgs(
    environment=environment,
    cidr=cidr,
    zones=zones,
    nat=ways_out.nat,
    public_subnets=ways_out.public_subnets,
    studio=settings.development is not None,
)
vpc = NetworkVpc("network", shape, opts)
NetworkEndpoints(
    "endpoints",
    NetworkEndpointsArgs(
        environment=environment,
        vpc_config=vpc.vpc_config,
        security_groups=vpc.security_groups,
        services=ways_out.endpoints,
        route_table_ids=vpc.route_table_ids,
        caller_cidrs=ways_out.caller_cidrs,
        signed_by_aws=ways_out.signed_by_aws,
        anybody_reads_s3=ways_out.nat != "none",
    ),
    opts,
)
"""


def declare(stack: Project, zones: dict[str, int] | None = None, **changes: object) -> None:
    """Write the program of a network, in `zones` or where lookups say."""
    stack.environment["PYTHONPATH"] = str(CHECKOUT)
    configuration = {name: value for name, value in {**CONFIGURATION, **changes}.items() if value is not None}
    stack.program(PROGRAM.replace("CONFIGURATION", repr(configuration)).replace("ZONES", repr(zones)))


def test_a_deployed_network_is_neither_moved_nor_changed_by_the_choice_of_zones(
    project: Callable[[str], Project],
) -> None:
    stack = project("zoned")
    there = {"unit": "zoned", "region": "us-east-1", "network": {"cidr": "10.40.0.0/16", "privateAccess": "both"}}
    # Zones that the program would not choose, in an order that is not theirs.
    declare(stack, {"us-east-1e": 0, "us-east-1d": 1}, **there)
    stack.up()
    declare(stack, **there)
    stack.run("preview", "--expect-no-changes")
    declare(stack, **{**there, "network": {"cidr": "10.44.0.0/16", "privateAccess": "both"}})
    assert "network.cidr: the deployed network has 10.40.0.0/16" in stack.run("preview", fails=True)
    declare(stack, **there)
    stack.run("destroy", "--yes", "--skip-preview")

    stack.up()
    zones = {each["outputs"]["availabilityZone"] for each in stack.state()["resources"] if ":Subnet" in each["type"]}
    assert zones == {"us-east-1a", "us-east-1b"}
    stack.run("destroy", "--yes", "--skip-preview")


def test_every_answer_to_private_access_is_deployed_and_leads_to_every_other(project: Callable[[str], Project]) -> None:
    stack = project("walker")
    # Subnets, route tables and endpoints; a NAT gateway stands in a public subnet.
    expected = {"endpoints": (2, 2, 9), "both": (4, 3, 9), "nat": (4, 3, 1), "none": (2, 2, 1)}
    for access in (*expected, "nat"):
        # Studio does not start with `none`: its environment has no development then.
        development = None if access == "none" else CONFIGURATION["development"]
        network = {"cidr": "10.41.0.0/16", "privateAccess": access}
        declare(stack, network=network, development=development)
        stack.up()
        types = Counter(each["type"].split(":")[-1] for each in stack.state()["resources"])
        assert (types["Subnet"], types["RouteTable"], types["VpcEndpoint"]) == expected[access], access
        gateways = int(access in ("nat", "both"))
        assert types["NatGateway"] == types["Eip"] == types["InternetGateway"] == gateways, access
        stack.run("preview", "--expect-no-changes")
    stack.run("destroy", "--yes", "--skip-preview")
