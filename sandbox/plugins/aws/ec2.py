"""Networks: Amazon VPC and its parts."""

import zlib
from collections.abc import Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from sandbox.plugins.aws.cloud import (
    Aws,
    AwsResource,
    code_of,
    given,
    only,
    picked,
    retry,
    tag_list,
    tag_map,
    wait_until,
)
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values
from sandbox.plugins.resource import AutoName, RefusedError
from sandbox.plugins.values import list_of, mapping_of


def tag_specification(kind: str, wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the tags that a resource is made with."""
    return [{"ResourceType": kind, "Tags": tag_list(wanted["tagsAll"])}] if wanted["tagsAll"] else []


class Ec2Resource(AwsResource):
    """What the parts of a network share."""

    def is_gone(self, error: Exception) -> bool:
        """Tell whether EC2 does not know the id: its code names the kind of resource."""
        return super().is_gone(error) or (isinstance(error, ClientError) and code_of(error).endswith("NotFound"))

    def retag(self, cloud: Aws, identifier: str, state: Values, removed: list[str], added: dict[str, str]) -> None:
        """Change the tags by the resource's id."""
        ec2 = cloud.client("ec2")
        if removed:
            ec2.delete_tags(Resources=[identifier], Tags=[{"Key": key} for key in removed])
        if added:
            ec2.create_tags(Resources=[identifier], Tags=tag_list(added))

    @staticmethod
    def retry_delete(operation: Any, **arguments: Any) -> None:
        """Delete what others may be about to let go of."""
        retry(lambda: operation(**arguments), codes=["DependencyViolation"], seconds=60)


class Vpc(Ec2Resource):
    """A network."""

    type_name = "aws:ec2/vpc:Vpc"
    inputs = Inputs(
        "tags",
        replaces="cidrBlock instanceTenancy",
        computed="cidrBlock enableDnsHostnames",
        defaults={"enableDnsSupport": True, "instanceTenancy": "default"},
    )
    outputs = (
        "arn",
        "defaultNetworkAclId",
        "defaultRouteTableId",
        "defaultSecurityGroupId",
        "dhcpOptionsId",
        "mainRouteTableId",
        "ownerId",
    )

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Make the network."""
        answer = cloud.client("ec2").create_vpc(
            **given(wanted, {"cidrBlock": "CidrBlock", "instanceTenancy": "InstanceTenancy"}),
            TagSpecifications=tag_specification("vpc", wanted),
        )
        return answer["Vpc"]["VpcId"]

    def complete(self, cloud: Aws, identifier: str, wanted: Values) -> None:
        """Set what a network is not made with."""
        ec2 = cloud.client("ec2")
        ec2.modify_vpc_attribute(VpcId=identifier, EnableDnsSupport={"Value": wanted["enableDnsSupport"]})
        if wanted.get("enableDnsHostnames") is not None:
            ec2.modify_vpc_attribute(VpcId=identifier, EnableDnsHostnames={"Value": wanted["enableDnsHostnames"]})

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the network, its switches and the parts that AWS made with it."""
        ec2 = cloud.client("ec2")
        vpc = only(ec2.describe_vpcs(VpcIds=[identifier])["Vpcs"])
        own = [{"Name": "vpc-id", "Values": [identifier]}]
        main = [*own, {"Name": "association.main", "Values": ["true"]}]
        standard = [*own, {"Name": "default", "Values": ["true"]}]
        named_default = [*own, {"Name": "group-name", "Values": ["default"]}]
        tables = ec2.describe_route_tables(Filters=main)["RouteTables"]
        lists = ec2.describe_network_acls(Filters=standard)["NetworkAcls"]
        groups = ec2.describe_security_groups(Filters=named_default)["SecurityGroups"]
        table = tables[0]["RouteTableId"] if tables else None
        return {
            **picked(
                vpc,
                {
                    "cidrBlock": "CidrBlock",
                    "instanceTenancy": "InstanceTenancy",
                    "dhcpOptionsId": "DhcpOptionsId",
                    "ownerId": "OwnerId",
                },
            ),
            "arn": cloud.arn("ec2", f"vpc/{identifier}"),
            "enableDnsSupport": self._switch(ec2, identifier, "enableDnsSupport"),
            "enableDnsHostnames": self._switch(ec2, identifier, "enableDnsHostnames"),
            "mainRouteTableId": table,
            "defaultRouteTableId": state.get("defaultRouteTableId") or table,
            "defaultNetworkAclId": lists[0]["NetworkAclId"] if lists else None,
            "defaultSecurityGroupId": groups[0]["GroupId"] if groups else None,
            "tagsAll": tag_map(vpc.get("Tags")),
        }

    @staticmethod
    def _switch(ec2: Any, identifier: str, name: str) -> bool:
        answer = ec2.describe_vpc_attribute(VpcId=identifier, Attribute=name)
        return answer[name[:1].upper() + name[1:]]["Value"]

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Set the switches again."""
        self.complete(cloud, identifier, wanted)

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Remove the network once nothing is left in it."""
        self.retry_delete(cloud.client("ec2").delete_vpc, VpcId=identifier)


class Subnet(Ec2Resource):
    """A part of a network in one zone."""

    type_name = "aws:ec2/subnet:Subnet"
    inputs = Inputs(
        "tags",
        replaces="availabilityZone cidrBlock vpcId",
        computed="availabilityZone",
        defaults={"mapPublicIpOnLaunch": False},
    )
    outputs = ("arn", "availabilityZoneId", "ownerId")

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Make the subnet."""
        answer = cloud.client("ec2").create_subnet(
            **given(wanted, {"vpcId": "VpcId", "cidrBlock": "CidrBlock", "availabilityZone": "AvailabilityZone"}),
            TagSpecifications=tag_specification("subnet", wanted),
        )
        return answer["Subnet"]["SubnetId"]

    def complete(self, cloud: Aws, identifier: str, wanted: Values) -> None:
        """Wait for it, and set what a subnet is not made with."""
        if wanted["mapPublicIpOnLaunch"]:
            cloud.client("ec2").modify_subnet_attribute(SubnetId=identifier, MapPublicIpOnLaunch={"Value": True})

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the subnet."""
        subnet = only(cloud.client("ec2").describe_subnets(SubnetIds=[identifier])["Subnets"])
        return {
            "arn": cloud.arn("ec2", f"subnet/{identifier}"),
            **picked(
                subnet,
                {
                    "arn": "SubnetArn",
                    "vpcId": "VpcId",
                    "cidrBlock": "CidrBlock",
                    "availabilityZone": "AvailabilityZone",
                    "availabilityZoneId": "AvailabilityZoneId",
                    "mapPublicIpOnLaunch": "MapPublicIpOnLaunch",
                    "ownerId": "OwnerId",
                },
            ),
            "tagsAll": tag_map(subnet.get("Tags")),
        }

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Set whether machines get a public address."""
        cloud.client("ec2").modify_subnet_attribute(
            SubnetId=identifier, MapPublicIpOnLaunch={"Value": wanted["mapPublicIpOnLaunch"]}
        )

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Remove the subnet once nothing is left in it."""
        self.retry_delete(cloud.client("ec2").delete_subnet, SubnetId=identifier)


class InternetGateway(Ec2Resource):
    """A network's way to the internet."""

    type_name = "aws:ec2/internetGateway:InternetGateway"
    inputs = Inputs("tags", computed="vpcId")
    outputs = ("arn", "ownerId")

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Make the gateway."""
        answer = cloud.client("ec2").create_internet_gateway(
            TagSpecifications=tag_specification("internet-gateway", wanted)
        )
        return answer["InternetGateway"]["InternetGatewayId"]

    def complete(self, cloud: Aws, identifier: str, wanted: Values) -> None:
        """Attach it to its network."""
        if wanted.get("vpcId"):
            try:
                cloud.client("ec2").attach_internet_gateway(InternetGatewayId=identifier, VpcId=wanted["vpcId"])
            except ClientError as error:
                if code_of(error) != "Resource.AlreadyAssociated":
                    raise

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the gateway and its attachment."""
        answer = cloud.client("ec2").describe_internet_gateways(InternetGatewayIds=[identifier])
        gateway = only(answer["InternetGateways"])
        attachments = list_of(gateway.get("Attachments"))
        return {
            "arn": cloud.arn("ec2", f"internet-gateway/{identifier}"),
            "ownerId": gateway.get("OwnerId", cloud.account),
            "vpcId": attachments[0]["VpcId"] if attachments else None,
            "tagsAll": tag_map(gateway.get("Tags")),
        }

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Attach it to another network."""
        self._detach(cloud, identifier, state)
        self.complete(cloud, identifier, wanted)

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Detach the gateway and remove it."""
        self._detach(cloud, identifier, state)
        self.retry_delete(cloud.client("ec2").delete_internet_gateway, InternetGatewayId=identifier)

    def _detach(self, cloud: Aws, identifier: str, state: Values) -> None:
        if not state.get("vpcId"):
            return
        try:
            self.retry_delete(
                cloud.client("ec2").detach_internet_gateway, InternetGatewayId=identifier, VpcId=state["vpcId"]
            )
        except ClientError as error:
            if code_of(error) != "Gateway.NotAttached":
                raise


class Eip(Ec2Resource):
    """A public address."""

    type_name = "aws:ec2/eip:Eip"
    inputs = Inputs("tags", replaces="domain", computed="domain")
    outputs = ("allocationId", "arn", "publicIp", "publicDns", "publicIpv4Pool", "networkBorderGroup")

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Allocate an address."""
        answer = cloud.client("ec2").allocate_address(
            Domain=wanted.get("domain", "vpc"), TagSpecifications=tag_specification("elastic-ip", wanted)
        )
        return answer["AllocationId"]

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the address."""
        address = only(cloud.client("ec2").describe_addresses(AllocationIds=[identifier])["Addresses"])
        public = address["PublicIp"]
        suffix = "compute-1" if cloud.region == "us-east-1" else f"{cloud.region}.compute"
        return {
            **picked(
                address,
                {
                    "domain": "Domain",
                    "publicIp": "PublicIp",
                    "publicIpv4Pool": "PublicIpv4Pool",
                    "networkBorderGroup": "NetworkBorderGroup",
                },
            ),
            "allocationId": identifier,
            "arn": cloud.arn("ec2", f"elastic-ip/{identifier}"),
            "publicDns": f"ec2-{public.replace('.', '-')}.{suffix}.amazonaws.com",
            "tagsAll": tag_map(address.get("Tags")),
        }

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Release the address once its gateway has let go of it."""
        retry(
            lambda: cloud.client("ec2").release_address(AllocationId=identifier),
            codes=["InvalidIPAddress.InUse", "AuthFailure"],
            seconds=60,
        )


class NatGateway(Ec2Resource):
    """The way out of private subnets."""

    type_name = "aws:ec2/natGateway:NatGateway"
    inputs = Inputs(
        "tags",
        replaces="allocationId connectivityType subnetId",
        computed="allocationId",
        required="subnetId",
        defaults={"connectivityType": "public"},
    )
    outputs = ("associationId", "networkInterfaceId", "privateIp", "publicIp")

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Make the gateway."""
        names = {"allocationId": "AllocationId", "subnetId": "SubnetId", "connectivityType": "ConnectivityType"}
        answer = cloud.client("ec2").create_nat_gateway(
            **given(wanted, names), TagSpecifications=tag_specification("natgateway", wanted)
        )
        return answer["NatGateway"]["NatGatewayId"]

    def complete(self, cloud: Aws, identifier: str, wanted: Values) -> None:
        """Wait until it forwards."""

        def available() -> bool | None:
            gateway = self._describe(cloud, identifier)
            if gateway is None or gateway["State"] == "failed":
                raise RefusedError(
                    f"NAT gateway {identifier}: {mapping_of(gateway).get('FailureMessage', 'it is gone')}"
                )
            return True if gateway["State"] == "available" else None

        wait_until(available, what=f"NAT gateway {identifier}")

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the gateway and its address."""
        gateway = self._describe(cloud, identifier)
        if gateway is None:
            return None
        address = mapping_of(next(iter(list_of(gateway.get("NatGatewayAddresses"))), None))
        return {
            **picked(gateway, {"subnetId": "SubnetId", "connectivityType": "ConnectivityType"}),
            **picked(
                address,
                {
                    "allocationId": "AllocationId",
                    "associationId": "AssociationId",
                    "networkInterfaceId": "NetworkInterfaceId",
                    "privateIp": "PrivateIp",
                    "publicIp": "PublicIp",
                },
            ),
            "tagsAll": tag_map(gateway.get("Tags")),
        }

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Remove the gateway, and wait: its address is in use until it is gone."""
        cloud.client("ec2").delete_nat_gateway(NatGatewayId=identifier)
        wait_until(lambda: True if self._describe(cloud, identifier) is None else None, what=f"the end of {identifier}")

    def _describe(self, cloud: Aws, identifier: str) -> dict[str, Any] | None:
        try:
            found = cloud.client("ec2").describe_nat_gateways(NatGatewayIds=[identifier])["NatGateways"]
        except ClientError as error:
            if self.is_gone(error):
                return None
            raise
        return found[0] if found and found[0]["State"] != "deleted" else None


class RouteTable(Ec2Resource):
    """A list of routes."""

    type_name = "aws:ec2/routeTable:RouteTable"
    inputs = Inputs("tags", replaces="vpcId")
    outputs = ("arn", "ownerId")

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Make the table."""
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
        """Remove the table once no subnet uses it."""
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
        """Find the route by its destination; an import names it `TABLE_DESTINATION`."""
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
        """Send the traffic elsewhere."""
        cloud.client("ec2").replace_route(
            RouteTableId=wanted["routeTableId"],
            DestinationCidrBlock=wanted["destinationCidrBlock"],
            **given(wanted, self._targets),
        )

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Remove the route."""
        cloud.client("ec2").delete_route(
            RouteTableId=state["routeTableId"], DestinationCidrBlock=state["destinationCidrBlock"]
        )


class RouteTableAssociation(Ec2Resource):
    """Which table a subnet uses."""

    type_name = "aws:ec2/routeTableAssociation:RouteTableAssociation"
    inputs = Inputs("routeTableId", replaces="subnetId", required="subnetId")

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Associate them."""
        answer = cloud.client("ec2").associate_route_table(
            RouteTableId=wanted["routeTableId"], SubnetId=wanted["subnetId"]
        )
        return answer["AssociationId"]

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Find the association; an import names it `SUBNET/TABLE`."""
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
        """Give the subnet back to the main table."""
        cloud.client("ec2").disassociate_route_table(AssociationId=identifier)


_RULES = Inputs(
    "cidrBlocks description fromPort ipv6CidrBlocks prefixListIds protocol securityGroups toPort",
    defaults={"self": False},
)


class SecurityGroup(Ec2Resource):
    """A stateful firewall around machines."""

    type_name = "aws:ec2/securityGroup:SecurityGroup"
    inputs = Inputs(
        "tags",
        replaces="description name vpcId",
        computed="egress ingress name vpcId",
        defaults={"description": "Managed by Pulumi", "revokeRulesOnDelete": False},
        objects={"egress": _RULES, "ingress": _RULES},
    )
    outputs = ("arn", "ownerId")
    auto_name = AutoName()

    def refusals(self, wanted: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Refuse a name that looks like an id, as AWS does."""
        return [("name", "it cannot begin with sg-")] if str(wanted.get("name")).startswith("sg-") else []

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Make the group."""
        answer = cloud.client("ec2").create_security_group(
            **given(wanted, {"name": "GroupName", "description": "Description", "vpcId": "VpcId"}),
            TagSpecifications=tag_specification("security-group", wanted),
        )
        return answer["GroupId"]

    def complete(self, cloud: Aws, identifier: str, wanted: Values) -> None:
        """Take away the rule that lets everything out, as the official provider does, and add the wanted ones."""
        for direction in ("ingress", "egress"):
            self._set_rules(cloud, identifier, direction, list_of(wanted.get(direction)))

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the group and its rules."""
        group = only(cloud.client("ec2").describe_security_groups(GroupIds=[identifier])["SecurityGroups"])
        names = {"name": "GroupName", "description": "Description", "vpcId": "VpcId", "ownerId": "OwnerId"}
        return {
            "arn": cloud.arn("ec2", f"security-group/{identifier}"),
            **picked(group, names),
            "ingress": _rules_from_aws(group.get("IpPermissions", []), identifier),
            "egress": _rules_from_aws(group.get("IpPermissionsEgress", []), identifier),
            "tagsAll": tag_map(group.get("Tags")),
        }

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Set the rules that differ."""
        for direction in changed & {"ingress", "egress"}:
            self._set_rules(cloud, identifier, direction, list_of(wanted.get(direction)))

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Remove the group once nothing uses it."""
        if state.get("revokeRulesOnDelete"):
            for direction in ("ingress", "egress"):
                self._set_rules(cloud, identifier, direction, [])
        self.retry_delete(cloud.client("ec2").delete_security_group, GroupId=identifier)

    @staticmethod
    def _set_rules(cloud: Aws, identifier: str, direction: str, rules: list[Values]) -> None:
        ec2 = cloud.client("ec2")
        group = only(ec2.describe_security_groups(GroupIds=[identifier])["SecurityGroups"])
        present = list_of(group.get("IpPermissions" if direction == "ingress" else "IpPermissionsEgress"))
        if present:
            revoke = getattr(ec2, f"revoke_security_group_{direction}")
            revoke(GroupId=identifier, IpPermissions=present)
        if rules:
            authorize = getattr(ec2, f"authorize_security_group_{direction}")
            authorize(GroupId=identifier, IpPermissions=[_rule_to_aws(rule, identifier) for rule in rules])


class DefaultSecurityGroup(SecurityGroup):
    """A network's own security group, taken over: it cannot be removed."""

    type_name = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
    inputs = Inputs(
        "tags",
        replaces="vpcId",
        computed="vpcId",
        objects={"egress": _RULES, "ingress": _RULES},
    )
    outputs = ("arn", "description", "name", "ownerId")
    auto_name = None

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Find the group that AWS made with the network."""
        filters = [{"Name": "group-name", "Values": ["default"]}]
        if wanted.get("vpcId"):
            filters.append({"Name": "vpc-id", "Values": [wanted["vpcId"]]})
        groups = cloud.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]
        if not groups:
            raise RefusedError(f"VPC {wanted.get('vpcId')} has no default security group")
        return groups[0]["GroupId"]

    def complete(self, cloud: Aws, identifier: str, wanted: Values) -> None:
        """Replace its rules and set its tags."""
        super().complete(cloud, identifier, wanted)
        self.retag(cloud, identifier, {}, [], wanted["tagsAll"])

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Leave the group as it is: it goes with its network."""


def _rule_to_aws(rule: Mapping[str, Any], own_group: str) -> Values:
    said = {"Description": rule["description"]} if rule.get("description") else {}
    pairs = [*(list_of(rule.get("securityGroups"))), *([own_group] if rule.get("self") else [])]
    permission: Values = {"IpProtocol": "-1" if rule["protocol"] == "all" else rule["protocol"]}
    if permission["IpProtocol"] != "-1":
        permission |= {"FromPort": int(rule["fromPort"]), "ToPort": int(rule["toPort"])}
    lists: Values = {
        "IpRanges": [{"CidrIp": cidr, **said} for cidr in list_of(rule.get("cidrBlocks"))],
        "Ipv6Ranges": [{"CidrIpv6": cidr, **said} for cidr in list_of(rule.get("ipv6CidrBlocks"))],
        "PrefixListIds": [{"PrefixListId": name, **said} for name in list_of(rule.get("prefixListIds"))],
        "UserIdGroupPairs": [{"GroupId": group, **said} for group in pairs],
    }
    return permission | {name: content for name, content in lists.items() if content}


def _rules_from_aws(permissions: list[dict[str, Any]], own_group: str) -> list[Values]:
    """Return AWS's permissions as rules; one permission may hold several descriptions, so several rules."""
    rules: dict[tuple[Any, ...], Values] = {}
    parts = (
        ("IpRanges", "CidrIp", "cidrBlocks"),
        ("Ipv6Ranges", "CidrIpv6", "ipv6CidrBlocks"),
        ("PrefixListIds", "PrefixListId", "prefixListIds"),
        ("UserIdGroupPairs", "GroupId", "securityGroups"),
    )
    for permission in permissions:
        ports = permission.get("FromPort") or 0, permission.get("ToPort") or 0, permission["IpProtocol"]
        for part, key, name in parts:
            for entry in list_of(permission.get(part)):
                said = entry.get("Description", "")
                rule = rules.setdefault(
                    (*ports, said),
                    {
                        "fromPort": ports[0],
                        "toPort": ports[1],
                        "protocol": ports[2],
                        "description": said,
                        "self": False,
                    },
                )
                if entry[key] == own_group:
                    rule["self"] = True
                else:
                    rule.setdefault(name, []).append(entry[key])
    return list(rules.values())


class SecurityGroupRule(Ec2Resource):
    """One rule of a security group, in one direction."""

    direction: ClassVar[str]
    inputs = Inputs(
        "cidrIpv4 cidrIpv6 description fromPort ipProtocol prefixListId referencedSecurityGroupId tags toPort",
        replaces="securityGroupId",
    )
    outputs = ("arn", "securityGroupRuleId")
    _peers = ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")

    def refusals(self, wanted: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Refuse a rule without exactly one peer."""
        peers = [name for name in self._peers if wanted.get(name) is not None]
        return [] if len(peers) == 1 else [("cidrIpv4", f"exactly one of {', '.join(self._peers)} must be set")]

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Add the rule."""
        said = {"Description": wanted["description"]} if wanted.get("description") else {}
        permission: Values = {"IpProtocol": wanted["ipProtocol"]}
        permission |= {name: int(value) for name, value in self._ports(wanted).items()}
        if wanted.get("cidrIpv4"):
            permission["IpRanges"] = [{"CidrIp": wanted["cidrIpv4"], **said}]
        elif wanted.get("cidrIpv6"):
            permission["Ipv6Ranges"] = [{"CidrIpv6": wanted["cidrIpv6"], **said}]
        elif wanted.get("prefixListId"):
            permission["PrefixListIds"] = [{"PrefixListId": wanted["prefixListId"], **said}]
        else:
            permission["UserIdGroupPairs"] = [{"GroupId": wanted["referencedSecurityGroupId"], **said}]
        authorize = getattr(cloud.client("ec2"), f"authorize_security_group_{self.direction}")
        answer = authorize(
            GroupId=wanted["securityGroupId"],
            IpPermissions=[permission],
            TagSpecifications=tag_specification("security-group-rule", wanted),
        )
        return answer["SecurityGroupRules"][0]["SecurityGroupRuleId"]

    @staticmethod
    def _ports(wanted: Mapping[str, Any]) -> Values:
        return given(wanted, {"fromPort": "FromPort", "toPort": "ToPort"})

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the rule."""
        answer = cloud.client("ec2").describe_security_group_rules(SecurityGroupRuleIds=[identifier])
        rule = only(answer["SecurityGroupRules"])
        unbounded = rule["IpProtocol"] == "-1"
        return {
            "arn": cloud.arn("ec2", f"security-group-rule/{identifier}"),
            "securityGroupRuleId": identifier,
            "securityGroupId": rule["GroupId"],
            "ipProtocol": rule["IpProtocol"],
            "fromPort": None if unbounded else rule.get("FromPort"),
            "toPort": None if unbounded else rule.get("ToPort"),
            "cidrIpv4": rule.get("CidrIpv4"),
            "cidrIpv6": rule.get("CidrIpv6"),
            "prefixListId": rule.get("PrefixListId"),
            "referencedSecurityGroupId": mapping_of(rule.get("ReferencedGroupInfo")).get("GroupId"),
            "description": rule.get("Description"),
            "tagsAll": tag_map(rule.get("Tags")),
        }

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Rewrite the rule."""
        names = {
            "ipProtocol": "IpProtocol",
            "cidrIpv4": "CidrIpv4",
            "cidrIpv6": "CidrIpv6",
            "prefixListId": "PrefixListId",
            "referencedSecurityGroupId": "ReferencedGroupId",
            "description": "Description",
        }
        ports = {name: int(value) for name, value in self._ports(wanted).items()}
        cloud.client("ec2").modify_security_group_rules(
            GroupId=wanted["securityGroupId"],
            SecurityGroupRules=[
                {"SecurityGroupRuleId": identifier, "SecurityGroupRule": {**given(wanted, names), **ports}}
            ],
        )

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Remove the rule."""
        revoke = getattr(cloud.client("ec2"), f"revoke_security_group_{self.direction}")
        revoke(GroupId=state["securityGroupId"], SecurityGroupRuleIds=[identifier])


class SecurityGroupIngressRule(SecurityGroupRule):
    """What a security group lets in."""

    type_name = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    direction = "ingress"


class SecurityGroupEgressRule(SecurityGroupRule):
    """What a security group lets out."""

    type_name = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
    direction = "egress"


class VpcEndpoint(Ec2Resource):
    """An AWS service's entrance inside of a network."""

    type_name = "aws:ec2/vpcEndpoint:VpcEndpoint"
    inputs = Inputs(
        "tags",
        replaces="serviceName vpcEndpointType vpcId",
        computed="ipAddressType policy privateDnsEnabled routeTableIds securityGroupIds serviceName subnetIds",
        policies="policy",
        defaults={"vpcEndpointType": "Gateway"},
    )
    outputs = (
        "arn",
        "cidrBlocks",
        "dnsEntries",
        "networkInterfaceIds",
        "ownerId",
        "prefixListId",
        "requesterManaged",
        "state",
    )
    _names: ClassVar = {
        "policy": "PolicyDocument",
        "privateDnsEnabled": "PrivateDnsEnabled",
        "ipAddressType": "IpAddressType",
        "routeTableIds": "RouteTableIds",
        "securityGroupIds": "SecurityGroupIds",
        "subnetIds": "SubnetIds",
    }

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Make the endpoint."""
        fixed = {"vpcId": "VpcId", "serviceName": "ServiceName", "vpcEndpointType": "VpcEndpointType"}
        answer = cloud.client("ec2").create_vpc_endpoint(
            **given(wanted, {**fixed, **self._names}), TagSpecifications=tag_specification("vpc-endpoint", wanted)
        )
        return answer["VpcEndpoint"]["VpcEndpointId"]

    def complete(self, cloud: Aws, identifier: str, wanted: Values) -> None:
        """Wait until it answers."""

        def available() -> bool | None:
            endpoint = self._describe(cloud, identifier)
            if endpoint is None or endpoint["State"] in {"Failed", "Rejected", "failed", "rejected"}:
                raise RefusedError(f"endpoint {identifier} is {mapping_of(endpoint).get('State', 'gone')}")
            return True if endpoint["State"].lower() == "available" else None

        wait_until(available, what=f"endpoint {identifier}", seconds=600)

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the endpoint."""
        endpoint = self._describe(cloud, identifier)
        if endpoint is None:
            return None
        seen: Values = {
            "arn": cloud.arn("ec2", f"vpc-endpoint/{identifier}"),
            "ownerId": endpoint.get("OwnerId", cloud.account),
            "requesterManaged": endpoint.get("RequesterManaged", False),
            **picked(
                endpoint,
                {
                    "vpcId": "VpcId",
                    "serviceName": "ServiceName",
                    "vpcEndpointType": "VpcEndpointType",
                    "state": "State",
                    "policy": "PolicyDocument",
                    "privateDnsEnabled": "PrivateDnsEnabled",
                    "ipAddressType": "IpAddressType",
                    "routeTableIds": "RouteTableIds",
                    "subnetIds": "SubnetIds",
                    "networkInterfaceIds": "NetworkInterfaceIds",
                },
            ),
            "dnsEntries": [
                {"dnsName": entry.get("DnsName"), "hostedZoneId": entry.get("HostedZoneId")}
                for entry in list_of(endpoint.get("DnsEntries"))
            ],
            "tagsAll": tag_map(endpoint.get("Tags")),
        }
        if "Groups" in endpoint:
            seen["securityGroupIds"] = [group["GroupId"] for group in endpoint["Groups"]]
        if endpoint.get("VpcEndpointType") == "Gateway":
            seen |= self._prefix_list(cloud, endpoint["ServiceName"])
        return seen

    @staticmethod
    def _prefix_list(cloud: Aws, service: str) -> Values:
        filters = [{"Name": "prefix-list-name", "Values": [service]}]
        lists = cloud.client("ec2").describe_prefix_lists(Filters=filters)["PrefixLists"]
        return {"prefixListId": lists[0]["PrefixListId"], "cidrBlocks": lists[0].get("Cidrs", [])} if lists else {}

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Change its policy, its name service, and where it stands."""
        request = given(
            {name: wanted.get(name) for name in changed & {"policy", "privateDnsEnabled", "ipAddressType"}}, self._names
        )
        for name, kind in (
            ("routeTableIds", "RouteTableIds"),
            ("subnetIds", "SubnetIds"),
            ("securityGroupIds", "SecurityGroupIds"),
        ):
            if name in changed:
                old, new = set(list_of(state.get(name))), set(list_of(wanted.get(name)))
                request |= {f"Add{kind}": sorted(new - old)} if new - old else {}
                request |= {f"Remove{kind}": sorted(old - new)} if old - new else {}
        cloud.client("ec2").modify_vpc_endpoint(VpcEndpointId=identifier, **request)
        self.complete(cloud, identifier, wanted)

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Remove the endpoint, and wait: its network interfaces keep subnets in use."""
        answer = cloud.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[identifier])
        for failure in list_of(answer.get("Unsuccessful")):
            if not failure["Error"]["Code"].endswith("NotFound"):
                raise RefusedError(f"{failure['Error']['Code']}: {failure['Error']['Message']}")
        wait_until(
            lambda: True if self._describe(cloud, identifier) is None else None,
            what=f"the end of {identifier}",
            seconds=600,
        )

    def _describe(self, cloud: Aws, identifier: str) -> dict[str, Any] | None:
        try:
            found = cloud.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[identifier])["VpcEndpoints"]
        except ClientError as error:
            if self.is_gone(error):
                return None
            raise
        return found[0] if found and found[0]["State"].lower() != "deleted" else None


class FlowLog(Ec2Resource):
    """A record of a network's traffic."""

    type_name = "aws:ec2/flowLog:FlowLog"
    inputs = Inputs(
        "tags",
        replaces="iamRoleArn logDestination logDestinationType logFormat maxAggregationInterval "
        "subnetId trafficType vpcId",
        computed="logDestination logFormat",
        defaults={"logDestinationType": "cloud-watch-logs", "maxAggregationInterval": 600},
    )
    outputs = ("arn",)
    _names: ClassVar = {
        "trafficType": "TrafficType",
        "iamRoleArn": "DeliverLogsPermissionArn",
        "logDestination": "LogDestination",
        "logDestinationType": "LogDestinationType",
        "logFormat": "LogFormat",
        "maxAggregationInterval": "MaxAggregationInterval",
    }

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Start the record; its role may be too new."""
        target = ("VPC", wanted["vpcId"]) if wanted.get("vpcId") else ("Subnet", wanted["subnetId"])

        def start() -> str:
            answer = cloud.client("ec2").create_flow_logs(
                ResourceType=target[0],
                ResourceIds=[target[1]],
                **given(wanted, self._names),
                TagSpecifications=tag_specification("vpc-flow-log", wanted),
            )
            for failure in list_of(answer.get("Unsuccessful")):
                raise ClientError({"Error": failure["Error"]}, "CreateFlowLogs")
            return answer["FlowLogIds"][0]

        return retry(start, codes=["InvalidParameter"], message="Unable to assume given IAM role")

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the record's settings."""
        log = only(cloud.client("ec2").describe_flow_logs(FlowLogIds=[identifier])["FlowLogs"])
        resource = log.get("ResourceId", "")
        return {
            "arn": cloud.arn("ec2", f"vpc-flow-log/{identifier}"),
            **picked(log, self._names),
            **({"vpcId": resource} if resource.startswith("vpc-") else {"subnetId": resource} if resource else {}),
            **({"tagsAll": tag_map(log["Tags"])} if "Tags" in log else {}),
        }

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Stop the record."""
        cloud.client("ec2").delete_flow_logs(FlowLogIds=[identifier])


TYPES = (
    Vpc(),
    Subnet(),
    InternetGateway(),
    Eip(),
    NatGateway(),
    RouteTable(),
    Route(),
    RouteTableAssociation(),
    SecurityGroup(),
    DefaultSecurityGroup(),
    SecurityGroupIngressRule(),
    SecurityGroupEgressRule(),
    VpcEndpoint(),
    FlowLog(),
)


def availability_zones(cloud: Aws, arguments: Values) -> Values:
    """Answer `aws.get_availability_zones`."""
    filters = [{"Name": "state", "Values": [arguments["state"]]}] if arguments.get("state") else []
    zones = cloud.client("ec2").describe_availability_zones(Filters=filters)["AvailabilityZones"]
    zones = sorted(
        (zone for zone in zones if zone.get("ZoneType", "availability-zone") == "availability-zone"),
        key=lambda zone: zone["ZoneName"],
    )
    return {
        "id": cloud.region,
        "region": cloud.region,
        "state": arguments.get("state"),
        "names": [zone["ZoneName"] for zone in zones],
        "zoneIds": [zone["ZoneId"] for zone in zones],
        "groupNames": sorted({zone.get("GroupName", cloud.region) for zone in zones}),
    }
