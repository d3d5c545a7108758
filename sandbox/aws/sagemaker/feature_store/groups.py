"""Groups of features with an offline store in S3, without a table in AWS Glue and without an online store."""

from typing import Any

from sandbox.aws import clock
from sandbox.aws.errors import NotEmulatedError, ServiceError
from sandbox.aws.iam import authorization
from sandbox.aws.ministack import scope
from sandbox.aws.sagemaker import containers, execution_role, names, tags
from sandbox.aws.sagemaker.hosting import deployments
from sandbox.aws.service import Call, Members, now

RESERVED = frozenset({"is_deleted", "write_time", "api_invocation_time"})
"""Names that Feature Store gives columns of its own. Source: API Reference, "CreateFeatureGroup"."""
EVENT_TIME_TYPES = ("Fractional", "String")
"""Source: API Reference, "CreateFeatureGroup"."""
CREATED_WITHIN = 15.0
"""Seconds of AWS's until a group is created."""
SHOWN = (
    "FeatureGroupArn",
    "FeatureGroupName",
    "RecordIdentifierFeatureName",
    "EventTimeFeatureName",
    "FeatureDefinitions",
    "CreationTime",
    "LastModifiedTime",
    "OfflineStoreConfig",
    "RoleArn",
    "FeatureGroupStatus",
    "FailureReason",
    "Description",
    "OfflineStoreStatus",
)

_groups = scope.scoped_store()


def find(name_or_arn: str) -> Members:
    """Return a group.

    Raises:
        ServiceError: there is none.
    """
    name = names.name_of(name_or_arn)
    message = f"Resource Not Found: Amazon SageMaker can't find a FeatureGroup with name {name}"
    return names.found(_groups, name, message)


def _create(call: Call) -> Members:
    members = call.members
    _refuse_unknown(members)
    _check_features(members)
    name, storage = members["FeatureGroupName"], members["OfflineStoreConfig"]["S3StorageConfig"]
    if name in _groups:
        raise ServiceError("ResourceInUse", f"Resource Already Exists: FeatureGroup with name {name} already exists.")
    if "RoleArn" not in members:
        raise ServiceError("ValidationException", "RoleArn is required when OfflineStoreConfig is provided.")
    execution_role.check(members["RoleArn"])
    if "KmsKeyId" in storage:
        execution_role.enabled_key(storage["KmsKeyId"])
    moment = now()
    here = f"{scope.account_id()}/sagemaker/{scope.region()}/offline-store/{name}-{int(moment)}/data"
    arn = names.arn("feature-group", name)
    group = _groups[name] = {
        **members,
        "OfflineStoreConfig": {
            **members["OfflineStoreConfig"],
            "S3StorageConfig": {**storage, "ResolvedOutputS3Uri": f"{storage['S3Uri'].rstrip('/')}/{here}"},
        },
        "FeatureGroupArn": arn,
        "CreationTime": moment,
        "LastModifiedTime": moment,
        "OfflineStoreStatus": {"Status": "Active"},
        "FeatureGroupStatus": "Creating",
    }
    # Looking at the bucket calls this very server.
    deployments.in_background(_finish, group)
    tags.put(arn, members.get("Tags", []))
    return {"FeatureGroupArn": arn}


def _refuse_unknown(members: Members) -> None:
    offline: Members = members.get("OfflineStoreConfig", {})
    refused = {
        "a feature group without an offline store": not offline,
        "an online store": members.get("OnlineStoreConfig", {}).get("EnableOnlineStore", False),
        "provisioned throughput": members.get("ThroughputConfig", {}).get("ThroughputMode") == "Provisioned",
        "a feature group with a table in AWS Glue": not offline.get("DisableGlueTableCreation", False)
        or "DataCatalogConfig" in offline,
        "the Iceberg format": offline.get("TableFormat") == "Iceberg",
        "collections": any("CollectionType" in each for each in members["FeatureDefinitions"]),
    }
    for what, asked in refused.items():
        if asked:
            raise NotEmulatedError(what)


def _check_features(members: Members) -> None:
    types = {each["FeatureName"]: each["FeatureType"] for each in members["FeatureDefinitions"]}
    identifier, event = members["RecordIdentifierFeatureName"], members["EventTimeFeatureName"]
    problems = {
        "Feature names must be unique.": len(types) < len(members["FeatureDefinitions"]),
        f"Feature names cannot be any of {', '.join(sorted(RESERVED))}.": bool(types.keys() & RESERVED),
        f"RecordIdentifierFeatureName {identifier} is none of the feature definitions.": identifier not in types,
        f"EventTimeFeatureName {event} is none of the feature definitions.": event not in types,
        f"EventTimeFeatureName {event} must be of type Fractional or String.": types.get(event, "String")
        not in EVENT_TIME_TYPES,
    }
    for problem, present in problems.items():
        if present:
            raise ServiceError("ValidationException", problem)


def _finish(group: Members) -> None:
    clock.sleep(CREATED_WITHIN)
    refused = _bucket_refusal(group["RoleArn"], group["OfflineStoreConfig"]["S3StorageConfig"]["S3Uri"])
    if refused is not None:
        group["FailureReason"] = refused
    group["FeatureGroupStatus"] = "Created" if refused is None else "CreateFailed"


def _bucket_refusal(role_arn: str, uri: str) -> str | None:
    """Return why the role may not look at the bucket, as Feature Store does; None if it may."""
    from botocore.exceptions import ClientError

    s3: Any = containers.client("s3", authorization.assume(role_arn, "SageMaker"), scope.region())
    try:
        s3.get_bucket_acl(Bucket=uri.removeprefix("s3://").partition("/")[0])
    except ClientError as error:
        return f"The role {role_arn} cannot access {uri}: {error}"
    return None


def _describe(call: Call) -> Members:
    group = find(call.members["FeatureGroupName"])
    if "NextToken" in call.members:
        raise NotEmulatedError("further pages of a feature group's features")
    # Botocore's model requires the token, which the last page has not; the SDK takes its absence.
    return names.pick(group, *SHOWN)


def _delete(call: Call) -> Members:
    # What is in the offline store stays there. Source: API Reference, "DeleteFeatureGroup".
    group = find(call.members["FeatureGroupName"])
    tags.forget(group["FeatureGroupArn"])
    _groups.pop(group["FeatureGroupName"])
    return {}


def _list(call: Call) -> Members:
    members = call.members
    if unknown := sorted(members.keys() - {"NameContains", "FeatureGroupStatusEquals", "MaxResults", "NextToken"}):
        raise NotEmulatedError(f"ListFeatureGroups with {', '.join(unknown)}")
    found = [
        group
        for group in _groups.values()
        if members.get("NameContains", "") in group["FeatureGroupName"]
        and members.get("FeatureGroupStatusEquals", group["FeatureGroupStatus"]) == group["FeatureGroupStatus"]
    ]
    return names.page(members, "FeatureGroupSummaries", found, _summary)


def _summary(group: Members) -> Members:
    shown = ("FeatureGroupName", "FeatureGroupArn", "CreationTime", "FeatureGroupStatus", "OfflineStoreStatus")
    return names.pick(group, *shown)


OPERATIONS = {
    "CreateFeatureGroup": _create,
    "DescribeFeatureGroup": _describe,
    "DeleteFeatureGroup": _delete,
    "ListFeatureGroups": _list,
}
