"""Buckets: Amazon S3. A bucket's settings are resources of their own, and their id is the bucket's name."""

import hashlib
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlencode

from botocore.exceptions import ClientError

from sandbox.plugins.aws.cloud import Aws, AwsResource, code_of, from_aws, given, pascal, retry, tag_list, tag_map
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values
from sandbox.plugins.resource import AutoName
from sandbox.plugins.values import asset_content, mapping_of

GONE = frozenset({"404", "NoSuchBucket"})
_HOSTED_ZONES = {"eu-west-1": "Z1BKCTXD74EZPE", "eu-central-1": "Z21DNDUVLTQW6Q", "us-east-1": "Z3AQBSTGFYJSTF"}


class Bucket(AwsResource):
    """A bucket."""

    type_name = "aws:s3/bucket:Bucket"
    inputs = Inputs("tags", replaces="bucket", computed="bucket", defaults={"forceDestroy": False})
    outputs = ("arn", "bucketDomainName", "bucketRegion", "bucketRegionalDomainName", "hostedZoneId")
    auto_name = AutoName(property="bucket", longest=63, lower_case=True)
    gone = GONE

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Make the bucket; its name may still be held by one that was just removed."""
        where: Values = {}
        if cloud.region != "us-east-1":
            where = {"CreateBucketConfiguration": {"LocationConstraint": cloud.region}}
        retry(lambda: cloud.client("s3").create_bucket(Bucket=wanted["bucket"], **where), codes=["OperationAborted"])
        return wanted["bucket"]

    def complete(self, cloud: Aws, identifier: str, wanted: Values) -> None:
        """Set the tags."""
        if wanted["tagsAll"]:
            cloud.client("s3").put_bucket_tagging(Bucket=identifier, Tagging={"TagSet": tag_list(wanted["tagsAll"])})

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the bucket."""
        cloud.client("s3").head_bucket(Bucket=identifier)
        zone = _HOSTED_ZONES.get(cloud.region)
        return {
            "bucket": identifier,
            "forceDestroy": state.get("forceDestroy", False),
            "arn": f"arn:{cloud.partition}:s3:::{identifier}",
            "bucketDomainName": f"{identifier}.s3.amazonaws.com",
            "bucketRegion": cloud.region,
            "bucketRegionalDomainName": f"{identifier}.s3.{cloud.region}.amazonaws.com",
            **({"hostedZoneId": zone} if zone else {}),
            "tagsAll": self._tags(cloud, identifier),
        }

    @staticmethod
    def _tags(cloud: Aws, identifier: str) -> dict[str, str]:
        try:
            return tag_map(cloud.client("s3").get_bucket_tagging(Bucket=identifier)["TagSet"])
        except ClientError as error:
            if code_of(error) == "NoSuchTagSet":
                return {}
            raise

    def retag(self, cloud: Aws, identifier: str, state: Values, removed: list[str], added: dict[str, str]) -> None:
        """Set all tags: S3 knows no other way. Those that AWS itself set stay."""
        present = self._tags(cloud, identifier)
        tags = {key: value for key, value in present.items() if key not in removed} | added
        if tags:
            cloud.client("s3").put_bucket_tagging(Bucket=identifier, Tagging={"TagSet": tag_list(tags)})
        else:
            cloud.client("s3").delete_bucket_tagging(Bucket=identifier)

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Nothing to ask of S3: whether a full bucket may be removed is known to the state alone."""

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Remove the bucket, with its objects only if the program said so."""
        if state.get("forceDestroy"):
            remove_versions(cloud, identifier)
        cloud.client("s3").delete_bucket(Bucket=identifier)


def remove_versions(cloud: Aws, bucket: str, key: str | None = None) -> None:
    """Remove every version of every object, or of one object."""
    s3 = cloud.client("s3")
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, **({"Prefix": key} if key else {})):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        objects = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found if key in {None, one["Key"]}]
        if objects:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})


class BucketSetting(AwsResource):
    """One setting of a bucket."""

    outputs = ()

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Set it; the bucket may be too new for this part of S3."""
        retry(lambda: self.put(cloud, wanted), codes=["NoSuchBucket"], seconds=20)
        return wanted["bucket"]

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Set it again."""
        self.put(cloud, wanted)

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read it."""
        seen = self.get(cloud, identifier)
        return None if seen is None else {"bucket": identifier, **seen}

    @abstractmethod
    def put(self, cloud: Aws, wanted: Values) -> None:
        """Send the setting."""

    @abstractmethod
    def get(self, cloud: Aws, bucket: str) -> Values | None:
        """Return the setting, or None where there is none."""


class BucketVersioning(BucketSetting):
    """Whether a bucket keeps old versions."""

    type_name = "aws:s3/bucketVersioning:BucketVersioning"
    inputs = Inputs(replaces="bucket", objects={"versioningConfiguration": Inputs("status")})
    gone = GONE

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
        """Suspend it: a bucket that kept versions can only stop."""
        if state["versioningConfiguration"]["status"] == "Enabled":
            cloud.client("s3").put_bucket_versioning(Bucket=identifier, VersioningConfiguration={"Status": "Suspended"})


class BucketServerSideEncryptionConfiguration(BucketSetting):
    """How a bucket encrypts."""

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
    gone = GONE | {"ServerSideEncryptionConfigurationNotFoundError"}

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
        """Go back to S3's own encryption."""
        cloud.client("s3").delete_bucket_encryption(Bucket=identifier)


class BucketPublicAccessBlock(BucketSetting):
    """What keeps a bucket from being opened."""

    type_name = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    _switches: ClassVar = {
        "blockPublicAcls": "BlockPublicAcls",
        "blockPublicPolicy": "BlockPublicPolicy",
        "ignorePublicAcls": "IgnorePublicAcls",
        "restrictPublicBuckets": "RestrictPublicBuckets",
    }
    inputs = Inputs(
        replaces="bucket",
        defaults=dict.fromkeys(_switches, False),
    )
    gone = GONE | {"NoSuchPublicAccessBlockConfiguration"}

    def put(self, cloud: Aws, wanted: Values) -> None:
        """Send the setting."""
        cloud.client("s3").put_public_access_block(
            Bucket=wanted["bucket"], PublicAccessBlockConfiguration=given(wanted, self._switches)
        )

    def get(self, cloud: Aws, bucket: str) -> Values | None:
        """Return the setting."""
        answer = cloud.client("s3").get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
        return {name: answer.get(there, False) for name, there in self._switches.items()}

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Remove the setting."""
        cloud.client("s3").delete_public_access_block(Bucket=identifier)


class BucketOwnershipControls(BucketSetting):
    """Who owns what others put into a bucket."""

    type_name = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
    inputs = Inputs(replaces="bucket", objects={"rule": Inputs("objectOwnership")})
    gone = GONE | {"OwnershipControlsNotFoundError"}

    def put(self, cloud: Aws, wanted: Values) -> None:
        """Send the setting."""
        cloud.client("s3").put_bucket_ownership_controls(
            Bucket=wanted["bucket"], OwnershipControls={"Rules": [pascal(wanted["rule"])]}
        )

    def get(self, cloud: Aws, bucket: str) -> Values | None:
        """Return the setting."""
        rules = cloud.client("s3").get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
        return {"rule": from_aws(self.properties["rule"], rules[0])} if rules else None

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Remove the setting."""
        cloud.client("s3").delete_bucket_ownership_controls(Bucket=identifier)


class BucketPolicy(BucketSetting):
    """A bucket's own policy."""

    type_name = "aws:s3/bucketPolicy:BucketPolicy"
    inputs = Inputs(replaces="bucket", policies="policy")
    gone = GONE | {"NoSuchBucketPolicy"}

    def put(self, cloud: Aws, wanted: Values) -> None:
        """Send the policy; a principal that it names may be too new for S3."""
        retry(
            lambda: cloud.client("s3").put_bucket_policy(Bucket=wanted["bucket"], Policy=wanted["policy"]),
            codes=["MalformedPolicy"],
            message="Invalid principal in policy",
        )

    def get(self, cloud: Aws, bucket: str) -> Values | None:
        """Return the policy."""
        return {"policy": cloud.client("s3").get_bucket_policy(Bucket=bucket)["Policy"]}

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Remove the policy."""
        cloud.client("s3").delete_bucket_policy(Bucket=identifier)


class BucketLifecycleConfiguration(BucketSetting):
    """When a bucket's objects move or expire."""

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
                    "filter": Inputs("prefix"),
                    "noncurrentVersionExpiration": Inputs("newerNoncurrentVersions noncurrentDays"),
                    "noncurrentVersionTransitions": Inputs("newerNoncurrentVersions noncurrentDays storageClass"),
                    "transitions": Inputs("days storageClass"),
                },
            )
        },
    )
    gone = GONE | {"NoSuchLifecycleConfiguration"}

    def put(self, cloud: Aws, wanted: Values) -> None:
        """Send the rules."""
        rules = [pascal(rule) for rule in wanted["rules"]]
        for rule in rules:
            rule["ID"] = rule.pop("Id")
            rule["Filter"] = {"Prefix": "", **rule.get("Filter", {})}
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
        """Remove the rules."""
        cloud.client("s3").delete_bucket_lifecycle(Bucket=identifier)


class BucketLogging(BucketSetting):
    """Where a bucket's access log goes."""

    type_name = "aws:s3/bucketLogging:BucketLogging"
    inputs = Inputs("targetBucket targetPrefix", replaces="bucket")
    gone = GONE

    def put(self, cloud: Aws, wanted: Values) -> None:
        """Send the setting."""
        enabled = given(wanted, {"targetBucket": "TargetBucket", "targetPrefix": "TargetPrefix"})
        cloud.client("s3").put_bucket_logging(Bucket=wanted["bucket"], BucketLoggingStatus={"LoggingEnabled": enabled})

    def get(self, cloud: Aws, bucket: str) -> Values | None:
        """Return the setting."""
        enabled = cloud.client("s3").get_bucket_logging(Bucket=bucket).get("LoggingEnabled")
        return {"targetBucket": enabled["TargetBucket"], "targetPrefix": enabled["TargetPrefix"]} if enabled else None

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Stop the log."""
        cloud.client("s3").put_bucket_logging(Bucket=identifier, BucketLoggingStatus={})


class BucketCorsConfiguration(BucketSetting):
    """Which web pages may reach into a bucket."""

    type_name = "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration"
    inputs = Inputs(
        replaces="bucket",
        objects={"corsRules": Inputs("allowedHeaders allowedMethods allowedOrigins exposeHeaders maxAgeSeconds")},
    )
    gone = GONE | {"NoSuchCORSConfiguration"}

    def put(self, cloud: Aws, wanted: Values) -> None:
        """Send the rules."""
        cloud.client("s3").put_bucket_cors(
            Bucket=wanted["bucket"], CORSConfiguration={"CORSRules": [pascal(rule) for rule in wanted["corsRules"]]}
        )

    def get(self, cloud: Aws, bucket: str) -> Values | None:
        """Return the rules."""
        rules = cloud.client("s3").get_bucket_cors(Bucket=bucket)["CORSRules"]
        return {"corsRules": from_aws(self.properties["corsRules"], rules)}

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Remove the rules."""
        cloud.client("s3").delete_bucket_cors(Bucket=identifier)


class BucketObjectv2(AwsResource):
    """An object."""

    type_name = "aws:s3/bucketObjectv2:BucketObjectv2"
    inputs = Inputs("content source tags", replaces="bucket key", computed="contentType", required="key")
    outputs = ("arn", "etag", "serverSideEncryption", "storageClass", "versionId")
    changing_outputs = ("etag", "versionId")
    gone = GONE | {"NoSuchKey"}

    def refusals(self, wanted: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Refuse two contents."""
        two = wanted.get("content") is not None and wanted.get("source") is not None
        return [("content", "only one of content, source can be set")] if two else []

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Put the object."""
        self._put(cloud, wanted)
        return wanted["key"]

    @staticmethod
    def _put(cloud: Aws, wanted: Values) -> None:
        source = wanted.get("source")
        body = asset_content(source, Path.cwd()) if source else str(wanted.get("content", "")).encode()
        tags = urlencode(sorted(wanted["tagsAll"].items()))
        cloud.client("s3").put_object(
            Bucket=wanted["bucket"],
            Key=wanted["key"],
            Body=body,
            **given(wanted, {"contentType": "ContentType"}),
            **({"Tagging": tags} if tags else {}),
        )

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read what S3 says of the object; its content is compared by its hash, as it is not part of the answer."""
        s3 = cloud.client("s3")
        bucket, key = state.get("bucket"), state.get("key")
        if bucket is None or key is None:  # an import names it BUCKET/KEY
            bucket, _, key = identifier.partition("/")
        head = s3.head_object(Bucket=bucket, Key=key)
        seen: Values = {
            "id": key,
            "bucket": bucket,
            "key": key,
            "arn": f"arn:{cloud.partition}:s3:::{bucket}/{key}",
            "contentType": head.get("ContentType"),
            "etag": head["ETag"].strip('"'),
            "serverSideEncryption": head.get("ServerSideEncryption"),
            "storageClass": head.get("StorageClass", "STANDARD"),
            "versionId": head.get("VersionId"),
            "tagsAll": tag_map(s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]),
        }
        # S3's tag is the content's MD5 unless a customer key encrypts the object.
        content = state.get("content")
        if content is not None and head.get("ServerSideEncryption") != "aws:kms":
            actual = hashlib.md5(content.encode(), usedforsecurity=False).hexdigest()
            if actual != seen["etag"]:
                seen["content"] = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode(errors="replace")
        return seen

    def update(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Put the object again, or set its tags."""
        if changed - {"tags", "tagsAll"}:
            self._put(cloud, wanted)
        else:
            cloud.client("s3").put_object_tagging(
                Bucket=wanted["bucket"], Key=wanted["key"], Tagging={"TagSet": tag_list(wanted["tagsAll"])}
            )

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Remove the object with every version of it, as the official provider does."""
        if state.get("versionId"):
            remove_versions(cloud, state["bucket"], state["key"])
        else:
            cloud.client("s3").delete_object(Bucket=state["bucket"], Key=state["key"])


TYPES = (
    Bucket(),
    BucketVersioning(),
    BucketServerSideEncryptionConfiguration(),
    BucketPublicAccessBlock(),
    BucketOwnershipControls(),
    BucketPolicy(),
    BucketLifecycleConfiguration(),
    BucketLogging(),
    BucketCorsConfiguration(),
    BucketObjectv2(),
)
