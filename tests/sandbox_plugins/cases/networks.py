"""VPCs and their parts."""

from tests.sandbox_plugins.cases.case import Case
from tests.sandbox_plugins.cases.dependencies import Dependencies
from tests.sandbox_plugins.cases.documents import TAGS, Inputs, policy


def rule(deps: Dependencies) -> Inputs:
    """Return a rule of a security group."""
    return {
        "securityGroupId": deps.id("group"),
        "description": "HTTPS",
        "cidrIpv4": "10.0.0.0/8",
        "ipProtocol": "tcp",
        "fromPort": 443,
        "toPort": 443,
    }


NETWORKS: dict[str, Case] = {
    "aws:ec2/vpc:Vpc": Case(
        inputs=lambda _: {"cidrBlock": "10.2.0.0/16", "enableDnsHostnames": True, **TAGS},
        change=lambda _: {"enableDnsHostnames": False},
        replace={"cidrBlock": "10.3.0.0/16"},
        id=r"vpc-[0-9a-f]+",
        outputs={"arn": r"arn:aws:ec2:eu-west-1:111111111111:vpc/vpc-.*", "defaultSecurityGroupId": "sg-.*"},
    ),
    "aws:ec2/subnet:Subnet": Case(
        inputs=lambda deps: {"vpcId": deps.id("vpc"), "cidrBlock": "10.1.9.0/24", "availabilityZone": "eu-west-1a"},
        change=lambda _: {"mapPublicIpOnLaunch": True},
        replace={"availabilityZone": "eu-west-1b"},
        id=r"subnet-[0-9a-f]+",
    ),
    "aws:ec2/internetGateway:InternetGateway": Case(
        inputs=lambda _: TAGS, change=lambda _: {"tags": {"colour": "blue"}}, id=r"igw-[0-9a-f]+"
    ),
    "aws:ec2/eip:Eip": Case(
        inputs=lambda _: {"domain": "vpc", **TAGS},
        change=lambda _: {"tags": {}},
        replace={"domain": "standard"},
        id=r"eipalloc-[0-9a-f]+",
        outputs={"publicIp": r"[0-9.]+", "allocationId": r"eipalloc-.*"},
    ),
    "aws:ec2/natGateway:NatGateway": Case(
        inputs=lambda deps: {"allocationId": deps.id("spare-address"), "subnetId": deps.id("subnet")},
        change=lambda _: TAGS,
        replace={"subnetId": "subnet-1"},
        id=r"nat-[0-9a-f]+",
    ),
    "aws:ec2/routeTable:RouteTable": Case(
        inputs=lambda deps: {"vpcId": deps.id("vpc")},
        change=lambda _: TAGS,
        replace={"vpcId": "vpc-1"},
        id=r"rtb-[0-9a-f]+",
    ),
    "aws:ec2/route:Route": Case(
        inputs=lambda deps: {
            "routeTableId": deps.id("table"),
            "destinationCidrBlock": "0.0.0.0/0",
            "gatewayId": deps.id("gateway"),
        },
        change=lambda deps: {"gatewayId": None, "natGatewayId": deps.id("nat")},
        replace={"destinationCidrBlock": "10.9.0.0/16"},
        id=r"r-rtb-[0-9a-f]+1080289494",
        imported=lambda created: f"{created.properties['routeTableId']}_0.0.0.0/0",
    ),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Case(
        inputs=lambda deps: {"routeTableId": deps.id("table"), "subnetId": deps.id("subnet")},
        replace={"subnetId": "subnet-1"},
        id=r"rtbassoc-[0-9a-f]+",
        imported=lambda created: f"{created.properties['subnetId']}/{created.properties['routeTableId']}",
    ),
    "aws:ec2/securityGroup:SecurityGroup": Case(
        inputs=lambda deps: {"name": "probe", "description": "Probe", "vpcId": deps.id("vpc"), **TAGS},
        change=lambda deps: {
            "ingress": [
                {"fromPort": 443, "toPort": 443, "protocol": "tcp", "cidrBlocks": ["10.0.0.0/8"], "self": True},
                {"fromPort": 0, "toPort": 0, "protocol": "-1", "securityGroups": [deps.id("group")]},
            ]
        },
        replace={"description": "Another"},
        id=r"sg-[0-9a-f]+",
        unread=frozenset({"revokeRulesOnDelete"}),
    ),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": Case(
        inputs=lambda deps: {"vpcId": deps.id("vpc"), "ingress": [], "egress": []},
        change=lambda _: {"egress": [{"fromPort": 443, "toPort": 443, "protocol": "tcp", "cidrBlocks": ["0.0.0.0/0"]}]},
        replace={"vpcId": "vpc-1"},
        id=r"sg-[0-9a-f]+",
        outputs={"name": "default"},
        stays=True,
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": Case(
        inputs=rule,
        change=lambda _: {"fromPort": 8443, "toPort": 8443},
        replace={"securityGroupId": "sg-1"},
        id=r"sgr-[0-9a-f]+",
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": Case(
        inputs=lambda deps: {
            "securityGroupId": deps.id("group"),
            "referencedSecurityGroupId": deps.id("group"),
            "ipProtocol": "-1",
        },
        change=lambda _: {"description": "To its own members"},
        replace={"securityGroupId": "sg-1"},
        id=r"sgr-[0-9a-f]+",
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Case(
        inputs=lambda deps: {
            "vpcId": deps.id("vpc"),
            "serviceName": "com.amazonaws.eu-west-1.kms",
            "vpcEndpointType": "Interface",
            "privateDnsEnabled": True,
            "subnetIds": [deps.id("subnet")],
            "securityGroupIds": [deps.id("group")],
            "policy": policy("kms:Decrypt", principal="*"),
        },
        change=lambda deps: {"subnetIds": [deps.id("subnet"), deps.id("other-subnet")]},
        replace={"serviceName": "com.amazonaws.eu-west-1.sts"},
        id=r"vpce-[0-9a-f]+",
    ),
    "aws:ec2/flowLog:FlowLog": Case(
        inputs=lambda deps: {
            "vpcId": deps.id("vpc"),
            "trafficType": "ALL",
            "iamRoleArn": deps.output("flow-role", "arn"),
            "logDestination": deps.output("logs", "arn"),
        },
        replace={"trafficType": "REJECT"},
        id=r"fl-[0-9a-f]+",
    ),
}
