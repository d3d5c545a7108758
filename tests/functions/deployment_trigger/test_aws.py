"""Errors and rare answers of AWS."""

import boto3
import botocore
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from functions.deployment_trigger import handler
from functions.deployment_trigger.approval_store import approval_of
from functions.deployment_trigger.approved_artifacts import COPY_SECONDS, ApprovedArtifacts
from functions.deployment_trigger.errors import NotEvaluatedError, NotStartedError
from functions.deployment_trigger.model_registry import ModelRegistry
from functions.deployment_trigger.package import Approval, Candidate, approved, parse_arn
from functions.deployment_trigger.project_parameters import ProjectParameters
from functions.shared import aws_clients
from tests.functions.deployment_trigger.fakes import BUCKET, GROUP, PROJECT_ID, SETTINGS, Fakes, arn, error


@pytest.fixture
def fakes() -> Fakes:
    fakes = Fakes()
    fakes.sagemaker.register(1)
    fakes.approve()
    return fakes


def test_other_failures_of_the_registry_are_not_taken_for_a_deleted_package(fakes: Fakes) -> None:
    fakes.sagemaker.failure = error("ThrottlingException", "Rate exceeded")
    registry = ModelRegistry(fakes.sagemaker)

    with pytest.raises(ClientError, match="Rate exceeded"):
        registry.describe(arn(1))
    with pytest.raises(ClientError, match="Rate exceeded"):
        registry.newest_approved(GROUP)


def test_the_age_of_an_unchanged_package_is_its_creation_time(fakes: Fakes) -> None:
    fakes.clock.now += 1
    fakes.sagemaker.register(2)

    found = ModelRegistry(fakes.sagemaker).describe(arn(2))

    assert found is not None
    assert found.modified_at == round(fakes.clock.now * 1000)


def test_other_failures_of_systems_manager_are_not_taken_for_a_missing_project(fakes: Fakes) -> None:
    fakes.ssm.failure = error("AccessDeniedException")

    with pytest.raises(ClientError, match="AccessDenied"):
        ProjectParameters(SETTINGS, fakes.ssm).find(PROJECT_ID)


def test_other_failures_of_s3_are_not_taken_for_a_refusal(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**arguments: object) -> None:
        raise error("SlowDown")

    for operation in ("create_multipart_upload", "head_object", "put_object"):
        with monkeypatch.context() as patched:
            patched.setattr(fakes.s3, operation, fail)
            with pytest.raises(ClientError, match="SlowDown"):
                fakes.deliver()


def test_an_artifact_that_changes_while_it_is_copied_fails_the_request(fakes: Fakes) -> None:
    """The next attempt finds that it is none that was evaluated."""

    def change(what: str) -> None:
        if what == "copy":
            fakes.s3.put(BUCKET, "pipelines/run/output/model.tar.gz", b"changed")

    fakes.s3.before = change
    fakes.sagemaker.update(1, ModelMetrics={})

    with pytest.raises(ClientError, match="PreconditionFailed"):
        fakes.deliver()
    assert fakes.s3.uploads == {}

    fakes.s3.before = lambda what: None
    with pytest.raises(NotEvaluatedError, match="is not the artifact that was evaluated"):
        fakes.deliver()
    assert fakes.s3.uploads == {}


def test_a_copy_that_conflicts_with_another_one_is_repeated_and_finds_its_result(fakes: Fakes) -> None:
    """Such as the function's own, after its timeout."""
    fakes.s3.conflicting_copies = 1
    fakes.sagemaker.update(1, ModelMetrics={})

    with pytest.raises(NotStartedError, match=f"s3://{BUCKET}/approved/1/model.tar.gz is being copied"):
        fakes.deliver()
    assert (fakes.states(), fakes.dispatched) == (["claimed"], [])

    fakes.s3.put(BUCKET, "approved/1/model.tar.gz", metadata={"model-package-arn": arn(1)})
    assert fakes.deliver().decision == "dispatched"
    assert fakes.s3.copies == []


def candidate_of(fakes: Fakes) -> Candidate:
    """The approved package of the fakes."""
    return approved(
        parse_arn(arn(1), SETTINGS),
        ProjectParameters(SETTINGS, fakes.ssm).find(PROJECT_ID),
        ModelRegistry(fakes.sagemaker).describe(arn(1)),
    )


def test_a_copy_is_requested_once_with_a_timeout_as_long_as_the_function_allows(
    fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    configs: list[Config] = []

    def client(service: str, config: Config) -> object:
        assert service == "s3"
        configs.append(config)
        return fakes.s3

    monkeypatch.setattr(boto3, "client", client)
    artifacts = ApprovedArtifacts(aws_clients.client("s3"))
    candidate = candidate_of(fakes)
    assert len(configs) == 1

    artifacts.freeze(candidate)
    artifacts.freeze(candidate)

    ordinary, patient = ({name: getattr(config, name) for name in ("read_timeout", "retries")} for config in configs)
    assert ordinary["read_timeout"] == 10
    assert patient == {"read_timeout": COPY_SECONDS, "retries": {"mode": "standard", "total_max_attempts": 1}}


def test_a_process_logs_the_version_of_its_botocore_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    aws_clients._log_versions.cache_clear()
    with caplog.at_level("INFO", "functions.shared"):
        aws_clients.client("s3")
        aws_clients.client("ssm")

    assert [each.getMessage() for each in caplog.records if "botocore" in each.getMessage()] == [
        f"boto3 {boto3.__version__}, botocore {botocore.__version__}"
    ]


def test_a_failure_to_read_the_frozen_copy_fails_the_request(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    fakes.s3.put(BUCKET, "approved/1/model.tar.gz")
    head = fakes.s3.head_object

    def fail_later(**arguments: str) -> object:
        if arguments["Key"].startswith("approved/"):
            raise error("SlowDown")
        return head(**arguments)

    monkeypatch.setattr(fakes.s3, "head_object", fail_later)

    with pytest.raises(ClientError, match="SlowDown"):
        fakes.deliver()


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("deployments/12/1700000000000.json", Approval(version=12, at=1_700_000_000_000)),
        ("deployments/12/", None),
        ("deployments/12/x.json", None),
        ("deployments/", None),
    ],
)
def test_a_record_s_key_names_its_approval(key: str, expected: Approval | None) -> None:
    assert approval_of(key) == expected


def test_the_clients_are_the_runtimes_own(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def client(service: str, config: object) -> object:
        asked.append(service)
        return object()

    monkeypatch.setattr(boto3, "client", client)

    handler.services.cache_clear()
    handler.services(SETTINGS)
    handler.services.cache_clear()

    assert asked == ["s3", "sagemaker", "ssm"]
