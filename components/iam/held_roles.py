"""The roles of development that its settings do not use.

Boundaries and other policies know roles by their names, and whom a role of development trusts is decided when it is made
(docs/adr/0024). A role that was not there could be made with a trust in anybody: so it is there from the start, and may do nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.environment import Environment
from components.iam.policy import trust_service

SERVICES: Mapping[str, str] = {
    "deployment-trigger": "lambda.amazonaws.com",
    "flow-logs": "vpc-flow-logs.amazonaws.com",
    "mlflow": "sagemaker.amazonaws.com",
    "model-life-cycle": "lambda.amazonaws.com",
}
"""Services that assume the roles, by their purposes."""


@dataclass(frozen=True, kw_only=True)
class HeldRolesArgs:
    """Roles to hold."""

    environment: Environment
    purposes: Sequence[str]
    """Those of `SERVICES` that no other part of the program declares."""


class HeldRoles(pulumi.ComponentResource):
    """Roles without permissions; a part of the program that needs one takes it over (`aliases`)."""

    def __init__(self, name: str, args: HeldRolesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:HeldRoles", name, None, opts)
        environment = args.environment
        for purpose in args.purposes:
            aws.iam.Role(
                f"held-{purpose}",
                name=f"{environment.prefix}-{purpose}",
                description="Not used by the settings of the environment, and without permissions",
                assume_role_policy=trust_service(SERVICES[purpose], account_id=environment.account_id),
                permissions_boundary=environment.boundary_arn,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})


def aliases(purpose: str) -> list[str]:
    """Return the place in the state where a role was as long as the settings did not use it."""
    if purpose not in SERVICES:
        return []
    program = f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}"
    return [f"{program}::mlops:index:HeldRoles$aws:iam/role:Role::held-{purpose}"]
