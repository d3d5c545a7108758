"""The resources that others depend on."""

import json
from collections.abc import Callable
from typing import Any

from tests.sandbox_plugins.cases.documents import HANDLER, Inputs, archive, policy, trust
from tests.sandbox_plugins.plugin import Plugin, ResourceState

ARTIFACT = {"name": "v1", "description": "first", "type": "CLOUD_FORMATION_TEMPLATE"}
TEMPLATE = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})


class Dependencies:
    """The resources that others depend on, created through the plugin on first use."""

    def __init__(self, plugin: Plugin) -> None:
        self._plugin = plugin
        self._created: dict[str, tuple[str, ResourceState]] = {}

    def get(self, key: str) -> ResourceState:
        """Return a resource that others depend on, by its key in DEPENDENCIES."""
        if key not in self._created:
            kind, inputs = DEPENDENCIES[key]
            checked = self._plugin.check(kind, inputs(self))
            assert checked.failures == {}
            self._created[key] = kind, self._plugin.create(kind, checked.inputs)
        return self._created[key][1]

    def id(self, key: str) -> str:
        """Return the id of a resource that others depend on."""
        return self.get(key).id

    def output(self, key: str, name: str) -> Any:
        """Return an output of a resource that others depend on."""
        return self.get(key).properties[name]


def template(deps: Dependencies, key: str) -> str:
    """Return the URL of a CloudFormation template."""
    return f"https://{deps.output('bucket', 'bucket')}.s3.eu-west-1.amazonaws.com/{deps.output(key, 'key')}"


InputsOf = Callable[[Dependencies], Inputs]


DEPENDENCIES: dict[str, tuple[str, InputsOf]] = {
    "team": ("github:index/team:Team", lambda _: {"name": "Needed"}),
    "vpc": ("aws:ec2/vpc:Vpc", lambda _: {"cidrBlock": "10.1.0.0/16"}),
    "subnet": (
        "aws:ec2/subnet:Subnet",
        lambda deps: {"vpcId": deps.id("vpc"), "cidrBlock": "10.1.1.0/24", "availabilityZone": "eu-west-1a"},
    ),
    "other-subnet": (
        "aws:ec2/subnet:Subnet",
        lambda deps: {"vpcId": deps.id("vpc"), "cidrBlock": "10.1.2.0/24", "availabilityZone": "eu-west-1b"},
    ),
    "gateway": ("aws:ec2/internetGateway:InternetGateway", lambda deps: {"vpcId": deps.id("vpc")}),
    "address": ("aws:ec2/eip:Eip", lambda _: {"domain": "vpc"}),
    "nat": (
        "aws:ec2/natGateway:NatGateway",
        lambda deps: {"allocationId": deps.id("address"), "subnetId": deps.id("subnet")},
    ),
    "spare-address": ("aws:ec2/eip:Eip", lambda _: {"domain": "vpc"}),
    "table": ("aws:ec2/routeTable:RouteTable", lambda deps: {"vpcId": deps.id("vpc")}),
    "other-table": ("aws:ec2/routeTable:RouteTable", lambda deps: {"vpcId": deps.id("vpc")}),
    "group": ("aws:ec2/securityGroup:SecurityGroup", lambda deps: {"name": "members", "vpcId": deps.id("vpc")}),
    "role": (
        "aws:iam/role:Role",
        lambda _: {"name": "needed", "assumeRolePolicy": trust("lambda.amazonaws.com")},
    ),
    "role-policy": (
        "aws:iam/rolePolicy:RolePolicy",
        lambda deps: {
            "name": "network",
            "role": deps.id("role"),
            "policy": policy(
                "ec2:AssignPrivateIpAddresses",
                "ec2:CreateNetworkInterface",
                "ec2:DeleteNetworkInterface",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSubnets",
                "ec2:UnassignPrivateIpAddresses",
                "logs:CreateLogGroup",
                "logs:CreateLogStream",
                "logs:PutLogEvents",
                "xray:PutTelemetryRecords",
                "xray:PutTraceSegments",
            ),
        },
    ),
    "studio-role": (
        "aws:iam/role:Role",
        lambda _: {"name": "studio", "assumeRolePolicy": trust("sagemaker.amazonaws.com")},
    ),
    "launch-role": (
        "aws:iam/role:Role",
        lambda _: {"name": "launch", "assumeRolePolicy": trust("servicecatalog.amazonaws.com")},
    ),
    "flow-role": (
        "aws:iam/role:Role",
        lambda _: {"name": "flow", "assumeRolePolicy": trust("vpc-flow-logs.amazonaws.com")},
    ),
    "schedule-role": (
        "aws:iam/role:Role",
        lambda _: {"name": "schedule", "assumeRolePolicy": trust("scheduler.amazonaws.com")},
    ),
    "schedules": ("aws:scheduler/scheduleGroup:ScheduleGroup", lambda _: {"name": "schedules"}),
    "key": ("aws:kms/key:Key", lambda _: {"description": "needed"}),
    "other-key": ("aws:kms/key:Key", lambda _: {"description": "needed too"}),
    "bucket": ("aws:s3/bucket:Bucket", lambda _: {"bucket": "probe-needed-111111111111", "forceDestroy": True}),
    "template": (
        "aws:s3/bucketObjectv2:BucketObjectv2",
        lambda deps: {"bucket": deps.output("bucket", "bucket"), "key": "t.json", "content": TEMPLATE},
    ),
    "logs": ("aws:cloudwatch/logGroup:LogGroup", lambda _: {"name": "/probe/needed"}),
    "function": (
        "aws:lambda/function:Function",
        lambda deps: {
            "name": "needed",
            "role": deps.output("role", "arn"),
            "runtime": "python3.13",
            "handler": "handler.handler",
            "code": archive(HANDLER),
        },
    ),
    "queue": ("aws:sqs/queue:Queue", lambda _: {"name": "needed"}),
    "other-queue": ("aws:sqs/queue:Queue", lambda _: {"name": "needed-too"}),
    "topic": ("aws:sns/topic:Topic", lambda _: {"name": "needed"}),
    "rule": (
        "aws:cloudwatch/eventRule:EventRule",
        lambda _: {"name": "needed", "eventPattern": json.dumps({"source": ["aws.sagemaker"]})},
    ),
    "domain": (
        "aws:sagemaker/domain:Domain",
        lambda deps: {
            "domainName": "needed",
            "authMode": "IAM",
            "vpcId": deps.id("vpc"),
            "subnetIds": [deps.id("subnet")],
            "defaultUserSettings": {"executionRole": deps.output("studio-role", "arn")},
            "retentionPolicy": {"homeEfsFileSystem": "Delete"},
        },
    ),
    "portfolio": (
        "aws:servicecatalog/portfolio:Portfolio",
        lambda _: {"name": "needed", "providerName": "platform", "description": "needed"},
    ),
    "product": (
        "aws:servicecatalog/product:Product",
        lambda deps: {
            "name": "needed",
            "owner": "platform",
            "type": "CLOUD_FORMATION_TEMPLATE",
            "provisioningArtifactParameters": {**ARTIFACT, "templateUrl": template(deps, "template")},
        },
    ),
    "offer": (
        "aws:servicecatalog/productPortfolioAssociation:ProductPortfolioAssociation",
        lambda deps: {"portfolioId": deps.id("portfolio"), "productId": deps.id("product")},
    ),
}
