"""The permissions that CloudFormation's resource handlers declare, by resource type, operation and property.

`handlers.json` holds the `handlers` sections of the types' schemas, as the CloudFormation registry publishes them: a list
of IAM actions for each operation. Source: https://schema.cloudformation.us-east-1.amazonaws.com/CloudformationSchema.zip
(CloudFormation Command Line Interface User Guide, "Resource type definition schema", `handlers`).

The registry does not say which property needs which action. What is known of it is below. An action that stands there
for no property is needed by every resource of the type.
"""

import json
from collections.abc import Collection, Mapping
from pathlib import Path

_TABLE: Mapping[str, Mapping[str, list[str]]] = json.loads(
    Path(__file__).with_name("handlers.json").read_text(encoding="utf-8")
)

_METADATA_TABLES = (
    "s3:CreateBucketMetadataTableConfiguration",
    "s3:DeleteBucketMetadataTableConfiguration",
    "s3:GetBucketMetadataTableConfiguration",
    "s3:UpdateBucketMetadataAnnotationTableConfiguration",
    "s3:UpdateBucketMetadataInventoryTableConfiguration",
    "s3:UpdateBucketMetadataJournalTableConfiguration",
    "s3tables:CreateNamespace",
    "s3tables:CreateTable",
    "s3tables:CreateTableBucket",
    "s3tables:GetTable",
    "s3tables:GetTableMetadataLocation",
    "s3tables:PutTableBucketPolicy",
    "s3tables:PutTableEncryption",
    "s3tables:PutTablePolicy",
    "s3tables:UpdateTableMetadataLocation",
)

PROPERTIES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "AWS::CloudWatch::Alarm": {
        "Tags": ("cloudwatch:ListTagsForResource", "cloudwatch:TagResource", "cloudwatch:UntagResource")
    },
    "AWS::IAM::Role": {
        "AssumeRolePolicyDocument": ("iam:UpdateAssumeRolePolicy",),
        "Description": ("iam:UpdateRole", "iam:UpdateRoleDescription"),
        "ManagedPolicyArns": ("iam:AttachRolePolicy", "iam:DetachRolePolicy"),
        "MaxSessionDuration": ("iam:UpdateRole",),
        "PermissionsBoundary": ("iam:PutRolePermissionsBoundary",),
        "Policies": ("iam:DeleteRolePolicy", "iam:GetRolePolicy", "iam:PutRolePolicy"),
        "Tags": ("iam:TagRole", "iam:UntagRole"),
    },
    "AWS::S3::Bucket": {
        "AbacStatus": ("s3:GetBucketAbac", "s3:PutBucketAbac"),
        "AccelerateConfiguration": ("s3:GetAccelerateConfiguration", "s3:PutAccelerateConfiguration"),
        "AccessControl": ("s3:PutBucketAcl",),
        "AnalyticsConfigurations": ("s3:GetAnalyticsConfiguration", "s3:PutAnalyticsConfiguration"),
        "BucketEncryption": ("s3:GetEncryptionConfiguration", "s3:PutEncryptionConfiguration"),
        "CorsConfiguration": ("s3:GetBucketCORS", "s3:PutBucketCORS"),
        "IntelligentTieringConfigurations": (
            "s3:GetIntelligentTieringConfiguration",
            "s3:PutIntelligentTieringConfiguration",
        ),
        "InventoryConfigurations": ("s3:GetInventoryConfiguration", "s3:PutInventoryConfiguration"),
        "LifecycleConfiguration": ("s3:GetLifecycleConfiguration", "s3:PutLifecycleConfiguration"),
        "LoggingConfiguration": ("s3:GetBucketLogging", "s3:PutBucketLogging"),
        "MetadataTableConfiguration": _METADATA_TABLES,
        "MetricsConfigurations": ("s3:GetMetricsConfiguration", "s3:PutMetricsConfiguration"),
        "NotificationConfiguration": ("s3:GetBucketNotification", "s3:PutBucketNotification"),
        "ObjectLockConfiguration": ("s3:GetBucketObjectLockConfiguration", "s3:PutBucketObjectLockConfiguration"),
        "OwnershipControls": ("s3:GetBucketOwnershipControls", "s3:PutBucketOwnershipControls"),
        "PublicAccessBlockConfiguration": ("s3:GetBucketPublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
        "ReplicationConfiguration": (
            "iam:PassRole",
            "s3:GetReplicationConfiguration",
            "s3:PutReplicationConfiguration",
        ),
        # S3 takes the tags of a new bucket together with its name, for which it requires TagResource.
        # Source: Amazon S3 User Guide, "Creating general purpose buckets with tags".
        "Tags": (
            "s3:GetBucketTagging",
            "s3:ListTagsForResource",
            "s3:PutBucketTagging",
            "s3:TagResource",
            "s3:UntagResource",
        ),
        "VersioningConfiguration": ("s3:GetBucketVersioning", "s3:PutBucketVersioning"),
        "WebsiteConfiguration": ("s3:DeleteBucketWebsite", "s3:GetBucketWebsite", "s3:PutBucketWebsite"),
    },
    # Updates are shifted by CodeDeploy where a template's update policy says so.
    # Source: CloudFormation Template Reference, UpdatePolicy attribute, CodeDeployLambdaAliasUpdate.
    "AWS::Lambda::Alias": {
        "ProvisionedConcurrencyConfig": (
            "lambda:DeleteProvisionedConcurrencyConfig",
            "lambda:GetProvisionedConcurrencyConfig",
            "lambda:PutProvisionedConcurrencyConfig",
        ),
        "UpdatePolicy": (
            "codedeploy:CreateDeployment",
            "codedeploy:GetDeployment",
            "codedeploy:GetDeploymentConfig",
            "codedeploy:GetDeploymentGroup",
            "codedeploy:StopDeployment",
        ),
    },
    "AWS::S3::BucketPolicy": {},
    "AWS::SQS::Queue": {"Tags": ("sqs:ListQueueTags", "sqs:TagQueue", "sqs:UntagQueue")},
    "AWS::SSM::Parameter": {"Tags": ("ssm:AddTagsToResource", "ssm:ListTagsForResource", "ssm:RemoveTagsFromResource")},
    "AWS::SageMaker::ModelPackageGroup": {
        "ModelPackageGroupPolicy": ("sagemaker:DeleteModelPackageGroupPolicy", "sagemaker:PutModelPackageGroupPolicy"),
        "Tags": ("sagemaker:AddTags", "sagemaker:DeleteTags"),
    },
    "AWS::Scheduler::ScheduleGroup": {
        "Tags": ("scheduler:ListTagsForResource", "scheduler:TagResource", "scheduler:UntagResource")
    },
}
"""Actions that a type's handlers need for some properties only."""

UNUSED: Mapping[str, str] = {
    "iam:DeleteRolePermissionsBoundary": "an update that removes the boundary, which nothing here may do",
    "s3:DeleteObject": "an object's, not a bucket's",
    "s3:PutObjectAcl": "an object's, not a bucket's",
}
"""Declared actions that are not required here, with the reason."""

NO_ACTIONS = frozenset(
    {
        "s3:DeleteBucketAnalyticsConfiguration",
        "s3:DeleteBucketCors",
        "s3:DeleteBucketEncryption",
        "s3:DeleteBucketLifecycle",
        "s3:DeleteBucketMetricsConfiguration",
        "s3:DeleteBucketReplication",
        "s3:PutBucketReplication",
        "s3:PutObjectLockConfiguration",
    }
)
"""Names of API operations among the declared actions: IAM has no action of these names."""


def known(kind: str) -> bool:
    """Return whether the registry's permissions of a type are known here."""
    return kind in _TABLE


def declared(kind: str, operation: str) -> list[str]:
    """Return the actions that a type's handler declares for `create`, `read`, `update` or `delete`, if IAM has them."""
    # The registry writes the service of one action with a capital letter; IAM ignores case.
    actions = [action[0].lower() + action[1:] for action in _TABLE[kind][operation]]
    return [action for action in actions if action not in NO_ACTIONS]


def of_property(kind: str, operation: str, name: str) -> tuple[str, ...]:
    """Return the actions that one property adds."""
    own = PROPERTIES[kind].get(name, ())
    return tuple(action for action in declared(kind, operation) if action in own)


def of_every_resource(kind: str, operation: str) -> tuple[str, ...]:
    """Return the actions that every resource of the type needs."""
    attributed = {action for actions in PROPERTIES[kind].values() for action in actions}
    return tuple(action for action in declared(kind, operation) if action not in attributed and action not in UNUSED)


def required(kind: str, operation: str, properties: Collection[str]) -> list[str]:
    """Return the actions that an operation on a resource with `properties` needs."""
    own = [action for name in properties for action in of_property(kind, operation, name)]
    return list(dict.fromkeys([*of_every_resource(kind, operation), *own]))
