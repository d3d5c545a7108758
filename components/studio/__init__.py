"""SageMaker Studio: its domain, and the roles of the people who work in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi

from components.encryption.key import EncryptionKey
from components.environment import Environment
from components.network.vpc_config import VpcConfig
from components.parameters import Values
from components.project_catalog import templates_location
from components.storage.private_bucket import PrivateBucket
from components.studio.domain import StudioDomain, StudioDomainArgs
from components.studio.roles import StudioRoles, StudioRolesArgs

Group = Literal["lead", "dataScientist"]
"""Leads launch projects and approve models; data scientists work in them."""


@dataclass(frozen=True, kw_only=True)
class StudioArgs:
    """Users of Studio, their network, keys and buckets, and their apps."""

    environment: Environment
    vpc_config: VpcConfig
    """The network of apps."""
    jobs_vpc_config: VpcConfig
    """The network of the jobs that people start from there, with another security group."""
    home_key: EncryptionKey
    """Key of the home directories."""
    data_key: EncryptionKey
    shared_buckets: Sequence[PrivateBucket]
    """Buckets that every user reads and writes."""
    templates: PrivateBucket
    """Bucket of the project templates."""
    users: Mapping[str, Group]
    """The group of each user, by the name of their profile."""
    idle_minutes: int
    """Minutes without activity after which an app is stopped."""
    default_instance_type: str
    allowed_instance_types: Sequence[str]
    """Instance types for apps, such as `ml.t3.medium`."""
    job_instance_types: Sequence[str]
    """Instance types for jobs, such as `ml.m5.xlarge`."""
    mlflow: bool
    """Whether people see an MLflow app; its own component lets them use it."""
    keep_on_destroy: bool
    """Whether the domain and its home directories outlive the stack, and cannot be deleted by mistake."""


class Studio(pulumi.ComponentResource):
    """A Studio domain, and the roles under which the people in it work."""

    domain_id: pulumi.Output[str]
    lead_role_arn: pulumi.Output[str]
    """Role of lead data scientists."""
    role_names: Mapping[str, pulumi.Output[str]]
    """Names of the roles of people, by their groups."""
    parameters: Values

    def __init__(self, name: str, args: StudioArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:Studio", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        roles = StudioRoles(
            name,
            StudioRolesArgs(
                environment=args.environment,
                vpc_config=args.jobs_vpc_config,
                grants=[
                    *(bucket.read_and_write() for bucket in args.shared_buckets),
                    *(
                        grant
                        for key in (args.data_key, args.home_key)
                        for grant in (key.use(), key.grant_to_services())
                    ),
                ],
                shared_bucket_arns=[bucket.arn for bucket in args.shared_buckets],
                templates_bucket_arn=args.templates.arn,
                allowed_instance_types=args.allowed_instance_types,
                job_instance_types=args.job_instance_types,
                mlflow=args.mlflow,
            ),
            child,
        )
        role_of = {"lead": roles.lead_data_scientist_role_arn, "dataScientist": roles.data_scientist_role_arn}
        domain = StudioDomain(
            name,
            StudioDomainArgs(
                environment=args.environment,
                vpc_config=args.vpc_config,
                kms_key_arn=args.home_key.arn,
                default_role_arn=roles.data_scientist_role_arn,
                user_roles={user: role_of[group] for user, group in args.users.items()},
                idle_minutes=args.idle_minutes,
                keep_on_destroy=args.keep_on_destroy,
                default_instance_type=args.default_instance_type,
                templates_location=templates_location(args.templates.bucket_name),
            ),
            child,
        )
        self.domain_id = domain.domain_id
        self.lead_role_arn = roles.lead_data_scientist_role_arn
        self.role_names = roles.role_names
        self.parameters = {
            "access/data-scientist-role-arn": roles.data_scientist_role_arn,
            "access/job-role-arn": roles.job_role_arn,
            "access/lead-data-scientist-role-arn": roles.lead_data_scientist_role_arn,
        }
        self.register_outputs({"domain_id": self.domain_id})
