"""The feature group that main trains from: found, or refused with a message that says what to do."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from examples import LABELLED, SETTINGS
from features import COLUMNS, TARGET
from offline_store import deleted, put, write
from pipeline import feature_group, images, serving
from pipeline.definition import FeatureGroup, definition, output_uri
from pipeline.feature_group import FeatureGroupError, find
from pipeline.project import EXAMPLE
from pipeline.this_machine import IMPORTED, STEPS

from mlops_platform.pipeline import job_code
from mlops_platform.pipeline.expressions import Json
from mlops_platform.pipeline.local_run import LocalRun
from mlops_platform.pipeline.validation import problems

NAME = f"{EXAMPLE.id}-abalone"
STORE = f"s3://{EXAMPLE.bucket}/features/111122223333/sagemaker/eu-west-1/offline-store/{NAME}-1793491200/data"
FEATURES: list[Json] = [
    {"FeatureName": name, "FeatureType": "String"} for name in ("shell_id", "measured_at", *COLUMNS, TARGET, "surveyor")
]


def described(**changes: Any) -> Json:
    """Return a group, as DescribeFeatureGroup does."""
    return {
        "FeatureGroupName": NAME,
        "RecordIdentifierFeatureName": "shell_id",
        "EventTimeFeatureName": "measured_at",
        "FeatureDefinitions": FEATURES,
        "FeatureGroupStatus": "Created",
        "OfflineStoreStatus": {"Status": "Active"},
        "OfflineStoreConfig": {
            "S3StorageConfig": {"S3Uri": f"s3://{EXAMPLE.bucket}/features", "ResolvedOutputS3Uri": STORE},
            "DisableGlueTableCreation": True,
        },
        **changes,
    }


class FakeAws:
    """A SageMaker with one group, and an S3 with its files."""

    def __init__(self, group: Json | None, objects: int = 1) -> None:
        self.group, self.objects = group, objects

    def describe_feature_group(self, *, FeatureGroupName: str, NextToken: str = "") -> Json:  # noqa: N803 - boto3's names
        if self.group is None or self.group["FeatureGroupName"] != FeatureGroupName:
            raise ClientError({"Error": {"Code": "ResourceNotFound"}}, "DescribeFeatureGroup")
        first, token = int(NextToken or 0), {"NextToken": "4"} if not NextToken else {}
        return {
            **self.group,
            "FeatureDefinitions": self.group["FeatureDefinitions"][first:][: None if first else 4],
            **token,
        }

    def list_objects_v2(self, *, Bucket: str, Prefix: str, MaxKeys: int) -> Json:  # noqa: N803 - boto3's names
        assert (f"s3://{Bucket}/{Prefix}", MaxKeys) == (f"{STORE}/", 1)
        return {"KeyCount": self.objects}


def found(aws: FakeAws, name: str = NAME) -> FeatureGroup:
    return find(aws, aws, EXAMPLE, name)


def test_a_group_is_read_from_its_offline_store_as_of_now() -> None:
    group = found(FakeAws(described()))
    assert replace(group, as_of="") == FeatureGroup(
        name=NAME, records_uri=f"{STORE}/", record_identifier="shell_id", event_time="measured_at", as_of=""
    )
    age = datetime.now(UTC) - datetime.fromisoformat(group.as_of)
    assert 0 <= age.total_seconds() < 60


def test_the_columns_are_those_that_the_steps_declare() -> None:
    assert feature_group.columns() == (*COLUMNS, TARGET)


def stored(**changes: Any) -> Json:
    return described(OfflineStoreConfig={**described()["OfflineStoreConfig"], **changes})


@pytest.mark.parametrize(
    ("group", "problem"),
    [
        (None, f"there is no feature group {NAME}: README.md says how"),
        (described(FeatureGroupStatus="Creating"), "it is being created; start again in some minutes"),
        (described(FeatureGroupStatus="CreateFailed", FailureReason="no role"), "it is CreateFailed: no role"),
        (described(FeatureGroupStatus="Deleting"), "it is Deleting: SageMaker gives no reason"),
        (described(OfflineStoreConfig=None), "it has no offline store"),
        (stored(TableFormat="Iceberg"), "in the Iceberg format, .*: create another in Glue's"),
        (
            described(OfflineStoreStatus={"Status": "Blocked", "BlockedReason": "no key"}),
            "its offline store is Blocked: no key",
        ),
        (
            stored(S3StorageConfig={"S3Uri": "s3://o", "ResolvedOutputS3Uri": "s3://other-bucket/features/x/data"}),
            "is at s3://other-bucket/features/x/data/, and jobs of this project read s3://example-bucket/features/",
        ),
        (
            described(
                FeatureDefinitions=[each for each in FEATURES if each["FeatureName"] not in (COLUMNS[1], TARGET)]
            ),
            f"it has no feature {COLUMNS[1]}, {TARGET}, which steps/features.py asks for",
        ),
        (
            described(
                FeatureDefinitions=[
                    {**each, "CollectionType": "List"} if each["FeatureName"] == COLUMNS[1] else each
                    for each in FEATURES
                ]
            ),
            f"its features {COLUMNS[1]} are collections",
        ),
    ],
    ids=["none", "creating", "failed", "deleting", "online", "iceberg", "blocked", "elsewhere", "columns", "lists"],
)
def test_a_group_that_no_training_can_read_is_refused(group: Json | None, problem: str) -> None:
    with pytest.raises(FeatureGroupError, match=problem):
        found(FakeAws(group))


def test_a_group_without_records_is_refused() -> None:
    with pytest.raises(FeatureGroupError, match="its offline store is empty yet; records arrive within 15 minutes"):
        found(FakeAws(described(), objects=0))


def test_a_group_of_another_project_is_refused_before_sagemaker_is_asked() -> None:
    with pytest.raises(FeatureGroupError, match=f"groups of this project begin with {EXAMPLE.id}-"):
        found(FakeAws(None), "p-other0000000-abalone")


def test_the_first_job_gets_the_offline_store_and_how_to_read_it() -> None:
    group = replace(found(FakeAws(described())), as_of="2026-11-30T12:00:00+00:00")
    code, data = f"s3://{EXAMPLE.bucket}/code/0123", f"s3://{EXAMPLE.bucket}/data/0123/abalone.csv"
    built = definition(EXAMPLE, SETTINGS, code_uri=code, data_uri=data, commit="none", feature_group=group)
    assert problems(built) == []
    preprocess = built["Steps"][0]["Arguments"]
    inputs = {each["InputName"]: each["S3Input"]["S3Uri"] for each in preprocess["ProcessingInputs"]}
    assert inputs == {"code": code, "data": f"{STORE}/"}
    options = preprocess["AppSpecification"]["ContainerArguments"]
    assert options[-8:] == [
        *("--feature-group", NAME, "--record-identifier", "shell_id"),
        *("--event-time", "measured_at", "--as-of", "2026-11-30T12:00:00+00:00"),
    ]
    assert data not in str(built)


def preprocessed(folder: Path, records: Path) -> tuple[list[list[str]], Json]:
    """Return the test rows and the origin of the data, as the first job of a pipeline writes them."""
    group = replace(found(FakeAws(described())), as_of=LATEST)
    code = f"s3://{EXAMPLE.bucket}/code/0123"
    built = definition(EXAMPLE, SETTINGS, code_uri=code, data_uri="", commit="none", feature_group=group)
    run = LocalRun(definition={**built, "Steps": built["Steps"][:1]}, folder=folder, interpreter=images.interpreter)
    with job_code.assembled(STEPS, IMPORTED) as scripts:
        run.upload(scripts, code)
    run.upload(records, group.records_uri)
    run.run()
    origin = run.s3_path(output_uri(EXAMPLE, run.execution_id, "origin")) / "origin.json"
    return serving.rows(run, EXAMPLE, "test"), json.loads(origin.read_text())


LATEST = "2026-11-30T12:00:00+00:00"


def test_the_same_records_are_divided_alike_whatever_was_written_since(tmp_path: Path) -> None:
    records = [put(f"{index:05}", list(row.values)) for index, row in enumerate(LABELLED)]
    write(tmp_path / "one", records)
    first, origin = preprocessed(tmp_path / "first", tmp_path / "one")
    write(tmp_path / "other", records[::2], name="a")
    write(tmp_path / "other", records[1::2], name="b")
    write(
        tmp_path / "other",
        [deleted("00000", hours=24 * 40), put("1", list(LABELLED[0].values), written=24 * 40)],
        name="c",
    )
    again, same = preprocessed(tmp_path / "again", tmp_path / "other")
    assert first == again
    assert origin == same
    assert (origin["source"], origin["rows"]) == (f"feature group {NAME} as of {LATEST}", len(LABELLED))
