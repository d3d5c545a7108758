"""The role under which Service Catalog launches a project."""

from dataclasses import dataclass

import pulumi

from components import iam
from components.project_launches import permissions
from components.role import Role, RoleArgs
from components.site import Site


@dataclass(frozen=True, kw_only=True)
class ProjectLaunchRoleArgs:
    """What a launch may touch."""

    site: Site
    template_cloner_arn: pulumi.Input[str]


class ProjectLaunchRole(pulumi.ComponentResource):
    """Creates and deletes exactly what the project templates contain, and only under a project's own names."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: ProjectLaunchRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:ProjectLaunchRole", name, None, opts)
        site = args.site
        role = Role(
            name,
            RoleArgs(
                site=site,
                purpose="project-launch",
                description="Service Catalog: create and delete what a project consists of",
                trust_policy=iam.trust_service("servicecatalog.amazonaws.com", account_id=site.account_id),
                policies={
                    "stacks": iam.document(*permissions.manage_stacks(site), *permissions.manage_roles(site)),
                    "resources": iam.document(
                        *permissions.manage_buckets(site),
                        *permissions.manage_models_and_code(site),
                        permissions.manage_parameters(site),
                        permissions.clone_templates(args.template_cloner_arn),
                    ),
                },
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.arn = role.arn
        self.register_outputs({"arn": self.arn})
