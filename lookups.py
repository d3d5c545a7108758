"""Facts that the program looks up before it declares anything: in AWS, and among the template repositories."""

import tomllib
from pathlib import Path

import pulumi
import pulumi_aws as aws

from components.environment import Environment

TEMPLATES = Path(__file__).parent / "template-repos" / "templates.toml"


def template_kinds() -> list[str]:
    """Return the kinds of template repository, such as `model-training`."""
    return list(tomllib.loads(TEMPLATES.read_text(encoding="utf-8")))


def require_account(environment: Environment, provider: aws.Provider) -> None:
    """Check that the credentials belong to the environment's account.

    Raises:
        pulumi.RunError: they belong to another one, or to none; the provider's own reason is part of the one line.
    """
    try:
        aws.get_caller_identity(opts=pulumi.InvokeOptions(provider=provider))
    except Exception as refusal:
        reason = " ".join(str(refusal).rpartition("returned an error: ")[2].split())
        raise pulumi.RunError(
            f"Use credentials of account {environment.account_id}, where {environment.prefix} lives: {reason}"
        ) from None


def availability_zones(count: int, environment: Environment, provider: aws.Provider) -> list[str]:
    """Return the names of the first `count` zones of the region, in a stable order.

    Raises:
        pulumi.RunError: the region has fewer.
    """
    zones = aws.get_availability_zones(
        state="available",
        # A Local Zone is available too once an account opts in, but has neither NAT gateways nor most endpoints.
        filters=[{"name": "opt-in-status", "values": ["opt-in-not-required"]}],
        opts=pulumi.InvokeOptions(provider=provider),
    )
    if len(zones.names) < count:
        raise pulumi.RunError(f"network.zones: {environment.region} has {len(zones.names)}; ask for no more")
    return sorted(zones.names)[:count]
