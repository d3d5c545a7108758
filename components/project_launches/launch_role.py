"""The role under which Service Catalog launches a project."""

from dataclasses import dataclass

import pulumi

from components import iam
from components.environment import Environment
from components.iam.role import Role, RoleArgs
from components.project_launches import permissions


@dataclass(frozen=True, kw_only=True)
class ProjectLaunchRoleArgs:
    """Settings of the launch role."""

    environment: Environment
    template_cloner_arn: pulumi.Input[str]


class ProjectLaunchRole(pulumi.ComponentResource):
    """A role that creates and deletes exactly what the project templates contain, under a project's own names only."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: ProjectLaunchRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:ProjectLaunchRole", name, None, opts)
        environment = args.environment
        role = Role(
            name,
            RoleArgs(
                environment=environment,
                purpose="project-launch",
                description="Service Catalog: create and delete what a project consists of",
                trust_policy=iam.trust_service(
                    "servicecatalog.amazonaws.com", account_id=environment.account_id, names_account=False
                ),
                policies={
                    "stacks": iam.document(
                        *permissions.manage_stacks(environment), *permissions.manage_roles(environment)
                    ),
                    "resources": iam.document(
                        *permissions.manage_buckets(environment),
                        permissions.manage_model_groups(environment),
                        permissions.manage_code_repositories(environment),
                        permissions.manage_parameters(environment),
                        permissions.clone_templates(args.template_cloner_arn),
                    ),
                    "schedules": iam.document(*permissions.manage_schedules(environment)),
                },
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.arn = role.arn
        self.register_outputs({"arn": self.arn})
