"""Across accounts both sides must agree: the caller's policies, and the policy of the bucket, key or package group."""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.sandbox_aws.account import Account, Credentials, allow, document
from tests.sandbox_aws.test_aws_permissions import refusal

DEPLOYMENT = "arn:aws:iam::333333333333:role/accounts-deployment"
BUCKET = "accounts-models"
CONTENT = b"a model"
SHA256 = base64.b64encode(hashlib.sha256(CONTENT).digest()).decode()

Policy = Mapping[str, Any]


def entrust(actions: str | list[str], resource: str, *, to: str, when: Any = None) -> Policy:
    """A statement of a resource's policy."""
    return {**allow(actions, resource, when), "Principal": {"AWS": to}}


@pytest.fixture(scope="module")
def deployer(prod: Account) -> Credentials:
    """A role of the other account whose own policies let it read the models and nothing else."""
    arn = prod.role(
        "accounts-deployment",
        allow(["s3:GetObject", "s3:GetObjectVersion"], f"arn:aws:s3:::{BUCKET}/approved/*"),
        allow("s3:*", ["arn:aws:s3:::accounts-copies", "arn:aws:s3:::accounts-copies/*"]),
        allow("sagemaker:DescribeModelPackage", "arn:aws:sagemaker:eu-west-1:111111111111:model-package/accounts/*"),
        allow("sagemaker:ListModelPackages"),
        allow("kms:Decrypt", when={"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}),
    )
    return prod.assume(arn)


@pytest.fixture(scope="module")
def stranger(prod: Account) -> Credentials:
    """A role of the other account whose own policies let it do anything."""
    return prod.assume(prod.role("accounts-stranger", allow("*")))


@pytest.fixture(scope="module")
def bucket(dev: Account, prod: Account) -> str:
    """A bucket with one approved model and one secret; a bucket for copies in the other account."""
    place = {"LocationConstraint": "eu-west-1"}
    dev.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)
    prod.client("s3").create_bucket(Bucket="accounts-copies", CreateBucketConfiguration=place)
    for key in ("approved/1/model.tar.gz", "secret"):
        dev.client("s3").put_object(Bucket=BUCKET, Key=key, Body=CONTENT)
    return BUCKET


PRINCIPALS: Mapping[str, Policy] = {
    "role": entrust("s3:GetObject", f"arn:aws:s3:::{BUCKET}/*", to=DEPLOYMENT),
    "root": entrust(
        "s3:GetObject",
        f"arn:aws:s3:::{BUCKET}/*",
        to="arn:aws:iam::333333333333:root",
        when={"StringEquals": {"aws:PrincipalArn": DEPLOYMENT}},
    ),
}


@pytest.mark.parametrize("named", PRINCIPALS)
def test_an_object_of_another_account_is_read_by_principals_that_both_sides_allow(
    named: str, dev: Account, prod: Account, bucket: str, deployer: Credentials, stranger: Credentials
) -> None:
    dev.client("s3").put_bucket_policy(Bucket=bucket, Policy=document(PRINCIPALS[named]))
    able, unnamed = prod.client("s3", deployer), prod.client("s3", stranger)

    assert able.get_object(Bucket=bucket, Key="approved/1/model.tar.gz")["Body"].read() == CONTENT
    assert able.head_object(Bucket=bucket, Key="approved/1/model.tar.gz")["ContentLength"] == len(CONTENT)
    code, message = refusal(able.get_object, Bucket=bucket, Key="secret")
    assert (code, "no identity-based policy allows" in message) == ("AccessDenied", True)
    code, message = refusal(unnamed.get_object, Bucket=bucket, Key="approved/1/model.tar.gz")
    assert (code, "no resource-based policy allows the s3:GetObject action" in message) == ("AccessDenied", True)
    assert refusal(able.list_objects_v2, Bucket=bucket)[0] == "AccessDenied"
    assert refusal(prod.client("s3").get_object, Bucket=bucket, Key="secret")[0] == "AccessDenied"


def test_without_a_policy_no_principal_of_another_account_gets_in(
    dev: Account, prod: Account, bucket: str, deployer: Credentials
) -> None:
    dev.client("s3").delete_bucket_policy(Bucket=bucket)
    for who in (deployer, None):
        refused = refusal(prod.client("s3", who).get_object, Bucket=bucket, Key="approved/1/model.tar.gz")
        assert refused[0] == "AccessDenied"


def test_an_object_of_another_account_is_copied_with_a_checksum_of_the_whole(
    dev: Account, prod: Account, bucket: str, deployer: Credentials, stranger: Credentials
) -> None:
    dev.client("s3").put_bucket_policy(Bucket=bucket, Policy=document(PRINCIPALS["role"]))
    copy: dict[str, Any] = {
        "Bucket": "accounts-copies",
        "Key": "model.tar.gz",
        "CopySource": {"Bucket": bucket, "Key": "approved/1/model.tar.gz"},
        "ChecksumAlgorithm": "SHA256",
        "Metadata": {"model-package-arn": "an ARN"},
        "MetadataDirective": "REPLACE",
    }
    s3 = prod.client("s3", deployer)

    result = s3.copy_object(**copy)["CopyObjectResult"]
    assert (result["ChecksumSHA256"], result["ChecksumType"]) == (SHA256, "FULL_OBJECT")
    head = s3.head_object(Bucket="accounts-copies", Key="model.tar.gz", ChecksumMode="ENABLED")
    assert (head["ChecksumSHA256"], head["Metadata"]) == (SHA256, {"model-package-arn": "an ARN"})
    assert "ChecksumCRC32" not in head
    assert "ChecksumSHA256" not in s3.head_object(Bucket="accounts-copies", Key="model.tar.gz")
    whole = s3.get_object(Bucket="accounts-copies", Key="model.tar.gz", ChecksumMode="ENABLED")
    assert (whole["ChecksumSHA256"], whole["Body"].read()) == (SHA256, CONTENT)
    assert refusal(prod.client("s3", stranger).copy_object, **copy)[0] == "AccessDenied"
    assert refusal(s3.copy_object, **{**copy, "CopySource": {"Bucket": bucket, "Key": "secret"}})[0] == "AccessDenied"
    missing = {**copy, "CopySource": {"Bucket": bucket, "Key": "approved/2/model.tar.gz"}}
    assert refusal(s3.copy_object, **missing)[0] == "AccessDenied"


def test_only_those_who_may_list_the_bucket_learn_that_an_object_is_missing(
    dev: Account, prod: Account, bucket: str, deployer: Credentials
) -> None:
    objects = entrust("s3:GetObject", f"arn:aws:s3:::{bucket}/*", to=DEPLOYMENT)
    dev.client("s3").put_bucket_policy(Bucket=bucket, Policy=document(objects))
    missing = {"Bucket": bucket, "Key": "approved/none"}
    code, message = refusal(prod.client("s3", deployer).get_object, **missing)
    assert (code, f"s3:ListBucket on resource: arn:aws:s3:::{bucket} because" in message) == ("AccessDenied", True)
    assert refusal(prod.client("s3", deployer).head_object, **missing)[0] == "403"
    assert refusal(dev.client("s3").get_object, **missing)[0] == "NoSuchKey"
    below = {"StringLike": {"s3:prefix": "approved/*"}}
    without = {"Null": {"s3:prefix": "true"}}
    for name, when, status in (("below", below, "403"), ("without", without, "404")):
        role = dev.role(f"accounts-{name}", allow("s3:GetObject"), allow("s3:ListBucket", "*", when))
        assert refusal(dev.client("s3", dev.assume(role)).head_object, **missing)[0] == status


def test_one_version_of_another_accounts_object_is_copied(
    dev: Account, prod: Account, bucket: str, deployer: Credentials
) -> None:
    policy = entrust(["s3:GetObject", "s3:GetObjectVersion"], f"arn:aws:s3:::{bucket}/*", to=DEPLOYMENT)
    dev.client("s3").put_bucket_policy(Bucket=bucket, Policy=document(policy))
    dev.client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    versions = [
        dev.client("s3").put_object(Bucket=bucket, Key="approved/v", Body=body)["VersionId"] for body in (b"1", b"2")
    ]
    s3 = prod.client("s3", deployer)
    source = {"Bucket": bucket, "Key": "approved/v", "VersionId": versions[0]}
    s3.copy_object(Bucket="accounts-copies", Key="v", CopySource=source)
    assert s3.get_object(Bucket="accounts-copies", Key="v")["Body"].read() == b"1"


def test_an_upload_returns_the_checksum_that_it_requested_and_a_second_one_is_refused(
    dev: Account, bucket: str
) -> None:
    s3 = dev.client("s3")
    upload: dict[str, Any] = {"Bucket": bucket, "Key": "once", "Body": CONTENT}
    answer = s3.put_object(**upload, ChecksumAlgorithm="SHA256", IfNoneMatch="*")
    assert answer["ChecksumSHA256"] == SHA256
    code, message = refusal(s3.put_object, **upload, IfNoneMatch="*")
    assert (code, message) == (
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold",
    )


def test_a_bucket_policy_denies_the_accounts_own_principals_and_its_root_may_repair_it(dev: Account) -> None:
    s3 = dev.client("s3")
    s3.create_bucket(Bucket="accounts-denied", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    writer, other = (
        dev.assume(dev.role(f"accounts-{name}", allow("s3:*", "arn:aws:s3:::accounts-denied/*")))
        for name in ("writer", "other")
    )
    only = {"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::111111111111:role/accounts-writer"}}
    denial = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["s3:PutObject", "s3:DeleteObject"],
        "Resource": "arn:aws:s3:::accounts-denied/approved/*",
        "Condition": only,
    }
    s3.put_bucket_policy(Bucket="accounts-denied", Policy=json.dumps({"Statement": [denial]}))

    write: dict[str, Any] = {"Bucket": "accounts-denied", "Key": "approved/1", "Body": b""}
    dev.client("s3", writer).put_object(**write)
    dev.client("s3", other).put_object(**{**write, "Key": "elsewhere"})
    for who in (other, None):
        code, message = refusal(dev.client("s3", who).put_object, **write)
        assert (code, "explicit deny in a resource-based policy" in message) == ("AccessDenied", True)
    s3.delete_bucket_policy(Bucket="accounts-denied")
    s3.put_object(**write)


def test_the_key_behind_another_accounts_object_must_let_the_reader_in_as_well(
    dev: Account, prod: Account, bucket: str, deployer: Credentials
) -> None:
    dev.client("s3").put_bucket_policy(Bucket=bucket, Policy=document(PRINCIPALS["role"]))
    own = {"Principal": {"AWS": "arn:aws:iam::111111111111:root"}, "Action": "kms:*", "Resource": "*"}
    key = dev.client("kms").create_key(Policy=document(own))["KeyMetadata"]["Arn"]
    model = {"Bucket": bucket, "Key": "approved/encrypted"}
    dev.client("s3").put_object(**model, Body=CONTENT, ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    s3 = prod.client("s3", deployer)
    copy: dict[str, Any] = {"Bucket": "accounts-copies", "Key": "decrypted", "CopySource": model}

    for call, arguments in ((s3.get_object, model), (s3.copy_object, copy)):
        code, message = refusal(call, **arguments)
        assert code == "AccessDenied"
        assert f"kms:Decrypt on resource: {key} because no resource-based policy allows" in message
    assert s3.head_object(**model)["SSEKMSKeyId"] == key
    assert refusal(s3.head_object, **model, ChecksumMode="ENABLED")[0] == "403"
    through = {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}
    policy = document(own, entrust("kms:Decrypt", "*", to=DEPLOYMENT, when=through))
    dev.client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=policy)
    assert s3.get_object(**model)["Body"].read() == CONTENT
    s3.copy_object(**copy)
    assert s3.get_object(Bucket="accounts-copies", Key="decrypted")["Body"].read() == CONTENT


def test_a_state_key_is_used_only_with_the_projects_encryption_context(dev: Account) -> None:
    key = dev.client("kms").create_key()["KeyMetadata"]["Arn"]
    ours = {"StringEquals": {"kms:EncryptionContext:project": "p-one"}}
    kms = dev.client("kms", dev.assume(dev.role("accounts-state", allow(["kms:Encrypt", "kms:Decrypt"], key, ours))))

    sealed = kms.encrypt(KeyId=key, Plaintext=b"a", EncryptionContext={"project": "p-one"})["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=sealed, EncryptionContext={"project": "p-one"})["Plaintext"] == b"a"
    for context in ({"project": "p-two"}, dict[str, str]()):
        assert refusal(kms.encrypt, KeyId=key, Plaintext=b"a", EncryptionContext=context)[0] == "AccessDeniedException"


def test_a_policy_says_how_long_a_key_waits_for_its_end(dev: Account) -> None:
    key = dev.client("kms").create_key()["KeyMetadata"]["Arn"]
    early = {"NumericLessThan": {"kms:ScheduleKeyDeletionPendingWindowInDays": "30"}}
    statements = (
        allow("kms:ScheduleKeyDeletion", key),
        {**allow("kms:ScheduleKeyDeletion", key, early), "Effect": "Deny"},
    )
    kms = dev.client("kms", dev.assume(dev.role("accounts-ending", *statements)))

    assert refusal(kms.schedule_key_deletion, KeyId=key, PendingWindowInDays=7)[0] == "AccessDeniedException"
    assert kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=30)["KeyState"] == "PendingDeletion"


@pytest.mark.parametrize("verb", ["disable", "delete"])
def test_what_a_key_encrypted_is_out_of_reach_once_it_is_disabled_or_about_to_go(
    dev: Account, prod: Account, verb: str
) -> None:
    kms, s3 = dev.client("kms"), dev.client("s3")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    place = {"Bucket": f"accounts-ended-{verb}", "Key": "x"}
    s3.create_bucket(Bucket=place["Bucket"], CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(**place, Body=CONTENT, ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    if verb == "disable":
        kms.disable_key(KeyId=key)
        expected = ("KMS.DisabledException", f"{key} is disabled.")
    else:
        kms.schedule_key_deletion(KeyId=key)
        expected = ("KMS.KMSInvalidStateException", f"{key} is pending deletion.")

    assert refusal(s3.get_object, **place) == expected
    assert refusal(s3.put_object, **place, Body=CONTENT, ServerSideEncryption="aws:kms", SSEKMSKeyId=key) == expected


def test_only_services_make_grants_where_the_policy_says_so(dev: Account) -> None:
    key = dev.client("kms").create_key()["KeyMetadata"]["Arn"]
    for_services = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    kms = dev.client("kms", dev.assume(dev.role("accounts-grants", allow("kms:CreateGrant", key, for_services))))
    grant: dict[str, Any] = {"KeyId": key, "GranteePrincipal": DEPLOYMENT, "Operations": ["Decrypt"]}
    assert refusal(kms.create_grant, **grant)[0] == "AccessDeniedException"


def test_objects_are_listed_only_below_the_prefix_that_the_policy_names(dev: Account, bucket: str) -> None:
    below = {"StringLike": {"s3:prefix": "projects/p-one/*"}}
    s3 = dev.client("s3", dev.assume(dev.role("accounts-lists", allow("s3:ListBucket", "*", below))))
    s3.list_objects_v2(Bucket=bucket, Prefix="projects/p-one/.pulumi")
    for arguments in ({"Prefix": "projects/p-two/"}, dict[str, str]()):
        assert refusal(s3.list_objects_v2, Bucket=bucket, **arguments)[0] == "AccessDenied"


@pytest.fixture(scope="module")
def package(dev: Account) -> str:
    """A model package whose group lets the deployment role of the other account describe it."""
    sagemaker = dev.client("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName="accounts")
    return sagemaker.create_model_package(ModelPackageGroupName="accounts")["ModelPackageArn"]


def test_a_model_package_of_another_account_is_described_by_roles_that_its_group_allows(
    dev: Account, prod: Account, package: str, deployer: Credentials, stranger: Credentials
) -> None:
    describe: Callable[..., Any] = prod.client("sagemaker", deployer).describe_model_package
    group = "arn:aws:sagemaker:eu-west-1:111111111111:model-package-group/accounts"
    for who in (deployer, stranger, None):
        code, message = refusal(prod.client("sagemaker", who).describe_model_package, ModelPackageName=package)
        assert code == "AccessDeniedException"
        assert f"{package} because no resource-based policy allows the sagemaker:DescribeModelPackage" in message
    actions = ["sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages"]
    packages = "arn:aws:sagemaker:eu-west-1:111111111111:model-package/accounts/*"
    policy = document(entrust(actions, packages, to=DEPLOYMENT))
    dev.client("sagemaker").put_model_package_group_policy(ModelPackageGroupName="accounts", ResourcePolicy=policy)

    assert describe(ModelPackageName=package)["ModelApprovalStatus"] == "PendingManualApproval"
    listed = prod.client("sagemaker", deployer).list_model_packages(ModelPackageGroupName=group)
    assert [found["ModelPackageArn"] for found in listed["ModelPackageSummaryList"]] == [package]
    for call, arguments in (
        (prod.client("sagemaker", stranger).describe_model_package, {"ModelPackageName": package}),
        (prod.client("sagemaker", stranger).list_model_packages, {"ModelPackageGroupName": group}),
        (prod.client("sagemaker", deployer).delete_model_package, {"ModelPackageName": package}),
        (describe, {"ModelPackageName": package.replace("/accounts/", "/others/")}),
    ):
        assert refusal(call, **arguments)[0] == "AccessDeniedException"
    assert refusal(describe, ModelPackageName=package[:-1] + "9") == (
        "ValidationException",
        f"ModelPackage {package[:-1]}9 does not exist.",
    )
