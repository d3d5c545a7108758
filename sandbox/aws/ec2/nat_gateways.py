"""NAT gateways fail if their address is another gateway's.

Sources: EC2 API Reference, "NatGateway" (`failureCode`, `failureMessage`); Amazon VPC User Guide, "Troubleshoot NAT gateways";
the message as pulumi/pulumi-aws#1483 quotes it.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.aws.ministack import ec2
from sandbox.aws.ministack.ec2 import Operation, Parameters


def install() -> None:
    """Let a gateway fail whose address is in use, and describe why."""
    ec2.intercept("CreateNatGateway", _create)
    ec2.intercept("DescribeNatGateways", _describe)


def standing() -> Iterator[Mapping[str, Any]]:
    """Yield the gateways that hold an address and stand in a subnet: those that neither failed nor are deleted."""
    return (each for each in ec2.nat_gateways.values() if each["State"] not in ("deleted", "failed"))


def _create(params: Parameters, go_on: Operation) -> Any:
    address = ec2.first(params, "AllocationId")
    in_use = address and any(each["AllocationId"] == address for each in standing())
    status, headers, body = go_on(params)
    created = re.search(r"<natGatewayId>([^<]+)</natGatewayId>", body.decode())
    if not in_use or created is None:
        return status, headers, body
    ec2.nat_gateways[created[1]]["State"] = "failed"
    return status, headers, body.replace(b"<state>available</state>", b"<state>pending</state>")


def _describe(params: Parameters, go_on: Operation) -> Any:
    status, headers, body = go_on(params)
    return status, headers, re.sub(r"<natGatewayId>([^<]+)</natGatewayId>", _with_failure, body.decode()).encode()


def _with_failure(match: re.Match[str]) -> str:
    gateway = ec2.nat_gateways.get(match[1], {})
    if gateway.get("State") != "failed":
        return match[0]
    return (
        f"{match[0]}<failureCode>Resource.AlreadyAssociated</failureCode>"
        f"<failureMessage>Elastic IP address [{gateway['AllocationId']}] is already associated</failureMessage>"
    )
