"""Refuse an update that would replace or delete the endpoint: its name is fixed, so nothing would serve in between.

The usual cause is an update of the endpoint that somebody made elsewhere. Unless it sets `RetainDeploymentConfig`,
SageMaker forgets how releases are watched and rolled back (SageMaker API Reference, "UpdateEndpoint"), and the provider
cannot add that to an endpoint that has none: `auto_rollback_configuration` forces a new resource
(hashicorp/terraform-provider-aws, internal/service/sagemaker/endpoint.go).
"""

import json
import shlex
from typing import Any

from mlops_platform.release import DeploymentError
from mlops_platform.release.plan import Operation, Plan

ENDPOINT = "aws:sagemaker/endpoint:Endpoint"
ROLLBACK = "deploymentConfig"
"""The property that says how a release is watched and rolled back."""


def refuse(plan: Plan, *, environment: str, endpoint: str, configuration: str) -> None:
    """Make sure that an update keeps the endpoint.

    Args:
        plan: the update.
        environment: its name, for messages.
        endpoint: name of the endpoint, which exists.
        configuration: name of the configuration that it serves.

    Raises:
        DeploymentError: the endpoint would be replaced or deleted; says why, and what to do.
    """
    operation = plan.removal(ENDPOINT)
    if operation is None:
        return
    deleted = operation.kind == "delete"
    reason = ", ".join(operation.properties) or "no property that the provider names"
    lines = [
        f"{environment} was left as it is: this run would {'delete' if deleted else 'replace'} {endpoint}",
        f"  resource: {operation.name} ({ENDPOINT}), which would answer nothing meanwhile",
        "  reason: the program no longer declares it" if deleted else f"  reason: another value of {reason}",
        *_advice(operation, endpoint, configuration),
    ]
    raise DeploymentError("\n".join(lines))


def _advice(operation: Operation, endpoint: str, configuration: str) -> list[str]:
    rollback = operation.inputs.get(ROLLBACK)
    names = {path.partition(".")[0].partition("[")[0] for path in operation.properties}
    if names == {ROLLBACK} and rollback:
        command = [
            *("aws", "sagemaker", "update-endpoint", "--endpoint-name", endpoint),
            *("--endpoint-config-name", configuration, "--retain-all-variant-properties"),
            *("--deployment-config", json.dumps(_sent(rollback), separators=(",", ":"))),
        ]
        return [
            "  The endpoint has lost its rollback, mostly by an update from elsewhere. In this account, put it back:",
            f"  {shlex.join(command)}",
            "  and run this again when the endpoint is InService.",
        ]
    return [
        "  Take back what changed the name of the endpoint, or of its resource.",
        "  If it shall be replaced or retired, README.md says how (Retire or replace the endpoint).",
    ]


def _sent(value: Any) -> Any:
    """Return a property in the spelling of SageMaker's API, which begins names with capitals.

    The provider's own notes are left out. It writes `__defaults` into every object that it has checked
    (pulumi/pulumi-terraform-bridge, pkg/tfbridge/schema.go, applyDefaults; pkg/reservedkeys).
    """
    match value:
        case dict():
            return {
                name[0].upper() + name[1:]: _sent(inner) for name, inner in value.items() if not name.startswith("__")
            }
        case list():
            return [_sent(inner) for inner in value]
        case _:
            return value
