"""Charges for a resource that nobody uses, by its type."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Inputs = Mapping[str, Any]
"""Inputs of a resource by their names in the SDK (snake_case); some are not known before they are deployed."""


@dataclass(frozen=True, kw_only=True)
class Charge:
    """An item of the price list, and how many of it a resource is charged as."""

    item: str
    count: Callable[[Inputs], int] = lambda _: 1


def _zones(inputs: Inputs) -> int:
    """Count the zones of an endpoint; a gateway endpoint is free. Source: AWS PrivateLink pricing."""
    return len(inputs.get("subnet_ids") or ()) if inputs.get("vpc_endpoint_type") == "Interface" else 0


def _metrics(inputs: Inputs) -> int:
    """Count the metrics of an alarm; it costs as much for each. Source: Amazon CloudWatch pricing."""
    queries: Sequence[Inputs] = inputs.get("metric_queries") or ()
    return sum("metric" in query for query in queries) or 1


CHARGES: Mapping[str, Charge] = {
    "aws:cloudwatch/dashboard:Dashboard": Charge(item="dashboard-month"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Charge(item="alarm-month", count=_metrics),
    "aws:ec2/eip:Eip": Charge(item="public-ipv4-hour"),
    "aws:ec2/natGateway:NatGateway": Charge(item="nat-gateway-hour"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Charge(item="interface-endpoint-hour", count=_zones),
    "aws:kms/key:Key": Charge(item="kms-key-month"),
    "aws:secretsmanager/secret:Secret": Charge(item="secret-month"),
    # In bootstrap's template.
    "AWS::KMS::Key": Charge(item="kms-key-month"),
}
"""Charges by type of resource."""

PAID_BY_USE: Mapping[str, str] = {
    "aws:cloudwatch/logGroup:LogGroup": "logs taken in and kept",
    "aws:ec2/flowLog:FlowLog": "logs taken in",
    "aws:lambda/function:Function": "calls and their duration",
    "aws:s3/bucket:Bucket": "objects and requests",
    "aws:s3/bucketObjectv2:BucketObjectv2": "a few kilobytes",
    "aws:sagemaker/domain:Domain": "home folders, volumes of spaces, and apps while they run",
    "aws:sagemaker/mlflowApp:MlflowApp": "artifacts of runs, in S3",
    "aws:scheduler/schedule:Schedule": "runs, beyond fourteen million a month",
    "aws:servicecatalog/portfolio:Portfolio": "requests, beyond a thousand a month",
    "aws:sns/topic:Topic": "messages",
    "aws:sqs/queue:Queue": "messages",
    "AWS::S3::Bucket": "objects and requests",
}
"""Types of resource that cost nothing while nobody uses them, with what is paid for then."""

FREE = frozenset(
    {
        # Of AWS Budgets only those with actions cost anything. Source: AWS Budgets pricing.
        "aws:budgets/budget:Budget",
        # Events of AWS's own services cost nothing. Source: Amazon EventBridge pricing.
        "aws:cloudwatch/eventRule:EventRule",
        "aws:cloudwatch/eventTarget:EventTarget",
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "aws:ec2/internetGateway:InternetGateway",
        "aws:ec2/route:Route",
        "aws:ec2/routeTable:RouteTable",
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:ec2/subnet:Subnet",
        "aws:ec2/vpc:Vpc",
        "aws:iam/role:Role",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:kms/alias:Alias",
        "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
        "aws:lambda/permission:Permission",
        "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "aws:s3/bucketLogging:BucketLogging",
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "aws:s3/bucketVersioning:BucketVersioning",
        "aws:sagemaker/servicecatalogPortfolioStatus:ServicecatalogPortfolioStatus",
        "aws:sagemaker/userProfile:UserProfile",
        "aws:scheduler/scheduleGroup:ScheduleGroup",
        "aws:servicecatalog/constraint:Constraint",
        "aws:servicecatalog/principalPortfolioAssociation:PrincipalPortfolioAssociation",
        "aws:servicecatalog/product:Product",
        "aws:servicecatalog/productPortfolioAssociation:ProductPortfolioAssociation",
        "aws:servicecatalog/provisioningArtifact:ProvisioningArtifact",
        "aws:sns/topicPolicy:TopicPolicy",
        "aws:sns/topicSubscription:TopicSubscription",
        "aws:sqs/queuePolicy:QueuePolicy",
        # Standard parameters. Source: AWS Systems Manager pricing.
        "aws:ssm/parameter:Parameter",
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::OIDCProvider",
        "AWS::IAM::Role",
        "AWS::KMS::Alias",
        "AWS::S3::BucketPolicy",
    }
)
"""Types of resource that cost nothing."""


def charged(kind: str, inputs: Inputs) -> tuple[str, int] | None:
    """Return the item of the price list that a resource is charged as, and how many; None if it costs nothing when idle.

    Raises:
        LookupError: nothing is known about the type.
    """
    if kind in CHARGES:
        charge = CHARGES[kind]
        return charge.item, charge.count(inputs)
    if kind in PAID_BY_USE or kind in FREE:
        return None
    raise LookupError(f"costs/charges.py does not say what {kind} costs: add it there")
