"""The program, run on the settings of a stack without an account: it declares everything, and nothing is created."""

import json
import runpy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pulumi

from bootstrap import stack_file
from costs import engine
from costs.declared import Declaration, record

ROOT = Path(__file__).parents[1]
Configuration = Mapping[str, str]
"""Settings of one stack as the engine hands them to a program: text by key, mappings and lists as JSON."""


def names() -> Sequence[str]:
    """Return the names of the stacks that have a settings file: development first, production last."""
    found = [path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in ROOT.glob("Pulumi.*.yaml")]
    return sorted(found)


def configuration_of(stack: str) -> Configuration:
    """Return the settings of a stack, from its file.

    Raises:
        BootstrapError: the file cannot be read, or has no settings.
    """
    entries = stack_file.read(ROOT / f"Pulumi.{stack}.yaml")["config"]
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in entries.items()}


class _Previewed(pulumi.runtime.Mocks):
    """An engine that knows no more of a resource than its inputs, as in the preview of a new stack."""

    def __init__(self, configuration: Configuration) -> None:
        region, account_id = (configuration[f"{engine.PROJECT}:{key}"] for key in ("region", "accountId"))
        zones = [f"{region}{letter}" for letter in "abcdef"]
        named: list[str] = json.loads(configuration[f"{engine.PROJECT}:network"]).get("zoneIds", [])
        self._answers: Mapping[str, Mapping[str, Any]] = {
            # Nothing is deployed yet.
            "aws:ec2/getSecurityGroups:getSecurityGroups": {"id": region, "ids": [], "vpcIds": []},
            "aws:ec2/getSubnets:getSubnets": {"id": region, "ids": []},
            "aws:ec2/getVpcEndpointService:getVpcEndpointService": {"id": region, "availabilityZones": zones},
            # An existing network leads out: whether it does costs nothing here.
            "aws:ec2/getRouteTable:getRouteTable": {
                "id": region,
                "routes": [{"cidrBlock": "0.0.0.0/0", "gatewayId": "", "natGatewayId": "nat"}],
            },
            "aws:index/getAvailabilityZones:getAvailabilityZones": {
                "id": region,
                "names": zones,
                # The zones that the settings name are there; of others the id does not matter.
                "zoneIds": [*named, *zones][: len(zones)],
            },
            "aws:index/getCallerIdentity:getCallerIdentity": {
                "id": account_id,
                "accountId": account_id,
                "arn": f"arn:aws:iam::{account_id}:root",
                "userId": account_id,
            },
        }

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        if args.token not in self._answers:
            raise LookupError(f"costs/stacks.py has no answer for {args.token}, which the program asks: add one there")
        return dict(self._answers[args.token]), []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        # A ruleset names a team by its id, which is a number.
        identifier = "1" if args.typ == "github:index/team:Team" else args.name
        return identifier, cast("dict[str, Any]", args.inputs)


def declared_by(configuration: Configuration) -> Sequence[Declaration]:
    """Run the program with a configuration, and return what it declares.

    Raises:
        pulumi.RunError: the configuration cannot be used; says why.
    """
    declared: list[Declaration] = []

    def program() -> None:
        recorded = record()
        runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")
        declared.extend(recorded)

    monitor = engine.Monitor(_Previewed(configuration))
    engine.run(program, monitor, stack="costs", configuration=configuration, preview=True)
    return declared
