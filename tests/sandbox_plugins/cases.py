"""The lifecycle of each resource type: its inputs, an update in place, and a replacement."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.sandbox_plugins.plugin import Plugin, ResourceState

SIGNATURE = "4dabf18193072939515e22adb298388d"
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
ASSET = "c44067f5952c0a294b673a41bacd8c17"
HANDLER = "def handler(event, context):\n    return {}\n"

Inputs = dict[str, Any]


class Dependencies:
    """The resources that others depend on, created through the plugin on first use."""

    def __init__(self, plugin: Plugin) -> None:
        self._plugin = plugin
        self._made: dict[str, tuple[str, ResourceState]] = {}

    def get(self, key: str) -> ResourceState:
        """Return a resource that others depend on, by its key in DEPENDENCIES."""
        if key not in self._made:
            kind, inputs = DEPENDENCIES[key]
            checked = self._plugin.check(kind, inputs(self))
            assert checked.failures == {}
            self._made[key] = kind, self._plugin.create(kind, checked.inputs)
        return self._made[key][1]

    def id(self, key: str) -> str:
        """Return the id of a resource that others depend on."""
        return self.get(key).id

    def output(self, key: str, name: str) -> Any:
        """Return an output of a resource that others depend on."""
        return self.get(key).properties[name]


InputsOf = Callable[[Dependencies], Inputs]


@dataclass(frozen=True, kw_only=True)
class Case:
    """The lifecycle of one resource."""

    inputs: InputsOf
    id: str
    """Pattern of the id that the official provider gives it."""
    change: InputsOf | None = None
    """Inputs that are updated in place; None for a type that cannot be updated."""
    replace: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Properties that require a replacement, with their new values."""
    imported: Callable[[ResourceState], str] = lambda created: created.id
    """The id that an import gives."""
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])
    """Patterns of outputs."""
    unread: frozenset[str] = frozenset()
    """Inputs that the cloud never returns, so that an import cannot know them."""
    stays: bool = False
    """Whether deleting it leaves it in the cloud, as with the official provider."""


def policy(*actions: str, resource: str = "*", principal: Any = None) -> str:
    """Return a policy document."""
    statement: dict[str, Any] = {"Sid": "Probe", "Effect": "Allow", "Action": list(actions), "Resource": resource}
    if principal:
        statement["Principal"] = principal
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


OWNER = {"AWS": "arn:aws:iam::111111111111:root"}
"""A new bucket accepts no public policy."""


def trust(service: str) -> str:
    """Return the document that lets a service assume a role."""
    statement = {"Sid": "T", "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def archive(content: str) -> Inputs:
    """Return a function's code as the engine writes it."""
    text = {SIGNATURE: ASSET, "text": content, "hash": f"hash-of-{len(content)}"}
    return {SIGNATURE: ARCHIVE, "assets": {"handler.py": text}, "hash": f"hash-of-archive-{len(content)}"}


def template(deps: Dependencies, key: str) -> str:
    """Return the URL of a CloudFormation template."""
    return f"https://{deps.output('bucket', 'bucket')}.s3.eu-west-1.amazonaws.com/{deps.output(key, 'key')}"


TEMPLATE = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
ARTIFACT = {"name": "v1", "description": "first", "type": "CLOUD_FORMATION_TEMPLATE"}

DEPENDENCIES: dict[str, tuple[str, InputsOf]] = {
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


def bucket(deps: Dependencies) -> Inputs:
    """Return the input that all settings of a bucket have."""
    return {"bucket": deps.output("bucket", "bucket")}


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


def function(deps: Dependencies) -> Inputs:
    """Return a function in a VPC, for which its role needs permissions."""
    deps.get("role-policy")
    return {
        "name": "probe",
        "description": "Probe",
        "role": deps.output("role", "arn"),
        "runtime": "python3.13",
        "architectures": ["arm64"],
        "handler": "handler.handler",
        "code": archive(HANDLER),
        "memorySize": 256,
        "timeout": 20,
        "reservedConcurrentExecutions": 2,
        "environment": {"variables": {"COLOUR": "red"}},
        "tracingConfig": {"mode": "Active"},
        "loggingConfig": {"logFormat": "JSON", "logGroup": deps.output("logs", "name")},
        "vpcConfig": {"subnetIds": [deps.id("subnet")], "securityGroupIds": [deps.id("group")]},
    }


def domain(deps: Dependencies, minutes: int = 60) -> Inputs:
    """Return a Studio domain."""
    idle = {
        "lifecycleManagement": "ENABLED",
        "idleTimeoutInMinutes": minutes,
        "minIdleTimeoutInMinutes": 60,
        "maxIdleTimeoutInMinutes": 120,
    }
    app = {
        "defaultResourceSpec": {"instanceType": "ml.t3.medium"},
        "appLifecycleManagement": {"idleSettings": idle},
    }
    return {
        "domainName": "probe",
        "authMode": "IAM",
        "appNetworkAccessType": "VpcOnly",
        "vpcId": deps.id("vpc"),
        "subnetIds": [deps.id("subnet"), deps.id("other-subnet")],
        "kmsKeyId": deps.output("key", "arn"),
        "tagPropagation": "ENABLED",
        "defaultUserSettings": {
            "executionRole": deps.output("studio-role", "arn"),
            "securityGroups": [deps.id("group")],
            "sharingSettings": {"notebookOutputOption": "Disabled"},
            "defaultLandingUri": "studio::",
            "studioWebPortal": "ENABLED",
            "jupyterLabAppSettings": app,
            "codeEditorAppSettings": app,
        },
        "retentionPolicy": {"homeEfsFileSystem": "Delete"},
    }


def ruleset(_: Dependencies) -> Inputs:
    """Return a ruleset of an organization."""
    return {
        "name": "probe",
        "target": "branch",
        "enforcement": "active",
        "conditions": {
            "repositoryName": {"includes": ["probe-*"], "excludes": []},
            "refName": {"includes": ["~DEFAULT_BRANCH"], "excludes": []},
        },
        "bypassActors": [{"actorId": 1, "actorType": "OrganizationAdmin", "bypassMode": "always"}],
        "rules": {"deletion": True, "nonFastForward": True, "pullRequest": {"requiredApprovingReviewCount": 1}},
    }


def queue_policy(deps: Dependencies, action: str) -> str:
    """Return a queue's policy."""
    return policy(action, resource=deps.output("queue", "arn"), principal=OWNER)


def dashboard(*metrics: str) -> str:
    """Return a dashboard of endpoint metrics, in their order."""
    properties = {"region": "eu-west-1", "metrics": [["AWS/SageMaker", metric] for metric in metrics]}
    return json.dumps({"widgets": [{"type": "metric", "width": 12, "height": 6, "properties": properties}]})


def lifecycle(deps: Dependencies, days: int) -> Inputs:
    """Return a bucket's lifecycle."""
    return {
        **bucket(deps),
        "rules": [
            {
                "id": "tier",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "transitions": [{"days": days, "storageClass": "INTELLIGENT_TIERING"}],
                "noncurrentVersionTransitions": [
                    {"noncurrentDays": 30, "storageClass": "STANDARD_IA"},
                    {"noncurrentDays": 90, "storageClass": "GLACIER"},
                ],
                "noncurrentVersionExpiration": {"noncurrentDays": 360},
                "abortIncompleteMultipartUpload": {"daysAfterInitiation": 1},
            }
        ],
    }


TAGS = {"tags": {"colour": "red"}}

AWS: dict[str, Case] = {
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
    "aws:iam/role:Role": Case(
        inputs=lambda _: {"name": "probe", "assumeRolePolicy": trust("lambda.amazonaws.com"), "description": "Probe"},
        change=lambda _: {"assumeRolePolicy": trust("sagemaker.amazonaws.com"), "maxSessionDuration": 7200, **TAGS},
        replace={"name": "another"},
        id="probe",
        outputs={"arn": "arn:aws:iam::111111111111:role/probe", "uniqueId": "AROA.*"},
        unread=frozenset({"forceDetachPolicies"}),
    ),
    "aws:iam/rolePolicy:RolePolicy": Case(
        inputs=lambda deps: {"name": "probe", "role": deps.id("role"), "policy": policy("s3:GetObject")},
        change=lambda _: {"policy": policy("s3:PutObject")},
        replace={"role": "another"},
        id="needed:probe",
    ),
    "aws:kms/key:Key": Case(
        inputs=lambda _: {"description": "Probe", "enableKeyRotation": True, "deletionWindowInDays": 7},
        change=lambda _: {"description": "Probed", "isEnabled": False, **TAGS},
        replace={"keyUsage": "SIGN_VERIFY"},
        id=r"[0-9a-f-]{36}",
        unread=frozenset({"deletionWindowInDays"}),
    ),
    "aws:kms/alias:Alias": Case(
        inputs=lambda deps: {"name": "alias/probe", "targetKeyId": deps.output("key", "keyId")},
        change=lambda deps: {"targetKeyId": deps.output("other-key", "keyId")},
        replace={"name": "alias/another"},
        id="alias/probe",
        outputs={"arn": "arn:aws:kms:eu-west-1:111111111111:alias/probe"},
    ),
    "aws:s3/bucket:Bucket": Case(
        inputs=lambda _: {"bucket": "probe-111111111111-eu-west-1", **TAGS},
        change=lambda _: {"tags": {}, "forceDestroy": True},
        replace={"bucket": "another-111111111111-eu-west-1"},
        id="probe-111111111111-eu-west-1",
        outputs={"arn": "arn:aws:s3:::probe-111111111111-eu-west-1"},
        unread=frozenset({"forceDestroy"}),
    ),
    "aws:s3/bucketVersioning:BucketVersioning": Case(
        inputs=lambda deps: {**bucket(deps), "versioningConfiguration": {"status": "Enabled"}},
        change=lambda _: {"versioningConfiguration": {"status": "Suspended"}},
        replace={"bucket": "another"},
        id="probe-needed-.*",
        stays=True,
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": Case(
        inputs=lambda deps: {
            **bucket(deps),
            "rules": [
                {
                    "applyServerSideEncryptionByDefault": {
                        "sseAlgorithm": "aws:kms",
                        "kmsMasterKeyId": deps.output("key", "arn"),
                    },
                    "bucketKeyEnabled": True,
                }
            ],
        },
        change=lambda _: {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
        replace={"bucket": "another"},
        id="probe-needed-.*",
        stays=True,
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": Case(
        inputs=lambda deps: {**bucket(deps), "blockPublicAcls": True, "blockPublicPolicy": True},
        change=lambda _: {"restrictPublicBuckets": True},
        replace={"bucket": "another"},
        id="probe-needed-.*",
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": Case(
        inputs=lambda deps: {**bucket(deps), "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        change=lambda _: {"rule": {"objectOwnership": "BucketOwnerPreferred"}},
        replace={"bucket": "another"},
        id="probe-needed-.*",
    ),
    "aws:s3/bucketPolicy:BucketPolicy": Case(
        inputs=lambda deps: {
            **bucket(deps),
            "policy": policy("s3:GetObject", resource=f"{deps.output('bucket', 'arn')}/*", principal=OWNER),
        },
        change=lambda deps: {
            "policy": policy("s3:PutObject", resource=f"{deps.output('bucket', 'arn')}/*", principal=OWNER)
        },
        replace={"bucket": "another"},
        id="probe-needed-.*",
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Case(
        inputs=lambda deps: lifecycle(deps, 30),
        change=lambda deps: {"rules": lifecycle(deps, 60)["rules"]},
        replace={"bucket": "another"},
        id="probe-needed-.*",
    ),
    "aws:s3/bucketLogging:BucketLogging": Case(
        inputs=lambda deps: {**bucket(deps), "targetBucket": deps.output("bucket", "bucket"), "targetPrefix": "a/"},
        change=lambda _: {"targetPrefix": "b/"},
        replace={"bucket": "another"},
        id="probe-needed-.*",
    ),
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": Case(
        inputs=lambda deps: {
            **bucket(deps),
            "corsRules": [
                {
                    "allowedHeaders": ["*"],
                    "allowedMethods": ["GET", "HEAD"],
                    "allowedOrigins": ["https://*.aws.amazon.com"],
                    "exposeHeaders": ["ETag"],
                    "maxAgeSeconds": 3000,
                }
            ],
        },
        change=lambda _: {"corsRules": [{"allowedMethods": ["GET"], "allowedOrigins": ["*"]}]},
        replace={"bucket": "another"},
        id="probe-needed-.*",
    ),
    "aws:s3/bucketObjectv2:BucketObjectv2": Case(
        inputs=lambda deps: {
            **bucket(deps),
            "key": "a/probe.txt",
            "content": "hello",
            "contentType": "text/plain",
            **TAGS,
        },
        change=lambda _: {"content": "hello again"},
        replace={"key": "another"},
        id="a/probe.txt",
        imported=lambda created: f"{created.properties['bucket']}/{created.id}",
        outputs={"etag": "[0-9a-f]{32}"},
        unread=frozenset({"content"}),
    ),
    "aws:ssm/parameter:Parameter": Case(
        inputs=lambda _: {"name": "/probe/a", "type": "String", "value": "1", "description": "Probe", **TAGS},
        change=lambda _: {"value": "2", "tags": {"colour": "blue"}},
        replace={"name": "/probe/b"},
        id="/probe/a",
        outputs={"arn": "arn:aws:ssm:eu-west-1:111111111111:parameter/probe/a"},
    ),
    "aws:secretsmanager/secret:Secret": Case(
        inputs=lambda deps: {
            "name": "probe",
            "description": "Probe",
            "kmsKeyId": deps.output("key", "arn"),
            "recoveryWindowInDays": 0,
        },
        change=lambda _: {"description": "Probed", "recoveryWindowInDays": 7},
        replace={"name": "another"},
        id="arn:aws:secretsmanager:eu-west-1:111111111111:secret:probe-.*",
        unread=frozenset({"recoveryWindowInDays"}),
    ),
    "aws:cloudwatch/logGroup:LogGroup": Case(
        inputs=lambda deps: {
            "name": "/probe",
            "retentionInDays": 365,
            "kmsKeyId": deps.output("key", "arn"),
            **TAGS,
        },
        change=lambda _: {"retentionInDays": 0, "tags": {"a": "b"}},
        replace={"name": "/another"},
        id="/probe",
        outputs={"arn": "arn:aws:logs:eu-west-1:111111111111:log-group:/probe"},
    ),
    "aws:sqs/queue:Queue": Case(
        inputs=lambda deps: {
            "name": "probe",
            "kmsMasterKeyId": deps.output("key", "arn"),
            "messageRetentionSeconds": 1209600,
            **TAGS,
        },
        change=lambda _: {"visibilityTimeoutSeconds": 60, "tags": {"a": "b"}},
        replace={"name": "another"},
        id="https?://.*/111111111111/probe",
        outputs={"arn": "arn:aws:sqs:eu-west-1:111111111111:probe"},
    ),
    "aws:sqs/queuePolicy:QueuePolicy": Case(
        inputs=lambda deps: {"queueUrl": deps.output("queue", "url"), "policy": queue_policy(deps, "sqs:SendMessage")},
        change=lambda deps: {"policy": queue_policy(deps, "sqs:ReceiveMessage")},
        replace={"queueUrl": "https://elsewhere"},
        id="https?://.*/111111111111/needed",
    ),
    "aws:sns/topic:Topic": Case(
        inputs=lambda deps: {
            "name": "probe",
            "displayName": "Probe",
            "kmsMasterKeyId": deps.output("key", "arn"),
            **TAGS,
        },
        change=lambda _: {"displayName": "Probed", "tags": {"a": "b"}},
        replace={"name": "another"},
        id="arn:aws:sns:eu-west-1:111111111111:probe",
        outputs={"owner": "111111111111"},
    ),
    "aws:sns/topicPolicy:TopicPolicy": Case(
        inputs=lambda deps: {
            "arn": deps.id("topic"),
            "policy": policy("sns:Publish", resource=deps.id("topic"), principal=OWNER),
        },
        change=lambda deps: {"policy": policy("sns:Subscribe", resource=deps.id("topic"), principal=OWNER)},
        replace={"arn": "arn:aws:sns:eu-west-1:111111111111:another"},
        id="arn:aws:sns:eu-west-1:111111111111:needed",
        outputs={"owner": "111111111111"},
        stays=True,
    ),
    "aws:sns/topicSubscription:TopicSubscription": Case(
        inputs=lambda deps: {
            "topic": deps.id("topic"),
            "protocol": "sqs",
            "endpoint": deps.output("queue", "arn"),
            "rawMessageDelivery": True,
        },
        change=lambda _: {"rawMessageDelivery": False, "filterPolicy": json.dumps({"colour": ["red"]})},
        replace={"protocol": "lambda"},
        id="arn:aws:sns:eu-west-1:111111111111:needed:.+",
        outputs={"ownerId": "111111111111"},
        unread=frozenset({"confirmationTimeoutInMinutes", "endpointAutoConfirms"}),
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Case(
        inputs=lambda deps: {
            "name": "probe",
            "alarmDescription": "Probe",
            "namespace": "AWS/SageMaker",
            "metricName": "Invocation5XXErrors",
            "dimensions": {"EndpointName": "probe", "VariantName": "AllTraffic"},
            "statistic": "Sum",
            "period": 60,
            "evaluationPeriods": 2,
            "datapointsToAlarm": 2,
            "threshold": 0.5,
            "comparisonOperator": "GreaterThanThreshold",
            "treatMissingData": "notBreaching",
            "alarmActions": [deps.id("topic")],
            "okActions": [deps.id("topic")],
            **TAGS,
        },
        change=lambda _: {
            "threshold": 5,
            "okActions": None,
            "dimensions": {"EndpointName": "probed"},
            "tags": {"a": "b"},
        },
        replace={"name": "another"},
        id="probe",
        outputs={"arn": "arn:aws:cloudwatch:eu-west-1:111111111111:alarm:probe"},
    ),
    "aws:cloudwatch/dashboard:Dashboard": Case(
        inputs=lambda _: {"dashboardName": "probe", "dashboardBody": dashboard("Invocations", "ModelLatency")},
        change=lambda _: {"dashboardBody": dashboard("ModelLatency", "Invocations")},
        replace={"dashboardName": "another"},
        id="probe",
        outputs={"dashboardArn": "arn:aws:cloudwatch::111111111111:dashboard/probe"},
    ),
    "aws:cloudwatch/eventRule:EventRule": Case(
        inputs=lambda _: {
            "name": "probe",
            "description": "Probe",
            "eventPattern": json.dumps({"source": ["aws.sagemaker"], "detail": {"a": ["b"]}}),
            **TAGS,
        },
        change=lambda _: {"eventPattern": json.dumps({"source": ["aws.s3"]}), "state": "DISABLED", "tags": {"a": "b"}},
        replace={"name": "another"},
        id="probe",
        outputs={"arn": "arn:aws:events:eu-west-1:111111111111:rule/probe"},
        unread=frozenset({"forceDestroy"}),
    ),
    "aws:cloudwatch/eventTarget:EventTarget": Case(
        inputs=lambda deps: {
            "rule": deps.id("rule"),
            "arn": deps.output("function", "arn"),
            "input": json.dumps({"sweep": True}),
            "deadLetterConfig": {"arn": deps.output("queue", "arn")},
            "retryPolicy": {"maximumEventAgeInSeconds": 3600, "maximumRetryAttempts": 8},
        },
        change=lambda deps: {
            "input": None,
            "inputTransformer": {"inputPaths": {"version": "$.detail.arn"}, "inputTemplate": '{"version": <version>}'},
            "deadLetterConfig": {"arn": deps.output("other-queue", "arn")},
        },
        replace={"rule": "another"},
        id="needed-terraform-[0-9a-f]{26}",
        imported=lambda created: f"needed/{created.properties['targetId']}",
        unread=frozenset({"forceDestroy"}),
    ),
    "aws:lambda/permission:Permission": Case(
        inputs=lambda deps: {
            "action": "lambda:InvokeFunction",
            "function": deps.id("function"),
            "principal": "events.amazonaws.com",
            "sourceArn": deps.output("rule", "arn"),
        },
        replace={"sourceArn": "arn:aws:events:eu-west-1:111111111111:rule/another"},
        id="probe-[0-9a-f]{7}",
        imported=lambda created: f"needed/{created.id}",
    ),
    "aws:lambda/function:Function": Case(
        inputs=function,
        change=lambda _: {
            "code": archive(HANDLER + "\n"),
            "timeout": 30,
            "environment": {"variables": {"COLOUR": "blue"}},
            "reservedConcurrentExecutions": None,
            **TAGS,
        },
        replace={"name": "another"},
        id="probe",
        outputs={"arn": "arn:aws:lambda:eu-west-1:111111111111:function:probe"},
        unread=frozenset({"code"}),
    ),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": Case(
        inputs=lambda deps: {"functionName": deps.id("function"), "maximumEventAgeInSeconds": 300},
        change=lambda _: {"maximumRetryAttempts": 0},
        replace={"functionName": "another"},
        id="needed",
    ),
    "aws:sagemaker/domain:Domain": Case(
        inputs=domain,
        change=lambda deps: {"defaultUserSettings": domain(deps, minutes=120)["defaultUserSettings"], **TAGS},
        replace={"vpcId": "vpc-1"},
        id="d-[0-9a-z]+",
        outputs={"arn": "arn:aws:sagemaker:eu-west-1:111111111111:domain/d-.*"},
        unread=frozenset({"retentionPolicy"}),
    ),
    "aws:sagemaker/userProfile:UserProfile": Case(
        inputs=lambda deps: {
            "domainId": deps.id("domain"),
            "userProfileName": "ada",
            "userSettings": {"executionRole": deps.output("studio-role", "arn")},
        },
        change=lambda deps: {
            "userSettings": {
                "executionRole": deps.output("studio-role", "arn"),
                "securityGroups": [deps.id("group")],
            },
            **TAGS,
        },
        replace={"userProfileName": "grace"},
        id="arn:aws:sagemaker:eu-west-1:111111111111:user-profile/d-.*/ada",
    ),
    "aws:sagemaker/servicecatalogPortfolioStatus:ServicecatalogPortfolioStatus": Case(
        inputs=lambda _: {"status": "Enabled"},
        change=lambda _: {"status": "Disabled"},
        id="eu-west-1",
        stays=True,
    ),
    "aws:servicecatalog/portfolio:Portfolio": Case(
        inputs=lambda _: {"name": "probe", "providerName": "platform", "description": "Probe"},
        change=lambda _: {"description": "Probed", **TAGS},
        id="port-[0-9a-z]+",
    ),
    "aws:servicecatalog/product:Product": Case(
        inputs=lambda deps: {
            "name": "probe",
            "owner": "platform",
            "description": "Probe",
            "type": "CLOUD_FORMATION_TEMPLATE",
            "provisioningArtifactParameters": {**ARTIFACT, "templateUrl": template(deps, "template")},
        },
        change=lambda _: {"description": "Probed", **TAGS},
        replace={"provisioningArtifactParameters": {**ARTIFACT, "name": "v2", "templateUrl": "https://elsewhere"}},
        id="prod-[0-9a-z]+",
        unread=frozenset({"provisioningArtifactParameters"}),
    ),
    "aws:servicecatalog/provisioningArtifact:ProvisioningArtifact": Case(
        inputs=lambda deps: {
            "productId": deps.id("product"),
            "name": "v2",
            "description": "second",
            "type": "CLOUD_FORMATION_TEMPLATE",
            "templateUrl": template(deps, "template"),
        },
        change=lambda _: {"description": "not for use", "active": False},
        replace={"templateUrl": "https://elsewhere"},
        id="pa-[0-9a-z]+:prod-[0-9a-z]+",
        outputs={"provisioningArtifactId": "pa-[0-9a-z]+"},
        unread=frozenset({"templateUrl", "disableTemplateValidation"}),
    ),
    "aws:servicecatalog/productPortfolioAssociation:ProductPortfolioAssociation": Case(
        inputs=lambda deps: {"portfolioId": deps.id("portfolio"), "productId": deps.id("product")},
        replace={"productId": "prod-1"},
        id="en:port-[0-9a-z]+:prod-[0-9a-z]+",
    ),
    "aws:servicecatalog/principalPortfolioAssociation:PrincipalPortfolioAssociation": Case(
        inputs=lambda deps: {
            "portfolioId": deps.id("portfolio"),
            "principalArn": deps.output("studio-role", "arn"),
        },
        replace={"portfolioId": "port-1"},
        id="en,arn:aws:iam::111111111111:role/studio,port-[0-9a-z]+,IAM",
    ),
    "aws:servicecatalog/constraint:Constraint": Case(
        inputs=lambda deps: {
            "portfolioId": deps.output("offer", "portfolioId"),
            "productId": deps.id("product"),
            "type": "LAUNCH",
            "description": "Probe",
            "parameters": json.dumps({"RoleArn": deps.output("launch-role", "arn")}),
        },
        change=lambda _: {"description": "Probed"},
        replace={"type": "TEMPLATE"},
        id="cons-[0-9a-z]+",
    ),
}

GITHUB: dict[str, Case] = {
    "github:index/repository:Repository": Case(
        inputs=lambda _: {
            "name": "mlops-template-probe",
            "description": "Probe",
            "visibility": "private",
            "isTemplate": True,
            "autoInit": True,
            "hasIssues": False,
            "deleteBranchOnMerge": True,
        },
        change=lambda _: {"description": "Probed", "hasIssues": True},
        id="mlops-template-probe",
        outputs={"fullName": "acme/mlops-template-probe", "defaultBranch": "main"},
        unread=frozenset({"autoInit", "archiveOnDestroy"}),
    ),
    "github:index/organizationRuleset:OrganizationRuleset": Case(
        inputs=ruleset,
        change=lambda _: {"enforcement": "disabled", "rules": {"deletion": True}},
        id="[0-9]+",
    ),
}
