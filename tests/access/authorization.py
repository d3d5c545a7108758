"""AWS's service-authorization data, and the rules that every policy is held against.

The data comes from the Service Authorization Reference and ships with cfn-lint: per service the actions, the resource
types that each works on, and the ARN formats and condition keys of those types. Condition keys of single actions are not
in it; the few that we use are listed here with the actions that know them.
"""

import importlib.util
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypedDict, cast

from components.iam.sagemaker_jobs import JOBS_WITH_A_NETWORK
from tests.rendering import Rendering

_CHANGE_NO_OBJECT = (
    "abortmultipartupload",
    "bypassgovernanceretention",
    "initiatereplication",
    "objectowneroverridetobucketowner",
    "restoreobject",
)
"""Actions on objects that change none by themselves: they end an upload, lift a lock that these buckets do not have, copy an object elsewhere,
say whose a replica is, and bring an archived object back."""


class ResourceType(TypedDict, total=False):
    """A type of resource that an action works on."""

    ARNFormats: list[str]
    ConditionKeys: list[str]


class Action(TypedDict, total=False):
    """An action, with the types of resource that it works on."""

    Resources: list[str]


class Service(TypedDict):
    """A service's actions and resource types."""

    Actions: dict[str, Action]
    Resources: dict[str, ResourceType]


@dataclass(frozen=True, kw_only=True)
class PolicyStatement:
    """A statement of a rendered policy document."""

    sid: str
    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: Mapping[str, Mapping[str, str | list[str]]]
    principal: Mapping[str, str] | None = None

    def names(self, action: str) -> bool:
        """Whether the statement is about `action`."""
        return any(globs_overlap(pattern.lower(), action.lower()) for pattern in self.actions)

    def reaches(self, resource: str) -> bool:
        """Whether the statement is about `resource`."""
        return any(globs_overlap(pattern, resource) for pattern in self.resources)

    @property
    def condition_keys(self) -> set[str]:
        """Every key that the statement's condition looks at."""
        return {key for operands in self.condition.values() for key in operands}


KEYS_OF_EVERY_ACTION = {"aws:ResourceAccount", "aws:SourceAccount", "aws:SourceArn", "aws:SecureTransport"}
"""Global condition keys in use. Source: IAM User Guide, "AWS global condition context keys"."""

KEYS_OF_ACTIONS: Mapping[str, tuple[str, ...]] = {
    "application-autoscaling:service-namespace": (
        "application-autoscaling:DeleteScalingPolicy",
        "application-autoscaling:DeregisterScalableTarget",
        "application-autoscaling:PutScalingPolicy",
        "application-autoscaling:RegisterScalableTarget",
    ),
    "cloudformation:RoleArn": (
        "cloudformation:CreateStack",
        "cloudformation:DeleteStack",
        "cloudformation:UpdateStack",
    ),
    "cloudformation:TemplateUrl": ("cloudformation:CreateStack", "cloudformation:UpdateStack"),
    "cloudwatch:AlarmActions": ("cloudwatch:PutMetricAlarm",),
    "cloudwatch:namespace": ("cloudwatch:PutMetricData",),
    "iam:AWSServiceName": ("iam:CreateServiceLinkedRole",),
    "iam:PassedToService": ("iam:PassRole",),
    "iam:PermissionsBoundary": (
        "iam:CreateRole",
        "iam:DeleteRolePolicy",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
    ),
    "kms:EncryptionContextKeys": ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"),
    "kms:GrantIsForAWSResource": ("kms:CreateGrant",),
    "kms:ResourceAliases": ("kms:Decrypt",),
    "kms:ScheduleKeyDeletionPendingWindowInDays": ("kms:ScheduleKeyDeletion",),
    "kms:ViaService": (
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:GenerateDataKey",
        "kms:GenerateDataKeyWithoutPlaintext",
    ),
    "lambda:SourceFunctionArn": (
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:CreateNetworkInterfacePermission",
        "ec2:DeleteNetworkInterface",
        "ec2:DeleteNetworkInterfacePermission",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
    ),
    "kms:EncryptionContext:project": ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"),
    "s3:ExistingObjectTag/servicecatalog:provisioning": ("s3:GetObject",),
    "s3:ObjectCreationOperation": ("s3:PutObject",),
    "s3:if-none-match": ("s3:PutObject",),
    "s3:prefix": ("s3:ListBucket", "s3:ListBucketVersions"),
    "sagemaker:InstanceTypes": (
        "sagemaker:CreateApp",
        "sagemaker:CreateEndpointConfig",
        "sagemaker:CreateHyperParameterTuningJob",
        "sagemaker:CreateProcessingJob",
        "sagemaker:CreateSpace",
        "sagemaker:CreateTrainingJob",
        "sagemaker:CreateTransformJob",
        "sagemaker:UpdateSpace",
    ),
    "aws:RequestTag/sagemaker:project-id": (
        "sagemaker:AddTags",
        "sagemaker:CreateProcessingJob",
        "sagemaker:CreateTrainingJob",
    ),
    "aws:RequestTag/mlops:trial": (
        "sagemaker:AddTags",
        "sagemaker:CreateProcessingJob",
        "sagemaker:CreateTrainingJob",
    ),
    "sagemaker:CustomerMetadataProperties": ("sagemaker:CreateModelPackage", "sagemaker:UpdateModelPackage"),
    "sagemaker:CustomerMetadataPropertiesToRemove": ("sagemaker:UpdateModelPackage",),
    "sagemaker:FileSystemId": ("sagemaker:CreateHyperParameterTuningJob", "sagemaker:CreateTrainingJob"),
    "sagemaker:MaxRuntimeInSeconds": ("sagemaker:CreateProcessingJob", "sagemaker:CreateTrainingJob"),
    "sagemaker:ModelApprovalStatus": ("sagemaker:CreateModelPackage", "sagemaker:UpdateModelPackage"),
    "sagemaker:ModelArn": (
        "sagemaker:CreateEndpointConfig",
        "sagemaker:CreateInferenceComponent",
        "sagemaker:CreateTransformJob",
    ),
    "sagemaker:ModelLifeCycle:Stage": ("sagemaker:CreateModelPackage", "sagemaker:UpdateModelPackage"),
    "sagemaker:NetworkIsolation": (
        "sagemaker:CreateModel",
        "sagemaker:CreateProcessingJob",
        "sagemaker:CreateTrainingJob",
    ),
    "sagemaker:OwnerUserProfileArn": (
        "sagemaker:CreateApp",
        "sagemaker:CreateSpace",
        "sagemaker:DeleteApp",
        "sagemaker:DeleteSpace",
        "sagemaker:UpdateSpace",
    ),
    "sagemaker:PipelineVersionId": ("sagemaker:StartPipelineExecution",),
    "sagemaker:SpaceSharingType": (
        "sagemaker:CreateApp",
        "sagemaker:CreateSpace",
        "sagemaker:DeleteApp",
        "sagemaker:DeleteSpace",
        "sagemaker:UpdateSpace",
    ),
    "sagemaker:TaggingAction": ("sagemaker:AddTags",),
    "sagemaker:VpcSecurityGroupIds": JOBS_WITH_A_NETWORK,
    "sagemaker:VpcSubnets": JOBS_WITH_A_NETWORK,
    "servicecatalog:roleLevel": (
        "servicecatalog:DescribeProvisionedProduct",
        "servicecatalog:DescribeRecord",
        "servicecatalog:SearchProvisionedProducts",
        "servicecatalog:TerminateProvisionedProduct",
        "servicecatalog:UpdateProvisionedProduct",
    ),
}
"""Condition keys of single actions. Source: Service Authorization Reference, the "Condition keys" of each action."""

EVERY_RESOURCE_ALTHOUGH_AWS_HAS_TYPES: Mapping[str, str] = {
    "ReadTemplates": "Service Catalog keeps templates in buckets of its own; only those that it tagged",
    "CheckTemplates": "a template that is not a stack yet has no ARN",
    "ListWork": "metrics, unlike data sets of metrics, have no ARN",
    "WriteMetrics": "metrics, unlike data sets of metrics, have no ARN; the condition names the namespaces",
}
"""Statements, by id, that allow an action on every resource although AWS knows a resource type for it, with the reason."""


def problems(statement: PolicyStatement) -> Iterator[str]:
    """Find the problems of a statement of a role's policy, judged by AWS's own data."""
    for action in statement.actions:
        # Under a condition, a denial may be about whatever knows the condition's key.
        if "*" in action and statement.effect == "Deny" and statement.condition:
            continue
        if "*" in action:
            yield f"{statement.sid}: {action} is a wildcard"
            continue
        types = resource_types(action)
        if types is None:
            yield f"{statement.sid}: {action} does not exist"
            continue
        formats = [pattern for kind in types for pattern in kind.get("ARNFormats", [])]
        everything = statement.resources == ("*",)
        if statement.effect == "Allow" and everything and types:
            if statement.sid not in EVERY_RESOURCE_ALTHOUGH_AWS_HAS_TYPES:
                yield f"{statement.sid}: {action} is allowed on every resource, though AWS has resource types for it"
        elif statement.effect == "Allow" and not everything and not types:
            yield f"{statement.sid}: {action} has no resource type: AWS grants nothing unless the resource is *"
        elif not everything and not any(arn_fits(arn, form) for arn in statement.resources for form in formats):
            yield f"{statement.sid}: {action} works on none of {', '.join(statement.resources)}"
        # The data names keys of tags by a pattern.
        for key in {
            re.sub(
                "^(sagemaker:CustomerMetadataProperties)/.*",
                r"\1",
                re.sub("^(aws:ResourceTag)/.*", r"\1/${TagKey}", each),
            )
            for each in statement.condition_keys
        } - KEYS_OF_EVERY_ACTION:
            of_type = any(key in kind.get("ConditionKeys", []) for kind in types)
            of_action = action in KEYS_OF_ACTIONS.get(key, ())
            if not of_type and not of_action:
                yield f"{statement.sid}: {action} knows no condition key {key}"


def resource_types(action: str) -> list[ResourceType] | None:
    """The types of resource that `action` works on: none for some, and None if there is no such action."""
    prefix, _, name = action.partition(":")
    service = _services().get(prefix)
    if service is None or name.lower() not in service["Actions"]:
        return None
    known = {key.lower(): kind for key, kind in service["Resources"].items()}
    return [known.get(kind.lower(), {}) for kind in service["Actions"][name.lower()].get("Resources", [])]


@cache
def arn_fits(arn: str, form: str) -> bool:
    """Whether some ARN matches both the pattern of a policy and the format of a resource type."""
    if arn == "*":
        return True
    ours, theirs = arn.split(":", 5), form.split(":", 5)
    if len(ours) != 6 or len(theirs) != 6:
        return False
    for mine, other in zip(ours[:5], theirs[:5], strict=True):
        if not other.startswith("${") and not globs_overlap(mine, other):
            return False
    return globs_overlap(ours[5], re.sub(r"\$\{\w+\}|\.\*", "*", theirs[5]))


@cache
def globs_overlap(left: str, right: str) -> bool:
    """Whether some text matches both patterns, in which * stands for any text."""
    if "*" not in left:
        left, right = right, left
    if "*" not in right:
        return re.fullmatch(".*".join(re.escape(part) for part in left.split("*")), right, re.DOTALL) is not None
    if not left.startswith("*") and not right.startswith("*"):
        return left[0] == right[0] and globs_overlap(left[1:], right[1:])
    starred, other = (left, right) if left.startswith("*") else (right, left)
    return globs_overlap(starred[1:], other) or globs_overlap(starred, other[1:])


def statements(document: str) -> list[PolicyStatement]:
    """The statements of a policy document."""
    parsed = cast("dict[str, list[dict[str, object]]]", json.loads(document))
    return [
        PolicyStatement(
            sid=str(statement["Sid"]),
            effect=str(statement["Effect"]),
            actions=_texts(statement["Action"]),
            resources=_texts(statement.get("Resource", ())),
            condition=cast("Mapping[str, Mapping[str, str | list[str]]]", statement.get("Condition", {})),
            principal=cast("Mapping[str, str] | None", statement.get("Principal")),
        )
        for statement in parsed["Statement"]
    ]


def changes_of_objects() -> list[str]:
    """Every action of S3 that changes an object but by deleting it, from AWS's list: a new one is among them."""
    return [
        f"s3:{name}"
        for name, action in _services()["s3"]["Actions"].items()
        if "object" in action.get("Resources", ())
        and not name.startswith(("get", "list", "delete", *_CHANGE_NO_OBJECT))
    ]


def _texts(value: object) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(cast("Sequence[str]", value))


@cache
def _services() -> Mapping[str, Service]:
    # Found without importing cfn-lint, which takes seconds.
    package = importlib.util.find_spec("cfnlint")
    assert package is not None
    assert package.origin is not None
    data = Path(package.origin).parent / "data" / "AdditionalSpecs" / "Policies.json"
    return cast("Mapping[str, Service]", json.loads(data.read_text(encoding="utf-8")))


@dataclass(frozen=True, kw_only=True)
class Role:
    """A role with its own policies, as rendered."""

    name: str
    boundary: str | None
    trust: list[PolicyStatement]
    policies: Mapping[str, str]

    @property
    def statements(self) -> list[PolicyStatement]:
        """The statements of all its policies."""
        return [statement for document in self.policies.values() for statement in statements(document)]

    def statement(self, sid: str) -> PolicyStatement:
        """Its statement `sid`."""
        return next(statement for statement in self.statements if statement.sid == sid)

    def may(self, action: str, resource: str = "*") -> bool:
        """Whether the role may do `action` on `resource` under some condition, and no denial always forbids it."""
        about = [each for each in self.statements if each.names(action) and each.reaches(resource)]
        forbidden = any(each.effect == "Deny" and not each.condition for each in about)
        return any(each.effect == "Allow" for each in about) and not forbidden


def roles_of(rendering: Rendering) -> dict[str, Role]:
    """The roles of a rendered stack, by their names without the stack's prefix."""
    policies: dict[str, dict[str, str]] = {}
    for policy in rendering.all("iam/rolePolicy:RolePolicy"):
        policies.setdefault(policy.inputs["role"], {})[policy.inputs["name"]] = policy.inputs["policy"]
    return {
        "-".join(role.inputs["name"].split("-")[2:]): Role(
            name=role.inputs["name"],
            boundary=role.inputs.get("permissionsBoundary"),
            trust=statements(role.inputs["assumeRolePolicy"]),
            policies=policies.get(role.inputs["name"], {}),
        )
        for role in rendering.all("iam/role:Role")
    }
