"""Check the account's service quotas against the requirements of an environment's settings.

A new account has quotas of zero for many instance types, and low ones for other resources. Finding that out before the first
deployment is better than in the middle of it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from bootstrap.account import Account, pages

TEMPLATE_INSTANCE_TYPE = "ml.m5.large"
"""Instance type that the template repositories train and deploy on, unless a project's settings.toml has another."""
ENDPOINT_INSTANCES = 4
"""A model in production runs on two instances; while another replaces it, on two more."""
STUDIO_INSTANCE_TYPE = "ml.t3.medium"
"""Instance type of Studio's apps, unless the settings have another."""
LAUNCHES_AT_ONCE = 20
"""Reserved concurrency of the template cloner, unless the settings have another."""
DEPLOYMENTS_AT_ONCE = 5
"""Reserved concurrency of the deployment trigger."""
UNRESERVED_FUNCTIONS = 100
"""Concurrency that AWS keeps for functions that reserve none. Source: Lambda Developer Guide, "Configuring reserved concurrency"."""
INTERFACE_ENDPOINTS = 20
"""More than an environment has, to leave room for further services."""


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """The least value of a quota that an environment requires."""

    service: str
    """The service's code in Service Quotas."""
    quota: str
    """Beginning of the quota's name there."""
    amount: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class Shortage:
    """A quota that is too small."""

    requirement: Requirement
    code: str | None
    """The quota's code; None if AWS lists no quota of that name in the region."""
    value: float

    def __str__(self) -> str:
        """Return the quota, its value, and the command that requests more."""
        required = self.requirement
        if self.code is None:
            return f"AWS lists no quota {required.quota!r} in this region, so it may not be offered here; {required.reason}"
        return (
            f"{required.quota} is {self.value:g}, needed {required.amount} ({required.reason}); run: aws service-quotas "
            f"request-service-quota-increase --service-code {required.service} --quota-code {self.code} "
            f"--desired-value {required.amount}"
        )


def requirements(
    settings: Mapping[str, object], in_use: Callable[[str], int], *, deployed: bool
) -> Iterator[Requirement]:
    """Yield the requirements of a stack; once it is `deployed`, its addresses and its network are in use already.

    `in_use` counts a resource of the account, `addresses` or `vpcs`.
    """
    network = _mapping(settings.get("network"))
    development = _mapping(settings.get("development"))
    if "vpcId" not in network:
        # As `settings/stack.py` decides it.
        default = "both" if "nat" in network else "nat" if development else "none"
        access = str(network.get("privateAccess", default))
        yield from _of_network(network, access, in_use, deployed=deployed)
    if development:
        yield _of_studio(_mapping(development.get("studio")))
        yield from _of_projects(_mapping(development.get("projects")))
    if "workload" in settings:
        yield Requirement(
            service="sagemaker",
            quota=f"{TEMPLATE_INSTANCE_TYPE} for endpoint usage",
            amount=ENDPOINT_INSTANCES,
            reason="a deployed model, and the one that replaces it",
        )


def shortages(account: Account, settings: Mapping[str, object], *, deployed: bool) -> list[Shortage]:
    """Return the quotas of the account that are too small for a stack with these settings."""
    known: dict[str, list[Mapping[str, Any]]] = {}

    def in_use(resource: str) -> int:
        ec2 = account.client("ec2")
        return len(ec2.describe_addresses()["Addresses"] if resource == "addresses" else ec2.describe_vpcs()["Vpcs"])

    def shortage(required: Requirement) -> Shortage | None:
        if required.service not in known:
            known[required.service] = list(_quotas(account, required.service))
        for quota in known[required.service]:
            if str(quota["QuotaName"]).startswith(required.quota):
                if quota["Value"] >= required.amount:
                    return None
                return Shortage(requirement=required, code=quota["QuotaCode"], value=quota["Value"])
        return Shortage(requirement=required, code=None, value=0)

    found = [shortage(required) for required in requirements(settings, in_use, deployed=deployed)]
    return [each for each in found if each is not None]


def _of_network(
    network: Mapping[str, object], access: str, in_use: Callable[[str], int], *, deployed: bool
) -> Iterator[Requirement]:
    if not deployed:
        gateways = _nat_gateways(network) if access in ("nat", "both") else 0
        if gateways:
            taken = in_use("addresses")
            reason = f"{taken} in use, and {gateways} for NAT gateways"
            yield Requirement(service="ec2", quota="EC2-VPC Elastic IPs", amount=taken + gateways, reason=reason)
        taken = in_use("vpcs")
        reason = f"{taken} in use, and the platform's"
        yield Requirement(service="vpc", quota="VPCs per Region", amount=taken + 1, reason=reason)
    if access in ("endpoints", "both"):
        yield Requirement(
            service="vpc",
            quota="Interface VPC endpoints per VPC",
            amount=INTERFACE_ENDPOINTS,
            reason="private access to AWS",
        )


def _nat_gateways(network: Mapping[str, object]) -> int:
    zone_ids = network.get("zoneIds")
    zones = len(cast("list[object]", zone_ids)) if isinstance(zone_ids, list) else _number(network.get("zones"), 2)
    return {"none": 0, "perZone": zones}.get(str(network.get("nat")), 1)


def _of_studio(studio: Mapping[str, object]) -> Requirement:
    instance_type = studio.get("defaultInstanceType", STUDIO_INSTANCE_TYPE)
    profiles = studio.get("userProfiles")
    return Requirement(
        service="sagemaker",
        quota=f"Studio JupyterLab Apps running on {instance_type} instance",
        amount=len(cast("list[object]", profiles)) if isinstance(profiles, list) and profiles else 1,
        reason="one for each user of Studio",
    )


def _of_projects(projects: Mapping[str, object]) -> Iterator[Requirement]:
    for job in ("processing", "training"):
        yield Requirement(
            service="sagemaker",
            quota=f"{TEMPLATE_INSTANCE_TYPE} for {job} job usage",
            amount=1,
            reason="a project's pipeline",
        )
    reserved = {"template cloner": _number(projects.get("launchesAtOnce"), LAUNCHES_AT_ONCE)}
    if "preprodAccountId" in projects or "prodAccountId" in projects:
        reserved["deployment trigger"] = DEPLOYMENTS_AT_ONCE
    holders = " and ".join(f"the {name} reserves {number}" for name, number in reserved.items())
    yield Requirement(
        service="lambda",
        quota="Concurrent executions",
        amount=sum(reserved.values()) + UNRESERVED_FUNCTIONS,
        reason=f"{holders}, and AWS keeps {UNRESERVED_FUNCTIONS} for others",
    )


def _quotas(account: Account, service: str) -> Iterator[Mapping[str, Any]]:
    list_quotas = account.client("service-quotas").list_service_quotas

    def of_service(**page: str) -> dict[str, Any]:
        return list_quotas(ServiceCode=service, **page)

    return pages(of_service, "Quotas", "NextToken", "NextToken")


def _mapping(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def _number(value: object, default: int) -> int:
    return value if isinstance(value, int) else default
