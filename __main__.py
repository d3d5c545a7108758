"""The MLOps platform in one environment of one business unit, in the order in which its parts build on each other.

Every environment has keys, a network, buckets and a topic for alarms. In development, data scientists work in Studio, and
leads launch projects: each gets repositories of its own on GitHub, whose workflows train models and, when one is
approved, deploy it to preprod and production. Which of it an environment has, its settings decide:
`Pulumi.<stack>.yaml`, read by `settings.py`.
"""

import os

import pulumi
import pulumi_aws as aws
import pulumi_github as github

from components.alarms import Alarms, AlarmsArgs
from components.deployment_trigger import DeploymentTrigger, DeploymentTriggerArgs
from components.drift_role import DriftRole, DriftRoleArgs
from components.encryption import Encryption, EncryptionArgs
from components.github.organization import GitHubOrganization, GitHubOrganizationArgs
from components.github.templates import template_kinds
from components.network import ImportedNetwork, ImportedNetworkArgs, Network, NetworkArgs
from components.parameters import Parameters, ParametersArgs, Values
from components.project_launches import ProjectLaunches, ProjectLaunchesArgs
from components.storage import Storage, StorageArgs
from components.studio import Studio, StudioArgs
from components.workload_account import WorkloadAccount, WorkloadAccountArgs
from settings import ExistingNetwork, Settings

settings = Settings.load()
environment, needs = settings.context, settings.needs

# One account: the provider refuses credentials of any other, before anything is changed.
provider = aws.Provider(
    "aws",
    region=environment.region,
    allowed_account_ids=[environment.account_id],
    default_tags={"tags": settings.default_tags},
)
here, ask = pulumi.ResourceOptions(providers=[provider]), pulumi.InvokeOptions(provider=provider)
try:
    aws.get_caller_identity(opts=ask)
except Exception as refusal:
    problem = f"Stack {environment.prefix} lives in account {environment.account_id}; use credentials of it. {refusal}"
    raise pulumi.RunError(problem) from None

# Foundations: a key for each purpose, a private network of the platform's own or an existing one, buckets, and a topic
# for alarms.
encryption = Encryption(
    "encryption",
    EncryptionArgs(
        environment=environment, purposes=needs.keys, data_reader_account_ids=settings.deployment_accounts.values()
    ),
    here,
)
keys, wanted = encryption.keys, settings.network
if isinstance(wanted, ExistingNetwork):
    network = ImportedNetwork(
        "network",
        ImportedNetworkArgs(
            environment=environment,
            vpc_id=wanted.vpc_id,
            subnet_ids=wanted.subnet_ids,
            security_group_id=wanted.security_group_id,
        ),
        here,
    )
else:
    zones = aws.get_availability_zones(
        state="available",
        # A Local Zone is available too once somebody opts in, but has neither NAT gateways nor most endpoints.
        filters=[{"name": "opt-in-status", "values": ["opt-in-not-required"]}],
        opts=ask,
    )
    if len(zones.names) < wanted.zones:
        raise pulumi.RunError(f"network.zones: {environment.region} has {len(zones.names)}; ask for no more")
    network = Network(
        "network",
        NetworkArgs(
            environment=environment,
            cidr=wanted.cidr,
            zones=sorted(zones.names)[: wanted.zones],
            nat=wanted.nat,
            services=needs.services,
            logs_key_arn=keys["logs"].arn,
            onboarding_role_arns=settings.onboarding_role_arns,
        ),
        here,
    )
storage = Storage(
    "storage", StorageArgs(environment=environment, purposes=needs.buckets, kms_key_arn=keys["data"].arn), here
)
buckets, vpc_config = storage.buckets, network.vpc_config
alarms = Alarms(
    "alarms",
    AlarmsArgs(environment=environment, kms_key_arn=keys["notifications"].arn, emails=settings.alarms.emails),
    here,
)
parameters: Values = {
    **settings.parameters,
    **encryption.parameters,
    **network.parameters,
    **storage.parameters,
    **alarms.parameters,
}

# Development: data scientists work in Studio, and leads launch projects from a catalog of templates.
if settings.studio and settings.projects:
    studio = Studio(
        "studio",
        StudioArgs(
            environment=environment,
            vpc_config=vpc_config,
            home_key=keys["studio"],
            data_key=keys["data"],
            shared_buckets=[buckets["data"], buckets["sagemaker"]],
            templates=buckets["catalog"],
            users={profile.name: profile.role for profile in settings.studio.user_profiles},
            idle_minutes=settings.studio.idle_minutes,
            default_instance_type=settings.studio.default_instance_type,
            allowed_instance_types=settings.studio.allowed_instance_types,
        ),
        here,
    )
    projects = ProjectLaunches(
        "projects",
        ProjectLaunchesArgs(
            environment=environment,
            vpc_config=vpc_config,
            templates=buckets["catalog"],
            logs_key_arn=keys["logs"].arn,
            secrets_key_arn=keys["secrets"].arn,
            github=settings.github.connection,
            launcher_role_arn=studio.lead_role_arn,
            launches_at_once=settings.projects.launches_at_once,
            deployment_accounts=settings.deployment_accounts,
        ),
        here,
    )
    # One for all projects: an approved model is deployed by its project's own repository.
    if settings.deployment_accounts:
        DeploymentTrigger(
            "deployment-trigger",
            DeploymentTriggerArgs(
                environment=environment,
                vpc_config=vpc_config,
                logs_key_arn=keys["logs"].arn,
                secrets_key_arn=keys["secrets"].arn,
                data_key=keys["data"],
                github=settings.github.connection,
                credential_secret_arn=projects.credential_secret_arn,
                alarms_topic_arn=alarms.topic_arn,
            ),
            here,
        )
    parameters = {**parameters, **studio.parameters, **projects.parameters}
    pulumi.export("studioDomainId", studio.domain_id)
    pulumi.export("projectProducts", projects.products)

# GitHub: what all projects share, looked after by one stack of the organization.
if settings.projects and settings.projects.publish_template_repositories:
    # The provider's SDK would copy the token from the program's environment into the state; the plugin has its own.
    os.environ.pop("GITHUB_TOKEN", None)
    github_provider = github.Provider(
        "github", owner=settings.github.organization, base_url=f"{settings.github.api_url}/"
    )
    organization = GitHubOrganization(
        "github",
        GitHubOrganizationArgs(template_kinds=template_kinds(), keep_on_destroy=environment.keep_on_destroy),
        pulumi.ResourceOptions(providers=[github_provider]),
    )
    pulumi.export("templateRepositories", organization.template_repositories)

# Preprod and production: a project gets the roles that its models are deployed with and run under.
if settings.workload:
    workload = WorkloadAccount(
        "workload",
        WorkloadAccountArgs(
            environment=environment,
            artifacts=buckets["artifacts"],
            data_key=keys["data"],
            vpc_config=vpc_config,
            development_account_id=settings.workload.development_account_id,
            development_prefix=f"{environment.unit}-{settings.workload.development_environment}",
            oidc_provider_arn=environment.oidc_provider_arn(settings.github.oidc_issuer_host),
            oidc_issuer=settings.github.oidc_issuer_host,
            alarms_topic_arn=alarms.topic_arn,
        ),
        here,
    )
    parameters = {**parameters, **workload.parameters}

# Everywhere: a role for the workflow that looks for drift, and what projects are told.
DriftRole(
    "drift",
    DriftRoleArgs(
        environment=environment, issuer=settings.github.oidc_issuer_host, repository=settings.github.platform_repository
    ),
    here,
)
Parameters("parameters", ParametersArgs(path=environment.parameter_path, values=parameters), here)
pulumi.export("vpcId", vpc_config.vpc_id)
