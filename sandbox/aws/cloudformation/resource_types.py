"""The resource types that the sandbox knows, with the permissions that CloudFormation needs for them.

CloudFormation works with the permissions of the stack's principal and no others. Source: the `handlers` sections of the
resource types' schemas in the CloudFormation registry. A type that is not here is refused, and so is a property that is
not in the type's entry.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.aws.cloudformation.resource import Resource, ResourceType
from sandbox.aws.errors import NotEmulatedError
from sandbox.aws.iam.service_authorization import iam
from sandbox.aws.ministack import scope
from sandbox.aws.sagemaker import names as sagemaker


def resource_type(name: str) -> ResourceType:
    """Return the entry of a type.

    Raises:
        NotEmulatedError: there is none.
    """
    if name.startswith("Custom::"):
        return CUSTOM
    known = TYPES.get(name)
    if known is None:
        raise NotEmulatedError(f"the CloudFormation type {name}")
    return known


def check_properties(resource: Resource) -> None:
    """Refuse properties that the sandbox would silently drop.

    Raises:
        NotEmulatedError: there is such a property.
    """
    known = resource_type(resource.type)
    unknown = sorted(set(resource.properties) - set(known.properties)) if known is not CUSTOM else []
    if unknown:
        raise NotEmulatedError(f"{', '.join(unknown)} of the CloudFormation type {resource.type}")


def _regional(service: str, kind: str, property_name: str) -> Callable[[Resource], str]:
    return lambda resource: (
        f"arn:aws:{service}:{scope.region()}:{scope.account_id()}:{kind}{resource.name(property_name)}"
    )


def _global(kind: str, property_name: str) -> Callable[[Resource], str]:
    def arn(resource: Resource) -> str:
        name = resource.name(property_name)
        return name if name.startswith("arn:") else f"arn:aws:iam::{scope.account_id()}:{kind}/{name}"

    return arn


def _sagemaker(kind: str, property_name: str) -> Callable[[Resource], str]:
    return lambda resource: sagemaker.arn(kind, sagemaker.name_of(resource.name(property_name)))


def _parameter_arn(resource: Resource) -> str:
    name = resource.name("Name")
    return scope.arn("ssm", f"parameter/{name.lstrip('/')}")


def _oidc_arn(resource: Resource) -> str:
    host = resource.properties["Url"].partition("://")[2].rstrip("/")
    return f"arn:aws:iam::{scope.account_id()}:oidc-provider/{host}"


def _key_arn(resource: Resource) -> str:
    return scope.arn("kms", f"key/{resource.physical_id or '*'}")


def _secret_arn(resource: Resource) -> str:
    physical_id = resource.physical_id or ""
    if physical_id.startswith("arn:"):
        return physical_id
    return scope.arn("secretsmanager", f"secret:{resource.name('Name')}-*")


def _role_context(resource: Resource, action: str) -> Mapping[str, Any]:
    operation = action.partition(":")[2]
    if operation in ("CreateRole", "PutRolePermissionsBoundary"):
        boundary = resource.properties.get("PermissionsBoundary")
    elif operation in iam.BOUNDARY_ACTIONS:
        own = iam.boundary_of(resource.name("RoleName"))
        boundary = own or resource.properties.get("PermissionsBoundary")
    else:
        boundary = None
    context: dict[str, Any] = {"iam:PermissionsBoundary": boundary} if boundary else {}
    if operation in ("AttachRolePolicy", "DetachRolePolicy"):
        context["iam:PolicyARN"] = resource.properties.get("ManagedPolicyArns", [])
    return context


CUSTOM = ResourceType(
    arn=lambda resource: resource.properties["ServiceToken"],
    create=("lambda:InvokeFunction",),
    delete=("lambda:InvokeFunction",),
    properties={},
)

TYPES: Mapping[str, ResourceType] = {
    "AWS::CloudFormation::CustomResource": CUSTOM,
    "AWS::IAM::ManagedPolicy": ResourceType(
        arn=_global("policy", "ManagedPolicyName"),
        create=("iam:CreatePolicy",),
        delete=("iam:GetPolicy", "iam:ListPolicyVersions", "iam:DeletePolicy"),
        properties={"ManagedPolicyName": (), "Description": (), "Path": (), "PolicyDocument": ()},
        change={"PolicyDocument": ("iam:GetPolicy", "iam:ListPolicyVersions", "iam:CreatePolicyVersion")},
    ),
    "AWS::IAM::OIDCProvider": ResourceType(
        arn=_oidc_arn,
        create=("iam:CreateOpenIDConnectProvider",),
        delete=("iam:DeleteOpenIDConnectProvider",),
        properties={
            "Url": (),
            "ClientIdList": (),
            "ThumbprintList": (),
            "Tags": ("iam:TagOpenIDConnectProvider",),
        },
        change={
            "ClientIdList": ("iam:AddClientIDToOpenIDConnectProvider", "iam:RemoveClientIDFromOpenIDConnectProvider"),
            "ThumbprintList": ("iam:UpdateOpenIDConnectProviderThumbprint",),
        },
    ),
    "AWS::IAM::Role": ResourceType(
        arn=_global("role", "RoleName"),
        create=("iam:CreateRole", "iam:GetRole"),
        delete=("iam:GetRole", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies", "iam:DeleteRole"),
        properties={
            "RoleName": (),
            "AssumeRolePolicyDocument": (),
            "Description": (),
            "MaxSessionDuration": (),
            "PermissionsBoundary": (),
            "Policies": ("iam:PutRolePolicy", "iam:GetRolePolicy"),
            "ManagedPolicyArns": ("iam:AttachRolePolicy",),
            "Tags": ("iam:TagRole",),
        },
        change={
            "AssumeRolePolicyDocument": ("iam:UpdateAssumeRolePolicy",),
            "Description": ("iam:UpdateRole",),
            "MaxSessionDuration": ("iam:UpdateRole",),
            "PermissionsBoundary": ("iam:PutRolePermissionsBoundary",),
            "Policies": ("iam:PutRolePolicy", "iam:GetRolePolicy", "iam:DeleteRolePolicy"),
            "ManagedPolicyArns": ("iam:AttachRolePolicy", "iam:DetachRolePolicy"),
            "Tags": ("iam:TagRole", "iam:UntagRole"),
        },
        removal={"Policies": ("iam:DeleteRolePolicy",), "ManagedPolicyArns": ("iam:DetachRolePolicy",)},
        context=_role_context,
    ),
    "AWS::KMS::Alias": ResourceType(
        arn=_regional("kms", "", "AliasName"),
        create=("kms:CreateAlias",),
        delete=("kms:DeleteAlias",),
        properties={"AliasName": (), "TargetKeyId": ()},
        change={"TargetKeyId": ("kms:UpdateAlias",)},
    ),
    "AWS::KMS::Key": ResourceType(
        arn=_key_arn,
        create=("kms:CreateKey",),
        delete=("kms:DescribeKey", "kms:ScheduleKeyDeletion"),
        properties={
            "Description": (),
            "Enabled": (),
            "EnableKeyRotation": ("kms:EnableKeyRotation",),
            "KeyPolicy": (),
            "PendingWindowInDays": (),
            "Tags": ("kms:TagResource",),
        },
        change={
            "Description": ("kms:UpdateKeyDescription",),
            "EnableKeyRotation": ("kms:EnableKeyRotation", "kms:DisableKeyRotation"),
            "KeyPolicy": ("kms:PutKeyPolicy",),
            "Tags": ("kms:TagResource", "kms:UntagResource"),
        },
        without_resource=frozenset({"kms:CreateKey"}),
    ),
    "AWS::Logs::LogGroup": ResourceType(
        arn=_regional("logs", "log-group:", "LogGroupName"),
        create=("logs:CreateLogGroup", "logs:DescribeLogGroups"),
        delete=("logs:DescribeLogGroups", "logs:DeleteLogGroup"),
        properties={
            "LogGroupName": (),
            "RetentionInDays": ("logs:PutRetentionPolicy",),
            "KmsKeyId": ("logs:AssociateKmsKey",),
            "Tags": ("logs:TagResource",),
        },
    ),
    "AWS::S3::Bucket": ResourceType(
        arn=lambda resource: f"arn:aws:s3:::{resource.name('BucketName').lower()}",
        create=("s3:CreateBucket",),
        delete=("s3:DeleteBucket",),
        properties={
            "BucketName": (),
            "BucketEncryption": ("s3:PutEncryptionConfiguration",),
            "LifecycleConfiguration": ("s3:PutLifecycleConfiguration",),
            "LoggingConfiguration": ("s3:PutBucketLogging",),
            "OwnershipControls": ("s3:PutBucketOwnershipControls",),
            "PublicAccessBlockConfiguration": ("s3:PutBucketPublicAccessBlock",),
            "Tags": ("s3:PutBucketTagging",),
            "VersioningConfiguration": ("s3:PutBucketVersioning",),
        },
    ),
    "AWS::S3::BucketPolicy": ResourceType(
        arn=lambda resource: f"arn:aws:s3:::{resource.properties['Bucket']}",
        create=("s3:GetBucketPolicy", "s3:PutBucketPolicy"),
        delete=("s3:GetBucketPolicy", "s3:DeleteBucketPolicy"),
        properties={"Bucket": (), "PolicyDocument": ()},
        change={"PolicyDocument": ("s3:GetBucketPolicy", "s3:PutBucketPolicy")},
    ),
    "AWS::SSM::Parameter": ResourceType(
        arn=_parameter_arn,
        create=("ssm:PutParameter", "ssm:GetParameters"),
        delete=("ssm:DeleteParameter",),
        properties={
            "Name": (),
            "Description": (),
            "Type": (),
            "Value": (),
            "Tags": ("ssm:AddTagsToResource",),
        },
        change={
            "Description": ("ssm:PutParameter",),
            "Value": ("ssm:PutParameter",),
            "Tags": ("ssm:AddTagsToResource", "ssm:RemoveTagsFromResource"),
        },
    ),
    "AWS::SageMaker::CodeRepository": ResourceType(
        arn=_sagemaker("code-repository", "CodeRepositoryName"),
        create=("sagemaker:CreateCodeRepository", "sagemaker:DescribeCodeRepository"),
        delete=("sagemaker:DescribeCodeRepository", "sagemaker:DeleteCodeRepository"),
        properties={"CodeRepositoryName": (), "GitConfig": (), "Tags": ("sagemaker:AddTags",)},
        change={
            "GitConfig": ("sagemaker:UpdateCodeRepository",),
            "Tags": ("sagemaker:AddTags", "sagemaker:DeleteTags"),
        },
    ),
    "AWS::SageMaker::ModelPackageGroup": ResourceType(
        arn=_sagemaker("model-package-group", "ModelPackageGroupName"),
        create=(
            "sagemaker:CreateModelPackageGroup",
            "sagemaker:DescribeModelPackageGroup",
            "sagemaker:GetModelPackageGroupPolicy",
            "sagemaker:ListTags",
        ),
        delete=("sagemaker:DescribeModelPackageGroup", "sagemaker:DeleteModelPackageGroup"),
        properties={
            "ModelPackageGroupName": (),
            "ModelPackageGroupDescription": (),
            "ModelPackageGroupPolicy": ("sagemaker:PutModelPackageGroupPolicy",),
            "Tags": ("sagemaker:AddTags",),
        },
        change={
            "ModelPackageGroupPolicy": (
                "sagemaker:PutModelPackageGroupPolicy",
                "sagemaker:DeleteModelPackageGroupPolicy",
            ),
            "Tags": ("sagemaker:AddTags", "sagemaker:DeleteTags"),
        },
    ),
    "AWS::SecretsManager::Secret": ResourceType(
        arn=_secret_arn,
        create=("secretsmanager:CreateSecret",),
        delete=("secretsmanager:DescribeSecret", "secretsmanager:DeleteSecret"),
        properties={
            "Name": (),
            "Description": (),
            "KmsKeyId": (),
            "GenerateSecretString": ("secretsmanager:GetRandomPassword",),
            "Tags": ("secretsmanager:TagResource",),
        },
        change={
            "Description": ("secretsmanager:UpdateSecret",),
            "KmsKeyId": ("secretsmanager:UpdateSecret",),
            "Tags": ("secretsmanager:TagResource", "secretsmanager:UntagResource"),
        },
        without_resource=frozenset({"secretsmanager:GetRandomPassword"}),
    ),
}
