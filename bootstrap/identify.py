"""What the providers call a resource that was asked for, found without the state's help.

Most names are contracts, so the identifier follows from what was asked for, in the form in which the provider imports
it; reading it then tells whether it exists. What gets its identifier from AWS or GitHub is looked up by what tells it
from others: its network and address range, its place in a catalog, or its tags.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from bootstrap.account import Account, error_code
from bootstrap.interrupted import Resource
from bootstrap.names import Names

_BY_NAME = {
    "aws:cloudwatch/eventRule:EventRule": "{name}",
    "aws:cloudwatch/logGroup:LogGroup": "{name}",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "{name}",
    "aws:ec2/route:Route": "{routeTableId}_{destinationCidrBlock}",
    "aws:ec2/routeTableAssociation:RouteTableAssociation": "{subnetId}/{routeTableId}",
    "aws:iam/role:Role": "{name}",
    "aws:iam/rolePolicy:RolePolicy": "{role}:{name}",
    "aws:kms/alias:Alias": "{name}",
    "aws:lambda/function:Function": "{name}",
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": "{functionName}",
    "aws:lambda/permission:Permission": "{function}/{statementId}",
    "aws:s3/bucket:Bucket": "{bucket}",
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": "{bucket}",
    "aws:s3/bucketIntelligentTieringConfiguration:BucketIntelligentTieringConfiguration": "{bucket}:{name}",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": "{bucket}",
    "aws:s3/bucketLogging:BucketLogging": "{bucket}",
    "aws:s3/bucketObjectv2:BucketObjectv2": "{bucket}/{key}",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": "{bucket}",
    "aws:s3/bucketPolicy:BucketPolicy": "{bucket}",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "{bucket}",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": "{bucket}",
    "aws:s3/bucketVersioning:BucketVersioning": "{bucket}",
    "aws:sagemaker/servicecatalogPortfolioStatus:ServicecatalogPortfolioStatus": "{region}",
    "aws:sagemaker/userProfile:UserProfile": (
        "arn:aws:sagemaker:{region}:{account}:user-profile/{domainId}/{userProfileName}"
    ),
    "aws:servicecatalog/principalPortfolioAssociation:PrincipalPortfolioAssociation": (
        "en,{principalArn},{portfolioId},IAM"
    ),
    "aws:servicecatalog/productPortfolioAssociation:ProductPortfolioAssociation": "en:{portfolioId}:{productId}",
    "aws:sns/topic:Topic": "arn:aws:sns:{region}:{account}:{name}",
    "aws:sns/topicPolicy:TopicPolicy": "{arn}",
    "aws:sqs/queuePolicy:QueuePolicy": "{queueUrl}",
    "aws:ssm/parameter:Parameter": "{name}",
    "github:index/repository:Repository": "{name}",
}
"""By type, how the provider's identifier is composed of what was asked for."""

AskGitHub = Callable[[str], Sequence[Mapping[str, Any]]]

_TAGS = ("tag:Name", "tag:unit", "tag:environment")


class UnknownTypeError(Exception):
    """Nobody taught this module how to find a resource of this type."""


class StillBeingMadeError(Exception):
    """AWS has not finished making it."""


@dataclass(frozen=True, kw_only=True)
class _Ec2:
    """How to look up one type of EC2's resources."""

    operation: str
    answer: str
    identifier: str
    filters: Sequence[str]
    filter_parameter: str = "Filters"


_IN_EC2 = {
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": _Ec2(
        operation="describe_security_groups",
        answer="SecurityGroups",
        identifier="GroupId",
        filters=("vpc-id", "group-name=default"),
    ),
    "aws:ec2/eip:Eip": _Ec2(
        operation="describe_addresses", answer="Addresses", identifier="AllocationId", filters=_TAGS
    ),
    "aws:ec2/flowLog:FlowLog": _Ec2(
        operation="describe_flow_logs",
        answer="FlowLogs",
        identifier="FlowLogId",
        filters=("resource-id",),
        filter_parameter="Filter",
    ),
    "aws:ec2/internetGateway:InternetGateway": _Ec2(
        operation="describe_internet_gateways",
        answer="InternetGateways",
        identifier="InternetGatewayId",
        filters=_TAGS,
    ),
    "aws:ec2/natGateway:NatGateway": _Ec2(
        operation="describe_nat_gateways",
        answer="NatGateways",
        identifier="NatGatewayId",
        filters=("subnet-id", *_TAGS),
        filter_parameter="Filter",
    ),
    "aws:ec2/routeTable:RouteTable": _Ec2(
        operation="describe_route_tables", answer="RouteTables", identifier="RouteTableId", filters=("vpc-id", *_TAGS)
    ),
    "aws:ec2/securityGroup:SecurityGroup": _Ec2(
        operation="describe_security_groups",
        answer="SecurityGroups",
        identifier="GroupId",
        filters=("vpc-id", "group-name"),
    ),
    "aws:ec2/subnet:Subnet": _Ec2(
        operation="describe_subnets", answer="Subnets", identifier="SubnetId", filters=("vpc-id", "cidr-block")
    ),
    "aws:ec2/vpc:Vpc": _Ec2(operation="describe_vpcs", answer="Vpcs", identifier="VpcId", filters=_TAGS),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _Ec2(
        operation="describe_vpc_endpoints",
        answer="VpcEndpoints",
        identifier="VpcEndpointId",
        filters=("vpc-id", "service-name"),
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _Ec2(
        operation="describe_security_group_rules",
        answer="SecurityGroupRules",
        identifier="SecurityGroupRuleId",
        filters=("group-id",),
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _Ec2(
        operation="describe_security_group_rules",
        answer="SecurityGroupRules",
        identifier="SecurityGroupRuleId",
        filters=("group-id",),
    ),
}

_GONE = {"deleted", "deleting", "failed", "rejected", "expired"}


def find(account: Account, names: Names, resource: Resource, ask_github: AskGitHub) -> Sequence[str]:
    """Identifiers that the resource may have: none when it was not made, several when it was made more than once.

    One that follows from a name is returned whether it exists or not. `ask_github` gets a path of the API of the
    organization that the platform looks after, `/rulesets` for one.

    Raises:
        UnknownTypeError: resources of this type cannot be found.
        StillBeingMadeError: it exists, but is not ready yet.
    """
    kind, inputs = resource["type"], resource["inputs"]
    if kind in _BY_NAME:
        known = {"region": account.region, "account": account.account_id}
        return [_BY_NAME[kind].format(**{**known, **inputs})]
    if kind in _IN_EC2:
        return _ec2(account, names, _IN_EC2[kind], kind, inputs)
    if kind == "github:index/organizationRuleset:OrganizationRuleset":
        rulesets = ask_github("/rulesets?per_page=100")
        return [str(ruleset["id"]) for ruleset in rulesets if ruleset["name"] == inputs["name"]]
    if kind in _LOOK_UPS:
        try:
            return list(_LOOK_UPS[kind](account, names, inputs))
        except ClientError as error:
            if error_code(error) in _NOT_FOUND:
                return []
            raise
    raise UnknownTypeError(kind)


def is_by_name(kind: str) -> bool:
    """Whether there can be only one of such a resource, so that it cannot have been made twice."""
    return kind in _BY_NAME


def _ec2(account: Account, names: Names, rule: _Ec2, kind: str, inputs: Mapping[str, Any]) -> Sequence[str]:
    values = {
        "cidr-block": inputs.get("cidrBlock"),
        "group-id": inputs.get("securityGroupId"),
        "group-name": inputs.get("name"),
        "resource-id": inputs.get("vpcId") or inputs.get("subnetId"),
        "service-name": inputs.get("serviceName"),
        "subnet-id": inputs.get("subnetId"),
        "tag:Name": inputs.get("tags", {}).get("Name"),
        "tag:environment": names.environment,
        "tag:unit": names.unit,
        "vpc-id": inputs.get("vpcId"),
    }
    filters: list[dict[str, Any]] = []
    for wanted in rule.filters:
        name, _, fixed = wanted.partition("=")
        value = fixed or values[name]
        if value is None:
            raise UnknownTypeError(f"{kind} without {name}")
        filters.append({"Name": name, "Values": [value]})
    operation = getattr(account.client("ec2"), rule.operation)
    found: list[Mapping[str, Any]] = [
        entry
        for entry in operation(**{rule.filter_parameter: filters})[rule.answer]
        if str(entry.get("State", "")).lower() not in _GONE and _is_rule(kind, inputs, entry)
    ]
    if any(str(entry.get("State", "")).lower() == "pending" for entry in found):
        raise StillBeingMadeError
    return [entry[rule.identifier] for entry in found]


def _is_rule(kind: str, inputs: Mapping[str, Any], entry: Mapping[str, Any]) -> bool:
    """Whether a rule of a security group is the one that was asked for; true for all that is no such rule."""
    if not kind.startswith("aws:vpc/securityGroup"):
        return True
    unbounded = inputs["ipProtocol"] == "-1"
    return (
        entry["IsEgress"] == kind.endswith("EgressRule")
        and entry["IpProtocol"] == inputs["ipProtocol"]
        and (unbounded or (entry["FromPort"], entry["ToPort"]) == (inputs.get("fromPort"), inputs.get("toPort")))
        and entry.get("CidrIpv4") == inputs.get("cidrIpv4")
        and entry.get("PrefixListId") == inputs.get("prefixListId")
        and entry.get("ReferencedGroupInfo", {}).get("GroupId") == inputs.get("referencedSecurityGroupId")
    )


def _keys(account: Account, names: Names, inputs: Mapping[str, Any]) -> Iterator[str]:
    """Keys have no names: a purpose is in the description, the environment in the tags. The newest first."""
    kms = account.client("kms")
    found: list[tuple[Any, str]] = []
    for entry in _pages(kms.list_keys, "Keys", "Marker", "NextMarker"):
        try:
            key = kms.describe_key(KeyId=entry["KeyId"])["KeyMetadata"]
            if key["KeyState"] != "Enabled" or key.get("Description") != inputs.get("description"):
                continue
            tags = {tag["TagKey"]: tag["TagValue"] for tag in kms.list_resource_tags(KeyId=entry["KeyId"])["Tags"]}
        except ClientError as error:
            # Other people's keys may be closed to us: then they are not ours.
            if error_code(error) == "AccessDeniedException":
                continue
            raise
        if (tags.get("unit"), tags.get("environment")) == (names.unit, names.environment):
            found.append((key["CreationDate"], key["KeyId"]))
    yield from (identifier for _, identifier in sorted(found, reverse=True))


def _queue(account: Account, _: Names, inputs: Mapping[str, Any]) -> Iterator[str]:
    yield account.client("sqs").get_queue_url(QueueName=inputs["name"])["QueueUrl"]


def _secret(account: Account, _: Names, inputs: Mapping[str, Any]) -> Iterator[str]:
    yield account.client("secretsmanager").describe_secret(SecretId=inputs["name"])["ARN"]


def _domain(account: Account, _: Names, inputs: Mapping[str, Any]) -> Iterator[str]:
    for domain in _pages(account.client("sagemaker").list_domains, "Domains", "NextToken", "NextToken"):
        if domain["DomainName"] == inputs["domainName"]:
            if domain["Status"] in ("Pending", "Updating"):
                raise StillBeingMadeError
            yield domain["DomainId"]


def _portfolio(account: Account, _: Names, inputs: Mapping[str, Any]) -> Iterator[str]:
    catalog = account.client("servicecatalog")
    for portfolio in _pages(catalog.list_portfolios, "PortfolioDetails", "PageToken", "NextPageToken"):
        if portfolio["DisplayName"] == inputs["name"]:
            yield portfolio["Id"]


def _product(account: Account, _: Names, inputs: Mapping[str, Any]) -> Iterator[str]:
    catalog = account.client("servicecatalog")
    for product in _pages(catalog.search_products_as_admin, "ProductViewDetails", "PageToken", "NextPageToken"):
        summary = product["ProductViewSummary"]
        if (summary["Name"], summary["Owner"]) == (inputs["name"], inputs["owner"]):
            yield summary["ProductId"]


def _artifact(account: Account, _: Names, inputs: Mapping[str, Any]) -> Iterator[str]:
    answer = account.client("servicecatalog").list_provisioning_artifacts(ProductId=inputs["productId"])
    for artifact in answer["ProvisioningArtifactDetails"]:
        if artifact["Name"] == inputs["name"]:
            yield f"{artifact['Id']}:{inputs['productId']}"


def _constraint(account: Account, _: Names, inputs: Mapping[str, Any]) -> Iterator[str]:
    answer = account.client("servicecatalog").list_constraints_for_portfolio(
        PortfolioId=inputs["portfolioId"], ProductId=inputs["productId"]
    )
    for constraint in answer["ConstraintDetails"]:
        if constraint["Type"] == inputs["type"]:
            yield constraint["ConstraintId"]


def _event_target(account: Account, _: Names, inputs: Mapping[str, Any]) -> Iterator[str]:
    for target in account.client("events").list_targets_by_rule(Rule=inputs["rule"])["Targets"]:
        if target["Arn"] == inputs["arn"]:
            yield f"{inputs['rule']}/{target['Id']}"


def _subscription(account: Account, _: Names, inputs: Mapping[str, Any]) -> Iterator[str]:
    """While nobody has confirmed it, a list does not tell its ARN; asking for it once more does, and makes no second."""
    operation = account.client("sns").list_subscriptions_by_topic

    def of_topic(**page: str) -> dict[str, Any]:
        return operation(TopicArn=inputs["topic"], **page)

    for subscription in _pages(of_topic, "Subscriptions", "NextToken", "NextToken"):
        told = (subscription["Protocol"], subscription["Endpoint"]) == (inputs["protocol"], inputs["endpoint"])
        if told and subscription["SubscriptionArn"].startswith("arn:"):
            yield subscription["SubscriptionArn"]


_LOOK_UPS: Mapping[str, Callable[[Account, Names, Mapping[str, Any]], Iterator[str]]] = {
    "aws:cloudwatch/eventTarget:EventTarget": _event_target,
    "aws:kms/key:Key": _keys,
    "aws:sagemaker/domain:Domain": _domain,
    "aws:secretsmanager/secret:Secret": _secret,
    "aws:servicecatalog/constraint:Constraint": _constraint,
    "aws:servicecatalog/portfolio:Portfolio": _portfolio,
    "aws:servicecatalog/product:Product": _product,
    "aws:servicecatalog/provisioningArtifact:ProvisioningArtifact": _artifact,
    "aws:sns/topicSubscription:TopicSubscription": _subscription,
    "aws:sqs/queue:Queue": _queue,
}
_NOT_FOUND = {"AWS.SimpleQueueService.NonExistentQueue", "NotFound", "QueueDoesNotExist", "ResourceNotFoundException"}


def _pages(operation: Callable[..., dict[str, Any]], items: str, given: str, following: str) -> Iterator[Any]:
    request: dict[str, str] = {}
    while True:
        page = operation(**request)
        yield from page[items]
        if not page.get(following):
            return
        request = {given: page[following]}
