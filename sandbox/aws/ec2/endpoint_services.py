"""Services that a network reaches through endpoints, and the zones in which AWS offers them.

Sources: EC2 API Reference, "DescribeVpcEndpointServices" and "CreateVpcEndpoint"; AWS PrivateLink Guide, "AWS services that
integrate with AWS PrivateLink"; SageMaker Developer Guide, "Create a VPC Endpoint Policy for SageMaker Studio". Assumptions: the
services that a constrained zone lacks, and that Service Catalog's endpoint takes no policy, as no page says that it does.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.aws.ec2 import availability_zones, descriptions
from sandbox.aws.errors import NotEmulatedError
from sandbox.aws.ministack import ec2, scope
from sandbox.aws.ministack.ec2 import Operation, Parameters

GATEWAYS = ("dynamodb", "s3")
INTERFACES = (
    "application-autoscaling",
    "autoscaling",
    "cloudformation",
    "ec2",
    "ec2messages",
    "ecr.api",
    "ecr.dkr",
    "events",
    "execute-api",
    "kms",
    "lambda",
    "logs",
    "monitoring",
    "s3",
    "sagemaker.api",
    "sagemaker.runtime",
    "secretsmanager",
    "servicecatalog",
    "sns",
    "sqs",
    "ssm",
    "ssmmessages",
    "sts",
    "xray",
)
"""Services by the end of their names, which begin with `com.amazonaws.` and the region."""
WITHOUT_POLICY = frozenset({"servicecatalog"})
"""Services whose endpoints take no policy."""
NOT_EVERYWHERE = frozenset({"sagemaker.api", "sagemaker.runtime", "servicecatalog", "studio"})
"""Services that a constrained zone lacks."""
FILTERS = frozenset({"owner", "service-name", "service-type"})


@dataclass(frozen=True, kw_only=True)
class EndpointService:
    """A service of the region."""

    name: str
    short: str
    """End of the name."""
    kind: str
    """`Interface` or `Gateway`."""

    @property
    def zones(self) -> list[str]:
        """Names of the zones that offer it."""
        return [
            zone
            for zone in availability_zones.names()
            if self.short not in NOT_EVERYWHERE
            or availability_zones.zone_id(zone) not in availability_zones.WITHOUT_ENDPOINTS
        ]


def services() -> Iterator[EndpointService]:
    """Yield the services of the region."""
    region = scope.region()
    for kind, shorts in (("Gateway", GATEWAYS), ("Interface", INTERFACES)):
        for short in shorts:
            yield EndpointService(name=f"com.amazonaws.{region}.{short}", short=short, kind=kind)
    yield EndpointService(name=f"aws.sagemaker.{region}.studio", short="studio", kind="Interface")


def install() -> None:
    """Describe the services, and refuse endpoints that AWS would not create."""
    ec2.intercept("DescribeVpcEndpointServices", _describe)
    ec2.intercept("CreateVpcEndpoint", _create)
    ec2.intercept("ModifyVpcEndpoint", _modify)


def _describe(params: Parameters, _: Operation) -> Any:
    filters = ec2.filters(params)
    unknown = set(filters) - FILTERS
    unknown |= {name.partition(".")[0] for name in params} - {"Action", "Filter", "ServiceName", "Version"}
    if unknown:
        raise NotEmulatedError(f"{', '.join(sorted(unknown))} of DescribeVpcEndpointServices")
    named = ec2.members(params, "ServiceName")
    known = list(services())
    for name in named:
        if name not in {each.name for each in known}:
            return _unknown(name)
    found = [
        each
        for each in known
        if (not named or each.name in named)
        and each.name in filters.get("service-name", [each.name])
        and each.kind in filters.get("service-type", [each.kind])
        and "amazon" in filters.get("owner", ["amazon"])
    ]
    short = "".join(f"<item>{each.name}</item>" for each in found)
    details = "".join(map(_detail, found))
    return ec2.answer(
        "DescribeVpcEndpointServices",
        f"<serviceNameSet>{short}</serviceNameSet><serviceDetailSet>{details}</serviceDetailSet>",
    )


def _detail(service: EndpointService) -> str:
    region = scope.region()
    zones = "".join(f"<item>{zone}</item>" for zone in service.zones)
    interface = service.kind == "Interface"
    dns = f"{service.short}.{region}.{'vpce.' if interface else ''}amazonaws.com"
    private = f"{service.short}.{region}.amazonaws.com"
    names = f"<privateDnsNameSet><item><privateDnsName>{private}</privateDnsName></item></privateDnsNameSet>"
    return (
        f"<item><serviceName>{service.name}</serviceName>"
        f"<serviceId>vpce-svc-{hashlib.sha256(service.name.encode()).hexdigest()[:17]}</serviceId>"
        f"<serviceType><item><serviceType>{service.kind}</serviceType></item></serviceType>"
        f"<availabilityZoneSet>{zones}</availabilityZoneSet><owner>amazon</owner>"
        f"<baseEndpointDnsNameSet><item>{dns}</item></baseEndpointDnsNameSet>"
        f"{f'<privateDnsName>{private}</privateDnsName>{names}' if interface else ''}"
        f"<vpcEndpointPolicySupported>{'false' if service.short in WITHOUT_POLICY else 'true'}</vpcEndpointPolicySupported>"
        "<acceptanceRequired>false</acceptanceRequired><managesVpcEndpoints>false</managesVpcEndpoints>"
        "<supportedIpAddressTypeSet><item>ipv4</item></supportedIpAddressTypeSet></item>"
    )


def _create(params: Parameters, go_on: Operation) -> Any:
    kind = ec2.first(params, "VpcEndpointType") or "Gateway"
    name = ec2.first(params, "ServiceName")
    service = next((each for each in services() if (each.name, each.kind) == (name, kind)), None)
    if service is None:
        return _unknown(name)
    vpc = ec2.first(params, "VpcId")
    refused = _refuse_subnets(service, ec2.members(params, "SubnetId"), [])
    if refused:
        return refused
    if kind == "Interface" and ec2.first(params, "PrivateDnsEnabled").lower() != "false":
        for identifier, other in ec2.vpc_endpoints.items():
            if (other["VpcId"], other["ServiceName"]) == (vpc, name) and descriptions.has_private_dns(identifier):
                return ec2.refusal(
                    "InvalidParameter",
                    "private-dns-enabled cannot be set because there is already a conflicting DNS domain for "
                    f"{service.short}.{scope.region()}.amazonaws.com in the VPC {vpc}",
                )
    return go_on(params)


def _modify(params: Parameters, go_on: Operation) -> Any:
    endpoint: Mapping[str, Any] = ec2.vpc_endpoints.get(ec2.first(params, "VpcEndpointId"), {})
    service = next((each for each in services() if each.name == endpoint.get("ServiceName")), None)
    if service:
        removed = ec2.members(params, "RemoveSubnetId")
        kept = [subnet for subnet in endpoint["SubnetIds"] if subnet not in removed]
        refused = _refuse_subnets(service, ec2.members(params, "AddSubnetId"), kept)
        if refused:
            return refused
    return go_on(params)


def _refuse_subnets(service: EndpointService, added: Sequence[str], kept: Sequence[str]) -> Any:
    taken = {ec2.subnets[subnet]["AvailabilityZone"] for subnet in kept if subnet in ec2.subnets}
    for subnet in added:
        if subnet not in ec2.subnets:
            return ec2.refusal("InvalidSubnetId.NotFound", f"The subnet ID '{subnet}' does not exist")
        zone = ec2.subnets[subnet]["AvailabilityZone"]
        if zone not in service.zones:
            return ec2.refusal(
                "InvalidParameter",
                f"The VPC endpoint service {service.name} does not support the availability zone of the subnet: {subnet}.",
            )
        if zone in taken:
            message = "Found another VPC endpoint subnet in the availability zone of the subnet"
            return ec2.refusal("DuplicateSubnetsInSameZone", f"{message}: {subnet}")
        taken.add(zone)
    return None


def _unknown(name: str) -> Any:
    return ec2.refusal("InvalidServiceName", f"The Vpc Endpoint Service '{name}' does not exist")
