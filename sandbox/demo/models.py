"""Read registered models and their evaluation from the model registry, and approve them."""

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
    """Pairs of measured and predicted rings."""
    held_out: list[str]
    """Rows that it was not trained on, as CSV; the last value is the number of rings."""

    @property
    def mse(self) -> float:
        """Mean squared error on held-out data, in rings squared."""
        return self.metrics["mse"]

    def features(self, count: int) -> list[str]:
        """Return the first held-out rows without their number of rings."""
        return [row.rpartition(",")[0] for row in self.held_out[:count]]

    def rings(self, count: int) -> list[float]:
        """Return the number of rings of the first held-out rows."""
        return [float(row.rpartition(",")[2]) for row in self.held_out[:count]]


def versions(session: boto3.Session, group: str) -> list[str]:
    """Return the ARNs of a group's model packages, oldest first."""
    listed = session.client("sagemaker").list_model_packages(
        ModelPackageGroupName=group, SortBy="CreationTime", SortOrder="Ascending", MaxResults=100
    )
    return [summary["ModelPackageArn"] for summary in listed["ModelPackageSummaryList"]]


def read(session: boto3.Session, arn: str) -> RegisteredModel:
    """Return a version with its metrics and its predictions."""
    package = session.client("sagemaker").describe_model_package(ModelPackageName=arn)
    report = str(package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"])
    evaluation = report.rpartition("/")[0]
    storage = session.client("s3")
    quality = cast("dict[str, Any]", json.loads(_read(storage, report))["regression_metrics"])
    rows = csv.DictReader(io.StringIO(_read(storage, f"{evaluation}/predictions.csv")))
    return RegisteredModel(
        arn=str(package["ModelPackageArn"]),
        version=int(package["ModelPackageVersion"]),
        approval=str(package["ModelApprovalStatus"]),
        metrics={name: float(figure["value"]) for name, figure in quality.items()},
        predictions=[(float(row["actual"]), float(row["predicted"])) for row in rows],
        held_out=_read(storage, f"{evaluation.rpartition('/')[0]}/test/test.csv").splitlines(),
    )


def approve(session: boto3.Session, arn: str, *, reason: str) -> None:
    """Approve one exact version."""
    session.client("sagemaker").update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription=reason
    )


def _read(storage: S3Client, uri: str) -> str:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return storage.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
