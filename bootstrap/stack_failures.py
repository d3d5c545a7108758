"""Explanations of a CloudFormation stack that failed, and advice on how to go on."""

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

from botocore.exceptions import ClientError

from bootstrap.account import Client

Event = Mapping[str, Any]


def events(cloudformation: Client, stack: str) -> Sequence[Event]:
    """Return the events of a stack, the latest first; none if it does not exist or may not be seen."""
    try:
        return cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    except ClientError:
        return []


def after(found: Sequence[Event], event_id: str | None) -> Sequence[Event]:
    """Return the events that are later than the one with that id."""
    return list(takewhile(lambda event: event["EventId"] != event_id, found))


def explain(name: str, status: str, reason: str, found: Sequence[Event]) -> str:
    """Say why a stack ended in `status`, from its events (the latest first), and what to do about it."""
    reasons: list[str] = []
    kept: list[str] = []
    for event in found:
        event_status = event.get("ResourceStatus", "")
        event_reason = event.get("ResourceStatusReason", "")
        # A resource that was cancelled because another one failed explains nothing.
        if event_status.endswith("FAILED") and "cancelled" not in event_reason:
            reasons.append(f"  {event.get('LogicalResourceId', '?')}: {event_reason or event_status}")
        if event_status == "DELETE_SKIPPED" and event.get("ResourceType") == "AWS::KMS::Key":
            kept.append(event["PhysicalResourceId"])
    reasons.reverse()
    explanation = reasons or [f"  {reason or 'CloudFormation gives no reason'}"]
    ended = f"Stack {name} ended in {status}"
    if status.endswith("FAILED"):
        return "\n".join([f"{ended}.", *explanation, advice(name, status)])
    about_keys = [_about_key(key) for key in kept] if status == "ROLLBACK_COMPLETE" else []
    return "\n".join([f"{ended}; it was rolled back to its previous state.", *explanation, *about_keys])


def advice(name: str, status: str) -> str:
    """Say what to do about a stack whose status ends in FAILED."""
    if status == "UPDATE_ROLLBACK_FAILED":
        action = f"Fix the cause, then:\n  aws cloudformation continue-update-rollback --stack-name {name}"
    elif status == "UPDATE_FAILED":
        action = f"Roll the update back:\n  aws cloudformation rollback-stack --stack-name {name}"
    elif status in ("CREATE_FAILED", "ROLLBACK_FAILED", "DELETE_FAILED"):
        action = (
            "Delete it, after turning off its termination protection; the state's bucket and key are kept:\n"
            "  aws cloudformation update-termination-protection --no-enable-termination-protection "
            f"--stack-name {name}\n"
            f"  aws cloudformation delete-stack --stack-name {name}"
        )
    else:
        action = "Return it to a stable state in the CloudFormation console."
    return f"{action}\nWhen that is done, run this again."


def _about_key(key: str) -> str:
    return (
        f"Key {key} is kept, because its policy lets nobody delete it; it encrypts nothing, and the next attempt creates "
        "another one. To get rid of it, allow kms:ScheduleKeyDeletion in its policy, then:\n"
        f"  aws kms schedule-key-deletion --key-id {key}"
    )
