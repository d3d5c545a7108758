"""Settings that decide how a bucket stores objects, and its access log."""

from collections.abc import Mapping
from typing import Any

from sandbox.plugins.aws.cloud import Aws
from sandbox.plugins.aws.convert import from_aws, given, pascal
from sandbox.plugins.aws.s3.bucket import NO_SUCH_BUCKET
from sandbox.plugins.aws.s3.setting import BucketSetting
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values
from sandbox.plugins.values import mapping_of


class BucketVersioning(BucketSetting):
    """The versioning of a bucket."""

    type_name = "aws:s3/bucketVersioning:BucketVersioning"
    inputs = Inputs(replaces="bucket", objects={"versioningConfiguration": Inputs("status")})
    gone = NO_SUCH_BUCKET

    def put(self, cloud: Aws, wanted: Values) -> None:
        """Send the setting."""
        cloud.client("s3").put_bucket_versioning(
            Bucket=wanted["bucket"], VersioningConfiguration={"Status": wanted["versioningConfiguration"]["status"]}
        )

    def get(self, cloud: Aws, bucket: str) -> Values | None:
        """Return the setting."""
        status = cloud.client("s3").get_bucket_versioning(Bucket=bucket).get("Status", "Disabled")
        return {"versioningConfiguration": {"status": status}}

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Suspend versioning, as it cannot be disabled again."""
        if state["versioningConfiguration"]["status"] == "Enabled":
            cloud.client("s3").put_bucket_versioning(Bucket=identifier, VersioningConfiguration={"Status": "Suspended"})


class BucketServerSideEncryptionConfiguration(BucketSetting):
    """The default encryption of a bucket."""

    type_name = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    inputs = Inputs(
        replaces="bucket",
        objects={
            "rules": Inputs(
                "bucketKeyEnabled",
                objects={"applyServerSideEncryptionByDefault": Inputs("kmsMasterKeyId sseAlgorithm")},
            )
        },
    )
    gone = NO_SUCH_BUCKET | {"ServerSideEncryptionConfigurationNotFoundError"}

    def put(self, cloud: Aws, wanted: Values) -> None:
        """Send the setting."""
        rules = [self._to_aws(rule) for rule in wanted["rules"]]
        cloud.client("s3").put_bucket_encryption(
            Bucket=wanted["bucket"], ServerSideEncryptionConfiguration={"Rules": rules}
        )

    @staticmethod
    def _to_aws(rule: Mapping[str, Any]) -> Values:
        default = rule.get("applyServerSideEncryptionByDefault")
        sent: Values = {"BucketKeyEnabled": bool(rule.get("bucketKeyEnabled"))}
        if default:
            names = {"sseAlgorithm": "SSEAlgorithm", "kmsMasterKeyId": "KMSMasterKeyID"}
            sent["ApplyServerSideEncryptionByDefault"] = given(default, names)
        return sent

    def get(self, cloud: Aws, bucket: str) -> Values | None:
        """Return the setting."""
        answer = cloud.client("s3").get_bucket_encryption(Bucket=bucket)
        rules: list[Values] = []
        for rule in answer["ServerSideEncryptionConfiguration"]["Rules"]:
            default = mapping_of(rule.get("ApplyServerSideEncryptionByDefault"))
            seen: Values = {"bucketKeyEnabled": rule.get("BucketKeyEnabled", False)}
            if default:
                seen["applyServerSideEncryptionByDefault"] = {
                    "sseAlgorithm": default["SSEAlgorithm"],
                    **({"kmsMasterKeyId": default["KMSMasterKeyID"]} if default.get("KMSMasterKeyID") else {}),
                }
            rules.append(seen)
        return {"rules": rules}

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Return the bucket to S3's default encryption."""
        cloud.client("s3").delete_bucket_encryption(Bucket=identifier)


class BucketLifecycleConfiguration(BucketSetting):
    """The lifecycle rules of a bucket."""

    type_name = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    inputs = Inputs(
        replaces="bucket",
        ordered="rules",
        objects={
            "rules": Inputs(
                "id status",
                objects={
                    "abortIncompleteMultipartUpload": Inputs("daysAfterInitiation"),
                    "expiration": Inputs("days expiredObjectDeleteMarker"),
                    "filter": Inputs("prefix", objects={"and": Inputs("objectSizeGreaterThan prefix")}),
                    "noncurrentVersionExpiration": Inputs("newerNoncurrentVersions noncurrentDays"),
                    "noncurrentVersionTransitions": Inputs("newerNoncurrentVersions noncurrentDays storageClass"),
                    "transitions": Inputs("days storageClass"),
                },
            )
        },
    )
    gone = NO_SUCH_BUCKET | {"NoSuchLifecycleConfiguration"}

    def put(self, cloud: Aws, wanted: Values) -> None:
        """Send the rules."""
        rules = [pascal(rule) for rule in wanted["rules"]]
        for rule in rules:
            rule["ID"] = rule.pop("Id")
            chosen = rule.get("Filter", {})
            rule["Filter"] = chosen if "And" in chosen else {"Prefix": "", **chosen}
        cloud.client("s3").put_bucket_lifecycle_configuration(
            Bucket=wanted["bucket"], LifecycleConfiguration={"Rules": rules}
        )

    def get(self, cloud: Aws, bucket: str) -> Values | None:
        """Return the rules."""
        rules = cloud.client("s3").get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
        for rule in rules:
            rule["Id"] = rule.pop("ID", None)
        return {"rules": from_aws(self.properties["rules"], rules)}

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the rules."""
        cloud.client("s3").delete_bucket_lifecycle(Bucket=identifier)


class BucketLogging(BucketSetting):
    """The access log of a bucket."""

    type_name = "aws:s3/bucketLogging:BucketLogging"
    inputs = Inputs("targetBucket targetPrefix", replaces="bucket")
    gone = NO_SUCH_BUCKET

    def put(self, cloud: Aws, wanted: Values) -> None:
        """Send the setting."""
        enabled = given(wanted, {"targetBucket": "TargetBucket", "targetPrefix": "TargetPrefix"})
        cloud.client("s3").put_bucket_logging(Bucket=wanted["bucket"], BucketLoggingStatus={"LoggingEnabled": enabled})

    def get(self, cloud: Aws, bucket: str) -> Values | None:
        """Return the setting."""
        enabled = cloud.client("s3").get_bucket_logging(Bucket=bucket).get("LoggingEnabled")
        return {"targetBucket": enabled["TargetBucket"], "targetPrefix": enabled["TargetPrefix"]} if enabled else None

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Disable the access log."""
        cloud.client("s3").put_bucket_logging(Bucket=identifier, BucketLoggingStatus={})


TYPES = (
    BucketVersioning(),
    BucketServerSideEncryptionConfiguration(),
    BucketLifecycleConfiguration(),
    BucketLogging(),
)
