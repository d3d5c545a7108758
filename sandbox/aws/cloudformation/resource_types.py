"""Which permissions CloudFormation needs for a resource, by type: it works with those of the acting role, no others.

Source: the `handlers` sections of the resource types' schemas in the CloudFormation registry. A type that is not here
is refused, and so is a property that is not in the type's entry.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from sandbox.aws import emulator, requests
from sandbox.aws.errors import NotEmulatedError
from sandbox.aws.sagemaker import names as sagemaker

Properties = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A resource of a stack, as a template describes it."""

    type: str
    logical_id: str
    stack_name: str
    properties: Properties
    physical_id: str | None = None
    """Known once the resource exists."""

    @property
    def own_properties(self) -> Properties:
        """The properties without the tags `aws:…`, which CloudFormation sets by itself and needs no permission for."""
        own = {name: value for name, value in self.properties.items() if name != "Tags"}
        tags = _own_tags(self.properties)
        return {**own, "Tags": tags} if tags else own

    def name(self, property_name: str) -> str:
        """The name that the template gives, or what CloudFormation's made-up names begin with."""
        return self.properties.get(property_name) or self.physical_id or f"{self.stack_name}-{self.logical_id}-*"


@dataclass(frozen=True, kw_only=True)
class Check:
    """A permission that CloudFormation needs."""

    action: str
    resource: str
    context: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """What CloudFormation calls for resources of a type."""

    arn: Callable[[Resource], str]
    create: tuple[str, ...]
    delete: tuple[str, ...]
    properties: Mapping[str, tuple[str, ...]]
    """Every property that the sandbox honours, with the actions that set it."""
    change: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Properties whose change takes other actions than their first value."""
    removal: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Actions that a deletion takes because of a property."""
    without_resource: frozenset[str] = frozenset()
    """Actions that AWS offers no resource for, or none that is known beforehand."""
    context: Callable[[Resource, str], Mapping[str, Any]] = lambda resource, action: {}

    def to_create(self, resource: Resource) -> Iterator[Check]:
        """What creating the resource takes."""
        wanted = [*self.create]
        for name in resource.own_properties:
            wanted += self.properties.get(name, ())
        yield from self._checks(resource, wanted)

    def to_update(self, resource: Resource, old: Properties) -> Iterator[Check]:
        """What changing the resource takes, which had the properties `old`."""
        wanted: list[str] = []
        new = resource.own_properties
        before = {**old, "Tags": _own_tags(old)}
        for name in {**old, **new}:
            if (before.get(name) or None) != new.get(name):
                wanted += self.change.get(name, self.properties.get(name, ()))
        yield from self._checks(resource, wanted)

    def to_delete(self, resource: Resource) -> Iterator[Check]:
        """What deleting the resource takes."""
        wanted = [*self.delete]
        for name in resource.properties:
            wanted += self.removal.get(name, ())
        yield from self._checks(resource, wanted)

    def _checks(self, resource: Resource, wanted: list[str]) -> Iterator[Check]:
        tags = _tags(resource.properties)
        for action in dict.fromkeys(wanted):
            yield Check(
                action=action,
                resource="*" if action in self.without_resource else self.arn(resource),
                context={**tags, **self.context(resource, action)},
            )


def resource_type(name: str) -> ResourceType:
    """The entry of a type.

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
        f"arn:aws:{service}:{emulator.region()}:{emulator.account_id()}:{kind}{resource.name(property_name)}"
    )


def _global(kind: str, property_name: str) -> Callable[[Resource], str]:
    def arn(resource: Resource) -> str:
        name = resource.name(property_name)
        return name if name.startswith("arn:") else f"arn:aws:iam::{emulator.account_id()}:{kind}/{name}"

    return arn


def _sagemaker(kind: str, property_name: str) -> Callable[[Resource], str]:
    return lambda resource: sagemaker.arn(kind, sagemaker.name_of(resource.name(property_name)))


def _parameter_arn(resource: Resource) -> str:
    name = resource.name("Name")
    return f"arn:aws:ssm:{emulator.region()}:{emulator.account_id()}:parameter/{name.lstrip('/')}"


def _oidc_arn(resource: Resource) -> str:
    host = resource.properties["Url"].partition("://")[2].rstrip("/")
    return f"arn:aws:iam::{emulator.account_id()}:oidc-provider/{host}"


def _key_arn(resource: Resource) -> str:
    return f"arn:aws:kms:{emulator.region()}:{emulator.account_id()}:key/{resource.physical_id or '*'}"


def _secret_arn(resource: Resource) -> str:
    physical_id = resource.physical_id or ""
    if physical_id.startswith("arn:"):
        return physical_id
    prefix = f"arn:aws:secretsmanager:{emulator.region()}:{emulator.account_id()}:secret:"
    return f"{prefix}{resource.name('Name')}-*"


def _role_context(resource: Resource, action: str) -> Mapping[str, Any]:
    operation = action.partition(":")[2]
    if operation in ("CreateRole", "PutRolePermissionsBoundary"):
        boundary = resource.properties.get("PermissionsBoundary")
    elif operation in requests.BOUNDARY_ACTIONS:
        own = requests.boundary_of(resource.name("RoleName"))
        boundary = own or resource.properties.get("PermissionsBoundary")
    else:
        boundary = None
    context: dict[str, Any] = {"iam:PermissionsBoundary": boundary} if boundary else {}
    if operation in ("AttachRolePolicy", "DetachRolePolicy"):
        context["iam:PolicyARN"] = resource.properties.get("ManagedPolicyArns", [])
    return context


def _tags(properties: Properties) -> Mapping[str, Any]:
    tags = _own_tags(properties)
    context: dict[str, Any] = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    if tags:
        context["aws:TagKeys"] = list(tags)
    return context


def _own_tags(properties: Properties) -> dict[str, str]:
    tags: Any = properties.get("Tags") or {}
    pairs = cast(dict[str, str], tags) if isinstance(tags, dict) else {tag["Key"]: tag["Value"] for tag in tags}
    return {key: value for key, value in pairs.items() if not key.startswith("aws:")}


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
