"""SageMaker's model registry in the account that trained the models."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from functions.model_release.package import Decider, ModelPackage
from functions.shared import aws_clients
from functions.shared.evidence import evidence_of


class ModelRegistry:
    """The model packages of projects, which their groups' policies let this function read."""

    def __init__(self, sagemaker: Any = None) -> None:
        self._sagemaker = sagemaker or aws_clients.client("sagemaker")

    def describe(self, arn: str) -> ModelPackage | None:
        """Return the model package; None when it, its group, or the whole account is not there to ask any more."""
        try:
            found = self._sagemaker.describe_model_package(ModelPackageName=arn)
        except ClientError as error:
            # The policy that lets this account read a group is gone with the group.
            if aws_clients.code(error) == "AccessDeniedException" or "does not exist" in str(error):
                return None
            raise
        return ModelPackage(
            arn=found["ModelPackageArn"],
            status=found["ModelPackageStatus"],
            approval_status=found.get("ModelApprovalStatus", "PendingManualApproval"),
            decided_by=_decider(found.get("LastModifiedBy") or found.get("CreatedBy") or {}),
            containers=found.get("InferenceSpecification", {}).get("Containers", []),
            description=found.get("ModelPackageDescription", ""),
            evidence=evidence_of(found),
        )


def _decider(user: Mapping[str, Any]) -> Decider:
    return Decider(
        arn=(user.get("IamIdentity") or {}).get("Arn", ""),
        profile=user.get("UserProfileName", ""),
        profile_arn=user.get("UserProfileArn", ""),
    )
