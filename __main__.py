"""The MLOps platform in one environment of one business unit: its parts, in the order in which they build on each other.

Every environment has keys, a network, buckets and a topic for alarms. In development, data scientists work in Studio, and
leads launch projects: each gets repositories of its own on GitHub, whose workflows train models and, when one is
approved, deploy it to preprod and production. Settings decide what each environment contains: `Pulumi.<stack>.yaml`,
read by `settings/`.
"""

import pulumi
import pulumi_aws as aws

import lookups
from components.alarms import Alarms, AlarmsArgs
from components.deployment_trigger import DeploymentTrigger, DeploymentTriggerArgs
from components.drift_role import DriftRole, DriftRoleArgs
from components.encryption import Encryption, EncryptionArgs
from components.github.organization import GitHubOrganization, GitHubOrganizationArgs, organization_provider
from components.github.rulesets import RELEASE_BRANCH
from components.iam.held_roles import HeldRoles, HeldRolesArgs
from components.mlflow_app import MlflowApp, MlflowAppArgs
from components.model_life_cycle import ModelLifeCycle, ModelLifeCycleArgs
from components.model_release import ModelRelease, ModelReleaseArgs, approved_artifacts
from components.network import ImportedNetwork, ImportedNetworkArgs, Network, NetworkArgs
from components.parameters import Parameters, ParametersArgs
from components.project_launches import ProjectLaunches, ProjectLaunchesArgs
from components.storage import Storage, StorageArgs
from components.studio import Studio, StudioArgs
from components.studio.leads import files_of_leads
from components.workload_account import Release, WorkloadAccount, WorkloadAccountArgs, truth
from costs import declared, price_list
from costs.idle_month import idle_month
from settings import ExistingNetwork, Settings

settings = Settings.load()
environment = settings.environment
resources = declared.record()

# Before anything is declared, the program checks two things: that the credentials are those of the environment's account, which
# the provider insists on, and that the region or the existing network offers what the settings ask for.
provider = aws.Provider(
    "aws",
    region=environment.region,
    allowed_account_ids=[environment.account_id],
    default_tags={"tags": settings.default_tags},
)
lookups.require_account(environment, provider)
zones = lookups.network_zones(settings, provider)
options = pulumi.ResourceOptions(providers=[provider])

# Foundations: a key for each purpose, a new network or an existing one, buckets, a topic for alarms, and a budget.
encryption = Encryption(
    "encryption",
    EncryptionArgs(
        environment=environment,
        purposes=settings.requirements.keys,
        data_reader_account_ids=settings.deployment_accounts.values(),
        budget=settings.costs.monthly_budget_usd is not None,
        keep_on_destroy=settings.keep_data_on_destroy,
    ),
    options,
)
keys, ways_out = encryption.keys, settings.ways_out
if isinstance(settings.network, ExistingNetwork):
    network = ImportedNetwork(
        "network",
        ImportedNetworkArgs(
            environment=environment,
            vpc_id=settings.network.vpc_id,
            subnet_ids=settings.network.subnet_ids,
            security_group_id=settings.network.security_group_id,
            job_security_group_id=settings.network.job_security_group_id,
            studio=settings.development is not None,
        ),
        options,
    )
else:
    network = Network(
        "network",
        NetworkArgs(
            environment=environment,
            cidr=settings.network.cidr,
            zones=zones,
            nat=ways_out.nat,
            public_subnets=ways_out.public_subnets,
            services=ways_out.endpoints,
            studio=settings.development is not None,
            caller_cidrs=ways_out.caller_cidrs,
            signed_by_aws=ways_out.signed_by_aws,
            logs_key_arn=keys["logs"].arn,
        ),
        options,
    )
functions_vpc_config = network.vpc_config_of_apps if settings.functions_in_network else None
storage = Storage(
    "storage",
    StorageArgs(
        environment=environment,
        purposes=settings.requirements.buckets,
        kms_key_arn=keys["data"].arn,
        keep_on_destroy=settings.keep_data_on_destroy,
        one_writer=dict.fromkeys(("data", "sagemaker"), files_of_leads(environment)),
        write_once={"artifacts": approved_artifacts(environment)},
        named_writers={"artifacts": truth(environment, settings.workload.truth_writers)} if settings.workload else {},
        # What projects' endpoints were asked, and what was found in it: quotations of requests that could not be read.
        expiring={"artifacts": ("captured", "watched")},
    ),
    options,
)
buckets = storage.buckets
alarms = Alarms(
    "alarms",
    AlarmsArgs(
        environment=environment,
        kms_key_arn=keys["notifications"].arn,
        emails=settings.alarms.emails,
        monthly_budget_usd=settings.costs.monthly_budget_usd,
    ),
    options,
)
parameters = {**settings.parameters, **encryption.parameters, **network.parameters}
parameters |= {**storage.parameters, **alarms.parameters}

# Development: data scientists work in Studio, and leads launch projects from a catalog of templates.
if settings.development:
    studio = Studio(
        "studio",
        StudioArgs(
            environment=environment,
            vpc_config=network.vpc_config_of_apps,
            jobs_vpc_config=network.vpc_config,
            home_key=keys["studio"],
            data_key=keys["data"],
            shared_buckets=[buckets["data"], buckets["sagemaker"]],
            templates=buckets["catalog"],
            users={profile.name: profile.role for profile in settings.development.studio.user_profiles},
            idle_minutes=settings.development.studio.idle_minutes,
            default_instance_type=settings.development.studio.default_instance_type,
            allowed_instance_types=settings.development.studio.allowed_instance_types,
            job_instance_types=settings.development.studio.job_instance_types,
            mlflow=settings.development.mlflow,
            keep_on_destroy=settings.keep_data_on_destroy,
        ),
        options,
    )
    projects = ProjectLaunches(
        "projects",
        ProjectLaunchesArgs(
            environment=environment,
            vpc_config=functions_vpc_config,
            templates=buckets["catalog"],
            logs_key_arn=keys["logs"].arn,
            secrets_key_arn=keys["secrets"].arn,
            github=settings.github.connection,
            review_rules=settings.review_rules,
            oidc_issuer=settings.github.oidc_issuer_host,
            launcher_role_arn=studio.lead_role_arn,
            launches_at_once=settings.development.projects.launches_at_once,
            deployment_accounts=settings.deployment_accounts,
            job_instance_types=settings.development.studio.job_instance_types,
            mlflow=settings.development.mlflow,
            onboarding_function_arns=settings.onboarding_function_arns,
        ),
        options,
    )
    # Projects record their runs in an app of MLflow.
    if settings.development.mlflow:
        mlflow = MlflowApp(
            "mlflow",
            MlflowAppArgs(
                environment=environment,
                domain_id=studio.domain_id,
                user_role_names=studio.role_names,
                artifacts=buckets["sagemaker"],
                data_key=keys["data"],
                keep_on_destroy=settings.keep_data_on_destroy,
            ),
            options,
        )
        parameters |= mlflow.parameters
    # One trigger serves all projects: it starts the workflow in the repository of the project whose model was approved. Another
    # function notes in the registry what production serves in the end.
    if settings.deployment_accounts:
        DeploymentTrigger(
            "deployment-trigger",
            DeploymentTriggerArgs(
                environment=environment,
                vpc_config=functions_vpc_config,
                logs_key_arn=keys["logs"].arn,
                secrets_key_arn=keys["secrets"].arn,
                data_key=keys["data"],
                github=settings.github.connection,
                credential_secret_arn=projects.credential_secret_arn,
                release_branch=RELEASE_BRANCH if settings.github.release_managers else None,
                # The requests to preproduction are tests: what is unlike training there is no reason to train.
                retraining_accounts={
                    name: account for name, account in settings.deployment_accounts.items() if name == "prod"
                },
                alarms_topic_arn=alarms.topic_arn,
            ),
            options,
        )
    if production_account_id := settings.deployment_accounts.get("prod"):
        ModelLifeCycle(
            "model-life-cycle",
            ModelLifeCycleArgs(
                environment=environment,
                production_account_id=production_account_id,
                logs_key_arn=keys["logs"].arn,
            ),
            options,
        )
    # Roles that these settings do not use exist all the same, so that nobody else makes one of their names.
    unused = {
        "deployment-trigger": not settings.deployment_accounts,
        "flow-logs": isinstance(settings.network, ExistingNetwork),
        "mlflow": not settings.development.mlflow,
        "model-life-cycle": not production_account_id,
    }
    HeldRoles(
        "held-roles",
        HeldRolesArgs(environment=environment, purposes=[purpose for purpose, held in unused.items() if held]),
        options,
    )
    # The template repositories, and the rules for all projects' repositories. They belong to the GitHub organization, so one
    # stack manages them for all.
    if settings.development.projects.publish_template_repositories:
        organization = GitHubOrganization(
            "github",
            GitHubOrganizationArgs(
                organization=settings.github.organization,
                checks=lookups.template_checks(),
                platform_repository=settings.github.repository,
                platform_user=settings.github.platform_user or "",
                required_approvals=settings.github.required_approvals,
                release_managers=settings.github.release_managers,
                actions_app_id=settings.github.actions_app_id,
                dependabot_app_id=settings.github.dependabot_app_id,
                keep_on_destroy=settings.keep_data_on_destroy,
            ),
            pulumi.ResourceOptions(providers=[organization_provider(settings.github.connection)]),
        )
        pulumi.export("templateRepositories", organization.template_repositories)
    parameters |= {**studio.parameters, **projects.parameters}
    pulumi.export("studioDomainId", studio.domain_id)
    pulumi.export("projectProducts", projects.products)

# Preprod and production: one function makes the SageMaker models of approved versions, another gives each project its roles: to
# deploy its models, to run them, and to watch what they are asked.
if settings.workload:
    ModelRelease(
        "model-release",
        ModelReleaseArgs(
            environment=environment,
            artifacts=buckets["artifacts"],
            data_key=keys["data"],
            logs_key_arn=keys["logs"].arn,
            vpc_config=network.vpc_config,
            development=settings.workload.development(environment),
            approvers=settings.workload.approvers,
            is_production=settings.workload.is_production,
            release_managers=settings.workload.release_managers,
            earlier_versions={each.version: each.evidence for each in settings.workload.earlier_versions},
        ),
        options,
    )
    workload = WorkloadAccount(
        "workload",
        WorkloadAccountArgs(
            environment=environment,
            artifacts=buckets["artifacts"],
            data_key=keys["data"],
            vpc_config=network.vpc_config,
            development=settings.workload.development(environment),
            tokens=settings.github.tokens,
            endpoint_instance_types=settings.workload.endpoint_instance_types,
            batch_instance_types=settings.workload.batch_instance_types,
            batches=settings.workload.batches,
            promoted_pipelines=settings.workload.promoted_pipelines,
            release=Release(
                managers=settings.workload.release_managers,
                unprotected=settings.workload.release == "unprotected",
                branch=settings.workload.release_branch,
            ),
            logs_key_arn=keys["logs"].arn,
            alarms_topic_arn=alarms.topic_arn,
        ),
        options,
    )
    parameters |= workload.parameters

# Everywhere: a role for the workflow that looks for drift, and the parameters that projects read.
DriftRole("drift", DriftRoleArgs(environment=environment, repository=settings.github.platform_repository), options)
Parameters("parameters", ParametersArgs(path=environment.parameter_path, values=parameters), options)
pulumi.export("vpcId", network.vpc_config.vpc_id)

# The cost of a month in which all of this is deployed and nothing is used: docs/costs.md explains the sum.
if settings.costs.estimate:
    pulumi.export("idleMonthUsd", float(idle_month(resources, price_list.prices_in(environment.region)).usd))
