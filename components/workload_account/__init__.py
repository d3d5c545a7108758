"""The part of the platform that exists only in accounts where models are deployed.

Each launched project gets its roles here, by the template `products/parts/project-roles.yaml` and what its way to deploy adds:
one that deploys, which only its own repository's jobs assume, one that its models run under, and those of the pipeline that scores
rows or watches an endpoint, with its schedule; and an alias by which the first invokes the release function (`components/model_release`). A project whose whole pipeline is
promoted gets what that needs instead, by the template of `products/parts/promoted-pipeline.yaml`. The account publishes templates for projects
that score rows, and for those whose pipeline is promoted, only if its settings let them in. The template cloner of development asks a function of this account for them, whose code is in
`functions/project_onboarding/`; the organization that they trust is written into this account's templates.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import pulumi
import pulumi_aws as aws

from components import iam
from components.deployment_trigger import PURPOSE as DEPLOYMENT_TRIGGER
from components.encryption.key import EncryptionKey
from components.environment import ONBOARDING, Environment
from components.github.connection import GitHubTokens
from components.github.server import server_of
from components.iam.role import Role, RoleArgs
from components.lambda_function.synchronous import SynchronousFunction, SynchronousFunctionArgs
from components.network.vpc_config import VpcConfig
from components.parameters import Values
from components.project_catalog.product import url_of
from components.project_launches.permissions import (
    manage_buckets,
    manage_model_groups,
    manage_roles,
    manage_schedules,
    resolve_parameters,
)
from components.storage.folders import SharedFolder
from components.storage.private_bucket import PrivateBucket
from components.template_cloner import PURPOSE as TEMPLATE_CLONER
from components.workload_account import permissions
from products.template import Template
from products.workload import INFERENCES, project_roles, promoted_pipeline

FOLDER = "onboarding"
"""Folder of the template in the bucket of artifacts."""
TIMEOUT_SECONDS = 90
"""Far more than a request takes: CloudFormation's work is not waited for."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """The release of models into an account, which a launch asks for."""

    managers: Sequence[str]
    """GitHub logins of those who may release."""
    unprotected: bool
    """Whether nobody has to, for a trial."""
    branch: str
    """The only branch whose jobs the account trusts; if it is not main, they approve pull requests to it instead of its jobs."""


@dataclass(frozen=True, kw_only=True)
class WorkloadAccountArgs:
    """Environment, bucket, key, network and alarms of deployed models, and the origin of their projects."""

    environment: Environment
    artifacts: PrivateBucket
    """Bucket of the models' artifacts, which are copied into it when a model is deployed."""
    data_key: EncryptionKey
    vpc_config: VpcConfig
    development: Environment
    """Environment in which the models were trained."""
    tokens: GitHubTokens
    """Tokens of the repositories' jobs, which alone may deploy."""
    release: Release
    endpoint_instance_types: Sequence[str]
    """Types of instances that projects' endpoints may run on."""
    batch_instance_types: Sequence[str]
    """Types of instances that the jobs of projects may run on: of batches, of what watches endpoints, and of promoted pipelines."""
    batches: bool
    """Whether projects that score batches get what they need here."""
    promoted_pipelines: bool
    """Whether projects whose whole pipeline is promoted get what they need here."""
    logs_key_arn: pulumi.Input[str]
    alarms_topic_arn: pulumi.Input[str]
    """The only topic that an alarm of a deployment may publish to."""


class WorkloadAccount(pulumi.ComponentResource):
    """The function by which development's projects get their roles here, and lose them once they no longer serve.

    Deployed models read nothing outside this account but the images of AWS, so that they keep running when the account
    that trained them is gone.
    """

    parameters: Values

    def __init__(self, name: str, args: WorkloadAccountArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:WorkloadAccount", name, None, opts)
        environment, child = args.environment, pulumi.ResourceOptions(parent=self)
        template_urls = self._template_urls(name, args)
        stack_role = Role(
            f"{name}-project-roles",
            RoleArgs(
                environment=environment,
                purpose="project-roles",
                description="CloudFormation: create and delete what a project has here",
                trust_policy=iam.trust_service(
                    "cloudformation.amazonaws.com", account_id=environment.account_id, names_account=False
                ),
                policies={
                    "roles": iam.document(*manage_roles(environment), permissions.manage_aliases(environment)),
                    "pipelines": iam.document(
                        *manage_buckets(environment),
                        manage_model_groups(environment),
                        resolve_parameters(environment),
                    ),
                    "schedules": iam.document(*manage_schedules(environment)),
                },
            ),
            child,
        )
        function = SynchronousFunction(
            f"{name}-{ONBOARDING}",
            SynchronousFunctionArgs(
                environment=environment,
                purpose=ONBOARDING,
                description="Gives development's projects their roles in this account, and takes them away",
                role_description="Project onboarding: give projects their roles, remove what endpoints left",
                package="project_onboarding",
                policies={
                    "onboarding": iam.document(
                        *permissions.onboard(
                            environment, template_urls=list(template_urls.values()), stack_role_arn=stack_role.arn
                        ),
                        *permissions.read_template(
                            environment,
                            objects=pulumi.Output.concat(args.artifacts.arn, f"/{FOLDER}/*"),
                            key_arn=args.data_key.arn,
                        ),
                    ),
                    "removal": iam.document(*permissions.remove_what_served(environment)),
                },
                variables={
                    "ACCOUNT_ID": environment.account_id,
                    "PLATFORM_PREFIX": environment.prefix,
                    "TEMPLATE_URLS": pulumi.Output.json_dumps(template_urls),
                    "STACK_ROLE_ARN": stack_role.arn,
                    "RELEASE": json.dumps(asdict(args.release)),
                },
                timeout_seconds=TIMEOUT_SECONDS,
                logs_key_arn=args.logs_key_arn,
                # The template cloner used to assume it.
                role_aliases=[pulumi.Alias(parent=self)],
            ),
            child,
        )
        # A function's policy has no condition on who calls: the role itself is the principal, and must exist.
        # Source: Lambda API Reference, AddPermission.
        aws.lambda_.Permission(
            f"{name}-template-cloner",
            action="lambda:InvokeFunction",
            function=function.function_name,
            principal=args.development.role_arn(TEMPLATE_CLONER),
            opts=child,
        )
        self.parameters = {"monitoring/retraining-function-arn": _retraining_function_arn(args)}
        self.register_outputs({})

    def _template_urls(self, name: str, args: WorkloadAccountArgs) -> Mapping[str, pulumi.Output[str]]:
        """Publish a template for each kind of repository that deploys here, and return their addresses."""
        urls = {
            f"model-deployment-{inference}": self._publish(
                f"{name}-project-roles-{inference}-template", _project_roles(inference, args), args
            )
            for inference in INFERENCES
            if args.batches or inference != "batch"
        }
        if not args.promoted_pipelines:
            return urls
        promoted = self._publish(f"{name}-promoted-pipeline-template", _promoted_pipeline(args), args)
        return {**urls, "pipeline-promotion": promoted}

    def _publish(self, name: str, template: pulumi.Output[Template], args: WorkloadAccountArgs) -> pulumi.Output[str]:
        """Publish a template, and return its address."""
        # The template of real-time deployment was the only one.
        former = [pulumi.Alias(name=name.replace("-realtime-", "-"))] if "-realtime-" in name else []
        published = aws.s3.BucketObjectv2(
            name,
            bucket=args.artifacts.bucket_name,
            # Named after its content: what was allowed by one address never changes.
            key=template.apply(lambda it: f"{FOLDER}/{it.object_name}"),
            content=template.apply(lambda it: it.text),
            content_type="application/yaml",
            opts=pulumi.ResourceOptions(parent=self, aliases=former),
        )
        return url_of(args.artifacts.bucket_name, args.environment.region, published.key)


def truth(environment: Environment, writer_role_names: Sequence[str]) -> SharedFolder:
    """Return the folders of the truth about requests to projects' endpoints, which roles of the account's own bring.

    A project's deployment may put a placeholder there, and its own policy allows nothing else.
    """
    named = [f"arn:aws:iam::{environment.account_id}:role/{name}" for name in writer_role_names]
    return SharedFolder(name="captured/*/truth", writer_role_arns=[environment.role_arn("p-*-deployment"), *named])


def _project_roles(inference: str, args: WorkloadAccountArgs) -> pulumi.Output[Template]:
    """Return the template of a project's roles, with the values that the platform provides here."""
    environment = args.environment
    values = pulumi.Output.all(
        account_id=environment.account_id,
        alarms_topic_arn=args.alarms_topic_arn,
        data_key_arn=args.data_key.arn,
        oidc_issuer=args.tokens.issuer,
        oidc_provider_arn=environment.oidc_provider_arn(args.tokens.issuer),
        repository_subject=args.tokens.repository("${RepositoryName}", "${RepositoryId}"),
        security_group_id=args.vpc_config.security_group_id,
        vpc_id=args.vpc_config.vpc_id,
    )
    return values.apply(
        lambda known: project_roles(
            inference,
            environment.region,
            known,
            endpoint_instance_types=args.endpoint_instance_types,
            batch_instance_types=args.batch_instance_types,
            retraining_function_arn=_retraining_function_arn(args),
            organization_id=_owner_id(args.tokens),
            branch=args.release.branch,
        )
    )


def _retraining_function_arn(args: WorkloadAccountArgs) -> str:
    """Return the ARN of the function of development that has a model trained again."""
    return args.development.arn("lambda", f"function:{args.development.prefix}-{DEPLOYMENT_TRIGGER}")


def _promoted_pipeline(args: WorkloadAccountArgs) -> pulumi.Output[Template]:
    """Return the template of a promoted pipeline, with the values that the platform provides here."""
    environment, tokens = args.environment, args.tokens
    values = {
        "account_id": environment.account_id,
        "boundary_arn": environment.boundary_arn,
        "oidc_issuer": tokens.issuer,
        "oidc_provider_arn": environment.oidc_provider_arn(tokens.issuer),
        "parameter_path": environment.parameter_path,
        "prefix": environment.prefix,
    }
    return pulumi.Output.from_input(
        promoted_pipeline(
            environment.region,
            values,
            environment=environment.name,
            subject=tokens.repository("${RepositoryName}", "${RepositoryId}"),
            batch_instance_types=args.batch_instance_types,
            organization_id=_owner_id(tokens),
            branch=args.release.branch,
        )
    )


def _owner_id(tokens: GitHubTokens) -> int | None:
    """Return the id of the organization; None where AWS does not read it: in the tokens of an Enterprise Server."""
    return None if server_of(tokens.issuer).is_enterprise_server else tokens.organization_id
