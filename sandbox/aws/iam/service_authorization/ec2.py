"""EC2: networks and what lies in them."""

from collections.abc import Iterator, Mapping

from sandbox.aws.iam.service_authorization.members import Members
from sandbox.aws.ministack import scope

CREATED: Mapping[str, str] = {
    "AllocateAddress": "elastic-ip",
    "CreateFlowLogs": "vpc-flow-log",
    "CreateInternetGateway": "internet-gateway",
    "CreateNatGateway": "natgateway",
    "CreateRouteTable": "route-table",
    "CreateSecurityGroup": "security-group",
    "CreateSubnet": "subnet",
    "CreateVpc": "vpc",
    "CreateVpcEndpoint": "vpc-endpoint",
}
"""By operation: the type of what it creates. IAM decides about `type/*`, for there is no id yet."""

TYPES: Mapping[str, str] = {
    "eipalloc": "elastic-ip",
    "eni": "network-interface",
    "fl": "vpc-flow-log",
    "igw": "internet-gateway",
    "nat": "natgateway",
    "rtb": "route-table",
    "rtbassoc": "route-table",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "subnet": "subnet",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
}
"""By the prefix of an id: the type of the resource."""


def resources(operation: str, members: Members) -> Iterator[str]:
    """Yield the resource of a request; none where it only describes."""
    if operation.startswith("Describe"):
        return
    if operation in CREATED:
        yield scope.arn("ec2", f"{CREATED[operation]}/*")
        return
    for value in members.values():
        kind = TYPES.get(value.rpartition("-")[0]) if isinstance(value, str) else None
        if kind:
            yield scope.arn("ec2", f"{kind}/{value}")
            return
