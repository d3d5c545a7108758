"""A role that no policy can lift above its permissions boundary."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.environment import Environment
from components.iam import held_roles


@dataclass(frozen=True, kw_only=True)
class RoleArgs:
    """Name, trust and policies of a role."""

    environment: Environment
    purpose: str
    """Suffix of the role's name `{prefix}-{purpose}`, to which boundaries and other roles' policies refer."""
    description: str
    trust_policy: pulumi.Input[str]
    """Policy document that says who may assume the role."""
    policies: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    """Policy documents by their purpose, which names them."""
    max_session_seconds: int = 3600


class Role(pulumi.ComponentResource):
    """An IAM role with its inline policies, and the permissions boundary of its environment."""

    arn: pulumi.Output[str]
    """Known once every policy is in place, so that a user of the role never races its permissions."""
    role_name: pulumi.Output[str]

    def __init__(self, name: str, args: RoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:Role", name, None, opts)
        role = aws.iam.Role(
            f"{name}-role",
            name=f"{args.environment.prefix}-{args.purpose}",
            description=args.description,
            assume_role_policy=args.trust_policy,
            permissions_boundary=args.environment.boundary_arn,
            max_session_duration=args.max_session_seconds,
            opts=pulumi.ResourceOptions(parent=self, aliases=held_roles.aliases(args.purpose)),
        )
        policies = [
            aws.iam.RolePolicy(
                f"{name}-{purpose}",
                name=purpose,
                role=role.name,
                policy=policy,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for purpose, policy in args.policies.items()
        ]
        attached = pulumi.Output.all(*(policy.id for policy in policies))
        self.arn = pulumi.Output.all(role.arn, attached).apply(lambda parts: parts[0])
        self.role_name = pulumi.Output.all(role.name, attached).apply(lambda parts: parts[0])
        self.register_outputs({"arn": self.arn, "role_name": self.role_name})
