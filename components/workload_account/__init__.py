"""The part of the platform that exists only in accounts where models are deployed.

Each launched project gets two roles here, by the template `products/parts/project-roles.yaml`: one that deploys, which only
its own repository's jobs assume, and one that its models run under; and an alias by which the first invokes the release
function (`components/model_release`). The template cloner of development requests them.
"""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import iam
from components.encryption.key import EncryptionKey
from components.environment import ONBOARDING, Environment
from components.iam.role import Role, RoleArgs
from components.network.vpc_config import VpcConfig
from components.parameters import Values
from components.project_catalog.product import url_of
from components.project_launches.permissions import manage_roles
from components.storage.private_bucket import PrivateBucket
from components.template_cloner import PURPOSE as TEMPLATE_CLONER
from components.workload_account import permissions
from products.template import Template
from products.workload import project_roles

FOLDER = "onboarding"
"""Folder of the template in the bucket of artifacts."""


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
    oidc_issuer: str
    """Host and path of the issuer of the repositories' tokens, without the scheme."""
    alarms_topic_arn: pulumi.Input[str]
    """The only topic that an alarm of a deployment may publish to."""


class WorkloadAccount(pulumi.ComponentResource):
    """The roles by which development gives its projects their roles here, and removes their deployments.

    Deployed models read nothing outside this account but the images of AWS, so that they keep running when the account
    that trained them is gone.
    """

    parameters: Values

    def __init__(self, name: str, args: WorkloadAccountArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:WorkloadAccount", name, None, opts)
        environment, child = args.environment, pulumi.ResourceOptions(parent=self)
        template = _project_roles(args)
        published = aws.s3.BucketObjectv2(
            f"{name}-project-roles-template",
            bucket=args.artifacts.bucket_name,
            # Named after its content: what was allowed by one address never changes.
            key=template.apply(lambda it: f"{FOLDER}/{it.object_name}"),
            content=template.apply(lambda it: it.text),
            content_type="application/yaml",
            opts=child,
        )
        template_url = url_of(args.artifacts.bucket_name, environment.region, published.key)
        stack_role = Role(
            f"{name}-project-roles",
            RoleArgs(
                environment=environment,
                purpose="project-roles",
                description="CloudFormation: create and delete a project's roles and its alias of the release function",
                trust_policy=iam.trust_service(
                    "cloudformation.amazonaws.com", account_id=environment.account_id, names_account=False
                ),
                policies={"roles": iam.document(*manage_roles(environment), permissions.manage_aliases(environment))},
            ),
            child,
        )
        Role(
            f"{name}-{ONBOARDING}",
            RoleArgs(
                environment=environment,
                purpose=ONBOARDING,
                description="Template cloner of development: give projects their roles, remove what they deployed",
                trust_policy=_trust_cloner(args),
                policies={
                    "onboarding": iam.document(
                        *permissions.onboard(environment, template_url=template_url, stack_role_arn=stack_role.arn),
                        *permissions.read_template(
                            environment,
                            objects=pulumi.Output.concat(args.artifacts.arn, f"/{FOLDER}/*"),
                            key_arn=args.data_key.arn,
                        ),
                    ),
                    "removal": iam.document(*permissions.remove_deployments(environment)),
                },
            ),
            child,
        )
        self.parameters = {
            "projects/roles-template-url": template_url,
            "projects/roles-stack-role-arn": stack_role.arn,
        }
        self.register_outputs({"template_url": template_url, "stack_role_arn": stack_role.arn})


def _project_roles(args: WorkloadAccountArgs) -> pulumi.Output[Template]:
    """Return the template of a project's roles, with the values that the platform provides here."""
    environment = args.environment
    values = pulumi.Output.all(
        account_id=environment.account_id,
        alarms_topic_arn=args.alarms_topic_arn,
        data_key_arn=args.data_key.arn,
        oidc_issuer=args.oidc_issuer,
        oidc_provider_arn=environment.oidc_provider_arn(args.oidc_issuer),
        security_group_id=args.vpc_config.security_group_id,
        vpc_id=args.vpc_config.vpc_id,
    )
    return values.apply(lambda known: project_roles(environment.region, known))


def _trust_cloner(args: WorkloadAccountArgs) -> pulumi.Output[str]:
    """Return a trust policy: the template cloner of development, and no other role of its account.

    The role is named in the condition, because a principal must exist when it is named as such.
    """
    account = args.development.account_id
    return iam.document(
        iam.Statement(
            sid="AssumeByTemplateCloner",
            effect="Allow",
            actions=("sts:AssumeRole",),
            resources=(),
            principal={"AWS": f"arn:aws:iam::{account}:root"},
            condition={"StringEquals": {"aws:PrincipalArn": args.development.role_arn(TEMPLATE_CLONER)}},
        )
    )
