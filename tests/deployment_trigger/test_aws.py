"""What is made of AWS's other answers."""

import boto3
import pytest
from botocore.exceptions import ClientError
from trigger.aws import ModelRegistry, ProjectBuckets, ProjectParameters
from trigger.package import Approval
from trigger.records import approval_of

from tests.deployment_trigger.world import BUCKET, GROUP, PROJECT_ID, SETTINGS, World, arn, error


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
