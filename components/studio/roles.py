"""The roles of people in Studio, and of the jobs that they start."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components import iam
from components.environment import LEAD_DATA_SCIENTIST, Environment
from components.iam.role import Role, RoleArgs
from components.network.vpc_config import VpcConfig
from components.studio import leads, permissions
from components.studio.job_role import job_role


@dataclass(frozen=True, kw_only=True)
class StudioRolesArgs:
    """Network, data and instance types of the roles."""

    environment: Environment
    vpc_config: VpcConfig
    """The only network that a job may run in."""
    grants: Sequence[iam.Statement]
    """Statements by which the owners of the shared data and its keys grant access to every user of Studio."""
    shared_bucket_arns: Sequence[pulumi.Input[str]]
    """Buckets of the shared data."""
    templates_bucket_arn: pulumi.Input[str]
    """Bucket of the project templates that leads launch."""
    allowed_instance_types: Sequence[str]
    """Instance types for Studio's apps, such as `ml.t3.medium`."""
    job_instance_types: Sequence[str]
    """Instance types for jobs, such as `ml.m5.xlarge`."""
    mlflow: bool
    """Whether there is an MLflow app to be seen."""


class StudioRoles(pulumi.ComponentResource):
    """The roles of data scientists, of lead data scientists, who also launch projects and approve models, and of jobs."""

    data_scientist_role_arn: pulumi.Output[str]
    role_names: Mapping[str, pulumi.Output[str]]
    """Names of the roles of people, by their groups."""
    lead_data_scientist_role_arn: pulumi.Output[str]
    job_role_arn: pulumi.Output[str]

    def __init__(self, name: str, args: StudioRolesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:StudioRoles", name, None, opts)
        environment, child = args.environment, pulumi.ResourceOptions(parent=self)
        not_of_leads = leads.leave_files_of_leads_alone(args.shared_bucket_arns)
        self.job_role_arn = Role(
            f"{name}-job", job_role(environment, args.vpc_config, [*args.grants, not_of_leads]), child
        ).arn

        def role(group: str, description: str, *beyond: iam.Statement) -> Role:
            return Role(
                f"{name}-{group}",
                RoleArgs(
                    environment=environment,
                    purpose=group,
                    description=description,
                    trust_policy=iam.trust_service("sagemaker.amazonaws.com", account_id=environment.account_id),
                    policies={
                        "studio": iam.document(
                            *permissions.use_own_spaces(environment, args.allowed_instance_types),
                            *permissions.see_work(environment, mlflow=args.mlflow),
                        ),
                        "work": iam.document(
                            *permissions.start_jobs(environment, self.job_role_arn),
                            *permissions.no_jobs_outside(args.vpc_config.subnet_ids),
                            permissions.no_jobs_on_other_instances(args.job_instance_types),
                            permissions.leave_jobs_of_projects_alone(),
                            *permissions.read_projects(environment),
                            *iam.merge(args.grants),
                        ),
                        "projects": iam.document(*beyond),
                    },
                ),
                child,
            )

        data_scientist = role(
            "data-scientist",
            "Data scientists in Studio: work with data, run jobs, see every project",
            *leads.neither_launch_nor_approve(),
            not_of_leads,
        )
        lead_data_scientist = role(
            LEAD_DATA_SCIENTIST,
            "Lead data scientists in Studio: also launch projects and approve models",
            *leads.launch_projects(environment, args.templates_bucket_arn),
            leads.approve_models(environment),
            leads.put_records(environment),
        )
        self.data_scientist_role_arn, self.lead_data_scientist_role_arn = data_scientist.arn, lead_data_scientist.arn
        self.role_names = {
            "data-scientist": data_scientist.role_name,
            LEAD_DATA_SCIENTIST: lead_data_scientist.role_name,
        }
        self.register_outputs(
            {
                "data_scientist_role_arn": self.data_scientist_role_arn,
                "lead_data_scientist_role_arn": self.lead_data_scientist_role_arn,
                "job_role_arn": self.job_role_arn,
            }
        )
