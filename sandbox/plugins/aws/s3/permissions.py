"""Settings that decide who may use a bucket."""

from typing import ClassVar

from sandbox.plugins.aws.cloud import Aws
from sandbox.plugins.aws.convert import from_aws, given, pascal
from sandbox.plugins.aws.s3.bucket import NO_SUCH_BUCKET
from sandbox.plugins.aws.s3.setting import BucketSetting
from sandbox.plugins.aws.waiting import retry
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values


class BucketPublicAccessBlock(BucketSetting):
    """The block of public access to a bucket."""

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
    gone = NO_SUCH_BUCKET | {"NoSuchPublicAccessBlockConfiguration"}

    def put(self, cloud: Aws, wanted: Values) -> None:
        """Send the setting."""
        cloud.client("s3").put_public_access_block(
            Bucket=wanted["bucket"], PublicAccessBlockConfiguration=given(wanted, self._switches)
        )

    def get(self, cloud: Aws, bucket: str) -> Values | None:
        """Return the setting."""
        answer = cloud.client("s3").get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
        return {name: answer.get(aws_name, False) for name, aws_name in self._switches.items()}

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the setting."""
        cloud.client("s3").delete_public_access_block(Bucket=identifier)


class BucketOwnershipControls(BucketSetting):
    """The ownership of objects that other accounts put into a bucket."""

    type_name = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
    inputs = Inputs(replaces="bucket", objects={"rule": Inputs("objectOwnership")})
    gone = NO_SUCH_BUCKET | {"OwnershipControlsNotFoundError"}

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
        """Delete the setting."""
        cloud.client("s3").delete_bucket_ownership_controls(Bucket=identifier)


class BucketPolicy(BucketSetting):
    """The policy of a bucket."""

    type_name = "aws:s3/bucketPolicy:BucketPolicy"
    inputs = Inputs(replaces="bucket", policies="policy")
    gone = NO_SUCH_BUCKET | {"NoSuchBucketPolicy"}

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
        """Delete the policy."""
        cloud.client("s3").delete_bucket_policy(Bucket=identifier)


class BucketCorsConfiguration(BucketSetting):
    """The web origins that may access a bucket."""

    type_name = "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration"
    inputs = Inputs(
        replaces="bucket",
        objects={"corsRules": Inputs("allowedHeaders allowedMethods allowedOrigins exposeHeaders maxAgeSeconds")},
    )
    gone = NO_SUCH_BUCKET | {"NoSuchCORSConfiguration"}

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
        """Delete the rules."""
        cloud.client("s3").delete_bucket_cors(Bucket=identifier)


TYPES = (
    BucketPublicAccessBlock(),
    BucketOwnershipControls(),
    BucketPolicy(),
    BucketCorsConfiguration(),
)
