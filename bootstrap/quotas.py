"""What AWS allows an account at most, held against what an environment's settings ask for.

A new account starts with quotas of zero for many instance types, and with too few of some other things: better to hear
of it before the first deployment than from its middle.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from bootstrap.account import Account

TEMPLATE_INSTANCE_TYPE = "ml.m5.large"
"""What the template repositories train and deploy on, unless a project's settings.toml names another."""
ENDPOINT_INSTANCES = 4
"""A model in production runs on two instances; while another replaces it, on two more."""
STUDIO_INSTANCE_TYPE = "ml.t3.medium"
"""What Studio's apps run on, unless the settings name another."""
LAUNCHES_AT_ONCE = 20
"""How many functions the template cloner reserves, unless the settings say otherwise."""
DEPLOYMENTS_AT_ONCE = 5
"""How many functions the deployment trigger reserves."""
UNRESERVED_FUNCTIONS = 100
"""What AWS keeps for functions that reserve nothing. Source: Lambda Developer Guide, "Configuring reserved concurrency"."""
INTERFACE_ENDPOINTS = 20
"""More than an environment has, with room for the next services."""


@dataclass(frozen=True, kw_only=True)
class Need:
    """How much of something an environment takes."""

    service: str
    """The service's code in Service Quotas."""
    quota: str
    """Beginning of the quota's name there."""
    amount: int
    """What the quota must be at least."""
    reason: str


@dataclass(frozen=True, kw_only=True)
class Shortage:
    """A quota that is too small."""

    need: Need
    code: str | None
    """The quota's code; None when AWS lists no quota of that name in the region."""
    value: float

    def __str__(self) -> str:
        """What is short, and how to ask for more."""
        need = self.need
        if self.code is None:
            return f"AWS lists no quota {need.quota!r} in this region, so it may not be offered here; {need.reason}"
        return (
            f"{need.quota} is {self.value:g}, needed {need.amount} ({need.reason}); run: aws service-quotas "
            f"request-service-quota-increase --service-code {need.service} --quota-code {self.code} "
            f"--desired-value {need.amount}"
        )


def needs(settings: Mapping[str, object], in_use: Callable[[str], int], *, deployed: bool) -> Iterator[Need]:
    """What the stack with these settings takes; what is `deployed` has its addresses and its network already.

    `in_use` counts a resource of the account, `addresses` or `vpcs`.
    """
    network = _mapping(settings.get("network"))
    if "vpcId" not in network:
        if not deployed:
            gateways = {"none": 0, "perZone": _number(network.get("zones"), 2)}.get(str(network.get("nat")), 1)
            if gateways:
                taken = in_use("addresses")
                reason = f"{taken} in use, and {gateways} for NAT gateways"
                yield Need(service="ec2", quota="EC2-VPC Elastic IPs", amount=taken + gateways, reason=reason)
            taken = in_use("vpcs")
            yield Need(
                service="vpc", quota="VPCs per Region", amount=taken + 1, reason=f"{taken} in use, and the platform's"
            )
        yield Need(
            service="vpc",
            quota="Interface VPC endpoints per VPC",
            amount=INTERFACE_ENDPOINTS,
            reason="private ways to AWS",
        )
    development = _mapping(settings.get("development"))
    if development:
        studio = _mapping(development.get("studio"))
        kind = studio.get("defaultInstanceType", STUDIO_INSTANCE_TYPE)
        people = studio.get("userProfiles")
        yield Need(
            service="sagemaker",
            quota=f"Studio JupyterLab Apps running on {kind} instance",
            amount=len(cast("list[object]", people)) if isinstance(people, list) and people else 1,
            reason="one for everybody in Studio",
        )
        for job in ("processing", "training"):
            yield Need(
                service="sagemaker",
                quota=f"{TEMPLATE_INSTANCE_TYPE} for {job} job usage",
                amount=1,
                reason="a project's pipeline",
            )
        projects = _mapping(development.get("projects"))
        reserved = {"template cloner": _number(projects.get("launchesAtOnce"), LAUNCHES_AT_ONCE)}
        if "preprodAccountId" in projects or "prodAccountId" in projects:
            reserved["deployment trigger"] = DEPLOYMENTS_AT_ONCE
        holders = " and ".join(f"the {name} reserves {number}" for name, number in reserved.items())
        yield Need(
            service="lambda",
            quota="Concurrent executions",
            amount=sum(reserved.values()) + UNRESERVED_FUNCTIONS,
            reason=f"{holders}, and AWS keeps {UNRESERVED_FUNCTIONS} for others",
        )
    if "workload" in settings:
        yield Need(
            service="sagemaker",
            quota=f"{TEMPLATE_INSTANCE_TYPE} for endpoint usage",
            amount=ENDPOINT_INSTANCES,
            reason="a deployed model, and the one that replaces it",
        )


def shortages(account: Account, settings: Mapping[str, object], *, deployed: bool) -> list[Shortage]:
    """The quotas of the account that are too small for the stack with these settings."""
    known: dict[str, list[Mapping[str, Any]]] = {}

    def in_use(resource: str) -> int:
        ec2 = account.client("ec2")
        return len(ec2.describe_addresses()["Addresses"] if resource == "addresses" else ec2.describe_vpcs()["Vpcs"])

    def shortage(need: Need) -> Shortage | None:
        if need.service not in known:
            known[need.service] = list(_quotas(account, need.service))
        for quota in known[need.service]:
            if str(quota["QuotaName"]).startswith(need.quota):
                if quota["Value"] >= need.amount:
                    return None
                return Shortage(need=need, code=quota["QuotaCode"], value=quota["Value"])
        return Shortage(need=need, code=None, value=0)

    found = [shortage(need) for need in needs(settings, in_use, deployed=deployed)]
    return [each for each in found if each is not None]


def _quotas(account: Account, service: str) -> Iterator[Mapping[str, Any]]:
    client = account.client("service-quotas")
    token: dict[str, str] = {}
    while True:
        page = client.list_service_quotas(ServiceCode=service, **token)
        yield from page["Quotas"]
        if "NextToken" not in page:
            return
        token = {"NextToken": page["NextToken"]}


def _mapping(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def _number(value: object, default: int) -> int:
    return value if isinstance(value, int) else default
