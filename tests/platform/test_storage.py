"""Buckets: access takes a grant and TLS, and no object is lost by mistake."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.access.authorization import changes_of_objects
from tests.decisions import Request, denials
from tests.rendering import Rendering, Renderings, Resource

FROZEN = "arn:aws:s3:::analytics-dev-p-*-111111111111-eu-west-1/approved/*"

SECURED_BY = (
    "BucketLifecycleConfiguration",
    "BucketOwnershipControls",
    "BucketPolicy",
    "BucketPublicAccessBlock",
    "BucketServerSideEncryptionConfiguration",
    "BucketVersioning",
)


def by_bucket(rendering: Rendering, kind: str) -> dict[str, Resource]:
    """Resources of a kind by the bucket that they configure."""
    return {each.inputs["bucket"]: each for each in rendering.all(kind)}


def test_bucket_names_carry_unit_environment_purpose_account_and_region(rendered: Renderings) -> None:
    assert set(by_bucket(rendered("dev"), "s3/bucket:Bucket")) == {
        f"analytics-dev-{purpose}-111111111111-eu-west-1" for purpose in ("access-logs", "catalog", "data", "sagemaker")
    }
    assert set(by_bucket(rendered("prod"), "s3/bucket:Bucket")) == {
        f"analytics-prod-{purpose}-333333333333-eu-west-1" for purpose in ("access-logs", "artifacts")
    }


def test_no_bucket_has_the_name_that_the_sagemaker_sdk_would_take(stack: Rendering) -> None:
    assert f"sagemaker-eu-west-1-{stack.account_id}" not in by_bucket(stack, "s3/bucket:Bucket")


def test_every_bucket_is_secured_in_every_way(stack: Rendering) -> None:
    buckets = set(by_bucket(stack, "s3/bucket:Bucket"))
    for kind in SECURED_BY:
        assert set(by_bucket(stack, kind)) == buckets, kind


def test_plain_http_is_denied_on_the_bucket_and_on_its_objects(stack: Rendering) -> None:
    for bucket, policy in by_bucket(stack, "BucketPolicy").items():
        statement = policy.statements()["TlsOnly"]
        assert statement["Effect"] == "Deny"
        assert statement["Action"] == ["s3:*"]
        assert statement["Principal"] == "*"
        assert statement["Resource"] == [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_no_bucket_can_be_made_public(stack: Rendering) -> None:
    for block in by_bucket(stack, "BucketPublicAccessBlock").values():
        assert {key: value for key, value in block.inputs.items() if key != "bucket"} == {
            "blockPublicAcls": True,
            "blockPublicPolicy": True,
            "ignorePublicAcls": True,
            "restrictPublicBuckets": True,
        }
    for ownership in by_bucket(stack, "BucketOwnershipControls").values():
        assert ownership.inputs["rule"] == {"objectOwnership": "BucketOwnerEnforced"}


def test_every_object_is_encrypted_with_the_data_key_and_access_logs_with_s3s_own(stack: Rendering) -> None:
    for bucket, encryption in by_bucket(stack, "BucketServerSideEncryptionConfiguration").items():
        (rule,) = encryption.inputs["rules"]
        if "access-logs" in bucket:
            assert rule == {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
        else:
            assert rule["bucketKeyEnabled"] is True
            assert rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"] == "aws:kms"
            assert rule["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"].endswith(":key/encryption-data-key")


def test_every_version_can_be_brought_back_and_none_is_kept_forever(stack: Rendering) -> None:
    for versioning in by_bucket(stack, "BucketVersioning").values():
        assert versioning.inputs["versioningConfiguration"] == {"status": "Enabled"}
    for bucket, lifecycle in by_bucket(stack, "BucketLifecycleConfiguration").items():
        rule = lifecycle.inputs["rules"][0]
        assert rule["status"] == "Enabled"
        assert rule["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 1}
        if "access-logs" in bucket:
            assert rule["expiration"] == {"days": 365}
        else:
            assert "expiration" not in rule
            assert rule["transitions"] == [{"days": 30, "storageClass": "INTELLIGENT_TIERING"}]
            assert rule["noncurrentVersionTransitions"] == [
                {"noncurrentDays": 30, "storageClass": "STANDARD_IA"},
                {"noncurrentDays": 90, "storageClass": "GLACIER"},
            ]
            assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": 360}


def test_requests_of_callers_are_gone_after_five_weeks_but_for_what_keeps_a_folder_from_being_empty(
    stack: Rendering,
) -> None:
    for bucket, lifecycle in by_bucket(stack, "BucketLifecycleConfiguration").items():
        rules = {rule["filter"]["and"]["prefix"]: rule for rule in lifecycle.inputs["rules"][1:]}
        assert sorted(rules) == (["captured/", "watched/"] if "artifacts" in bucket else [])
        for rule in rules.values():
            assert (rule["status"], rule["expiration"]) == ("Enabled", {"days": 35})
            assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": 1}
            assert rule["filter"]["and"]["objectSizeGreaterThan"] == 100


def test_access_to_a_bucket_is_logged(stack: Rendering) -> None:
    buckets = {name for name in by_bucket(stack, "s3/bucket:Bucket") if "access-logs" not in name}
    logging = by_bucket(stack, "BucketLogging")
    assert set(logging) == buckets
    assert len({each.inputs["targetPrefix"] for each in logging.values()}) == len(buckets)
    assert all("access-logs" in each.inputs["targetBucket"] for each in logging.values())


def test_only_this_environments_buckets_deliver_access_logs(stack: Rendering) -> None:
    statement = stack.one("BucketPolicy", "storage-access-logs-policy").statements()["DeliverAccessLogs"]
    assert statement["Principal"] == {"Service": "logging.s3.amazonaws.com"}
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": stack.account_id}
    assert f"-{stack.account_id}-eu-west-1" in statement["Condition"]["ArnLike"]["aws:SourceArn"]


def test_data_outlives_the_stack_with_what_secures_it(stack: Rendering) -> None:
    for kind in ("s3/bucket:Bucket", *SECURED_BY, "BucketLogging"):
        for resource in stack.all(kind):
            assert resource.protected, resource.name
            assert resource.retained, resource.name
    assert {bucket.inputs["forceDestroy"] for bucket in stack.all("s3/bucket:Bucket")} == {False}


def test_data_is_deleted_with_the_stack_only_when_a_setting_says_so(rendered: Renderings) -> None:
    disposable = rendered("preprod", {"keepDataOnDestroy": "false"})
    buckets = disposable.all("s3/bucket:Bucket")
    assert len(buckets) == 2
    assert all(bucket.inputs["forceDestroy"] for bucket in buckets)
    assert not any(resource.protected or resource.retained for resource in disposable.resources)


def test_roles_reach_only_buckets_of_their_own_account_and_environment(stack: Rendering) -> None:
    prefix = stack.one("Vpc").inputs["tags"]["Name"]
    for where, policy in stack.policies():
        if not where.startswith("aws:iam/rolePolicy"):
            continue
        for statement in policy["Statement"]:
            for resource in statement["Resource"]:
                # What an approval froze in development is read by the function that makes models of it.
                if resource == FROZEN and where.startswith("aws:iam/rolePolicy:RolePolicy::model-release-release"):
                    assert (statement["Effect"], statement["Action"]) == ("Allow", ["s3:GetObject"])
                    continue
                if resource.startswith("arn:aws:s3:::") and statement["Effect"] == "Allow":
                    in_account = f"-{stack.account_id}-eu-west-1" in resource or "aws:ResourceAccount" in json.dumps(
                        statement.get("Condition", {})
                    )
                    assert in_account, (where, resource)
                    assert (
                        resource.startswith(f"arn:aws:s3:::{prefix}-")
                        or "SC-" in resource
                        or "cf-templates" in resource
                    ), (where, resource)


ARTIFACTS = "arn:aws:s3:::analytics-prod-artifacts-333333333333-eu-west-1"
RELEASE = "arn:aws:iam::333333333333:role/analytics-prod-model-release"


def denied(rendered: Renderings, principal: str, action: str, key: str, keys: Mapping[str, str] | None = None) -> bool:
    """Whether the policy of prod's bucket of artifacts refuses a request."""
    policy = rendered("prod").one("BucketPolicy", "storage-artifacts-policy").document()
    request = Request(
        principal=principal,
        action=action,
        resource=f"{ARTIFACTS}/{key}",
        keys={"aws:SecureTransport": "true", **(keys or {})},
    )
    return bool(denials(policy, request))


@pytest.mark.parametrize("action", [*changes_of_objects(), "s3:DeleteObject", "s3:DeleteObjectVersion"])
def test_the_truth_about_requests_is_brought_by_roles_that_the_account_names_alone(
    rendered: Renderings, action: str
) -> None:
    workload = {"developmentAccountId": "111111111111", "truthWriters": ["teams/orders"]}
    named = rendered("prod", {"workload": workload}).one("BucketPolicy", "storage-artifacts-policy").document()
    unnamed = rendered("prod").one("BucketPolicy", "storage-artifacts-policy").document()

    def refused(policy: dict[str, Any], role: str, key: str) -> bool:
        request = Request(
            principal=f"arn:aws:iam::333333333333:role/{role}",
            action=action,
            resource=f"{ARTIFACTS}/{key}",
            keys={"aws:SecureTransport": "true"},
        )
        return bool(denials(policy, request))

    truth = "captured/p-abcdefghijkl/truth/2026-11-28.csv"
    assert not refused(named, "teams/orders", truth)
    for role in ("orders", "analytics-prod-p-abcdefghijkl-model", "analytics-prod-p-abcdefghijkl-watch-job", "admin"):
        assert refused(named, role, truth), role
        assert not refused(named, role, "captured/p-abcdefghijkl/v3/house/x.jsonl"), role
    assert refused(unnamed, "teams/orders", truth)
    # What a deployment may do there, its own policy says: it adds a placeholder.
    assert not refused(unnamed, "analytics-prod-p-abcdefghijkl-deployment", truth)


ONCE = {"s3:ObjectCreationOperation": "true", "s3:if-none-match": "*"}


@pytest.mark.parametrize("bucket", ["data", "sagemaker"])
@pytest.mark.parametrize("action", [*changes_of_objects(), "s3:DeleteObject", "s3:DeleteObjectVersion"])
def test_the_files_of_leads_are_written_by_leads_whatever_policies_of_others_grant(
    rendered: Renderings, bucket: str, action: str
) -> None:
    policy = rendered("dev").one("BucketPolicy", f"storage-{bucket}-policy").document()

    def refused(role: str, key: str) -> bool:
        request = Request(
            principal=f"arn:aws:iam::111111111111:role/analytics-dev-{role}",
            action=action,
            resource=f"arn:aws:s3:::analytics-dev-{bucket}-111111111111-eu-west-1/{key}",
            keys={"aws:SecureTransport": "true"},
        )
        return bool(denials(policy, request))

    assert not refused("lead-data-scientist", "leads/train.py")
    for role in ("data-scientist", "deploy", "deployment-trigger", "flow-logs", "job", "p-abcdefghijkl-job"):
        assert refused(role, "leads/train.py"), role
        assert not refused(role, "train.py"), role


@pytest.mark.parametrize("role", ["p-abcdefghijkl-deployment", "p-abcdefghijkl-model", "deploy", "administrator"])
@pytest.mark.parametrize("action", changes_of_objects())
def test_nobody_but_the_release_function_writes_approved_artifacts(
    rendered: Renderings, role: str, action: str
) -> None:
    principal = RELEASE.replace("model-release", role)
    for key in ("approved/p-abcdefghijkl/3/model.tar.gz", "approved/p-abcdefghijkl/3.json"):
        assert denied(rendered, principal, action, key, ONCE)
        assert denied(rendered, RELEASE, action, key, ONCE) is (action == "s3:updateobjectencryption")
    assert not denied(rendered, principal, action, "p-abcdefghijkl/captured/x", ONCE)


def test_an_approved_artifact_is_created_once_and_never_replaced(rendered: Renderings) -> None:
    key = "approved/p-abcdefghijkl/3/model.tar.gz"
    assert not denied(rendered, RELEASE, "s3:PutObject", key, ONCE)
    # An upload of parts is begun and filled without the condition, and completed with it.
    assert not denied(rendered, RELEASE, "s3:PutObject", key, {"s3:ObjectCreationOperation": "false"})
    assert denied(rendered, RELEASE, "s3:PutObject", key, {"s3:ObjectCreationOperation": "true"})
    for other in ('"etag"', "x*", ""):
        assert denied(rendered, RELEASE, "s3:PutObject", key, {**ONCE, "s3:if-none-match": other})


@pytest.mark.parametrize(
    "action", ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:DeleteObjectTagging", "s3:UpdateObjectEncryption"]
)
def test_nobody_deletes_an_approved_artifact_or_encrypts_it_anew(rendered: Renderings, action: str) -> None:
    for role in ("model-release", "deploy", "project-onboarding", "administrator"):
        principal = RELEASE.replace("model-release", role)
        assert denied(rendered, principal, action, "approved/p-abcdefghijkl/3/model.tar.gz"), role
        assert not denied(rendered, principal, action, "onboarding/x.yaml"), role
