"""Route tables."""

import zlib
from collections.abc import Mapping
from typing import Any, ClassVar

from sandbox.plugins.aws.cloud import Aws, only
from sandbox.plugins.aws.convert import given, tag_map
from sandbox.plugins.aws.ec2.resource import Ec2Resource, tag_specification
from sandbox.plugins.aws.waiting import retry
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values


class RouteTable(Ec2Resource):
    """A route table."""

    type_name = "aws:ec2/routeTable:RouteTable"
    inputs = Inputs("tags", replaces="vpcId")
    outputs = ("arn", "ownerId")

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Create the table."""
        answer = cloud.client("ec2").create_route_table(
            VpcId=wanted["vpcId"], TagSpecifications=tag_specification("route-table", wanted)
        )
        return answer["RouteTable"]["RouteTableId"]

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the table."""
        table = only(cloud.client("ec2").describe_route_tables(RouteTableIds=[identifier])["RouteTables"])
        return {
            "arn": cloud.arn("ec2", f"route-table/{identifier}"),
            "ownerId": table.get("OwnerId", cloud.account),
            "vpcId": table["VpcId"],
            "tagsAll": tag_map(table.get("Tags")),
        }

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the table once no subnet uses it."""
        self.retry_delete(cloud.client("ec2").delete_route_table, RouteTableId=identifier)


class Route(Ec2Resource):
    """One route of a table."""

    type_name = "aws:ec2/route:Route"
    inputs = Inputs("gatewayId natGatewayId", replaces="destinationCidrBlock routeTableId")
    outputs = ("origin", "state")
    _targets: ClassVar = {"gatewayId": "GatewayId", "natGatewayId": "NatGatewayId"}

    def refusals(self, wanted: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Refuse a route without exactly one target."""
        targets = [name for name in self._targets if wanted.get(name) is not None]
        return [] if len(targets) == 1 else [("gatewayId", "exactly one of gatewayId, natGatewayId must be set")]

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Add the route; its table and gateway may be too new for EC2 itself."""
        table, destination = wanted["routeTableId"], wanted["destinationCidrBlock"]
        retry(
            lambda: cloud.client("ec2").create_route(
                RouteTableId=table, DestinationCidrBlock=destination, **given(wanted, self._targets)
            ),
            codes=["InvalidGatewayID.NotFound", "InvalidNatGatewayID.NotFound", "InvalidParameterException"],
        )
        # The official provider's own format.
        return f"r-{table}{zlib.crc32(destination.encode())}"

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Find the route by its destination; an import gives `TABLE_DESTINATION`."""
        table, destination = state.get("routeTableId"), state.get("destinationCidrBlock")
        if table is None or destination is None:
            table, _, destination = identifier.partition("_")
        found = only(cloud.client("ec2").describe_route_tables(RouteTableIds=[table])["RouteTables"])
        for route in found["Routes"]:
            if route.get("DestinationCidrBlock") == destination:
                return {
                    "id": f"r-{table}{zlib.crc32(destination.encode())}",
                    "routeTableId": table,
                    "destinationCidrBlock": destination,
                    "gatewayId": route.get("GatewayId"),
                    "natGatewayId": route.get("NatGatewayId"),
                    "origin": route.get("Origin", "CreateRoute"),
                    "state": route.get("State", "active"),
                }
        return None

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Replace the target of the route."""
        cloud.client("ec2").replace_route(
            RouteTableId=wanted["routeTableId"],
            DestinationCidrBlock=wanted["destinationCidrBlock"],
            **given(wanted, self._targets),
        )

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the route."""
        cloud.client("ec2").delete_route(
            RouteTableId=state["routeTableId"], DestinationCidrBlock=state["destinationCidrBlock"]
        )


class RouteTableAssociation(Ec2Resource):
    """The association of a subnet with a route table."""

    type_name = "aws:ec2/routeTableAssociation:RouteTableAssociation"
    inputs = Inputs("routeTableId", replaces="subnetId", required="subnetId")

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Associate the subnet with the table."""
        answer = cloud.client("ec2").associate_route_table(
            RouteTableId=wanted["routeTableId"], SubnetId=wanted["subnetId"]
        )
        return answer["AssociationId"]

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Find the association; an import gives `SUBNET/TABLE`."""
        subnet, _, table = identifier.partition("/")
        one = (
            {"Name": "association.subnet-id", "Values": [subnet]}
            if table
            else {"Name": "association.route-table-association-id", "Values": [identifier]}
        )
        for found in cloud.client("ec2").describe_route_tables(Filters=[one])["RouteTables"]:
            for association in found.get("Associations", []):
                its_own = association.get("RouteTableAssociationId")
                if its_own == identifier or (table and association.get("SubnetId") == subnet):
                    return {
                        "id": its_own,
                        "routeTableId": found["RouteTableId"],
                        "subnetId": association.get("SubnetId"),
                    }
        return None

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Let the subnet use the main table again."""
        cloud.client("ec2").disassociate_route_table(AssociationId=identifier)


TYPES = (
    RouteTable(),
    Route(),
    RouteTableAssociation(),
)
