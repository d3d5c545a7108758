"""Find the feature group that main trains from, and refuse one that no training could read, before anything is created."""

import functools
import json
import subprocess
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from mlops_platform.pipeline.expressions import Json
from mlops_platform.project.aws import error_code
from pipeline import images
from pipeline.definition import FeatureGroup
from pipeline.project import Project
from pipeline.this_machine import STEPS

FOLDER = "features"
"""Folder of the project's bucket below which its groups have their offline stores: only Feature Store writes there."""


class FeatureGroupError(Exception):
    """No training can read the feature group; the message says why, and what to do."""


def find(sagemaker: Any, s3: Any, owner: Project, name: str) -> FeatureGroup:
    """Return the group of a name, as of now.

    Raises:
        FeatureGroupError: it does not exist, is not ready, is kept elsewhere or otherwise, lacks columns or has no records.
    """
    if not name.startswith(f"{owner.id}-"):
        raise FeatureGroupError(
            f"[data] feature_group in settings.toml is {name!r}: the groups of this project begin with {owner.id}-"
        )
    described = _described(sagemaker, name)
    if problem := _problem(described, owner) or _no_records(s3, described, owner):
        raise FeatureGroupError(f"the feature group {name} cannot be trained from: {problem}")
    return FeatureGroup(
        name=name,
        records_uri=_records_uri(described),
        record_identifier=described["RecordIdentifierFeatureName"],
        event_time=described["EventTimeFeatureName"],
        as_of=now(),
    )


def now() -> str:
    """Return the time as definitions have it, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _described(sagemaker: Any, name: str) -> Json:
    """Return the description of a group, with all of its features."""
    try:
        described = sagemaker.describe_feature_group(FeatureGroupName=name)
        while token := described.get("NextToken"):
            further = sagemaker.describe_feature_group(FeatureGroupName=name, NextToken=token)
            features = [*described["FeatureDefinitions"], *further["FeatureDefinitions"]]
            described = {**described, "FeatureDefinitions": features, "NextToken": further.get("NextToken")}
    except ClientError as error:
        if error_code(error) != "ResourceNotFound":
            raise
        raise FeatureGroupError(
            f"there is no feature group {name}: README.md says how an administrator of the platform creates it"
        ) from error
    return described


def _problem(described: Json, owner: Project) -> str | None:
    """Return the first reason why no training can read a group."""
    status, store = described["FeatureGroupStatus"], described.get("OfflineStoreConfig")
    if status == "Creating":
        return "it is being created; start again in some minutes"
    if status != "Created":
        return f"it is {status}: {described.get('FailureReason', 'SageMaker gives no reason')}"
    if store is None:
        return "it has no offline store, which a group gets only when it is created: create another"
    if store.get("TableFormat") == "Iceberg":
        return "its offline store is in the Iceberg format, in which files alone do not say which rows count: create another in Glue's"
    offline = described.get("OfflineStoreStatus", {"Status": "Active"})
    if offline["Status"] != "Active":
        return f"its offline store is {offline['Status']}: {offline.get('BlockedReason', 'SageMaker gives no reason')}"
    if not _records_uri(described).startswith(own := f"s3://{owner.bucket}/{FOLDER}/"):
        return f"its offline store is at {_records_uri(described)}, and jobs of this project read {own}: create another there"
    there = {each["FeatureName"].lower(): each for each in described["FeatureDefinitions"]}
    if lacking := [name for name in columns() if name.lower() not in there]:
        return f"it has no feature {', '.join(lacking)}, which steps/features.py asks for"
    if lists := [name for name in columns() if there[name.lower()].get("CollectionType")]:
        return f"its features {', '.join(lists)} are collections, and a column is one value"
    return None


def _no_records(s3: Any, described: Json, owner: Project) -> str | None:
    prefix = _records_uri(described).removeprefix(f"s3://{owner.bucket}/")
    found = s3.list_objects_v2(Bucket=owner.bucket, Prefix=prefix, MaxKeys=1)
    return None if found["KeyCount"] else "its offline store is empty yet; records arrive within 15 minutes"


def _records_uri(described: Json) -> str:
    # With the slash it is the prefix of no other group's files.
    return described["OfflineStoreConfig"]["S3StorageConfig"]["ResolvedOutputS3Uri"].rstrip("/") + "/"


@functools.cache
def columns() -> tuple[str, ...]:
    """Return the columns that training needs, as steps/features.py declares them; it needs packages that only jobs have.

    Raises:
        FeatureGroupError: it cannot be imported.
    """
    program = "import features, json; print(json.dumps([*features.COLUMNS, features.TARGET]))"
    python = str(images.interpreter(images.SCIKIT_LEARN))
    done = subprocess.run([python, "-c", program], cwd=STEPS, capture_output=True, text=True, check=False)
    if done.returncode:
        raise FeatureGroupError(f"steps/features.py cannot be imported:\n{done.stderr.strip()}")
    return tuple(json.loads(done.stdout))
