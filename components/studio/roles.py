"""Who may do what in Studio."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components import iam
from components.network.placement import Placement
from components.role import Role, RoleArgs
from components.site import Site
from components.studio import leads
from components.studio import permissions as everybody


@dataclass(frozen=True, kw_only=True)
class StudioRolesArgs:
    """Where people work, and with what."""

    site: Site
    placement: Placement
    """The only network that a job may run in."""
    grants: Sequence[iam.Statement]
    """What the owners of the shared data and its keys grant to everybody in Studio."""
    templates_bucket_arn: pulumi.Input[str]
    """Bucket of the project templates that leads launch."""
    allowed_instance_types: Sequence[str]
    """Instance types for Studio's apps, such as `ml.t3.medium`."""


class StudioRoles(pulumi.ComponentResource):
    """The roles of data scientists and of lead data scientists, who also launch projects and approve models."""

    data_scientist_role_arn: pulumi.Output[str]
    lead_data_scientist_role_arn: pulumi.Output[str]

    def __init__(self, name: str, args: StudioRolesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:StudioRoles", name, None, opts)
        site = args.site

        def role(group: str, description: str, *beyond: iam.Statement) -> Role:
            return Role(
                f"{name}-{group}",
                RoleArgs(
                    site=site,
                    purpose=group,
                    description=description,
                    trust_policy=iam.trust_service("sagemaker.amazonaws.com", account_id=site.account_id),
                    policies={
                        "studio": iam.document(
                            *everybody.use_own_spaces(site, args.allowed_instance_types),
                            *everybody.see_everything_learned(site),
                        ),
                        "work": iam.document(
                            *everybody.run_jobs(site, group),
                            *args.placement.attach(),
                            *everybody.no_jobs_outside(args.placement.subnet_ids),
                            *everybody.read_what_projects_made(site),
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
            *leads.neither_launch_nor_approve(),
        ).arn
        self.lead_data_scientist_role_arn = role(
            "lead-data-scientist",
            "Lead data scientists in Studio: also launch projects and approve models",
            *leads.launch_projects(site, args.templates_bucket_arn),
            leads.approve_models(site),
        ).arn
        self.register_outputs(
            {
                "data_scientist_role_arn": self.data_scientist_role_arn,
                "lead_data_scientist_role_arn": self.lead_data_scientist_role_arn,
            }
        )
