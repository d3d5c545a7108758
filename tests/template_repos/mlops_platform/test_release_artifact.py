"""The copy of an approved artifact in the environment's account."""

import base64
import hashlib

import pytest
from botocore.exceptions import ClientError

from mlops_platform.release import DeploymentError
from mlops_platform.release.artifact import LARGEST_BYTES, copy
from mlops_platform.release.package import ModelVersion
from mlops_platform.release.testing.aws import FakeS3
from mlops_platform.release.testing.example import IMAGE, PROJECT

PREPROD = PROJECT.environments["preprod"]
MODEL = ModelVersion(arn=PROJECT.package_arn(3), version=3, image=IMAGE, environment={})
BODY = b"the model"
SHA256 = hashlib.sha256(BODY).hexdigest()
SOURCE = (PROJECT.models_bucket, "approved/3/model.tar.gz")
TARGET = (PREPROD.artifacts_bucket, f"p-abcdefghijkl/models/{SHA256}/model.tar.gz")


def approved() -> FakeS3:
    service = FakeS3()
    service.put(*SOURCE, BODY, {"model-package-arn": MODEL.arn})
    return service


def test_it_is_copied_by_aws_under_the_name_of_its_digest() -> None:
    service = approved()
    artifact = copy(service, PROJECT, PREPROD, MODEL)
    assert (artifact.uri, artifact.sha256, artifact.copied) == (f"s3://{'/'.join(TARGET)}", SHA256, True)
    (request,) = service.copies
    assert request["ChecksumAlgorithm"] == "SHA256"
    assert service.objects[TARGET]["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(BODY).digest()).decode()


def test_an_artifact_that_exists_is_not_copied_again() -> None:
    service = approved()
    copy(service, PROJECT, PREPROD, MODEL)
    assert not copy(service, PROJECT, PREPROD, MODEL).copied
    assert len(service.copies) == 1


def test_a_damaged_copy_is_replaced() -> None:
    service = approved()
    service.put(*TARGET, b"something else")
    assert copy(service, PROJECT, PREPROD, MODEL).copied


def test_a_copy_that_differs_is_not_used() -> None:
    service = approved()
    service.damaged = True
    with pytest.raises(DeploymentError, match=r"the copy s3://.* has the SHA-256 d3Jvbmc=, approved was"):
        copy(service, PROJECT, PREPROD, MODEL)


def test_an_artifact_that_changes_meanwhile_is_not_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    service = approved()
    head = service.head_object

    def then_overwrite(**arguments: str) -> object:
        answer = head(Bucket=arguments["Bucket"], Key=arguments["Key"], ChecksumMode="ENABLED")
        service.put(*SOURCE, b"another model", {"model-package-arn": MODEL.arn})
        return answer

    monkeypatch.setattr(service, "head_object", then_overwrite)
    with pytest.raises(ClientError, match="pre-conditions did not hold"):
        copy(service, PROJECT, PREPROD, MODEL)
    assert TARGET not in service.objects


@pytest.mark.parametrize("code", ["403", "404"])
def test_without_an_approved_artifact_nothing_is_copied(code: str) -> None:
    with pytest.raises(DeploymentError, match=r"is missing or unreadable: it is set aside when .*/3 is approved"):
        copy(FakeS3(missing=code), PROJECT, PREPROD, MODEL)


def test_an_artifact_of_another_version_is_refused() -> None:
    service = FakeS3()
    service.put(*SOURCE, BODY, {"model-package-arn": PROJECT.package_arn(2)})
    with pytest.raises(DeploymentError, match=r"was set aside for .*/2, not for .*/3"):
        copy(service, PROJECT, PREPROD, MODEL)


@pytest.mark.parametrize("checksum", ["", "Zm9v-2"])
def test_an_artifact_without_a_digest_of_the_whole_is_refused(checksum: str) -> None:
    service = approved()
    service.objects[SOURCE]["ChecksumSHA256"] = checksum
    with pytest.raises(DeploymentError, match="has no SHA-256 of the whole object"):
        copy(service, PROJECT, PREPROD, MODEL)


def test_an_artifact_that_s3_cannot_copy_at_once_is_refused() -> None:
    service = approved()
    service.objects[SOURCE]["ContentLength"] = LARGEST_BYTES + 1
    with pytest.raises(DeploymentError, match="at most 5368709120 can be copied"):
        copy(service, PROJECT, PREPROD, MODEL)


def test_another_refusal_of_s3_is_not_mistaken_for_a_missing_object(monkeypatch: pytest.MonkeyPatch) -> None:
    service = FakeS3(missing="400")
    with pytest.raises(ClientError, match="400"):
        copy(service, PROJECT, PREPROD, MODEL)
