"""The model registry: groups of model packages, their versions, and the events that changes send.

Other accounts' groups and packages are reached by ARN, as far as the group's resource policy lets the caller.
"""

import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from sandbox.aws import emulator
from sandbox.aws.errors import ServiceError
from sandbox.aws.sagemaker import names, tags
from sandbox.aws.service import Call, Members, now

_groups = emulator.scoped_store()
_packages = emulator.scoped_store()
_policies = emulator.scoped_store()

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


def create_group(members: Members) -> Members:
    """Create a group of model packages."""
    name = members["ModelPackageGroupName"]
    arn = names.arn("model-package-group", name)
    if name in _groups:
        raise ServiceError("ValidationException", f"Model Package Group already exists: {arn}")
    _groups[name] = {
        **names.pick(members, "ModelPackageGroupName", "ModelPackageGroupDescription"),
        "ModelPackageGroupArn": arn,
        "ModelPackageGroupStatus": "Completed",
        "CreationTime": now(),
        "CreatedBy": {},
    }
    tags.put(arn, members.get("Tags", []))
    return {"ModelPackageGroupArn": arn}


def delete_group(name: str) -> None:
    """Delete a group, which must be empty."""
    group = _group(name)
    if _versions(group["ModelPackageGroupName"]):
        raise ServiceError(
            "ConflictException",
            f"Model Package Group cannot be deleted because it still contains Model Packages: "
            f"{group['ModelPackageGroupArn']}",
        )
    tags.forget(group["ModelPackageGroupArn"])
    set_policy(group["ModelPackageGroupName"], None)
    _groups.pop(group["ModelPackageGroupName"])


def set_policy(name: str, policy: object) -> None:
    """Set the resource policy of a group, or remove it."""
    if policy is None:
        _policies.pop(name, None)
    else:
        _policies[name] = policy if isinstance(policy, str) else json.dumps(policy)


def policy_of(arn: str) -> tuple[str, str] | None:
    """The resource policy that decides about a group or a package of the current account, and this account.

    None where the ARN is that of something else.
    """
    kind, _, name = arn.split(":", 5)[5].partition("/")
    if kind not in ("model-package-group", "model-package"):
        return None
    group = name.partition("/")[0]
    policies = (policy for owner, policy in _policies.items() if owner.lower() == group.lower())
    return next(policies, ""), emulator.account_id()


def create_package(members: Members) -> Members:
    """Register a model as the next version of its group."""
    if "ModelPackageGroupName" not in members:
        raise ServiceError("NotEmulatedBySandbox", "the sandbox knows only model packages of a group", 501)
    group = _group(members["ModelPackageGroupName"])
    name = group["ModelPackageGroupName"]
    version = 1 + max((package["ModelPackageVersion"] for package in _versions(name)), default=group.get("_last", 0))
    group["_last"] = version
    arn = names.arn("model-package", f"{name}/{version}")
    _packages[arn] = {
        **names.pick(members, *CREATED_BY_REQUEST),
        "ModelPackageName": f"{name}/{version}",
        "ModelPackageGroupName": name,
        "ModelPackageVersion": version,
        "ModelPackageArn": arn,
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
        "ModelApprovalStatus": members.get("ModelApprovalStatus", "PendingManualApproval"),
        "CreationTime": now(),
        "LastModifiedTime": now(),
    }
    tags.put(arn, members.get("Tags", []))
    _send_event(_packages[arn], ())
    return {"ModelPackageArn": arn}


def describe_package(name_or_arn: str) -> Members:
    """What is known about a model package.

    Raises:
        ServiceError: there is none.
    """
    with _owner_of(name_or_arn):
        return _package(name_or_arn)


@contextmanager
def _owner_of(name_or_arn: str) -> Generator[None]:
    """Answer from the account and region that an ARN names."""
    parts = name_or_arn.split(":")
    region, account = (parts[3], parts[4]) if len(parts) > 5 else (emulator.region(), emulator.account_id())
    with emulator.responses.request_scope(account, region):
        yield


def _group(name_or_arn: str) -> Members:
    name = names.name_of(name_or_arn)
    if name_or_arn.startswith("arn:") and name_or_arn.split(":")[4] != emulator.account_id():
        raise ServiceError("ValidationException", f"Model Package Group does not exist: {name_or_arn}")
    message = f"Model Package Group does not exist: {names.arn('model-package-group', name)}"
    return names.found(_groups, name, message, "ValidationException")


def _package(name_or_arn: str) -> Members:
    arn = name_or_arn if name_or_arn.startswith("arn:") else names.arn("model-package", name_or_arn)
    return names.found(_packages, arn, f"ModelPackage {arn} does not exist.", "ValidationException")


def _versions(group: str) -> list[Members]:
    return [package for package in _packages.values() if package["ModelPackageGroupName"] == group]


def _describe_group(call: Call) -> Members:
    with _owner_of(call.members["ModelPackageGroupName"]):
        group = _group(call.members["ModelPackageGroupName"])
    return {key: value for key, value in group.items() if key != "_last"}


def _delete_group(call: Call) -> Members:
    delete_group(names.name_of(call.members["ModelPackageGroupName"]))
    return {}


def _list_groups(call: Call) -> Members:
    wanted = call.members.get("NameContains", "")
    records = [group for group in _groups.values() if wanted in group["ModelPackageGroupName"]]
    return names.page(
        call.members,
        "ModelPackageGroupSummaryList",
        records,
        lambda record: names.pick(
            record,
            "ModelPackageGroupName",
            "ModelPackageGroupArn",
            "ModelPackageGroupDescription",
            "CreationTime",
            "ModelPackageGroupStatus",
        ),
    )


def _put_policy(call: Call) -> Members:
    group = _group(call.members["ModelPackageGroupName"])
    _policies[group["ModelPackageGroupName"]] = call.members["ResourcePolicy"]
    return {"ModelPackageGroupArn": group["ModelPackageGroupArn"]}


def _get_policy(call: Call) -> Members:
    name = _group(call.members["ModelPackageGroupName"])["ModelPackageGroupName"]
    if name not in _policies:
        raise ServiceError("ValidationException", f"Cannot find resource policy for Model Package Group: {name}")
    return {"ResourcePolicy": _policies[name]}


def _delete_policy(call: Call) -> Members:
    _policies.pop(_group(call.members["ModelPackageGroupName"])["ModelPackageGroupName"], None)
    return {}


def _describe_package(call: Call) -> Members:
    return describe_package(call.members["ModelPackageName"])


def _update_package(call: Call) -> Members:
    with _owner_of(call.members["ModelPackageArn"]):
        return _change_package(call)


def _change_package(call: Call) -> Members:
    package = _package(call.members["ModelPackageArn"])
    changes = {key: value for key, value in call.members.items() if key != "ModelPackageArn"}
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


def _delete_package(call: Call) -> Members:
    package = _package(call.members["ModelPackageName"])
    tags.forget(package["ModelPackageArn"])
    _packages.pop(package["ModelPackageArn"])
    return {}


def _list_packages(call: Call) -> Members:
    group = call.members.get("ModelPackageGroupName")
    with _owner_of(group or ""):
        records = _versions(_group(group)["ModelPackageGroupName"]) if group else list(_packages.values())
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
    emulator.send_event("aws.sagemaker", STATE_CHANGE, [package["ModelPackageArn"]], detail)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _create_group(call: Call) -> Members:
    return create_group(call.members)


def _create_package(call: Call) -> Members:
    return create_package(call.members)


OPERATIONS = {
    "CreateModelPackageGroup": _create_group,
    "DescribeModelPackageGroup": _describe_group,
    "DeleteModelPackageGroup": _delete_group,
    "ListModelPackageGroups": _list_groups,
    "PutModelPackageGroupPolicy": _put_policy,
    "GetModelPackageGroupPolicy": _get_policy,
    "DeleteModelPackageGroupPolicy": _delete_policy,
    "CreateModelPackage": _create_package,
    "DescribeModelPackage": _describe_package,
    "UpdateModelPackage": _update_package,
    "DeleteModelPackage": _delete_package,
    "ListModelPackages": _list_packages,
}
