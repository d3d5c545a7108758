"""Self-service launches of projects: the catalog, the role that launches, and the template cloner."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.deployment_trigger import PURPOSE as DEPLOYMENT_TRIGGER
from components.environment import Environment
from components.github.connection import GitHubConnection, ReviewRules
from components.network.vpc_config import VpcConfig
from components.parameters import Values
from components.project_catalog import ProjectCatalog, ProjectCatalogArgs
from components.project_launches.launch_role import ProjectLaunchRole, ProjectLaunchRoleArgs
from components.storage.private_bucket import PrivateBucket
from components.template_cloner import TemplateCloner, TemplateClonerArgs
from products.catalog import PRODUCTS, Platform


@dataclass(frozen=True, kw_only=True)
class ProjectLaunchesArgs:
    """Settings of project launches."""

    environment: Environment
    vpc_config: VpcConfig | None
    """Place of the template cloner; None outside of every network."""
    templates: PrivateBucket
    """Bucket of the project templates."""
    logs_key_arn: pulumi.Input[str]
    secrets_key_arn: pulumi.Input[str]
    """Key of the credential for GitHub, and of requests that failed."""
    github: GitHubConnection
    review_rules: ReviewRules
    oidc_issuer: str
    """Host and path of the issuer of the repositories' tokens, without the scheme."""
    launcher_role_arn: pulumi.Input[str]
    """The only role that may launch: lead data scientists."""
    launches_at_once: int
    """Number of launches that run at the same time; more wait."""
    deployment_accounts: Mapping[str, str]
    """Accounts that launched projects deploy to, by environment."""
    job_instance_types: Sequence[str]
    """Types of instances that the jobs of projects' pipelines may run on."""
    mlflow: bool
    """Whether the account has an MLflow app."""
    onboarding_function_arns: Mapping[str, str]
    """Function in each of these accounts that gives projects their roles there, by environment."""


class ProjectLaunches(pulumi.ComponentResource):
    """A catalog of project templates, the role that launches them, and the function that makes their repositories."""

    products: dict[str, dict[str, pulumi.Output[str]]]
    """`productId` and `versionId` (the provisioning artifact to launch) of each product, by its key."""
    parameters: Values
    credential_secret_arn: pulumi.Output[str]
    """Secret for the only credential for GitHub in AWS."""

    def __init__(self, name: str, args: ProjectLaunchesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:ProjectLaunches", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        cloner = TemplateCloner(
            f"{name}-template-cloner",
            TemplateClonerArgs(
                environment=args.environment,
                vpc_config=args.vpc_config,
                logs_key_arn=args.logs_key_arn,
                secrets_key_arn=args.secrets_key_arn,
                github=args.github,
                review_rules=args.review_rules,
                launches_at_once=args.launches_at_once,
                onboarding_function_arns=args.onboarding_function_arns,
            ),
            child,
        )
        launch_role = ProjectLaunchRole(
            f"{name}-launch", ProjectLaunchRoleArgs(environment=args.environment, template_cloner_arn=cloner.arn), child
        )
        catalog = ProjectCatalog(
            f"{name}-catalog",
            ProjectCatalogArgs(
                environment=args.environment,
                bucket_name=args.templates.bucket_name,
                launch_role_arn=launch_role.arn,
                launcher_role_arn=args.launcher_role_arn,
                platform=_platform(args),
                products=[each for each in PRODUCTS if set(each.deploys_to) <= set(args.deployment_accounts)],
            ),
            child,
        )
        self.products = catalog.products
        self.credential_secret_arn = cloner.credential_secret_arn
        self.parameters = {
            "projects/template-cloner-arn": cloner.arn,
            "github/credential-secret-arn": cloner.credential_secret_arn,
        }
        self.register_outputs({"products": self.products})


def _platform(args: ProjectLaunchesArgs) -> Platform:
    """Return the environment, as far as the project templates name it."""
    environment = args.environment
    return Platform(
        unit=environment.unit,
        environment=environment.name,
        account_id=environment.account_id,
        region=environment.region,
        parameter_path=environment.parameter_path,
        boundary_arn=environment.boundary_arn,
        oidc_issuer=args.oidc_issuer,
        oidc_provider_arn=environment.oidc_provider_arn(args.oidc_issuer),
        deployment_trigger_role_arn=environment.role_arn(DEPLOYMENT_TRIGGER),
        deployment_accounts=args.deployment_accounts,
        job_instance_types=args.job_instance_types,
        mlflow=args.mlflow,
    )
