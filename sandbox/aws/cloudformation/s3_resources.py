"""AWS::S3::Bucket: the properties that MiniStack drops, and buckets that are not empty."""

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.aws import validation
from sandbox.aws.ministack import s3
from sandbox.aws.ministack.cloudformation import Handlers

Settings = Mapping[str, Any]


def handlers(ministack: Handlers) -> Handlers:
    """Return the type's handler, around MiniStack's own."""
    own = ministack["AWS::S3::Bucket"]

    def create(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
        name, attributes = own["create"](logical_id, props, stack_name)
        _apply(name, props)
        return name, attributes

    def update(physical_id: str, old: dict[str, Any], new: dict[str, Any], stack_name: str) -> Any:
        name, attributes = own["update"](physical_id, old, new, stack_name)
        _apply(name, new)
        return name, attributes

    def delete(physical_id: str, props: dict[str, Any]) -> None:
        if not s3.is_empty(physical_id):
            raise ValueError("The bucket you tried to delete is not empty. You must delete all versions in the bucket.")
        own["delete"](physical_id, props)

    return {"AWS::S3::Bucket": {**own, "create": create, "update": update, "delete": delete}}


def _apply(name: str, props: Settings) -> None:
    for property_name, (operation, member, put, convert) in PROPERTIES.items():
        if property_name in props:
            body = _xml(operation, {"Bucket": name, member: convert(props[property_name])})
            status, _, text = put(name, body)
            if status >= 300:
                raise ValueError(f"{property_name}: {text.decode()}")


def _xml(operation: str, members: Settings) -> bytes:
    from botocore.serialize import create_serializer

    model = validation.service_model("s3").operation_model(operation)
    return create_serializer("rest-xml").serialize_to_request(members, model)["body"]


def _encryption(settings: Settings) -> Settings:
    return {
        "Rules": [
            {
                "ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"],
                "BucketKeyEnabled": _flag(rule.get("BucketKeyEnabled", False)),
            }
            for rule in settings["ServerSideEncryptionConfiguration"]
        ]
    }


def _lifecycle(settings: Settings) -> Settings:
    return {"Rules": [_lifecycle_rule(rule) for rule in settings["Rules"]]}


def _lifecycle_rule(rule: Settings) -> Settings:
    converted: dict[str, Any] = {"Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
    if "Id" in rule:
        converted["ID"] = rule["Id"]
    if "ExpirationInDays" in rule:
        converted["Expiration"] = {"Days": int(rule["ExpirationInDays"])}
    elif rule.get("ExpiredObjectDeleteMarker") is not None:
        converted["Expiration"] = {"ExpiredObjectDeleteMarker": _flag(rule["ExpiredObjectDeleteMarker"])}
    for name in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"):
        if name in rule:
            converted[name] = {key: int(value) for key, value in rule[name].items()}
    for name, days in (("Transitions", "Days"), ("NoncurrentVersionTransitions", "NoncurrentDays")):
        if name in rule:
            converted[name] = [
                {"StorageClass": item["StorageClass"], days: int(item["TransitionInDays"])} for item in rule[name]
            ]
    unknown = set(rule) - LIFECYCLE_MEMBERS
    if unknown:
        raise ValueError(f"the sandbox does not emulate {', '.join(sorted(unknown))} of a lifecycle rule")
    return converted


def _tags(tags: Any) -> Settings:
    return {"TagSet": tags}


def _logging(settings: Settings) -> Settings:
    return {
        "LoggingEnabled": {
            "TargetBucket": settings["DestinationBucketName"],
            "TargetPrefix": settings.get("LogFilePrefix", ""),
        }
    }


def _flag(value: Any) -> bool:
    return str(value).lower() == "true"


LIFECYCLE_MEMBERS = frozenset(
    {
        "AbortIncompleteMultipartUpload",
        "ExpirationInDays",
        "ExpiredObjectDeleteMarker",
        "Id",
        "NoncurrentVersionExpiration",
        "NoncurrentVersionTransitions",
        "Prefix",
        "Status",
        "Transitions",
    }
)

PROPERTIES: Mapping[str, tuple[str, str, s3.PutSetting, Callable[[Any], Any]]] = {
    "BucketEncryption": (
        "PutBucketEncryption",
        "ServerSideEncryptionConfiguration",
        s3.put_bucket_encryption,
        _encryption,
    ),
    "LifecycleConfiguration": (
        "PutBucketLifecycleConfiguration",
        "LifecycleConfiguration",
        s3.put_bucket_lifecycle,
        _lifecycle,
    ),
    "LoggingConfiguration": (
        "PutBucketLogging",
        "BucketLoggingStatus",
        s3.put_bucket_logging,
        _logging,
    ),
    "OwnershipControls": (
        "PutBucketOwnershipControls",
        "OwnershipControls",
        s3.put_bucket_ownership_controls,
        dict,
    ),
    "Tags": ("PutBucketTagging", "Tagging", s3.put_bucket_tagging, _tags),
}
"""By property: the API's operation and member that carry it, MiniStack's function, and the conversion between them."""
