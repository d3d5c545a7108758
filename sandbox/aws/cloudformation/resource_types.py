"""The resource types that the sandbox knows, with the permissions that CloudFormation needs for them.

CloudFormation works with the permissions of the stack's principal and no others. Those of the types that launches use are
read from the CloudFormation registry (`handlers.py`); the registry has none for CodeRepository and custom resources, and
the types that only `bootstrap/` uses are written by hand. A type that is not here is refused, and so is a property that
is not in the type's entry.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.aws.cloudformation import handlers
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


def _registered(
    kind: str,
    properties: str,
    *,
    arn: Callable[[Resource], str],
    contents: Mapping[str, Callable[[Resource], str]] | None = None,
    context: Callable[[Resource, str], Mapping[str, Any]] = lambda resource, action: {},
) -> ResourceType:
    """Return the entry of a type whose permissions the registry publishes; `properties` are those that are honoured."""
    names = properties.split()
    return ResourceType(
        arn=arn,
        create=handlers.of_every_resource(kind, "create"),
        update=handlers.of_every_resource(kind, "update"),
        delete=handlers.of_every_resource(kind, "delete"),
        properties={name: handlers.of_property(kind, "create", name) for name in names},
        change={name: handlers.of_property(kind, "update", name) for name in names},
        removal={name: handlers.of_property(kind, "delete", name) for name in names},
        contents=contents or {},
        context=context,
    )


CUSTOM = ResourceType(
    arn=lambda resource: resource.properties["ServiceToken"],
    create=("lambda:InvokeFunction",),
    delete=("lambda:InvokeFunction",),
    properties={},
)

TYPES: Mapping[str, ResourceType] = {
    "AWS::CloudFormation::CustomResource": CUSTOM,
    "AWS::CloudWatch::Alarm": _registered(
        "AWS::CloudWatch::Alarm",
        "AlarmName AlarmDescription AlarmActions Namespace MetricName Dimensions Statistic Period EvaluationPeriods "
        "DatapointsToAlarm Threshold ComparisonOperator TreatMissingData Tags",
        arn=_regional("cloudwatch", "alarm:", "AlarmName"),
    ),
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
    "AWS::IAM::Role": _registered(
        "AWS::IAM::Role",
        "RoleName AssumeRolePolicyDocument Description MaxSessionDuration PermissionsBoundary Policies "
        "ManagedPolicyArns Tags",
        arn=_global("role", "RoleName"),
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
    "AWS::Lambda::Alias": _registered(
        "AWS::Lambda::Alias",
        "FunctionName FunctionVersion Name Description",
        arn=_regional("lambda", "function:", "FunctionName"),
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
    "AWS::S3::Bucket": _registered(
        "AWS::S3::Bucket",
        "BucketName BucketEncryption LifecycleConfiguration LoggingConfiguration OwnershipControls "
        "PublicAccessBlockConfiguration Tags VersioningConfiguration",
        arn=lambda resource: f"arn:aws:s3:::{resource.name('BucketName').lower()}",
    ),
    "AWS::S3::BucketPolicy": _registered(
        "AWS::S3::BucketPolicy",
        "Bucket PolicyDocument",
        arn=lambda resource: f"arn:aws:s3:::{resource.properties['Bucket']}",
    ),
    "AWS::SQS::Queue": _registered(
        "AWS::SQS::Queue",
        "QueueName MessageRetentionPeriod SqsManagedSseEnabled Tags",
        arn=_regional("sqs", "", "QueueName"),
    ),
    "AWS::SSM::Parameter": _registered("AWS::SSM::Parameter", "Name Description Type Value Tags", arn=_parameter_arn),
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
    "AWS::SageMaker::ModelPackageGroup": _registered(
        "AWS::SageMaker::ModelPackageGroup",
        "ModelPackageGroupName ModelPackageGroupDescription ModelPackageGroupPolicy Tags",
        arn=_sagemaker("model-package-group", "ModelPackageGroupName"),
    ),
    "AWS::Scheduler::ScheduleGroup": _registered(
        "AWS::Scheduler::ScheduleGroup",
        "Name Tags",
        arn=_regional("scheduler", "schedule-group/", "Name"),
        # A group goes with the schedules in it.
        contents={"scheduler:DeleteSchedule": lambda group: scope.arn("scheduler", f"schedule/{group.name('Name')}/*")},
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
