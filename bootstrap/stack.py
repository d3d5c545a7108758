"""Brings the CloudFormation stack of `bootstrap.yaml` to where it should be, and waits until it is."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from botocore.exceptions import ClientError

from bootstrap.account import Client, error_code, error_message
from bootstrap.problem import ProblemError

TEMPLATE = Path(__file__).with_name("bootstrap.yaml")
DEADLINE_SECONDS = 1800
PATIENCE_SECONDS = (0.2, 0.5, 1, 2, 3)
"""Pauses between two looks at the stack; the last one repeats."""

Outcome = Literal["created", "updated", "unchanged"]
Report = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A stack as CloudFormation describes it."""

    identifier: str
    status: str
    reason: str
    protected: bool
    """Whether its deletion is refused (termination protection)."""
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]


@dataclass(kw_only=True)
class StackKeeper:
    """Creates or updates one stack."""

    cloudformation: Client
    name: str
    report: Report
    """Told what happens, one line each."""
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def find(self) -> Stack | None:
        """The stack as it is, or None."""
        return describe(self.cloudformation, self.name)

    def apply(self, template: str, parameters: Mapping[str, str], tags: Mapping[str, str]) -> Outcome:
        """Make the stack match `template` and `parameters`, and wait until it does.

        Raises:
            ProblemError: CloudFormation refuses, or a resource cannot be made; the message carries its reasons.
        """
        present = self._settled(self.find())
        if present is not None and present.status == "ROLLBACK_COMPLETE":
            self.report(f"An earlier attempt to create {self.name} failed and was undone; removing its record.")
            # Protected from its creation on, and no rollback ends that; the stack was never complete.
            if present.protected:
                self._protect(present, enable=False)
            self.cloudformation.delete_stack(StackName=present.identifier)
            present = self._settled(describe(self.cloudformation, present.identifier))
            present = None if present is None or present.status == "DELETE_COMPLETE" else present
        if present is not None and present.status.endswith("FAILED"):
            raise ProblemError(
                f"Stack {self.name} is in {present.status}: {present.reason or 'no reason given'}.\n"
                f"{self._way_out(present.status)}"
            )
        if present is not None and not present.protected:
            self.report(f"Stack {self.name} could be deleted; protecting it.")
            self._protect(present, enable=True)
        request: dict[str, Any] = {
            "StackName": self.name,
            "TemplateBody": template,
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        }
        started = self._latest_event()
        try:
            if present is None:
                self.report(f"Creating {self.name}.")
                self.cloudformation.create_stack(**request, EnableTerminationProtection=True)
            else:
                self.cloudformation.update_stack(**request)
                self.report(f"Updating {self.name}.")
        except ClientError as error:
            if "No updates are to be performed" in error_message(error):
                return "unchanged"
            raise ProblemError(f"CloudFormation refuses stack {self.name}: {error_message(error)}") from error
        done = self._settled(self.find())
        wanted = "CREATE_COMPLETE" if present is None else "UPDATE_COMPLETE"
        if done is None or done.status != wanted:
            raise ProblemError(self._explain_failure(done, started))
        return "created" if present is None else "updated"

    def _settled(self, stack: Stack | None) -> Stack | None:
        deadline = self.clock() + DEADLINE_SECONDS
        looks = 0
        while stack is not None and stack.status.endswith("_IN_PROGRESS"):
            if self.clock() > deadline:
                raise ProblemError(
                    f"Stack {self.name} is still in {stack.status} after {DEADLINE_SECONDS // 60} minutes. "
                    "Look at its events in the CloudFormation console; run this again when it has settled."
                )
            self.pause(PATIENCE_SECONDS[min(looks, len(PATIENCE_SECONDS) - 1)])
            looks += 1
            stack = describe(self.cloudformation, stack.identifier)
        return stack

    def _protect(self, stack: Stack, *, enable: bool) -> None:
        self.cloudformation.update_termination_protection(
            StackName=stack.identifier, EnableTerminationProtection=enable
        )

    def _way_out(self, status: str) -> str:
        """What to do about a stack that CloudFormation left in `status`, one that ends in FAILED."""
        if status == "UPDATE_ROLLBACK_FAILED":
            advice = f"Mend what it says, then:\n  aws cloudformation continue-update-rollback --stack-name {self.name}"
        elif status == "UPDATE_FAILED":
            advice = f"Take the update back:\n  aws cloudformation rollback-stack --stack-name {self.name}"
        elif status in ("CREATE_FAILED", "ROLLBACK_FAILED", "DELETE_FAILED"):
            advice = (
                "Delete it; it is protected from that, and the state's bucket and key are kept:\n"
                "  aws cloudformation update-termination-protection --no-enable-termination-protection "
                f"--stack-name {self.name}\n"
                f"  aws cloudformation delete-stack --stack-name {self.name}"
            )
        else:
            advice = "Bring it back to a stable state in the CloudFormation console."
        return f"{advice}\nWhen that is done, run this again."

    def _latest_event(self) -> str | None:
        events = self._events()
        return events[0]["EventId"] if events else None

    def _events(self) -> Sequence[Mapping[str, Any]]:
        try:
            return self.cloudformation.describe_stack_events(StackName=self.name)["StackEvents"]
        except ClientError:
            return []

    def _explain_failure(self, stack: Stack | None, before: str | None) -> str:
        reasons: list[str] = []
        kept: list[str] = []
        for event in self._events():
            if event["EventId"] == before:
                break
            status = event.get("ResourceStatus", "")
            reason = event.get("ResourceStatusReason", "")
            # What was stopped because something else failed explains nothing.
            if status.endswith("FAILED") and "cancelled" not in reason:
                reasons.append(f"  {event.get('LogicalResourceId', '?')}: {reason or status}")
            if status == "DELETE_SKIPPED" and event.get("ResourceType") == "AWS::KMS::Key":
                kept.append(event["PhysicalResourceId"])
        status = stack.status if stack else "gone"
        reasons.reverse()
        said = reasons or [f"  {stack.reason if stack and stack.reason else 'CloudFormation gives no reason'}"]
        ended = f"Stack {self.name} ended in {status}"
        if status.endswith("FAILED"):
            return "\n".join([f"{ended}.", *said, self._way_out(status)])
        advice = [_about_key(key) for key in kept] if status == "ROLLBACK_COMPLETE" else []
        return "\n".join([f"{ended}; it was rolled back to what it was before.", *said, *advice])


def _about_key(key: str) -> str:
    return (
        f"Key {key} is kept, because its policy lets nobody delete it; it encrypts nothing, and the next attempt makes "
        "another. To be rid of it, allow kms:ScheduleKeyDeletion in its policy, then:\n"
        f"  aws kms schedule-key-deletion --key-id {key}"
    )


def describe(cloudformation: Client, name: str) -> Stack | None:
    """The stack named `name`, or None.

    Raises:
        ProblemError: the caller may not look.
    """
    try:
        found = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error_code(error) == "ValidationError" and "does not exist" in error_message(error):
            return None
        raise ProblemError(f"CloudFormation does not show stack {name}: {error_message(error)}") from error
    return _stack(found[0]) if found else None


def names_of_stacks(cloudformation: Client) -> Sequence[str]:
    """Names of the stacks that exist in the region."""
    names: list[str] = []
    following: dict[str, str] = {}
    while True:
        page = cloudformation.describe_stacks(**following)
        names.extend(stack["StackName"] for stack in page["Stacks"])
        if not page.get("NextToken"):
            return names
        following = {"NextToken": page["NextToken"]}


def _stack(description: Mapping[str, Any]) -> Stack:
    return Stack(
        identifier=description.get("StackId", description["StackName"]),
        status=description["StackStatus"],
        reason=description.get("StackStatusReason", ""),
        protected=description.get("EnableTerminationProtection", False),
        parameters={each["ParameterKey"]: each["ParameterValue"] for each in description.get("Parameters", [])},
        outputs={each["OutputKey"]: each["OutputValue"] for each in description.get("Outputs", [])},
    )
