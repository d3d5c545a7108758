"""Pending operations of an interrupted update, and the repaired state."""

from typing import Any

from bootstrap.recovery import interrupted
from bootstrap.recovery.interrupted import Resolution

STACK = "urn:pulumi:dev::mlops-platform::"
VPC, ROLE, QUEUE = (
    f"{STACK}{name}" for name in ("aws:ec2/vpc:Vpc::v", "aws:iam/role:Role::r", "aws:sqs/queue:Queue::q")
)


def resource(urn: str, **more: Any) -> dict[str, Any]:
    return {"urn": urn, "custom": True, "type": urn.split("::")[2], "inputs": {"name": urn}, **more}


def present(urn: str, identifier: str, **more: Any) -> dict[str, Any]:
    return resource(urn, id=identifier, outputs={"id": identifier}, **more)


def pending(*operations: tuple[str, dict[str, Any]], resources: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {
        "resources": resources or [],
        "pending_operations": [{"type": kind, "resource": of} for kind, of in operations],
    }


def test_a_state_without_pending_operations_needs_no_repair() -> None:
    assert not interrupted.half_done({"resources": [present(VPC, "vpc-1")]})
    assert interrupted.half_done(pending(("updating", present(VPC, "vpc-1"))))


def test_the_later_of_two_attempts_at_a_resource_counts() -> None:
    first, second = resource(VPC, inputs={"cidrBlock": "old"}), resource(VPC, inputs={"cidrBlock": "new"})
    assert interrupted.creates(pending(("creating", first), ("creating", second))) == [second]


def test_components_and_providers_exist_only_in_the_state() -> None:
    component = {"urn": f"{STACK}mlops:index:Network::n", "type": "mlops:index:Network"}
    provider = resource(f"{STACK}pulumi:providers:aws::aws")
    assert interrupted.creates(pending(("creating", component), ("creating", provider))) == []


def test_a_created_resource_enters_the_state_and_must_be_refreshed() -> None:
    state = pending(("creating", resource(ROLE, protect=True, parent="p")))
    repaired, unread = interrupted.resolve(state, [Resolution(urn=ROLE, identifier="grace")])
    assert repaired == {"resources": [resource(ROLE, protect=True, parent="p", id="grace", outputs={})]}
    assert unread == [ROLE]


def test_a_resource_that_was_not_created_is_removed() -> None:
    state = pending(("creating", resource(VPC)), resources=[present(ROLE, "grace")])
    repaired, unread = interrupted.resolve(state, [Resolution(urn=VPC, identifier=None)])
    assert repaired == {"resources": [present(ROLE, "grace")]}
    assert unread == []


def test_the_given_state_is_not_changed() -> None:
    state = pending(("creating", resource(ROLE)))
    interrupted.resolve(state, [Resolution(urn=ROLE, identifier="grace")])
    assert state == pending(("creating", resource(ROLE)))


def test_resources_that_were_being_changed_or_deleted_are_refreshed_if_the_state_has_them() -> None:
    role, queue = present(ROLE, "grace"), present(QUEUE, "https://queue")
    state = pending(
        ("updating", role), ("deleting", queue), ("deleting", present(VPC, "vpc-1")), resources=[role, queue]
    )
    repaired, unread = interrupted.resolve(state, [])
    assert repaired == {"resources": [role, queue]}
    assert unread == [ROLE, QUEUE]


def test_a_resource_that_a_later_update_created_again_keeps_its_place() -> None:
    state = pending(("creating", resource(VPC)), resources=[present(VPC, "vpc-2")])
    repaired, unread = interrupted.resolve(state, [Resolution(urn=VPC, identifier="vpc-2", others=["vpc-1"])])
    assert repaired == {"resources": [present(VPC, "vpc-2")]}
    assert unread == []


def test_a_replacement_takes_the_place_of_the_deleted_resource() -> None:
    gone, after = present(ROLE, "grace", pendingReplacement=True), present(QUEUE, "https://queue", dependencies=[ROLE])
    state = pending(("creating", resource(ROLE)), resources=[gone, after])
    repaired, unread = interrupted.resolve(state, [Resolution(urn=ROLE, identifier="grace")])
    assert repaired == {"resources": [resource(ROLE, id="grace", outputs={}), after]}
    assert unread == [ROLE]


def test_a_repair_that_was_interrupted_is_resumed() -> None:
    state = {"resources": [resource(ROLE, id="grace", outputs={}), present(QUEUE, "https://queue")]}
    assert interrupted.half_done(state)
    assert interrupted.resolve(state, []) == (state, [ROLE])
