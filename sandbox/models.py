"""Reads a registered model back from the model registry, with what its evaluation measured."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import boto3

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, kw_only=True)
class RegisteredModel:
    """A version in the model registry and its quality on data that it was not trained on."""

    arn: str
    version: int
    approval: str
    metrics: dict[str, float]
    """Figures of the evaluation report by name, for example `mse`."""
    predictions: list[tuple[float, float]]
    """Pairs of what was measured and what the model says, in rings."""

    @property
    def mse(self) -> float:
        """Mean squared error on held-out data, in rings squared."""
        return self.metrics["mse"]


def latest(session: boto3.Session, group: str) -> RegisteredModel:
    """Return the newest version of a model package group."""
    sagemaker = session.client("sagemaker")
    newest = sagemaker.list_model_packages(
        ModelPackageGroupName=group, SortBy="CreationTime", SortOrder="Descending", MaxResults=1
    )["ModelPackageSummaryList"][0]
    package = sagemaker.describe_model_package(ModelPackageName=newest["ModelPackageArn"])
    report = str(package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"])
    storage = session.client("s3")
    quality = cast("dict[str, Any]", json.loads(_read(storage, report))["regression_metrics"])
    rows = csv.DictReader(io.StringIO(_read(storage, report.rpartition("/")[0] + "/predictions.csv")))
    return RegisteredModel(
        arn=str(package["ModelPackageArn"]),
        version=int(package["ModelPackageVersion"]),
        approval=str(package["ModelApprovalStatus"]),
        metrics={name: float(figure["value"]) for name, figure in quality.items()},
        predictions=[(float(row["actual"]), float(row["predicted"])) for row in rows],
    )


def _read(storage: S3Client, uri: str) -> str:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return storage.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
