"""Buckets, parameters, secrets, keys and roles."""

from tests.sandbox_plugins.cases.case import Case
from tests.sandbox_plugins.cases.dependencies import Dependencies
from tests.sandbox_plugins.cases.documents import OWNER, TAGS, Inputs, policy, trust


def bucket(deps: Dependencies) -> Inputs:
    """Return the input that all settings of a bucket have."""
    return {"bucket": deps.output("bucket", "bucket")}


def lifecycle(deps: Dependencies, days: int) -> Inputs:
    """Return a bucket's lifecycle."""
    return {
        **bucket(deps),
        "rules": [
            {
                "id": "tier",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "transitions": [{"days": days, "storageClass": "INTELLIGENT_TIERING"}],
                "noncurrentVersionTransitions": [
                    {"noncurrentDays": 30, "storageClass": "STANDARD_IA"},
                    {"noncurrentDays": 90, "storageClass": "GLACIER"},
                ],
                "noncurrentVersionExpiration": {"noncurrentDays": 360},
                "abortIncompleteMultipartUpload": {"daysAfterInitiation": 1},
            },
            {
                "id": "expire",
                "status": "Enabled",
                "filter": {"and": {"prefix": "captured/", "objectSizeGreaterThan": 100}},
                "expiration": {"days": days},
                "noncurrentVersionExpiration": {"noncurrentDays": 1},
            },
        ],
    }


STORAGE: dict[str, Case] = {
    "aws:kms/key:Key": Case(
        inputs=lambda _: {"description": "Probe", "enableKeyRotation": True, "deletionWindowInDays": 7},
        change=lambda _: {"description": "Probed", "isEnabled": False, **TAGS},
        replace={"keyUsage": "SIGN_VERIFY"},
        id=r"[0-9a-f-]{36}",
        unread=frozenset({"deletionWindowInDays"}),
    ),
    "aws:kms/alias:Alias": Case(
        inputs=lambda deps: {"name": "alias/probe", "targetKeyId": deps.output("key", "keyId")},
        change=lambda deps: {"targetKeyId": deps.output("other-key", "keyId")},
        replace={"name": "alias/another"},
        id="alias/probe",
        outputs={"arn": "arn:aws:kms:eu-west-1:111111111111:alias/probe"},
    ),
    "aws:s3/bucket:Bucket": Case(
        inputs=lambda _: {"bucket": "probe-111111111111-eu-west-1", **TAGS},
        change=lambda _: {"tags": {}, "forceDestroy": True},
        replace={"bucket": "another-111111111111-eu-west-1"},
        id="probe-111111111111-eu-west-1",
        outputs={"arn": "arn:aws:s3:::probe-111111111111-eu-west-1"},
        unread=frozenset({"forceDestroy"}),
    ),
    "aws:s3/bucketVersioning:BucketVersioning": Case(
        inputs=lambda deps: {**bucket(deps), "versioningConfiguration": {"status": "Enabled"}},
        change=lambda _: {"versioningConfiguration": {"status": "Suspended"}},
        replace={"bucket": "another"},
        id="probe-needed-.*",
        stays=True,
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": Case(
        inputs=lambda deps: {
            **bucket(deps),
            "rules": [
                {
                    "applyServerSideEncryptionByDefault": {
                        "sseAlgorithm": "aws:kms",
                        "kmsMasterKeyId": deps.output("key", "arn"),
                    },
                    "bucketKeyEnabled": True,
                }
            ],
        },
        change=lambda _: {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
        replace={"bucket": "another"},
        id="probe-needed-.*",
        stays=True,
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": Case(
        inputs=lambda deps: {**bucket(deps), "blockPublicAcls": True, "blockPublicPolicy": True},
        change=lambda _: {"restrictPublicBuckets": True},
        replace={"bucket": "another"},
        id="probe-needed-.*",
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": Case(
        inputs=lambda deps: {**bucket(deps), "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        change=lambda _: {"rule": {"objectOwnership": "BucketOwnerPreferred"}},
        replace={"bucket": "another"},
        id="probe-needed-.*",
    ),
    "aws:s3/bucketPolicy:BucketPolicy": Case(
        inputs=lambda deps: {
            **bucket(deps),
            "policy": policy("s3:GetObject", resource=f"{deps.output('bucket', 'arn')}/*", principal=OWNER),
        },
        change=lambda deps: {
            "policy": policy("s3:PutObject", resource=f"{deps.output('bucket', 'arn')}/*", principal=OWNER)
        },
        replace={"bucket": "another"},
        id="probe-needed-.*",
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Case(
        inputs=lambda deps: lifecycle(deps, 30),
        change=lambda deps: {"rules": lifecycle(deps, 60)["rules"]},
        replace={"bucket": "another"},
        id="probe-needed-.*",
    ),
    "aws:s3/bucketLogging:BucketLogging": Case(
        inputs=lambda deps: {**bucket(deps), "targetBucket": deps.output("bucket", "bucket"), "targetPrefix": "a/"},
        change=lambda _: {"targetPrefix": "b/"},
        replace={"bucket": "another"},
        id="probe-needed-.*",
    ),
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": Case(
        inputs=lambda deps: {
            **bucket(deps),
            "corsRules": [
                {
                    "allowedHeaders": ["*"],
                    "allowedMethods": ["GET", "HEAD"],
                    "allowedOrigins": ["https://*.aws.amazon.com"],
                    "exposeHeaders": ["ETag"],
                    "maxAgeSeconds": 3000,
                }
            ],
        },
        change=lambda _: {"corsRules": [{"allowedMethods": ["GET"], "allowedOrigins": ["*"]}]},
        replace={"bucket": "another"},
        id="probe-needed-.*",
    ),
    "aws:s3/bucketObjectv2:BucketObjectv2": Case(
        inputs=lambda deps: {
            **bucket(deps),
            "key": "a/probe.txt",
            "content": "hello",
            "contentType": "text/plain",
            **TAGS,
        },
        change=lambda _: {"content": "hello again"},
        replace={"key": "another"},
        id="a/probe.txt",
        imported=lambda created: f"{created.properties['bucket']}/{created.id}",
        outputs={"etag": "[0-9a-f]{32}"},
        unread=frozenset({"content"}),
    ),
    "aws:ssm/parameter:Parameter": Case(
        inputs=lambda _: {"name": "/probe/a", "type": "String", "value": "1", "description": "Probe", **TAGS},
        change=lambda _: {"value": "2", "tags": {"colour": "blue"}},
        replace={"name": "/probe/b"},
        id="/probe/a",
        outputs={"arn": "arn:aws:ssm:eu-west-1:111111111111:parameter/probe/a"},
    ),
    "aws:secretsmanager/secret:Secret": Case(
        inputs=lambda deps: {
            "name": "probe",
            "description": "Probe",
            "kmsKeyId": deps.output("key", "arn"),
            "recoveryWindowInDays": 0,
        },
        change=lambda _: {"description": "Probed", "recoveryWindowInDays": 7},
        replace={"name": "another"},
        id="arn:aws:secretsmanager:eu-west-1:111111111111:secret:probe-.*",
        unread=frozenset({"recoveryWindowInDays"}),
    ),
    "aws:iam/role:Role": Case(
        inputs=lambda _: {"name": "probe", "assumeRolePolicy": trust("lambda.amazonaws.com"), "description": "Probe"},
        change=lambda _: {"assumeRolePolicy": trust("sagemaker.amazonaws.com"), "maxSessionDuration": 7200, **TAGS},
        replace={"name": "another"},
        id="probe",
        outputs={"arn": "arn:aws:iam::111111111111:role/probe", "uniqueId": "AROA.*"},
        unread=frozenset({"forceDetachPolicies"}),
    ),
    "aws:iam/rolePolicy:RolePolicy": Case(
        inputs=lambda deps: {"name": "probe", "role": deps.id("role"), "policy": policy("s3:GetObject")},
        change=lambda _: {"policy": policy("s3:PutObject")},
        replace={"role": "another"},
        id="needed:probe",
    ),
}
