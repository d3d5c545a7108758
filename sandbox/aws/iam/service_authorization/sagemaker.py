"""SageMaker: resources of its requests, and the settings that policies can require."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast
from urllib.parse import unquote

from sandbox.aws.iam.service_authorization.members import Members
from sandbox.aws.ministack.gateway import Request
from sandbox.aws.sagemaker import names
from sandbox.aws.sagemaker.registry import store
from sandbox.aws.sagemaker.studio import domains

IN_PATHS = {
    "endpoint": re.compile(r"/endpoints/([^/]+)/"),
    "feature-group": re.compile(r"/FeatureGroup/([^/]+)"),
}
"""By the type in an ARN: the path of a request that speaks REST, to SageMaker Runtime or Feature Store Runtime."""

RESOURCES: Mapping[str, tuple[str, str]] = {
    "CodeRepository": ("code-repository", "CodeRepositoryName"),
    "Domain": ("domain", "DomainId"),
    "Endpoint": ("endpoint", "EndpointName"),
    "EndpointConfig": ("endpoint-config", "EndpointConfigName"),
    "EndpointWeightsAndCapacities": ("endpoint", "EndpointName"),
    "FeatureGroup": ("feature-group", "FeatureGroupName"),
    "Model": ("model", "ModelName"),
    "ModelPackageGroup": ("model-package-group", "ModelPackageGroupName"),
    "ModelPackageGroupPolicy": ("model-package-group", "ModelPackageGroupName"),
    "Pipeline": ("pipeline", "PipelineName"),
    "PipelineVersion": ("pipeline", "PipelineArn"),
    "ProcessingJob": ("processing-job", "ProcessingJobName"),
    "Project": ("project", "ProjectName"),
    "TrainingJob": ("training-job", "TrainingJobName"),
    "TransformJob": ("transform-job", "TransformJobName"),
}
"""By the noun in an operation's name: the type in the ARN, and the member that names the resource."""

VERBS = ("Create", "Describe", "Update", "Delete", "Stop", "Put", "Get")


def named_in_path(request: Request) -> str | None:
    """Return the ARN of the endpoint that a request invokes, or of the feature group whose records it is about; None for any other."""
    found = ((kind, path.match(request.path)) for kind, path in IN_PATHS.items())
    return next((_named(kind, unquote(matched[1])) for kind, matched in found if matched), None)


def resources(operation: str, members: Members) -> Iterator[str]:
    """Yield the resources of a request; `*` where the operation has none."""
    yield resource(operation, members)
    if operation in ("CreateEndpoint", "UpdateEndpoint"):
        yield names.arn("endpoint-config", members.get("EndpointConfigName", ""))


def resource(operation: str, members: Members) -> str:
    """Return the first resource of a request; `*` where the operation has none."""
    if operation in ("AddTags", "ListTags", "DeleteTags"):
        return members.get("ResourceArn", "*")
    if "PipelineExecutionArn" in members:
        return members["PipelineExecutionArn"]
    if operation in ("StartPipelineExecution", "ListPipelineExecutions", "ListPipelineVersions"):
        return _named("pipeline", members.get("PipelineName", ""))
    if operation == "CreateDomain":
        return _named("domain", "*")
    if operation.endswith("UserProfile"):
        return _named("user-profile", f"{members.get('DomainId')}/{members.get('UserProfileName')}")
    if operation == "CreateMlflowApp":
        return _named("mlflow-app", "*")
    if operation.endswith(("MlflowApp", "MlflowAppUrl")):
        return members.get("Arn", "*")
    if operation in ("CreateApp", "DescribeApp", "DeleteApp"):
        owner = members.get("SpaceName") or members.get("UserProfileName", "")
        return _named("app", "/".join((members.get("DomainId", ""), owner, *_texts(members, "AppType", "AppName"))))
    if operation in ("CreateSpace", "DescribeSpace", "DeleteSpace"):
        return _named("space", "/".join(_texts(members, "DomainId", "SpaceName")))
    if operation == "CreateModelPackage":
        return _named("model-package", f"{names.name_of(members.get('ModelPackageGroupName', ''))}/*")
    if operation == "ListModelPackages":
        group = members.get("ModelPackageGroupName", "")
        return _named("model-package", f"{names.name_of(group)}/*" if group else "*", like=group)
    if operation.endswith("ModelPackage"):
        return _named("model-package", members.get("ModelPackageArn") or members.get("ModelPackageName", ""))
    for verb in VERBS:
        known = RESOURCES.get(operation.removeprefix(verb)) if operation.startswith(verb) else None
        if known:
            return _named(known[0], members.get(known[1], ""))
    return "*"


def context(operation: str, members: Members) -> Iterator[tuple[str, Any]]:
    """Yield the condition keys of a request."""
    collect = COLLECTORS.get(operation)
    if collect:
        yield from collect(members)
    # Tags that are added later are added by no operation but their own. Source: SageMaker Developer Guide, "Provide
    # permissions for tagging SageMaker AI resources", whose policy allows tags on creation alone by this key's presence.
    if operation.startswith("Create") and members.get("Tags"):
        yield "sagemaker:TaggingAction", operation


def _studio_context(members: Members) -> Iterator[tuple[str, Any]]:
    settings: Mapping[str, Any] = members.get("DefaultUserSettings") or members.get("UserSettings") or {}
    instances = sorted(_values_of(settings, "InstanceType"))
    yield "sagemaker:AppNetworkAccessType", members.get("AppNetworkAccessType")
    yield "sagemaker:InstanceTypes", instances or None
    yield "sagemaker:VpcSubnets", members.get("SubnetIds")
    yield "sagemaker:VpcSecurityGroupIds", settings.get("SecurityGroups")
    yield "sagemaker:VolumeKmsKey", members.get("KmsKeyId")
    yield "sagemaker:DomainSharingOutputKmsKey", settings.get("SharingSettings", {}).get("S3KmsKeyId")


def _space_context(members: Members) -> Iterator[tuple[str, Any]]:
    """Yield the keys of a request about a space, or about an app in one: the owner and the sharing type are the space's."""
    domain = members.get("DomainId", "")
    space: Mapping[str, Any] = members if "OwnershipSettings" in members else {}
    space = space or domains.spaces.get((domain, members.get("SpaceName", ""))) or {}
    owner = space.get("OwnershipSettings", {}).get("OwnerUserProfileName")
    yield "sagemaker:OwnerUserProfileArn", names.arn("user-profile", f"{domain}/{owner}") if owner else None
    yield "sagemaker:SpaceSharingType", space.get("SpaceSharingSettings", {}).get("SharingType")
    yield "sagemaker:InstanceTypes", sorted(_values_of(dict(members), "InstanceType")) or None


def _training_context(members: Members) -> Iterator[tuple[str, Any]]:
    resources = members.get("ResourceConfig", {})
    yield "sagemaker:InstanceTypes", sorted(_values_of(dict(resources), "InstanceType")) or None
    yield "sagemaker:VolumeKmsKey", resources.get("VolumeKmsKeyId")
    yield "sagemaker:OutputKmsKey", members.get("OutputDataConfig", {}).get("KmsKeyId")
    yield "sagemaker:FileSystemId", sorted(_values_of(members.get("InputDataConfig", []), "FileSystemId")) or None
    yield "sagemaker:MaxRuntimeInSeconds", _text(members.get("StoppingCondition", {}).get("MaxRuntimeInSeconds"))
    yield "sagemaker:NetworkIsolation", _flag(members.get("EnableNetworkIsolation", False))
    yield (
        "sagemaker:InterContainerTrafficEncryption",
        _flag(members.get("EnableInterContainerTrafficEncryption", False)),
    )
    yield from _network_context(members.get("VpcConfig", {}))


def _processing_context(members: Members) -> Iterator[tuple[str, Any]]:
    cluster = members.get("ProcessingResources", {}).get("ClusterConfig", {})
    network = members.get("NetworkConfig", {})
    yield "sagemaker:InstanceTypes", [cluster["InstanceType"]] if "InstanceType" in cluster else None
    yield "sagemaker:VolumeKmsKey", cluster.get("VolumeKmsKeyId")
    yield "sagemaker:OutputKmsKey", members.get("ProcessingOutputConfig", {}).get("KmsKeyId")
    yield "sagemaker:MaxRuntimeInSeconds", _text(members.get("StoppingCondition", {}).get("MaxRuntimeInSeconds"))
    yield "sagemaker:NetworkIsolation", _flag(network.get("EnableNetworkIsolation", False))
    yield (
        "sagemaker:InterContainerTrafficEncryption",
        _flag(network.get("EnableInterContainerTrafficEncryption", False)),
    )
    yield from _network_context(network.get("VpcConfig", {}))


def _transform_context(members: Members) -> Iterator[tuple[str, Any]]:
    resources = members.get("TransformResources", {})
    yield "sagemaker:InstanceTypes", [resources["InstanceType"]] if "InstanceType" in resources else None
    yield "sagemaker:VolumeKmsKey", resources.get("VolumeKmsKeyId")
    yield "sagemaker:OutputKmsKey", members.get("TransformOutput", {}).get("KmsKeyId")
    yield "sagemaker:ModelArn", _named("model", members.get("ModelName", ""))


def _endpoint_context(members: Members) -> Iterator[tuple[str, Any]]:
    variants = [*members.get("ProductionVariants", []), *members.get("ShadowProductionVariants", [])]
    models = [variant["ModelName"] for variant in variants if "ModelName" in variant]
    # Nobody documents whether the types and models of instance pools are among them; SageMaker's part refuses pools.
    types = {variant["InstanceType"] for variant in variants if "InstanceType" in variant}
    yield "sagemaker:InstanceTypes", sorted(types) or None
    yield "sagemaker:AcceleratorTypes", sorted(_values_of(variants, "AcceleratorType")) or None
    yield "sagemaker:ModelArn", [_named("model", name) for name in models] or None
    yield "sagemaker:VolumeKmsKey", members.get("KmsKeyId")
    yield "sagemaker:NetworkIsolation", _flag(members.get("EnableNetworkIsolation", False))
    yield from _network_context(members.get("VpcConfig", {}))


def _model_context(members: Members) -> Iterator[tuple[str, Any]]:
    yield "sagemaker:NetworkIsolation", _flag(members.get("EnableNetworkIsolation", False))
    yield from _network_context(members.get("VpcConfig", {}))


def _approval_context(members: Members) -> Iterator[tuple[str, Any]]:
    yield "sagemaker:ModelApprovalStatus", members.get("ModelApprovalStatus")
    yield "sagemaker:CustomerMetadataPropertiesToRemove", members.get("CustomerMetadataPropertiesToRemove") or None
    for key, value in members.get("CustomerMetadataProperties", {}).items():
        yield f"sagemaker:CustomerMetadataProperties/{key}", value
    wanted, current = members.get("ModelLifeCycle", {}), _current_package(members)
    for key in ("Stage", "StageStatus"):
        yield f"sagemaker:ModelLifeCycle:{key}", wanted.get(key)
        yield f"sagemaker:CurrentModelLifeCycle{key}", current.get("ModelLifeCycle", {}).get(key)
    for key, value in current.get("CustomerMetadataProperties", {}).items():
        yield f"sagemaker:CurrentCustomerMetadataProperties/{key}", value


def _current_package(members: Members) -> Members:
    """Return the model package that a request changes, as it is before; nothing for a new one."""
    arn = members.get("ModelPackageArn", "")
    with store.owner_of(arn):
        return store.packages.get(arn) or {}


def _version_context(members: Members) -> Iterator[tuple[str, Any]]:
    # IAM decides before SageMaker looks an alias up: only a version that is named by its number has the key.
    yield "sagemaker:PipelineVersionId", _text(members.get("PipelineVersionId"))


def _network_context(vpc: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "sagemaker:VpcSubnets", vpc.get("Subnets")
    yield "sagemaker:VpcSecurityGroupIds", vpc.get("SecurityGroupIds")


def _named(kind: str, name: str, *, like: str = "") -> str:
    """Return the ARN of a resource, in the account and region of the ARN `like`, if that is one."""
    if name.startswith("arn:"):
        return name
    if like.startswith("arn:"):
        return f"{':'.join(like.split(':')[:5])}:{kind}/{name.lower()}"
    return names.arn(kind, name)


def _texts(members: Members, *wanted: str) -> Iterator[str]:
    return (members.get(name, "") for name in wanted)


def _values_of(value: Any, wanted: str) -> set[str]:
    if isinstance(value, dict):
        entries = cast(Mapping[str, Any], value)
        own = {entries[wanted]} if isinstance(entries.get(wanted), str) else set[str]()
        return own.union(*(_values_of(item, wanted) for item in entries.values()))
    if isinstance(value, list):
        return set[str]().union(*(_values_of(item, wanted) for item in cast(list[Any], value)))
    return set()


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


COLLECTORS: Mapping[str, Callable[[Members], Iterator[tuple[str, Any]]]] = {
    "CreateApp": _space_context,
    "CreateDomain": _studio_context,
    "CreateSpace": _space_context,
    "DeleteApp": _space_context,
    "DeleteSpace": _space_context,
    "UpdateDomain": _studio_context,
    "CreateUserProfile": _studio_context,
    "UpdateUserProfile": _studio_context,
    "CreateProcessingJob": _processing_context,
    "CreateTrainingJob": _training_context,
    "CreateTransformJob": _transform_context,
    "CreateEndpointConfig": _endpoint_context,
    "CreateModel": _model_context,
    "CreateModelPackage": _approval_context,
    "UpdateModelPackage": _approval_context,
    "DescribePipeline": _version_context,
    "StartPipelineExecution": _version_context,
    "UpdatePipelineVersion": _version_context,
}
"""By operation: its condition keys."""
