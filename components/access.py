"""Who may do what in Studio."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components import iam
from components import studio_permissions as may
from components.network_placement import Placement
from components.role import Role, RoleArgs


@dataclass(frozen=True, kw_only=True)
class AccessArgs:
    """Where people work, and with what."""

    unit: str
    environment: str
    account_id: str
    region: str
    boundary_arn: pulumi.Input[str]
    placement: Placement
    """The only network that a job may run in."""
    grants: Sequence[iam.Statement]
    """What the owners of the shared data and its keys grant to everybody in Studio."""
    templates_bucket_arn: pulumi.Input[str]
    """Bucket of the project templates that leads launch."""
    allowed_instance_types: Sequence[str]
    """Instance types for Studio's apps, such as `ml.t3.medium`."""


class Access(pulumi.ComponentResource):
    """The roles of data scientists and of lead data scientists, who also launch projects and approve models."""

    data_scientist_role_arn: pulumi.Output[str]
    lead_data_scientist_role_arn: pulumi.Output[str]

    def __init__(self, name: str, args: AccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:Access", name, None, opts)
        place = may.Place(
            prefix=f"{args.unit}-{args.environment}",
            unit=args.unit,
            environment=args.environment,
            account_id=args.account_id,
            region=args.region,
        )

        def role(group: str, description: str, *beyond: iam.Statement) -> Role:
            role_name = f"{place.prefix}-{group}"
            return Role(
                f"{name}-{group}",
                RoleArgs(
                    role_name=role_name,
                    description=description,
                    trust_policy=iam.trust_service("sagemaker.amazonaws.com", account_id=args.account_id),
                    boundary_arn=args.boundary_arn,
                    policies={
                        "studio": iam.document(
                            *may.use_own_spaces(place, args.allowed_instance_types),
                            *may.see_everything_learned(place),
                        ),
                        "work": iam.document(
                            *may.run_jobs(place, role_name),
                            *args.placement.attach(),
                            *may.no_jobs_outside(args.placement.subnet_ids),
                            *may.read_what_projects_made(place),
                            *iam.merge(args.grants),
                        ),
                        "projects": iam.document(*beyond),
                    },
                ),
                pulumi.ResourceOptions(parent=self),
            )

        self.data_scientist_role_arn = role(
            "data-scientist",
            "Data scientists in Studio: work with data, run jobs, see every project",
            *may.neither_launch_nor_approve(),
        ).arn
        self.lead_data_scientist_role_arn = role(
            "lead-data-scientist",
            "Lead data scientists in Studio: also launch projects and approve models",
            *may.launch_projects(place, args.templates_bucket_arn),
            *may.approve_models(place),
        ).arn
        self.register_outputs(
            {
                "data_scientist_role_arn": self.data_scientist_role_arn,
                "lead_data_scientist_role_arn": self.lead_data_scientist_role_arn,
            }
        )
