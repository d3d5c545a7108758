"""Objects."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from sandbox.plugins.aws.cloud import Aws
from sandbox.plugins.aws.convert import given, tag_list, tag_map
from sandbox.plugins.aws.resource import AwsResource
from sandbox.plugins.aws.s3.bucket import NO_SUCH_BUCKET, remove_versions
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values
from sandbox.plugins.values import asset_content


class BucketObjectv2(AwsResource):
    """An object."""

    type_name = "aws:s3/bucketObjectv2:BucketObjectv2"
    inputs = Inputs("content source tags", replaces="bucket key", computed="contentType", required="key")
    outputs = ("arn", "etag", "serverSideEncryption", "storageClass", "versionId")
    changing_outputs = ("etag", "versionId")
    gone = NO_SUCH_BUCKET | {"NoSuchKey"}

    def refusals(self, wanted: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Refuse an object with both `content` and `source`."""
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
        """Read the object's metadata; the content is not part of it, and is compared by its hash."""
        s3 = cloud.client("s3")
        bucket, key = state.get("bucket"), state.get("key")
        if bucket is None or key is None:  # an import gives BUCKET/KEY
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
        # The ETag is the content's MD5 unless a customer managed key encrypts the object.
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
        """Delete the object with all its versions, as the official provider does."""
        if state.get("versionId"):
            remove_versions(cloud, state["bucket"], state["key"])
        else:
            cloud.client("s3").delete_object(Bucket=state["bucket"], Key=state["key"])


TYPES = (BucketObjectv2(),)
