"""The role of the workflow that looks for drift: it reads what the platform consists of, and changes nothing."""

from dataclasses import dataclass

import pulumi

from components import iam
from components.github_oidc import GitHubOidcRole, GitHubOidcRoleArgs, GitHubRepository


@dataclass(frozen=True, kw_only=True)
class DriftRoleArgs:
    """Whose jobs may look, and where."""

    unit: str
    environment: str
    account_id: str
    region: str
    boundary_arn: pulumi.Input[str]
    provider_arn: pulumi.Input[str]
    """The account's identity provider of GitHub Actions."""
    issuer: str
    """Host and path of the token's issuer, without the scheme."""
    repository: GitHubRepository
    """The platform's own repository."""


class DriftRole(pulumi.ComponentResource):
    """Read-only, for scheduled jobs on main: those run in no environment, which would ask for a review every night."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: DriftRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:DriftRole", name, None, opts)
        prefix = f"{args.unit}-{args.environment}"
        role = GitHubOidcRole(
            name,
            GitHubOidcRoleArgs(
                role_name=f"{prefix}-drift",
                description="Compares the platform with its program; changes nothing",
                provider_arn=args.provider_arn,
                issuer=args.issuer,
                repository=args.repository,
                contexts=["ref:refs/heads/main"],
                boundary_arn=args.boundary_arn,
                policies={
                    "state": iam.document(*_read_state(prefix, args)),
                    "platform": iam.document(
                        *_read_network_and_roles(prefix, args),
                        *_read_storage(prefix, args),
                        *_read_functions(prefix, args),
                        *_read_projects(args),
                    ),
                },
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.arn = role.arn
        self.register_outputs({"arn": self.arn})


def _read_state(prefix: str, args: DriftRoleArgs) -> list[iam.Statement]:
    bucket = f"arn:aws:s3:::{prefix}-state-{args.account_id}-{args.region}"
    return [
        iam.allow("FindState", "s3:ListBucket", on=bucket),
        iam.allow(
            "ReadState",
            "s3:GetObject",
            # Each launched project's own state lies beside the platform's, under its own Pulumi project's name.
            on=[
                f"{bucket}/.pulumi/{part}"
                for part in (
                    "meta.yaml",
                    "backups/mlops-platform/*",
                    "history/mlops-platform/*",
                    "locks/organization/mlops-platform/*",
                    "stacks/mlops-platform/*",
                )
            ],
        ),
        iam.allow(
            "DecryptState",
            "kms:Decrypt",
            on=f"arn:aws:kms:{args.region}:{args.account_id}:key/*",
            when={"ForAnyValue:StringEquals": {"kms:ResourceAliases": f"alias/{prefix}-state"}},
        ),
    ]


def _read_network_and_roles(prefix: str, args: DriftRoleArgs) -> list[iam.Statement]:
    return [
        iam.allow(
            "ReadNetwork",
            "ec2:DescribeAddresses",
            "ec2:DescribeAddressesAttribute",
            "ec2:DescribeAvailabilityZones",
            "ec2:DescribeFlowLogs",
            "ec2:DescribeInternetGateways",
            "ec2:DescribeNatGateways",
            "ec2:DescribeNetworkAcls",
            "ec2:DescribePrefixLists",
            "ec2:DescribeRouteTables",
            "ec2:DescribeSecurityGroupRules",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcEndpoints",
            "ec2:DescribeVpcs",
            on=iam.EveryResource(reason="EC2 describes have no resource type"),
        ),
        iam.allow(
            "ReadNetworkAttributes",
            "ec2:DescribeVpcAttribute",
            on=f"arn:aws:ec2:{args.region}:{args.account_id}:vpc/*",
        ),
        iam.allow(
            "ReadRoles",
            "iam:GetRole",
            "iam:GetRolePolicy",
            "iam:ListAttachedRolePolicies",
            "iam:ListRolePolicies",
            on=f"arn:aws:iam::{args.account_id}:role/{prefix}-*",
        ),
    ]


def _read_storage(prefix: str, args: DriftRoleArgs) -> list[iam.Statement]:
    buckets = f"arn:aws:s3:::{prefix}-*-{args.account_id}-{args.region}"
    return [
        iam.allow(
            "ReadKeys",
            "kms:DescribeKey",
            "kms:GetKeyPolicy",
            "kms:GetKeyRotationStatus",
            "kms:ListResourceTags",
            on=f"arn:aws:kms:{args.region}:{args.account_id}:key/*",
        ),
        iam.allow("ListKeyNames", "kms:ListAliases", on=iam.EveryResource(reason="AWS has no resource type for it")),
        iam.allow(
            "ReadBucketSettings",
            "s3:GetAccelerateConfiguration",
            "s3:GetBucketAcl",
            "s3:GetBucketCORS",
            "s3:GetBucketLogging",
            "s3:GetBucketObjectLockConfiguration",
            "s3:GetBucketOwnershipControls",
            "s3:GetBucketPolicy",
            "s3:GetBucketPublicAccessBlock",
            "s3:GetBucketRequestPayment",
            "s3:GetBucketTagging",
            "s3:GetBucketVersioning",
            "s3:GetBucketWebsite",
            "s3:GetEncryptionConfiguration",
            "s3:GetIntelligentTieringConfiguration",
            "s3:GetLifecycleConfiguration",
            "s3:GetReplicationConfiguration",
            "s3:ListBucket",
            on=buckets,
        ),
        iam.allow(
            "ReadTemplates",
            "s3:GetObject",
            "s3:GetObjectTagging",
            on=f"arn:aws:s3:::{prefix}-catalog-{args.account_id}-{args.region}/*",
        ),
    ]


def _read_functions(prefix: str, args: DriftRoleArgs) -> list[iam.Statement]:
    here = f"{args.region}:{args.account_id}"
    return [
        iam.allow(
            "ReadFunctions",
            "lambda:GetFunction",
            "lambda:GetFunctionCodeSigningConfig",
            "lambda:GetFunctionConcurrency",
            "lambda:GetFunctionEventInvokeConfig",
            "lambda:ListTags",
            "lambda:ListVersionsByFunction",
            on=f"arn:aws:lambda:{here}:function:{prefix}-*",
        ),
        iam.allow("ReadQueues", "sqs:GetQueueAttributes", "sqs:ListQueueTags", on=f"arn:aws:sqs:{here}:{prefix}-*"),
        iam.allow("ReadLogGroups", "logs:ListTagsForResource", on=f"arn:aws:logs:{here}:log-group:*"),
        iam.allow(
            "FindLogGroups", "logs:DescribeLogGroups", on=iam.EveryResource(reason="AWS has no resource type for it")
        ),
        iam.allow(
            "ReadSecretSettings",
            "secretsmanager:DescribeSecret",
            "secretsmanager:GetResourcePolicy",
            on=f"arn:aws:secretsmanager:{here}:secret:{prefix}-*",
        ),
        iam.allow(
            "ReadParameters",
            "ssm:GetParameter",
            "ssm:GetParameters",
            "ssm:ListTagsForResource",
            on=f"arn:aws:ssm:{here}:parameter/mlops/{args.unit}/{args.environment}/*",
        ),
        iam.allow(
            "FindParameters", "ssm:DescribeParameters", on=iam.EveryResource(reason="AWS has no resource type for it")
        ),
    ]


def _read_projects(args: DriftRoleArgs) -> list[iam.Statement]:
    here = f"{args.region}:{args.account_id}"
    return [
        iam.allow(
            "ReadStudio",
            "sagemaker:DescribeDomain",
            "sagemaker:DescribeUserProfile",
            "sagemaker:ListTags",
            on=[f"arn:aws:sagemaker:{here}:domain/*", f"arn:aws:sagemaker:{here}:user-profile/*"],
        ),
        iam.allow(
            "ReadCatalog",
            "servicecatalog:DescribePortfolio",
            "servicecatalog:DescribeProductAsAdmin",
            "servicecatalog:DescribeProvisioningArtifact",
            "servicecatalog:ListPortfoliosForProduct",
            "servicecatalog:ListPrincipalsForPortfolio",
            "servicecatalog:ListProvisioningArtifacts",
            on=[f"arn:aws:catalog:{here}:portfolio/*", f"arn:aws:catalog:{here}:product/*"],
        ),
        iam.allow(
            "ReadConstraints",
            "sagemaker:GetSagemakerServicecatalogPortfolioStatus",
            "servicecatalog:DescribeConstraint",
            on=iam.EveryResource(reason="AWS has no resource type for them"),
        ),
    ]
