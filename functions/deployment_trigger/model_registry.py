"""SageMaker's model registry."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from functions.deployment_trigger.package import ModelPackage
from functions.deployment_trigger.reports import reports_of
from functions.shared import aws_clients
from functions.shared.evidence import evidence_of

_NEWEST_VERSIONS = 25
"""Newest approved versions of a group among which the sweep looks for lost events."""


class ModelRegistry:
    """The model packages of the account."""

    def __init__(self, sagemaker: Any = None) -> None:
        self._sagemaker = sagemaker or aws_clients.client("sagemaker")

    def describe(self, arn: str) -> ModelPackage | None:
        """Return the model package; None when it was deleted."""
        try:
            found = self._sagemaker.describe_model_package(ModelPackageName=arn)
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        modified: datetime = found.get("LastModifiedTime") or found["CreationTime"]
        containers: Sequence[Mapping[str, object]] = found.get("InferenceSpecification", {}).get("Containers", [])
        return ModelPackage(
            arn=found["ModelPackageArn"],
            status=found["ModelPackageStatus"],
            approval_status=found.get("ModelApprovalStatus", "PendingManualApproval"),
            modified_at=round(modified.timestamp() * 1000),
            modified_by=((found.get("LastModifiedBy") or {}).get("IamIdentity") or {}).get("Arn", ""),
            containers=tuple(containers),
            evidence=evidence_of(found),
            reports=tuple(reports_of(found)),
            registered_at=found["CreationTime"],
        )

    def newest_approved(self, group: str) -> Sequence[str]:
        """Return the ARNs of the group's newest approved versions; none when the group does not exist any more."""
        try:
            found = self._sagemaker.list_model_packages(
                ModelPackageGroupName=group,
                ModelApprovalStatus="Approved",
                SortBy="CreationTime",
                SortOrder="Descending",
                MaxResults=_NEWEST_VERSIONS,
            )
        except ClientError as error:
            if "does not exist" in str(error):
                return []
            raise
        return [package["ModelPackageArn"] for package in found["ModelPackageSummaryList"]]
