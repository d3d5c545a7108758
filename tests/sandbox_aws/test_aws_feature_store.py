"""SageMaker Feature Store: groups with an offline store, and the files in which their records are."""

import json
import re
import subprocess
import time
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.installed import local_aws_python
from tests.sandbox_aws.account import Account, Credentials

BUCKET = "features-of-tests"
SAGEMAKER = {"Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
FEATURES = {"shell_id": "String", "measured_at": "String", "length": "Fractional", "rings": "Integral"}
RECORD = {"shell_id": "a", "measured_at": "2026-11-30T12:34:56Z", "length": "0.455", "rings": "15"}
READ = """
import io, json, sys
from pyarrow import parquet
opened = parquet.ParquetFile(io.BytesIO(sys.stdin.buffer.read()))
types = {each.name: str(each.type) for each in opened.schema_arrow}
print(json.dumps({"types": types, "rows": opened.read().to_pylist()}, default=str))
"""


@pytest.fixture(scope="module")
def role(dev: Account) -> str:
    """A role that Feature Store may write with."""
    dev.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return dev.role(
        "features-of-tests",
        {"Effect": "Allow", "Action": "s3:GetBucketAcl", "Resource": f"arn:aws:s3:::{BUCKET}"},
        {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{BUCKET}/features/*"},
        trust=SAGEMAKER,
    )


def create(dev: Account, name: str, role: str, *, prefix: str = "features", **changes: Any) -> str:
    """Create a group, wait until it is made, and return its ARN."""
    sagemaker = dev.client("sagemaker")
    arn = sagemaker.create_feature_group(
        **{
            "FeatureGroupName": name,
            "RecordIdentifierFeatureName": "shell_id",
            "EventTimeFeatureName": "measured_at",
            "FeatureDefinitions": [{"FeatureName": key, "FeatureType": kind} for key, kind in FEATURES.items()],
            "OfflineStoreConfig": {
                "S3StorageConfig": {"S3Uri": f"s3://{BUCKET}/{prefix}"},
                "DisableGlueTableCreation": True,
            },
            "RoleArn": role,
            **changes,
        }
    )["FeatureGroupArn"]
    end = time.monotonic() + 20
    while sagemaker.describe_feature_group(FeatureGroupName=name)["FeatureGroupStatus"] == "Creating":
        assert time.monotonic() < end
        time.sleep(0.02)
    return arn


def put(dev: Account, name: str, record: Mapping[str, str], credentials: Credentials | None = None) -> None:
    values = [{"FeatureName": key, "ValueAsString": value} for key, value in record.items()]
    dev.client("sagemaker-featurestore-runtime", credentials).put_record(FeatureGroupName=name, Record=values)


def stored(dev: Account, name: str) -> list[str]:
    """Return the keys of the files of a group."""
    described = dev.client("sagemaker").describe_feature_group(FeatureGroupName=name)
    prefix = described["OfflineStoreConfig"]["S3StorageConfig"]["ResolvedOutputS3Uri"].removeprefix(f"s3://{BUCKET}/")
    found = dev.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=f"{prefix}/")
    return [each["Key"] for each in found.get("Contents", [])]


def test_a_group_is_described_as_it_was_created_and_listed_by_its_name(dev: Account, role: str) -> None:
    arn = create(dev, "p-group00000000-abalone", role, Tags=[{"Key": "a", "Value": "b"}])
    sagemaker = dev.client("sagemaker")
    described = sagemaker.describe_feature_group(FeatureGroupName="p-group00000000-abalone")
    assert (
        described["FeatureGroupArn"]
        == arn
        == "arn:aws:sagemaker:eu-west-1:111111111111:feature-group/p-group00000000-abalone"
    )
    assert (described["FeatureGroupStatus"], described["OfflineStoreStatus"]) == ("Created", {"Status": "Active"})
    assert {each["FeatureName"]: each["FeatureType"] for each in described["FeatureDefinitions"]} == FEATURES
    storage = described["OfflineStoreConfig"]["S3StorageConfig"]
    created = int(described["CreationTime"].timestamp())
    assert storage["ResolvedOutputS3Uri"] == (
        f"s3://{BUCKET}/features/111111111111/sagemaker/eu-west-1/offline-store/p-group00000000-abalone-{created}/data"
    )
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    [listed] = sagemaker.list_feature_groups(NameContains="group00000000")["FeatureGroupSummaries"]
    assert (listed["FeatureGroupName"], listed["FeatureGroupStatus"]) == ("p-group00000000-abalone", "Created")
    with pytest.raises(ClientError, match="already exists"):
        create(dev, "p-group00000000-abalone", role)


def test_a_record_is_a_row_of_parquet_in_the_folder_of_the_hour_of_its_event(dev: Account, role: str) -> None:
    create(dev, "p-records0000-abalone", role)
    put(dev, "p-records0000-abalone", RECORD)
    [key] = stored(dev, "p-records0000-abalone")
    hour = r"/data/year=2026/month=11/day=30/hour=12/20261130T123456Z_[a-z0-9]{16}\.parquet"
    assert re.search(f"{hour}$", key)
    content = dev.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
    done = subprocess.run(local_aws_python("-c", READ), input=content, capture_output=True, check=True)
    found = json.loads(done.stdout)
    times = dict.fromkeys(("write_time", "api_invocation_time"), "timestamp[ms, tz=UTC]")
    types = {"shell_id": "string", "measured_at": "string", "length": "double", "rings": "int64"}
    assert found["types"] == {**types, **times, "is_deleted": "bool"}
    [row] = found["rows"]
    assert {name: row[name] for name in FEATURES} == {**RECORD, "length": 0.455, "rings": 15}
    assert row["is_deleted"] is False


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"length": "long"}, "Could not parse the value of length as Fractional: long"),
        ({"measured_at": "30.11.2026"}, "EventTime 30.11.2026 is not in the format"),
        ({"weight": "1"}, "Feature weight is not in the feature group"),
        ({"shell_id": None}, "Record must contain a value of shell_id"),
    ],
    ids=["a value", "the event", "a feature", "the identifier"],
)
def test_a_record_that_is_none_of_the_groups_is_refused(
    dev: Account, role: str, change: dict[str, str | None], problem: str
) -> None:
    name = f"p-refusing000-{'-'.join(change)}".replace("_", "-")
    create(dev, name, role)
    record = {key: value for key, value in {**RECORD, **change}.items() if value is not None}
    with pytest.raises(ClientError, match=problem):
        put(dev, name, record)
    assert stored(dev, name) == []


def test_records_of_a_group_that_does_not_exist_are_refused(dev: Account) -> None:
    with pytest.raises(ClientError, match="ResourceNotFound"):
        put(dev, "p-nothing0000-abalone", RECORD)
    with pytest.raises(ClientError, match="ResourceNotFound"):
        dev.client("sagemaker").describe_feature_group(FeatureGroupName="p-nothing0000-abalone")


def test_an_offline_store_that_the_role_may_not_write_is_blocked_and_says_why(dev: Account, role: str) -> None:
    create(dev, "p-blocked0000-abalone", role, prefix="elsewhere")
    put(dev, "p-blocked0000-abalone", RECORD)
    described = dev.client("sagemaker").describe_feature_group(FeatureGroupName="p-blocked0000-abalone")
    assert described["OfflineStoreStatus"]["Status"] == "Blocked"
    assert "AccessDenied" in described["OfflineStoreStatus"]["BlockedReason"]


def test_a_group_whose_role_may_not_look_at_the_bucket_is_not_created(dev: Account) -> None:
    powerless = dev.role("features-without-a-bucket", trust=SAGEMAKER)
    create(dev, "p-failing0000-abalone", powerless)
    described = dev.client("sagemaker").describe_feature_group(FeatureGroupName="p-failing0000-abalone")
    assert described["FeatureGroupStatus"] == "CreateFailed"
    assert "cannot access s3://features-of-tests/features" in described["FailureReason"]
    with pytest.raises(ClientError, match="is CreateFailed"):
        put(dev, "p-failing0000-abalone", RECORD)


def test_a_role_that_sagemaker_may_not_assume_is_refused(dev: Account) -> None:
    with pytest.raises(ClientError, match="Could not assume role"):
        create(dev, "p-untrusted00-abalone", dev.role("features-untrusted"))


def test_a_deleted_group_leaves_its_files(dev: Account, role: str) -> None:
    create(dev, "p-deleted0000-abalone", role)
    put(dev, "p-deleted0000-abalone", RECORD)
    [key] = stored(dev, "p-deleted0000-abalone")
    dev.client("sagemaker").delete_feature_group(FeatureGroupName="p-deleted0000-abalone")
    assert dev.client("s3").head_object(Bucket=BUCKET, Key=key)
    with pytest.raises(ClientError, match="ResourceNotFound"):
        put(dev, "p-deleted0000-abalone", RECORD)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"OnlineStoreConfig": {"EnableOnlineStore": True}}, "does not emulate an online store"),
        ({"OfflineStoreConfig": {"S3StorageConfig": {"S3Uri": f"s3://{BUCKET}/x"}}}, "a table in AWS Glue"),
        (
            {
                "OfflineStoreConfig": {
                    "S3StorageConfig": {"S3Uri": f"s3://{BUCKET}/x"},
                    "DisableGlueTableCreation": True,
                    "TableFormat": "Iceberg",
                }
            },
            "does not emulate the Iceberg format",
        ),
        ({"EventTimeFeatureName": "rings"}, "EventTimeFeatureName rings must be of type Fractional or String"),
        ({"RecordIdentifierFeatureName": "weight"}, "weight is none of the feature definitions"),
        ({"FeatureGroupName": "-"}, "failed to satisfy constraint"),
        ({"FeatureDefinitions": [{"FeatureName": "is_deleted", "FeatureType": "String"}]}, "cannot be any of"),
    ],
    ids=["online", "glue", "iceberg", "event", "identifier", "name", "reserved"],
)
def test_what_it_does_not_know_and_what_aws_refuses_is_refused(
    dev: Account, role: str, changes: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ClientError, match=problem):
        create(dev, "p-wrong000000-abalone", role, **changes)


def test_records_are_put_into_groups_that_a_policy_names_and_roles_are_passed_by_those_who_may(
    dev: Account, role: str
) -> None:
    for name in ("p-allowed0000-abalone", "p-another0000-abalone"):
        create(dev, name, role)
    groups = "arn:aws:sagemaker:eu-west-1:111111111111:feature-group/p-allowed0000-*"
    actions = ["sagemaker:PutRecord", "sagemaker:DescribeFeatureGroup", "sagemaker:CreateFeatureGroup"]
    putter = dev.assume(dev.role("puts-records", {"Effect": "Allow", "Action": actions, "Resource": groups}))
    put(dev, "p-allowed0000-abalone", RECORD, putter)
    assert len(stored(dev, "p-allowed0000-abalone")) == 1
    for refused in (
        lambda: put(dev, "p-another0000-abalone", RECORD, putter),
        lambda: dev.client("sagemaker", putter).describe_feature_group(FeatureGroupName="p-another0000-abalone"),
    ):
        with pytest.raises(ClientError, match="is not authorized to perform: sagemaker:"):
            refused()
    with pytest.raises(ClientError, match="is not authorized to perform: iam:PassRole"):
        dev.client("sagemaker", putter).create_feature_group(
            FeatureGroupName="p-allowed0000-other",
            RecordIdentifierFeatureName="shell_id",
            EventTimeFeatureName="measured_at",
            FeatureDefinitions=[{"FeatureName": key, "FeatureType": kind} for key, kind in FEATURES.items()],
            OfflineStoreConfig={
                "S3StorageConfig": {"S3Uri": f"s3://{BUCKET}/features"},
                "DisableGlueTableCreation": True,
            },
            RoleArn=role,
        )
