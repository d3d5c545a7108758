"""SageMaker's model registry."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from functions.shared import aws_clients


@dataclass(frozen=True, kw_only=True)
class Version:
    """A version as the registry describes it."""

    arn: str
    stage: str
    """Stage of its life cycle; empty if it has none."""
    is_approved: bool
    changed_by: str = ""
    """ARN of the identity that changed it last; empty if SageMaker does not tell."""


class ModelRegistry:
    """The model packages of projects."""

    def __init__(self, sagemaker: Any = None) -> None:
        self._sagemaker = sagemaker or aws_clients.client("sagemaker")

    def staged(self, group: str) -> Sequence[str]:
        """Return the ARNs of all versions of a group that have a stage.

        Raises:
            ClientError: there is no such group.
        """
        pages = self._sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=group)
        summaries = [summary for page in pages for summary in page["ModelPackageSummaryList"]]
        return [each["ModelPackageArn"] for each in summaries if each.get("ModelLifeCycle")]

    def describe(self, arn: str) -> Version:
        """Return a version.

        Raises:
            ClientError: there is no such version.
        """
        found = self._sagemaker.describe_model_package(ModelPackageName=arn)
        return Version(
            arn=arn,
            stage=found.get("ModelLifeCycle", {}).get("Stage", ""),
            is_approved=found.get("ModelApprovalStatus") == "Approved",
            changed_by=((found.get("LastModifiedBy") or {}).get("IamIdentity") or {}).get("Arn", ""),
        )

    def set_stage(self, arn: str, stage: str, status: str) -> None:
        """Set the stage of a version, and nothing else."""
        self._sagemaker.update_model_package(
            ModelPackageArn=arn, ModelLifeCycle={"Stage": stage, "StageStatus": status}
        )
