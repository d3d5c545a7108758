"""Model packages: the versions of a group, and the events that changes send."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sandbox.aws.errors import NotEmulatedError
from sandbox.aws.eventbridge import service_events
from sandbox.aws.sagemaker import names, tags
from sandbox.aws.sagemaker.registry import model_cards, store
from sandbox.aws.service import Call, Members, now

STATE_CHANGE = "SageMaker Model Package State Change"

CREATED_BY_REQUEST = (
    "ModelPackageDescription",
    "InferenceSpecification",
    "SourceAlgorithmSpecification",
    "CertifyForMarketplace",
    "ModelMetrics",
    "CustomerMetadataProperties",
    "DriftCheckBaselines",
    "Domain",
    "Task",
    "SamplePayloadUrl",
    "AdditionalInferenceSpecifications",
    "SkipModelValidation",
    "SourceUri",
    "MetadataProperties",
    "ModelCard",
    "ModelLifeCycle",
)
"""Members that a model package takes over from the request as they are."""


def create(members: Members, creator_arn: str) -> Members:
    """Register a model as the next version of its group.

    Source: SageMaker API Reference, `CreatedBy` of DescribeModelPackage, and UserContext, which has an IamIdentity for
    model packages.
    """
    if "ModelPackageGroupName" not in members:
        raise NotEmulatedError("model packages without a group")
    model_cards.check(members.get("ModelCard", {}), None)
    group = store.group(members["ModelPackageGroupName"])
    name = group["ModelPackageGroupName"]
    version = 1 + max(
        (package["ModelPackageVersion"] for package in store.versions(name)), default=group.get("_last", 0)
    )
    group["_last"] = version
    arn = names.arn("model-package", f"{name}/{version}")
    store.packages[arn] = {
        **names.pick(members, *CREATED_BY_REQUEST),
        "ModelPackageName": f"{name}/{version}",
        "ModelPackageGroupName": name,
        "ModelPackageVersion": version,
        "ModelPackageArn": arn,
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
        "ModelApprovalStatus": members.get("ModelApprovalStatus", "PendingManualApproval"),
        "CreationTime": now(),
        "CreatedBy": {"IamIdentity": {"Arn": creator_arn}},
        "LastModifiedTime": now(),
    }
    tags.put(arn, members.get("Tags", []))
    _send_event(store.packages[arn], ())
    return {"ModelPackageArn": arn}


def describe(name_or_arn: str) -> Members:
    """Return the description of a model package.

    Raises:
        ServiceError: there is none.
    """
    with store.owner_of(name_or_arn):
        return store.package(name_or_arn)


def _create(call: Call) -> Members:
    return create(call.members, call.caller.arn)


def _describe(call: Call) -> Members:
    return describe(call.members["ModelPackageName"])


def _update(call: Call) -> Members:
    with store.owner_of(call.members["ModelPackageArn"]):
        return _change(call)


def _change(call: Call) -> Members:
    package = store.package(call.members["ModelPackageArn"])
    changes = {key: value for key, value in call.members.items() if key != "ModelPackageArn"}
    if "ModelCard" in changes:
        model_cards.check(changes["ModelCard"], package.get("ModelCard"))
        # The status can change without the content.
        changes["ModelCard"] = package.get("ModelCard", {}) | changes["ModelCard"]
    for key in changes.pop("CustomerMetadataPropertiesToRemove", []):
        package.get("CustomerMetadataProperties", {}).pop(key, None)
    if "CustomerMetadataProperties" in changes:
        changes["CustomerMetadataProperties"] = (
            package.get("CustomerMetadataProperties", {}) | changes["CustomerMetadataProperties"]
        )
    package |= changes
    package["LastModifiedTime"] = now()
    package["LastModifiedBy"] = {"IamIdentity": {"Arn": call.caller.arn}}
    updated = {key for key in call.members if key not in ("ModelPackageArn", "CustomerMetadataPropertiesToRemove")}
    if "CustomerMetadataPropertiesToRemove" in call.members:
        updated.add("CustomerMetadataProperties")
    _send_event(package, sorted(updated))
    return {"ModelPackageArn": package["ModelPackageArn"]}


def _delete(call: Call) -> Members:
    package = store.package(call.members["ModelPackageName"])
    tags.forget(package["ModelPackageArn"])
    store.packages.pop(package["ModelPackageArn"])
    return {}


def _list(call: Call) -> Members:
    group = call.members.get("ModelPackageGroupName")
    with store.owner_of(group or ""):
        records = (
            store.versions(store.group(group)["ModelPackageGroupName"]) if group else list(store.packages.values())
        )
    status = call.members.get("ModelApprovalStatus")
    if status:
        records = [record for record in records if record["ModelApprovalStatus"] == status]
    return names.page(
        call.members,
        "ModelPackageSummaryList",
        records,
        lambda record: names.pick(
            record,
            "ModelPackageName",
            "ModelPackageGroupName",
            "ModelPackageVersion",
            "ModelPackageArn",
            "ModelPackageDescription",
            "CreationTime",
            "ModelPackageStatus",
            "ModelApprovalStatus",
            "ModelLifeCycle",
        ),
    )


def _send_event(package: Members, updated: Sequence[str]) -> None:
    """Send the event of a change.

    Its form is that of the SageMaker Developer Guide, "Events that Amazon SageMaker AI sends to Amazon EventBridge".
    """
    detail = {
        **package,
        "CreationTime": _moment(package["CreationTime"]),
        "LastModifiedTime": _moment(package["LastModifiedTime"]),
        **({"UpdatedModelPackageFields": list(updated)} if updated else {}),
    }
    service_events.send("aws.sagemaker", STATE_CHANGE, [package["ModelPackageArn"]], detail)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


OPERATIONS = {
    "CreateModelPackage": _create,
    "DescribeModelPackage": _describe,
    "UpdateModelPackage": _update,
    "DeleteModelPackage": _delete,
    "ListModelPackages": _list,
}
