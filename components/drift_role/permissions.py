"""Permissions of the drift role: read every resource of a stack of the platform, as the provider reads it."""

from components import iam
from components.environment import Environment


def read_state(environment: Environment) -> list[iam.Statement]:
    """Read the state of the platform, and the key that it is encrypted with."""
    bucket, keys = environment.bucket_arn("state"), environment.arn("kms", "key/*")
    state_key = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": f"alias/{environment.prefix}-state"}}
    return [
        iam.allow("FindState", "s3:ListBucket", on=bucket),
        iam.allow(
            "ReadState",
            "s3:GetObject",
            # Those of projects' deployments lie below projects/.
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
            "DecryptStateInStorage",
            "kms:Decrypt",
            on=keys,
            when={**state_key, "StringEquals": {"kms:ViaService": f"s3.{environment.region}.amazonaws.com"}},
        ),
        # Pulumi encrypts the platform's secrets without an encryption context, and those of a project with its id in it.
        iam.allow(
            "DecryptSecretsOfState",
            "kms:Decrypt",
            on=keys,
            when={**state_key, "Null": {"kms:EncryptionContextKeys": "true"}},
        ),
    ]


def read_network_and_roles(environment: Environment) -> list[iam.Statement]:
    """Read the network and the roles."""
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
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribePrefixLists",
            "ec2:DescribeRouteTables",
            "ec2:DescribeSecurityGroupRules",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcEndpointServices",
            "ec2:DescribeVpcEndpoints",
            "ec2:DescribeVpcs",
            on=iam.NO_RESOURCE_TYPE,
        ),
        iam.allow(
            "ReadNetworkAttributes",
            "ec2:DescribeVpcAttribute",
            on=environment.arn("ec2", "vpc/*"),
        ),
        iam.allow(
            "ReadRoles",
            "iam:GetRole",
            "iam:GetRolePolicy",
            "iam:ListAttachedRolePolicies",
            "iam:ListRolePolicies",
            on=environment.role_arn("*"),
        ),
    ]


def read_storage(environment: Environment) -> list[iam.Statement]:
    """Read keys, the settings of buckets, and the project templates."""
    return [
        iam.allow(
            "ReadKeys",
            "kms:DescribeKey",
            "kms:GetKeyPolicy",
            "kms:GetKeyRotationStatus",
            "kms:ListResourceTags",
            on=environment.arn("kms", "key/*"),
        ),
        iam.allow("ListKeyNames", "kms:ListAliases", on=iam.NO_RESOURCE_TYPE),
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
            on=environment.bucket_arn("*"),
        ),
        iam.allow(
            "ReadTemplates",
            "s3:GetObject",
            "s3:GetObjectTagging",
            on=[f"{environment.bucket_arn('artifacts')}/onboarding/*", f"{environment.bucket_arn('catalog')}/*"],
        ),
    ]


def read_functions(environment: Environment) -> list[iam.Statement]:
    """Read functions, with the queues, logs, secrets and parameters around them; no secret is among what is read."""
    return [
        iam.allow(
            "ReadFunctions",
            "lambda:GetFunction",
            "lambda:GetFunctionCodeSigningConfig",
            "lambda:GetFunctionConcurrency",
            "lambda:GetFunctionEventInvokeConfig",
            "lambda:GetPolicy",
            "lambda:ListTags",
            "lambda:ListVersionsByFunction",
            on=environment.arn("lambda", f"function:{environment.prefix}-*"),
        ),
        iam.allow(
            "ReadQueues",
            "sqs:GetQueueAttributes",
            "sqs:ListQueueTags",
            on=environment.arn("sqs", f"{environment.prefix}-*"),
        ),
        iam.allow("ReadLogGroups", "logs:ListTagsForResource", on=environment.arn("logs", "log-group:*")),
        iam.allow("FindLogGroups", "logs:DescribeLogGroups", on=iam.NO_RESOURCE_TYPE),
        iam.allow(
            "ReadSecretSettings",
            "secretsmanager:DescribeSecret",
            "secretsmanager:GetResourcePolicy",
            on=environment.arn("secretsmanager", f"secret:{environment.prefix}-*"),
        ),
        iam.allow(
            "ReadParameters",
            "ssm:GetParameter",
            "ssm:GetParameters",
            "ssm:ListTagsForResource",
            on=environment.arn("ssm", f"parameter{environment.parameter_path}/*"),
        ),
        iam.allow("FindParameters", "ssm:DescribeParameters", on=iam.NO_RESOURCE_TYPE),
    ]


def read_events_and_alarms(environment: Environment) -> list[iam.Statement]:
    """Read event rules, alarms, their topic, and the budget."""
    return [
        iam.allow(
            "ReadRules",
            "events:DescribeRule",
            "events:ListTagsForResource",
            "events:ListTargetsByRule",
            on=environment.arn("events", f"rule/{environment.prefix}-*"),
        ),
        iam.allow(
            "ReadAlarms",
            "cloudwatch:DescribeAlarms",
            "cloudwatch:ListTagsForResource",
            on=environment.arn("cloudwatch", f"alarm:{environment.prefix}-*"),
        ),
        iam.allow(
            "ReadTopics",
            "sns:GetSubscriptionAttributes",
            "sns:GetTopicAttributes",
            "sns:ListTagsForResource",
            on=environment.arn("sns", f"{environment.prefix}-*"),
        ),
        iam.allow(
            "ReadBudget",
            "budgets:ListTagsForResource",
            "budgets:ViewBudget",
            on=f"arn:aws:budgets::{environment.account_id}:budget/{environment.prefix}-*",
        ),
    ]


def read_projects(environment: Environment) -> list[iam.Statement]:
    """Read Studio and the catalog."""
    return [
        iam.allow(
            "ReadStudio",
            "sagemaker:DescribeDomain",
            "sagemaker:DescribeMlflowApp",
            "sagemaker:DescribeUserProfile",
            "sagemaker:ListTags",
            on=[environment.arn("sagemaker", f"{kind}/*") for kind in ("domain", "mlflow-app", "user-profile")],
        ),
        iam.allow(
            "ReadCatalog",
            "servicecatalog:DescribePortfolio",
            "servicecatalog:DescribeProductAsAdmin",
            "servicecatalog:DescribeProvisioningArtifact",
            "servicecatalog:ListPortfoliosForProduct",
            "servicecatalog:ListPrincipalsForPortfolio",
            "servicecatalog:ListProvisioningArtifacts",
            on=[environment.arn("catalog", "portfolio/*"), environment.arn("catalog", "product/*")],
        ),
        iam.allow(
            "ReadConstraints",
            "sagemaker:GetSagemakerServicecatalogPortfolioStatus",
            "servicecatalog:DescribeConstraint",
            on=iam.NO_RESOURCE_TYPE,
        ),
    ]
