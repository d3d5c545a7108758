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


@dataclass(frozen=True, kw_only=True)
class Use:
    """The part of the program that uses a role."""

    service: str
    """The service that assumes it."""
    place: str
    """Types of the components that it is in, from the outermost, and its name: the end of its URN."""


USES: Mapping[str, Use] = {
    "deployment-trigger": Use(
        service="lambda.amazonaws.com",
        place="mlops:index:DeploymentTrigger$mlops:index:PlatformFunction$mlops:index:Role$aws:iam/role:Role::deployment-trigger-role",
    ),
    "flow-logs": Use(
        service="vpc-flow-logs.amazonaws.com",
        place="mlops:index:Network$mlops:index:FlowLogs$mlops:index:Role$aws:iam/role:Role::network-flow-logs-role",
    ),
    "mlflow": Use(
        service="sagemaker.amazonaws.com",
        place="mlops:index:MlflowApp$mlops:index:Role$aws:iam/role:Role::mlflow-role",
    ),
    "model-life-cycle": Use(
        service="lambda.amazonaws.com",
        place="mlops:index:ModelLifeCycle$mlops:index:SynchronousFunction$mlops:index:Role$aws:iam/role:Role::model-life-cycle-role",
    ),
}
"""By the purposes of the roles."""


@dataclass(frozen=True, kw_only=True)
class HeldRolesArgs:
    """Roles to hold."""

    environment: Environment
    purposes: Sequence[str]
    """Those of `USES` that no other part of the program declares."""


class HeldRoles(pulumi.ComponentResource):
    """Roles without permissions, each of which a part of the program takes over that needs it (`aliases`), and gives back."""

    def __init__(self, name: str, args: HeldRolesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:HeldRoles", name, None, opts)
        environment = args.environment
        for purpose in args.purposes:
            use = USES[purpose]
            aws.iam.Role(
                f"held-{purpose}",
                name=f"{environment.prefix}-{purpose}",
                description="Not used by the settings of the environment, and without permissions",
                assume_role_policy=trust_service(use.service, account_id=environment.account_id),
                permissions_boundary=environment.boundary_arn,
                opts=pulumi.ResourceOptions(parent=self, aliases=[_urn(use.place)]),
            )
        self.register_outputs({})


def aliases(purpose: str) -> list[str]:
    """Return the place in the state where a role was as long as the settings did not use it."""
    return [_urn(f"mlops:index:HeldRoles$aws:iam/role:Role::held-{purpose}")] if purpose in USES else []


def _urn(place: str) -> str:
    return f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::{place}"
