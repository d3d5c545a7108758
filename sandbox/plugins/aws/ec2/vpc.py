"""VPCs, their subnets and flow logs."""

from typing import Any, ClassVar

from botocore.exceptions import ClientError

from sandbox.plugins.aws.cloud import Aws, only
from sandbox.plugins.aws.convert import given, picked, tag_map
from sandbox.plugins.aws.ec2.resource import Ec2Resource, tag_specification
from sandbox.plugins.aws.waiting import retry
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values
from sandbox.plugins.values import list_of


class Vpc(Ec2Resource):
    """A VPC."""

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
        """Create the VPC."""
        answer = cloud.client("ec2").create_vpc(
            **given(wanted, {"cidrBlock": "CidrBlock", "instanceTenancy": "InstanceTenancy"}),
            TagSpecifications=tag_specification("vpc", wanted),
        )
        return answer["Vpc"]["VpcId"]

    def complete(self, cloud: Aws, identifier: str, wanted: Values) -> None:
        """Set the attributes that a create request cannot set."""
        ec2 = cloud.client("ec2")
        ec2.modify_vpc_attribute(VpcId=identifier, EnableDnsSupport={"Value": wanted["enableDnsSupport"]})
        if wanted.get("enableDnsHostnames") is not None:
            ec2.modify_vpc_attribute(VpcId=identifier, EnableDnsHostnames={"Value": wanted["enableDnsHostnames"]})

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the VPC, its attributes and the resources that AWS created with it."""
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
        """Set the attributes again."""
        self.complete(cloud, identifier, wanted)

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the VPC once it is empty."""
        self.retry_delete(cloud.client("ec2").delete_vpc, VpcId=identifier)


class Subnet(Ec2Resource):
    """A subnet."""

    type_name = "aws:ec2/subnet:Subnet"
    inputs = Inputs(
        "tags",
        replaces="availabilityZone cidrBlock vpcId",
        computed="availabilityZone",
        defaults={"mapPublicIpOnLaunch": False},
    )
    outputs = ("arn", "availabilityZoneId", "ownerId")

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Create the subnet."""
        answer = cloud.client("ec2").create_subnet(
            **given(wanted, {"vpcId": "VpcId", "cidrBlock": "CidrBlock", "availabilityZone": "AvailabilityZone"}),
            TagSpecifications=tag_specification("subnet", wanted),
        )
        return answer["Subnet"]["SubnetId"]

    def complete(self, cloud: Aws, identifier: str, wanted: Values) -> None:
        """Set the attribute that a create request cannot set."""
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
        """Set whether instances get a public address."""
        cloud.client("ec2").modify_subnet_attribute(
            SubnetId=identifier, MapPublicIpOnLaunch={"Value": wanted["mapPublicIpOnLaunch"]}
        )

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the subnet once it is empty."""
        self.retry_delete(cloud.client("ec2").delete_subnet, SubnetId=identifier)


class FlowLog(Ec2Resource):
    """A flow log of a VPC or subnet."""

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
        """Create the flow log; its role may be too new."""
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
        """Read the flow log's settings."""
        log = only(cloud.client("ec2").describe_flow_logs(FlowLogIds=[identifier])["FlowLogs"])
        resource = log.get("ResourceId", "")
        return {
            "arn": cloud.arn("ec2", f"vpc-flow-log/{identifier}"),
            **picked(log, self._names),
            **({"vpcId": resource} if resource.startswith("vpc-") else {"subnetId": resource} if resource else {}),
            **({"tagsAll": tag_map(log["Tags"])} if "Tags" in log else {}),
        }

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the flow log."""
        cloud.client("ec2").delete_flow_logs(FlowLogIds=[identifier])


TYPES = (
    Vpc(),
    Subnet(),
    FlowLog(),
)
