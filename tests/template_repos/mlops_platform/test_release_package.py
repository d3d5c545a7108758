"""The verification of a model version."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlops_platform.release import DeploymentError
from mlops_platform.release.package import verify
from mlops_platform.release.testing.aws import FakeModelRegistry, refusal
from mlops_platform.release.testing.example import IMAGE, PROJECT, package

ARN = PROJECT.package_arn(3)
GROUP = "arn:aws:sagemaker:eu-west-1:111111111111:model-package/abalone-p-abcdefghijkl"


def service(**changes: Any) -> FakeModelRegistry:
    return FakeModelRegistry(packages={ARN: package(3, **changes)})


def test_an_approved_version_of_this_project_is_deployed_with_its_own_image_and_environment() -> None:
    model = verify(service(), PROJECT, ARN)
    assert (model.arn, model.version, model.image) == (ARN, 3, IMAGE)
    assert model.environment == {"SAGEMAKER_PROGRAM": "inference.py"}


def test_an_image_that_was_registered_with_its_digest_is_served_by_it() -> None:
    digest = "sha256:" + "0" * 64
    container = {"Image": "registry:5000/models/xgboost:latest", "ImageDigest": digest}
    model = verify(service(InferenceSpecification={"Containers": [container]}), PROJECT, ARN)
    assert model.image == f"registry:5000/models/xgboost@{digest}"


@pytest.mark.parametrize("status", ["PendingManualApproval", "Rejected"])
def test_a_version_that_is_not_approved_now_is_refused(status: str) -> None:
    with pytest.raises(DeploymentError, match=f"/3 is {status}, not Approved: somebody has to approve it"):
        verify(service(ModelApprovalStatus=status), PROJECT, ARN)


@pytest.mark.parametrize("status", ["Pending", "InProgress", "Failed", "Deleting"])
def test_a_version_that_is_not_complete_is_refused(status: str) -> None:
    with pytest.raises(DeploymentError, match=f"/3 is {status}, not Completed"):
        verify(service(ModelPackageStatus=status), PROJECT, ARN)


def test_a_deleted_version_is_refused() -> None:
    with pytest.raises(DeploymentError, match="/3 does not exist: the version, or its whole group, was deleted"):
        verify(FakeModelRegistry(), PROJECT, ARN)


@pytest.mark.parametrize(
    ("arn", "reason"),
    [
        (f"{GROUP}/3 ", "is not the ARN of a model package version"),
        (GROUP, "is not the ARN of a model package version"),
        (f"{GROUP}/03", "is not the ARN of a model package version"),
        (f"{GROUP}/../3", "is not the ARN of a model package version"),
        (ARN.replace("111111111111", "999999999999"), "is of account 999999999999; this project's models are in 1111"),
        (ARN.replace("abalone", "churn"), "is of the group churn-p-abcdefghijkl, another project's"),
        (ARN.replace("eu-west-1", "us-east-1"), "is of another region or partition"),
        (ARN.replace("arn:aws:", "arn:aws-cn:"), "is of another region or partition"),
    ],
)
def test_an_arn_that_is_no_version_of_this_project_is_refused_without_a_request(arn: str, reason: str) -> None:
    with pytest.raises(DeploymentError, match=reason):
        verify(None, PROJECT, arn)


@pytest.mark.parametrize("count", [0, 2])
def test_a_model_of_several_containers_is_refused(count: int) -> None:
    with pytest.raises(DeploymentError, match=f"has {count} containers"):
        verify(service(InferenceSpecification={"Containers": [{"Image": IMAGE}] * count}), PROJECT, ARN)


def test_a_missing_permission_is_not_mistaken_for_a_deleted_version(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: str) -> None:
        raise refusal("DescribeModelPackage", "AccessDeniedException", "not authorized")

    fake = service()
    monkeypatch.setattr(fake, "describe_model_package", refuse)
    with pytest.raises(ClientError, match="not authorized"):
        verify(fake, PROJECT, ARN)
