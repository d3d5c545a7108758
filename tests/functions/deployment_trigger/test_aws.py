"""What is made of AWS's other answers."""

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from functions.deployment_trigger.aws import COPY_SECONDS, ModelRegistry, ProjectBuckets, ProjectParameters
from functions.deployment_trigger.errors import NotStartedError
from functions.deployment_trigger.package import Approval, approved, parse_arn
from functions.deployment_trigger.records import approval_of
from tests.functions.deployment_trigger.world import BUCKET, GROUP, PROJECT_ID, SETTINGS, World, arn, error


@pytest.fixture
def world() -> World:
    world = World()
    world.sagemaker.register(1)
    world.approve()
    return world


def test_other_failures_of_the_registry_are_not_taken_for_a_deleted_package(world: World) -> None:
    world.sagemaker.failure = error("ThrottlingException", "Rate exceeded")
    registry = ModelRegistry(world.sagemaker)

    with pytest.raises(ClientError, match="Rate exceeded"):
        registry.describe(arn(1))
    with pytest.raises(ClientError, match="Rate exceeded"):
        registry.newest_approved(GROUP)


def test_a_package_that_was_never_changed_is_as_old_as_it_is(world: World) -> None:
    world.clock.now += 1
    world.sagemaker.register(2)

    found = ModelRegistry(world.sagemaker).describe(arn(2))

    assert found is not None
    assert found.modified_at == round(world.clock.now * 1000)


def test_other_failures_of_systems_manager_are_not_taken_for_a_missing_project(world: World) -> None:
    world.ssm.failure = error("AccessDeniedException")

    with pytest.raises(ClientError, match="AccessDenied"):
        ProjectParameters(SETTINGS, world.ssm).find(PROJECT_ID)


def test_other_failures_of_s3_are_not_taken_for_a_refusal(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**arguments: object) -> None:
        raise error("SlowDown")

    for operation in ("copy_object", "head_object", "put_object"):
        with monkeypatch.context() as patched:
            patched.setattr(world.s3, operation, fail)
            with pytest.raises(ClientError, match="SlowDown"):
                world.deliver()


def test_an_artifact_that_changes_while_it_is_copied_fails_the_request(world: World) -> None:
    """The next attempt copies what is there then."""

    def change(what: str) -> None:
        if what == "copy":
            world.s3.put(BUCKET, "pipelines/run/output/model.tar.gz", b"changed")

    world.s3.before = change

    with pytest.raises(ClientError, match="PreconditionFailed"):
        world.deliver()

    world.s3.before = lambda what: None
    assert world.deliver().decision == "dispatched"


def test_a_copy_that_meets_another_one_is_tried_again_and_finds_what_that_copied(world: World) -> None:
    """Such as the function's own, which it stopped waiting for."""
    world.s3.conflicting_copies = 1

    with pytest.raises(NotStartedError, match=f"s3://{BUCKET}/approved/1/model.tar.gz is being copied"):
        world.deliver()
    assert (world.states(), world.dispatched) == (["claimed"], [])

    world.s3.put(BUCKET, "approved/1/model.tar.gz", metadata={"model-package-arn": arn(1)})
    assert world.deliver().decision == "dispatched"
    assert world.s3.copies == []


def test_a_copy_is_asked_for_once_and_waited_for_as_long_as_the_function_can(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    configs: list[Config] = []

    def client(service: str, config: Config) -> object:
        assert service == "s3"
        configs.append(config)
        return world.s3

    monkeypatch.setattr(boto3, "client", client)
    buckets = ProjectBuckets()
    candidate = approved(
        parse_arn(arn(1), SETTINGS),
        ProjectParameters(SETTINGS, world.ssm).find(PROJECT_ID),
        ModelRegistry(world.sagemaker).describe(arn(1)),
    )
    assert len(configs) == 1

    buckets.freeze(candidate)
    buckets.freeze(candidate)

    ordinary, patient = ({name: getattr(config, name) for name in ("read_timeout", "retries")} for config in configs)
    assert ordinary["read_timeout"] == 10
    assert patient == {"read_timeout": COPY_SECONDS, "retries": {"mode": "standard", "total_max_attempts": 1}}


def test_a_failure_to_look_at_what_was_frozen_fails_the_request(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.s3.put(BUCKET, "approved/1/model.tar.gz")
    head = world.s3.head_object

    def fail_later(**arguments: str) -> object:
        if arguments["Key"].startswith("approved/"):
            raise error("SlowDown")
        return head(**arguments)

    monkeypatch.setattr(world.s3, "head_object", fail_later)

    with pytest.raises(ClientError, match="SlowDown"):
        world.deliver()


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

    ModelRegistry()
    ProjectParameters(SETTINGS)
    ProjectBuckets()

    assert asked == ["sagemaker", "ssm", "s3"]
