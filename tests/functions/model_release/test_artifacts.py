"""The copy of a frozen artifact: the same bytes or none, once, and nothing half-made."""

import hashlib
from collections.abc import Callable

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from components.model_release import TIMEOUT_SECONDS
from functions.model_release.artifacts import COPY_SECONDS, Artifacts
from functions.model_release.errors import RefusedError
from functions.shared import aws_clients
from tests.functions.model_release.fakes import (
    BODY,
    BUCKET,
    FROZEN,
    KEY,
    RECORD,
    Fakes,
    arn,
    checksum,
    described,
    error,
    evidence,
)

SOURCE = (FROZEN, "approved/3/model.tar.gz")
SECONDS_BESIDE_THE_COPY = 45
"""Longest time for the rest: a few requests, each repeated."""


class Crash(BaseException):
    """The process ends: nothing that catches exceptions may see it."""


def at(operation: str, do: Callable[[], None]) -> Callable[[str], None]:
    """Do something before the first call of an operation."""
    left = [operation]

    def before(name: str) -> None:
        if name in left:
            left.remove(name)
            do()

    return before


def test_an_artifact_that_is_there_is_not_copied_again(fakes: Fakes) -> None:
    fakes.release()
    del fakes.s3.objects[BUCKET, RECORD]
    fakes.release()
    assert fakes.s3.done.count("upload_part_copy") == 1


def test_another_artifact_under_the_same_key_is_never_replaced(fakes: Fakes) -> None:
    fakes.release()
    del fakes.s3.objects[BUCKET, RECORD]
    fakes.freeze(body=b"another model")
    fakes.register(ModelPackageDescription=described(evidence(body=b"another model")))
    with pytest.raises(RefusedError, match=f"s3://{BUCKET}/{KEY} holds another artifact"):
        fakes.release()
    assert fakes.s3.objects[BUCKET, KEY]["Body"] == BODY


def test_a_copy_that_differs_never_becomes_an_object(fakes: Fakes) -> None:
    fakes.s3.damaged = True
    with pytest.raises(RefusedError, match=f"s3://{'/'.join(SOURCE)} is not the artifact that was evaluated"):
        fakes.release()
    assert (BUCKET, KEY) not in fakes.s3.objects
    assert (fakes.s3.uploads, fakes.sagemaker.models) == ({}, {})


def test_an_artifact_that_changes_meanwhile_is_not_copied(fakes: Fakes) -> None:
    fakes.s3.before = at("upload_part_copy", lambda: fakes.freeze(body=b"changed"))
    with pytest.raises(ClientError, match="pre-conditions"):
        fakes.release()
    assert (BUCKET, KEY) not in fakes.s3.objects
    assert fakes.s3.uploads == {}


@pytest.mark.parametrize("conflict", ["PreconditionFailed", "ConditionalRequestConflict"])
def test_a_request_that_another_one_overtakes_uses_its_copy(fakes: Fakes, conflict: str) -> None:
    def overtake() -> None:
        fakes.s3.before = lambda _: None
        fakes.release()
        raise error(conflict)

    fakes.s3.before = at("complete_multipart_upload", overtake)
    released = fakes.release()
    assert list(fakes.sagemaker.models) == [released.model_name]
    assert fakes.s3.uploads == {}


def test_a_conflict_without_a_result_fails_and_is_repeated(fakes: Fakes) -> None:
    def fail() -> None:
        raise error("ConditionalRequestConflict")

    fakes.s3.before = at("complete_multipart_upload", fail)
    with pytest.raises(ClientError, match="ConditionalRequestConflict"):
        fakes.release()
    fakes.release()


@pytest.mark.parametrize(
    "operation",
    ["create_multipart_upload", "upload_part_copy", "complete_multipart_upload", "put_object", "head_object"],
)
def test_a_release_that_is_killed_anywhere_is_finished_by_the_next(fakes: Fakes, operation: str) -> None:
    def crash() -> None:
        raise Crash

    fakes.s3.before = at(operation, crash)
    with pytest.raises(Crash):
        fakes.release()
    assert fakes.sagemaker.models == {}
    released = fakes.release()
    assert list(fakes.sagemaker.models) == [released.model_name]
    assert fakes.s3.objects[BUCKET, KEY]["Body"] == BODY


def test_records_of_two_requests_that_meet_are_one(fakes: Fakes) -> None:
    def conflict() -> None:
        raise error("ConditionalRequestConflict")

    fakes.s3.before = at("put_object", conflict)
    released = fakes.release()
    assert (BUCKET, RECORD) in fakes.s3.objects
    assert released.model_name in fakes.sagemaker.models


def test_without_a_frozen_artifact_nothing_is_released(fakes: Fakes) -> None:
    del fakes.s3.objects[SOURCE]
    with pytest.raises(RefusedError, match=r"is missing or unreadable: it is frozen when .*/3 is approved"):
        fakes.release()


def test_an_artifact_of_another_version_is_refused(fakes: Fakes) -> None:
    fakes.freeze(**{"model-package-arn": arn(2)})
    with pytest.raises(RefusedError, match=r"was frozen for .*/2, not for .*/3"):
        fakes.release()


@pytest.mark.parametrize("digest", ["", "Zm9v-2", checksum(b"another model")])
def test_a_frozen_artifact_that_is_not_the_one_that_was_evaluated_is_refused(fakes: Fakes, digest: str) -> None:
    fakes.s3.objects[SOURCE]["ChecksumSHA256"] = digest
    with pytest.raises(RefusedError, match=r"is not the artifact of .*/3 that was evaluated, whose SHA-256 is"):
        fakes.release()
    assert (BUCKET, KEY) not in fakes.s3.objects


def test_an_artifact_that_was_frozen_as_one_part_is_known_by_the_checksum_of_its_only_part(fakes: Fakes) -> None:
    fakes.s3.objects[SOURCE]["ChecksumSHA256"] = f"{checksum(hashlib.sha256(BODY).digest())}-1"
    fakes.release()
    assert fakes.s3.objects[BUCKET, KEY]["Body"] == BODY


def test_an_artifact_that_is_larger_than_a_part_is_refused(fakes: Fakes) -> None:
    fakes.s3.objects[SOURCE]["ContentLength"] = 5 * 1024**3 + 1
    with pytest.raises(RefusedError, match="has 5368709121 bytes; S3 copies up to 5368709120 in one part"):
        fakes.release()


def test_a_copy_is_requested_once_with_a_timeout_as_long_as_the_function_allows(
    fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    configs: list[Config] = []

    def client(service: str, config: Config) -> object:
        assert service == "s3"
        configs.append(config)
        return fakes.s3

    monkeypatch.setattr(boto3, "client", client)
    artifacts = Artifacts(BUCKET, aws_clients.client("s3"))
    frozen = artifacts.frozen(*SOURCE, arn(), hashlib.sha256(BODY).hexdigest())
    assert len(configs) == 1
    assert artifacts.copy(frozen, KEY)

    patient = {name: getattr(configs[1], name) for name in ("read_timeout", "retries")}
    assert patient == {"read_timeout": COPY_SECONDS, "retries": {"mode": "standard", "total_max_attempts": 1}}
    assert TIMEOUT_SECONDS - COPY_SECONDS >= SECONDS_BESIDE_THE_COPY
