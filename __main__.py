"""The platform in one environment: what its settings ask for, in the order in which it depends on each other."""

import os

import pulumi
import pulumi_aws as aws
import pulumi_github as github

from components.access import Access, AccessArgs
from components.drift_role import DriftRole, DriftRoleArgs
from components.encryption import Encryption, EncryptionArgs
from components.github_oidc import GitHubRepository
from components.github_organization import GitHubOrganization, GitHubOrganizationArgs
from components.network import ImportedNetwork, ImportedNetworkArgs, Network, NetworkArgs
from components.network_endpoints import EVERYWHERE, PROJECTS, STUDIO, WORKLOAD, NetworkEndpoints, NetworkEndpointsArgs
from components.network_flow_logs import FlowLogs, FlowLogsArgs
from components.parameters import Parameters, ParametersArgs
from components.project_catalog import ProjectCatalog, ProjectCatalogArgs, templates_location
from components.project_launch_role import ProjectLaunchRole, ProjectLaunchRoleArgs
from components.storage import Storage, StorageArgs
from components.studio import Studio, StudioArgs
from components.template_cloner import TemplateCloner, TemplateClonerArgs
from components.workload_account import WorkloadAccount, WorkloadAccountArgs
from settings import ExistingNetwork, Settings

settings = Settings.load()
prefix, region, account_id = settings.prefix, settings.region, settings.account_id
boundary_arn, keep = settings.boundary_arn, settings.keep_data_on_destroy

# The provider refuses every account but this one before anything is changed.
provider = aws.Provider(
    "aws",
    region=region,
    allowed_account_ids=[account_id],
    default_tags={"tags": settings.default_tags},
)
here, ask = pulumi.ResourceOptions(providers=[provider]), pulumi.InvokeOptions(provider=provider)
try:
    aws.get_caller_identity(opts=ask)
except Exception as refusal:
    raise pulumi.RunError(f"Stack {prefix} lives in account {account_id}; use credentials of it. {refusal}") from None

# Keys: one for each thing that this environment encrypts.
encryption = Encryption(
    "encryption",
    EncryptionArgs(
        prefix=prefix,
        region=region,
        account_id=account_id,
        purposes=[
            "data",
            "logs",
            *(["studio"] if settings.studio else []),
            *(["secrets"] if settings.projects else []),
        ],
        log_groups=[f"{settings.parameter_path}/*", f"/aws/lambda/{prefix}-*"],
        data_reader_account_ids=settings.projects.account_ids if settings.projects else [],
        keep_on_destroy=keep,
    ),
    here,
)
data_key, logs_key = encryption.keys["data"], encryption.keys["logs"]

# Network: an existing one, or one of its own with private ways to AWS and a record of its traffic.
if isinstance(settings.network, ExistingNetwork):
    placement = ImportedNetwork(
        "network",
        ImportedNetworkArgs(
            prefix=prefix,
            region=region,
            account_id=account_id,
            vpc_id=settings.network.vpc_id,
            subnet_ids=settings.network.subnet_ids,
            security_group_id=settings.network.security_group_id,
        ),
        here,
    ).placement
else:
    available = aws.get_availability_zones(
        state="available",
        # A Local Zone is available too once somebody opts in, but has neither NAT gateways nor most endpoints.
        filters=[{"name": "opt-in-status", "values": ["opt-in-not-required"]}],
        opts=ask,
    )
    network = Network(
        "network",
        NetworkArgs(
            prefix=prefix,
            region=region,
            account_id=account_id,
            cidr=settings.network.cidr,
            zones=sorted(available.names)[: settings.network.zones],
            nat=settings.network.nat,
        ),
        here,
    )
    placement = network.placement
    NetworkEndpoints(
        "endpoints",
        NetworkEndpointsArgs(
            prefix=prefix,
            placement=placement,
            services=[
                *EVERYWHERE,
                *(STUDIO if settings.studio else ()),
                *(PROJECTS if settings.projects else ()),
                *(WORKLOAD if settings.workload else ()),
            ],
            route_table_ids=network.route_table_ids,
        ),
        here,
    )
    FlowLogs(
        "flow-logs",
        FlowLogsArgs(
            prefix=prefix,
            account_id=account_id,
            vpc_id=placement.vpc_id,
            log_group_name=f"{settings.parameter_path}/flow-logs",
            kms_key_arn=logs_key.arn,
            boundary_arn=boundary_arn,
        ),
        here,
    )

# Buckets: for people and project templates where there is Studio, for artifacts where models are deployed.
storage = Storage(
    "storage",
    StorageArgs(
        purposes=[
            *(["data", "sagemaker"] if settings.studio else []),
            *(["catalog"] if settings.projects else []),
            *(["artifacts"] if settings.workload else []),
        ],
        bucket_name=settings.bucket_name,
        account_id=account_id,
        kms_key_arn=data_key.arn,
        keep_on_destroy=keep,
    ),
    here,
)

# What launched projects are told; more is added below.
parameters: dict[str, pulumi.Input[str]] = {
    "network/vpc-id": placement.vpc_id,
    "network/workload-security-group-id": placement.security_group_id,
    "encryption/data-key-arn": data_key.arn,
    "access/boundary-arn": boundary_arn,
    "github/organization": settings.github.organization,
    "github/server-url": settings.github.server_url,
    "github/oidc-provider-arn": settings.oidc_provider_arn,
    "github/oidc-issuer": settings.github.oidc_issuer_host,
}

# Development: people work in Studio, under roles of their own; leads launch projects from a catalog, whose products
# get their repositories from the template cloner.
if settings.studio and settings.projects:
    studio_key, secrets_key = encryption.keys["studio"], encryption.keys["secrets"]
    data_bucket, sagemaker_bucket, catalog_bucket = (storage.buckets[it] for it in ("data", "sagemaker", "catalog"))
    access = Access(
        "access",
        AccessArgs(
            unit=settings.unit,
            environment=settings.environment,
            account_id=account_id,
            region=region,
            boundary_arn=boundary_arn,
            placement=placement,
            grants=[
                *(grant for it in (data_bucket, sagemaker_bucket) for grant in (it.read(), it.write())),
                *(grant for it in (data_key, studio_key) for grant in (it.use(), it.grant_to_services())),
            ],
            templates_bucket_arn=catalog_bucket.arn,
            allowed_instance_types=settings.studio.allowed_instance_types,
        ),
        here,
    )
    role_of = {"lead": access.lead_data_scientist_role_arn, "dataScientist": access.data_scientist_role_arn}
    studio = Studio(
        "studio",
        StudioArgs(
            domain_name=prefix,
            placement=placement,
            kms_key_arn=studio_key.arn,
            default_role_arn=access.data_scientist_role_arn,
            user_roles={profile.name: role_of[profile.role] for profile in settings.studio.user_profiles},
            idle_minutes=settings.studio.idle_minutes,
            default_instance_type=settings.studio.default_instance_type,
            templates_location=templates_location(catalog_bucket.bucket_name),
            keep_on_destroy=keep,
        ),
        here,
    )
    cloner = TemplateCloner(
        "template-cloner",
        TemplateClonerArgs(
            unit=settings.unit,
            environment=settings.environment,
            account_id=account_id,
            region=region,
            boundary_arn=boundary_arn,
            placement=placement,
            logs_key_arn=logs_key.arn,
            secrets_key_arn=secrets_key.arn,
            github_organization=settings.github.organization,
            github_api_url=settings.github.api_url,
            github_server_url=settings.github.server_url,
            oidc_subjects=settings.github.oidc_subjects,
            launches_at_once=settings.projects.launches_at_once,
        ),
        here,
    )
    launch_role = ProjectLaunchRole(
        "project-launch",
        ProjectLaunchRoleArgs(
            unit=settings.unit,
            environment=settings.environment,
            account_id=account_id,
            region=region,
            boundary_arn=boundary_arn,
            template_cloner_arn=cloner.arn,
        ),
        here,
    )
    catalog = ProjectCatalog(
        "project-catalog",
        ProjectCatalogArgs(
            unit=settings.unit,
            environment=settings.environment,
            region=region,
            bucket_name=catalog_bucket.bucket_name,
            launch_role_arn=launch_role.arn,
            launcher_role_arn=access.lead_data_scientist_role_arn,
        ),
        here,
    )
    parameters["storage/data-bucket"] = data_bucket.bucket_name
    parameters["access/data-scientist-role-arn"] = access.data_scientist_role_arn
    parameters["access/lead-data-scientist-role-arn"] = access.lead_data_scientist_role_arn
    parameters["github/credential-secret-arn"] = cloner.credential_secret_arn
    parameters["projects/template-cloner-arn"] = cloner.arn
    if settings.projects.preprod_account_id:
        parameters["accounts/preprod"] = settings.projects.preprod_account_id
    if settings.projects.prod_account_id:
        parameters["accounts/prod"] = settings.projects.prod_account_id
    pulumi.export("studioDomainId", studio.domain_id)
    pulumi.export("projectProducts", catalog.products)

# GitHub: what all projects share, looked after by one stack of the organization.
if settings.projects and settings.projects.publish_template_repositories:
    # The provider's SDK would copy the token from the program's environment into the state; the plugin has its own.
    os.environ.pop("GITHUB_TOKEN", None)
    github_provider = github.Provider(
        "github", owner=settings.github.organization, base_url=f"{settings.github.api_url}/"
    )
    organization = GitHubOrganization(
        "github",
        GitHubOrganizationArgs(template_kinds=["model-training"], keep_on_destroy=keep),
        pulumi.ResourceOptions(providers=[github_provider]),
    )
    pulumi.export("templateRepositories", organization.template_repositories)

# Preprod and production: deployed models run under a role of their own.
if settings.workload:
    workload = WorkloadAccount(
        "workload",
        WorkloadAccountArgs(
            prefix=prefix,
            region=region,
            account_id=account_id,
            artifacts=storage.buckets["artifacts"],
            data_key=data_key,
            placement=placement,
            boundary_arn=boundary_arn,
        ),
        here,
    )
    parameters["storage/artifacts-bucket"] = storage.buckets["artifacts"].bucket_name
    parameters["access/model-execution-role-arn"] = workload.model_execution_role_arn
    parameters["accounts/development"] = settings.workload.development_account_id

# Everywhere: a role for the workflow that looks for drift, and the parameters.
DriftRole(
    "drift",
    DriftRoleArgs(
        unit=settings.unit,
        environment=settings.environment,
        account_id=account_id,
        region=region,
        boundary_arn=boundary_arn,
        provider_arn=settings.oidc_provider_arn,
        issuer=settings.github.oidc_issuer_host,
        repository=GitHubRepository(
            organization=settings.github.organization,
            organization_id=settings.github.organization_id,
            name=settings.github.repository,
            repository_id=settings.github.repository_id,
            subject_form=settings.github.oidc_subjects,
        ),
    ),
    here,
)
Parameters(
    "parameters",
    ParametersArgs(
        path=settings.parameter_path,
        values=parameters,
        lists={"network/private-subnet-ids": placement.subnet_ids},
    ),
    here,
)
pulumi.export("vpcId", placement.vpc_id)
