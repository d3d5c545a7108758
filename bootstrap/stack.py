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
            self.report(f"An earlier attempt to create {self.name} failed and left nothing; removing its record.")
            self.cloudformation.delete_stack(StackName=present.identifier)
            present = self._settled(describe(self.cloudformation, present.identifier))
            present = None if present is None or present.status == "DELETE_COMPLETE" else present
        if present is not None and present.status.endswith("FAILED"):
            raise ProblemError(
                f"Stack {self.name} is in {present.status}: {present.reason or 'no reason given'}.\n"
                "Bring it back to a stable state in the CloudFormation console (continue the rollback, or delete the "
                "stack; the state's bucket and key are kept), then run this again."
            )
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
        for event in self._events():
            if event["EventId"] == before:
                break
            status = event.get("ResourceStatus", "")
            reason = event.get("ResourceStatusReason", "")
            # What was stopped because something else failed explains nothing.
            if status.endswith("FAILED") and "cancelled" not in reason:
                reasons.append(f"  {event.get('LogicalResourceId', '?')}: {reason or status}")
        status = stack.status if stack else "gone"
        reasons.reverse()
        said = reasons or [f"  {stack.reason if stack and stack.reason else 'CloudFormation gives no reason'}"]
        return "\n".join([f"Stack {self.name} ended in {status}; it was rolled back to what it was before.", *said])


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
        parameters={each["ParameterKey"]: each["ParameterValue"] for each in description.get("Parameters", [])},
        outputs={each["OutputKey"]: each["OutputValue"] for each in description.get("Outputs", [])},
    )
