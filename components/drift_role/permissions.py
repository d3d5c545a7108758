"""What the drift role may read: whatever a stack of the platform consists of, as the provider reads it."""

from components import iam
from components.site import Site


def read_state(site: Site) -> list[iam.Statement]:
    """Read the state of the platform, and the key that it is encrypted with."""
    bucket = site.bucket_arn("state")
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
            "DecryptState",
            "kms:Decrypt",
            on=site.arn("kms", "key/*"),
            when={"ForAnyValue:StringEquals": {"kms:ResourceAliases": f"alias/{site.prefix}-state"}},
        ),
    ]


def read_network_and_roles(site: Site) -> list[iam.Statement]:
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
            "ec2:DescribePrefixLists",
            "ec2:DescribeRouteTables",
            "ec2:DescribeSecurityGroupRules",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcEndpoints",
            "ec2:DescribeVpcs",
            on=iam.NO_RESOURCE_TYPE,
        ),
        iam.allow(
            "ReadNetworkAttributes",
            "ec2:DescribeVpcAttribute",
            on=site.arn("ec2", "vpc/*"),
        ),
        iam.allow(
            "ReadRoles",
            "iam:GetRole",
            "iam:GetRolePolicy",
            "iam:ListAttachedRolePolicies",
            "iam:ListRolePolicies",
            on=site.role_arn("*"),
        ),
    ]


def read_storage(site: Site) -> list[iam.Statement]:
    """Read keys, the settings of buckets, and the project templates."""
    return [
        iam.allow(
            "ReadKeys",
            "kms:DescribeKey",
            "kms:GetKeyPolicy",
            "kms:GetKeyRotationStatus",
            "kms:ListResourceTags",
            on=site.arn("kms", "key/*"),
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
            on=site.bucket_arn("*"),
        ),
        iam.allow(
            "ReadTemplates",
            "s3:GetObject",
            "s3:GetObjectTagging",
            on=[f"{site.bucket_arn('artifacts')}/onboarding/*", f"{site.bucket_arn('catalog')}/*"],
        ),
    ]


def read_functions(site: Site) -> list[iam.Statement]:
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
            on=site.arn("lambda", f"function:{site.prefix}-*"),
        ),
        iam.allow("ReadQueues", "sqs:GetQueueAttributes", "sqs:ListQueueTags", on=site.arn("sqs", f"{site.prefix}-*")),
        iam.allow("ReadLogGroups", "logs:ListTagsForResource", on=site.arn("logs", "log-group:*")),
        iam.allow("FindLogGroups", "logs:DescribeLogGroups", on=iam.NO_RESOURCE_TYPE),
        iam.allow(
            "ReadSecretSettings",
            "secretsmanager:DescribeSecret",
            "secretsmanager:GetResourcePolicy",
            on=site.arn("secretsmanager", f"secret:{site.prefix}-*"),
        ),
        iam.allow(
            "ReadParameters",
            "ssm:GetParameter",
            "ssm:GetParameters",
            "ssm:ListTagsForResource",
            on=site.arn("ssm", f"parameter{site.parameter_path}/*"),
        ),
        iam.allow("FindParameters", "ssm:DescribeParameters", on=iam.NO_RESOURCE_TYPE),
    ]


def read_events_and_alarms(site: Site) -> list[iam.Statement]:
    """Read what invokes functions, and what tells of failures."""
    return [
        iam.allow(
            "ReadRules",
            "events:DescribeRule",
            "events:ListTagsForResource",
            "events:ListTargetsByRule",
            on=site.arn("events", f"rule/{site.prefix}-*"),
        ),
        iam.allow(
            "ReadAlarms",
            "cloudwatch:DescribeAlarms",
            "cloudwatch:ListTagsForResource",
            on=site.arn("cloudwatch", f"alarm:{site.prefix}-*"),
        ),
        iam.allow(
            "ReadTopics",
            "sns:GetSubscriptionAttributes",
            "sns:GetTopicAttributes",
            "sns:ListTagsForResource",
            on=site.arn("sns", f"{site.prefix}-*"),
        ),
    ]


def read_projects(site: Site) -> list[iam.Statement]:
    """Read Studio and the catalog."""
    return [
        iam.allow(
            "ReadStudio",
            "sagemaker:DescribeDomain",
            "sagemaker:DescribeUserProfile",
            "sagemaker:ListTags",
            on=[site.arn("sagemaker", "domain/*"), site.arn("sagemaker", "user-profile/*")],
        ),
        iam.allow(
            "ReadCatalog",
            "servicecatalog:DescribePortfolio",
            "servicecatalog:DescribeProductAsAdmin",
            "servicecatalog:DescribeProvisioningArtifact",
            "servicecatalog:ListPortfoliosForProduct",
            "servicecatalog:ListPrincipalsForPortfolio",
            "servicecatalog:ListProvisioningArtifacts",
            on=[site.arn("catalog", "portfolio/*"), site.arn("catalog", "product/*")],
        ),
        iam.allow(
            "ReadConstraints",
            "sagemaker:GetSagemakerServicecatalogPortfolioStatus",
            "servicecatalog:DescribeConstraint",
            on=iam.NO_RESOURCE_TYPE,
        ),
    ]
