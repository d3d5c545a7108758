"""The domain of SageMaker Studio and its user profiles."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.environment import Environment
from components.network.vpc_config import VpcConfig
from components.retention import retained

IDLE_MINUTES_AT_LEAST = 60
"""The shortest time that SageMaker accepts. Source: SageMaker API Reference, IdleSettings."""

IDLE_MINUTES_AT_MOST = 525_600
"""The longest. Source: as above."""

BY_HAND = {
    "lifecycle_management": "ENABLED",
    "idle_timeout_in_minutes": IDLE_MINUTES_AT_LEAST,
    "min_idle_timeout_in_minutes": IDLE_MINUTES_AT_LEAST,
    "max_idle_timeout_in_minutes": IDLE_MINUTES_AT_MOST,
}
"""Idle time of the apps of a profile without settings of its own."""

FIXED = ["defaultUserSettings", "retentionPolicy", "subnetIds", "tagPropagation"]
"""Properties that a domain keeps from its first deployment: docs/adr/0026-a-studio-domain-is-never-updated.md."""


@dataclass(frozen=True, kw_only=True)
class StudioDomainArgs:
    """Network, users and idle time of Studio."""

    environment: Environment
    vpc_config: VpcConfig
    kms_key_arn: pulumi.Input[str]
    """Key of the home directories."""
    default_role_arn: pulumi.Input[str]
    """Role of a profile that has no other: the least that a user of Studio may do."""
    user_roles: Mapping[str, pulumi.Input[str]]
    """Execution role of each user profile, by its name."""
    idle_minutes: int
    """Minutes without activity after which an app is stopped."""
    default_instance_type: str
    keep_on_destroy: bool
    """Whether the domain and its home directories outlive the stack."""
    templates_location: pulumi.Input[str]
    """Folder of the project templates that Studio offers besides Service Catalog's: `s3://bucket/folder/`."""


class StudioDomain(pulumi.ComponentResource):
    """A Studio domain without internet access, one profile per user, and project templates switched on."""

    domain_id: pulumi.Output[str]
    domain_arn: pulumi.Output[str]

    def __init__(self, name: str, args: StudioDomainArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:StudioDomain", name, None, opts)
        domain = aws.sagemaker.Domain(
            f"{name}-domain",
            domain_name=args.environment.prefix,
            auth_mode="IAM",
            app_network_access_type="VpcOnly",
            vpc_id=args.vpc_config.vpc_id,
            subnet_ids=args.vpc_config.subnet_ids,
            kms_key_id=args.kms_key_arn,
            tag_propagation="ENABLED",
            default_user_settings={
                "execution_role": args.default_role_arn,
                "security_groups": [args.vpc_config.security_group_id],
                "sharing_settings": {"notebook_output_option": "Disabled"},
                "default_landing_uri": "studio::",
                "studio_web_portal": "ENABLED",
                # For profiles that are made by hand; those of the settings have their own.
                "jupyter_lab_app_settings": {"app_lifecycle_management": {"idle_settings": BY_HAND}},
                "code_editor_app_settings": {"app_lifecycle_management": {"idle_settings": BY_HAND}},
            },
            # Kept with the domain if that is retained. The alternative leaves the file system alone, whose mount targets
            # then hold on to the subnets.
            retention_policy={"home_efs_file_system": "Delete"},
            tags={"sagemaker:projectS3TemplatesLocation": args.templates_location},
            opts=pulumi.ResourceOptions.merge(
                retained(self, keep=args.keep_on_destroy), pulumi.ResourceOptions(ignore_changes=FIXED)
            ),
        )
        # What changes stands in the profiles, which can be updated.
        idle = {
            "lifecycle_management": "ENABLED",
            "idle_timeout_in_minutes": args.idle_minutes,
            "min_idle_timeout_in_minutes": IDLE_MINUTES_AT_LEAST,
            "max_idle_timeout_in_minutes": args.idle_minutes,
        }
        for user, role_arn in args.user_roles.items():
            aws.sagemaker.UserProfile(
                f"{name}-user-{user}",
                domain_id=domain.id,
                user_profile_name=user,
                user_settings={
                    "execution_role": role_arn,
                    "jupyter_lab_app_settings": {
                        "default_resource_spec": {"instance_type": args.default_instance_type},
                        "app_lifecycle_management": {"idle_settings": idle},
                    },
                    "code_editor_app_settings": {
                        "default_resource_spec": {"instance_type": args.default_instance_type},
                        "app_lifecycle_management": {"idle_settings": idle},
                    },
                },
                opts=pulumi.ResourceOptions(parent=self),
            )
        aws.sagemaker.ServicecatalogPortfolioStatus(
            f"{name}-project-templates",
            status="Enabled",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.domain_id = domain.id
        self.domain_arn = domain.arn
        self.register_outputs({"domain_id": self.domain_id, "domain_arn": self.domain_arn})
