"""Buckets."""

from botocore.exceptions import ClientError

from sandbox.plugins.aws.cloud import Aws, code_of
from sandbox.plugins.aws.convert import tag_list, tag_map
from sandbox.plugins.aws.resource import AwsResource
from sandbox.plugins.aws.waiting import retry
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values
from sandbox.plugins.resource import AutoName

NO_SUCH_BUCKET = frozenset({"404", "NoSuchBucket"})
_HOSTED_ZONES = {"eu-west-1": "Z1BKCTXD74EZPE", "eu-central-1": "Z21DNDUVLTQW6Q", "us-east-1": "Z3AQBSTGFYJSTF"}


class Bucket(AwsResource):
    """A bucket."""

    type_name = "aws:s3/bucket:Bucket"
    inputs = Inputs("tags", replaces="bucket", computed="bucket", defaults={"forceDestroy": False})
    outputs = ("arn", "bucketDomainName", "bucketRegion", "bucketRegionalDomainName", "hostedZoneId")
    auto_name = AutoName(property="bucket", longest=63, lower_case=True)
    gone = NO_SUCH_BUCKET

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Create the bucket; its name may still be held by one that was just removed."""
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
        """Replace all tags, as S3 has no other way, but keep those that AWS set itself."""
        present = self._tags(cloud, identifier)
        tags = {key: value for key, value in present.items() if key not in removed} | added
        if tags:
            cloud.client("s3").put_bucket_tagging(Bucket=identifier, Tagging={"TagSet": tag_list(tags)})
        else:
            cloud.client("s3").delete_bucket_tagging(Bucket=identifier)

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Do nothing: `forceDestroy` is known only to the state."""

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the bucket, with its objects only if the program asks for it (`forceDestroy`)."""
        if state.get("forceDestroy"):
            remove_versions(cloud, identifier)
        cloud.client("s3").delete_bucket(Bucket=identifier)


def remove_versions(cloud: Aws, bucket: str, key: str | None = None) -> None:
    """Delete every version of every object, or of one object."""
    s3 = cloud.client("s3")
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, **({"Prefix": key} if key else {})):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        objects = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found if key in {None, one["Key"]}]
        if objects:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})


TYPES = (Bucket(),)
