"""Create or update the CloudFormation stack of `bootstrap.yaml`, and wait until it has settled."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from botocore.exceptions import ClientError

from bootstrap import stack_failures
from bootstrap.account import Client, error_code, error_message, pages, refusal_reason
from bootstrap.errors import BootstrapError

TEMPLATE = Path(__file__).with_name("bootstrap.yaml")
DEADLINE_SECONDS = 1800
POLL_SECONDS = (0.2, 0.5, 1, 2, 3)
"""Pauses between two requests for the stack's status; the last one repeats."""

Outcome = Literal["created", "updated", "unchanged"]
Report = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A stack as CloudFormation describes it."""

    identifier: str
    status: str
    reason: str
    protected: bool
    """Whether termination protection is on."""
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]


@dataclass(kw_only=True)
class StackUpdater:
    """Creates or updates one stack."""

    cloudformation: Client
    name: str
    report: Report
    """Called with each line of progress."""
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def find(self) -> Stack | None:
        """Return the stack as it is, or None if there is none."""
        return describe(self.cloudformation, self.name)

    def apply(self, template: str, parameters: Mapping[str, str], tags: Mapping[str, str]) -> Outcome:
        """Make the stack match `template` and `parameters`, and wait until it does.

        Raises:
            BootstrapError: CloudFormation refuses, or a resource cannot be created; the message has its reasons.
        """
        present = self._prepare()
        events = stack_failures.events(self.cloudformation, self.name)
        latest = events[0]["EventId"] if events else None
        try:
            self._request(present, template, parameters, tags)
        except ClientError as error:
            if "No updates are to be performed" in error_message(error):
                return "unchanged"
            raise BootstrapError(f"CloudFormation refuses stack {self.name}: {refusal_reason(error)}") from error
        done = self._settled(self.find())
        wanted = "CREATE_COMPLETE" if present is None else "UPDATE_COMPLETE"
        if done is None or done.status != wanted:
            status, reason = (done.status, done.reason) if done else ("gone", "")
            since = stack_failures.after(stack_failures.events(self.cloudformation, self.name), latest)
            raise BootstrapError(stack_failures.explain(self.name, status, reason, since))
        return "created" if present is None else "updated"

    def _prepare(self) -> Stack | None:
        """Return the stack, settled and protected; None when it must be created.

        Raises:
            BootstrapError: the stack is in a status that CloudFormation does not update.
        """
        present = self._settled(self.find())
        if present is not None and present.status == "ROLLBACK_COMPLETE":
            present = self._delete_failed(present)
        if present is not None and present.status.endswith("FAILED"):
            raise BootstrapError(
                f"Stack {self.name} is in {present.status}: {present.reason or 'no reason given'}.\n"
                f"{stack_failures.advice(self.name, present.status)}"
            )
        if present is not None and not present.protected:
            self.report(f"Stack {self.name} could be deleted; turning on its termination protection.")
            self._protect(present, enable=True)
        return present

    def _delete_failed(self, stack: Stack) -> Stack | None:
        self.report(f"An earlier attempt to create {self.name} failed and was rolled back; removing its record.")
        # Termination protection is on from the creation and no rollback ends it. The stack was never complete.
        if stack.protected:
            self._protect(stack, enable=False)
        self.cloudformation.delete_stack(StackName=stack.identifier)
        left = self._settled(describe(self.cloudformation, stack.identifier))
        return None if left is None or left.status == "DELETE_COMPLETE" else left

    def _request(
        self, present: Stack | None, template: str, parameters: Mapping[str, str], tags: Mapping[str, str]
    ) -> None:
        request: dict[str, Any] = {
            "StackName": self.name,
            "TemplateBody": template,
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        }
        if present is None:
            self.report(f"Creating {self.name}.")
            self.cloudformation.create_stack(**request, EnableTerminationProtection=True)
        else:
            self.cloudformation.update_stack(**request)
            self.report(f"Updating {self.name}.")

    def _settled(self, stack: Stack | None) -> Stack | None:
        deadline = self.clock() + DEADLINE_SECONDS
        requests = 0
        while stack is not None and stack.status.endswith("_IN_PROGRESS"):
            if self.clock() > deadline:
                raise BootstrapError(
                    f"Stack {self.name} is still in {stack.status} after {DEADLINE_SECONDS // 60} minutes. "
                    "Look at its events in the CloudFormation console; run this again when it has settled."
                )
            self.pause(POLL_SECONDS[min(requests, len(POLL_SECONDS) - 1)])
            requests += 1
            stack = describe(self.cloudformation, stack.identifier)
        return stack

    def _protect(self, stack: Stack, *, enable: bool) -> None:
        self.cloudformation.update_termination_protection(
            StackName=stack.identifier, EnableTerminationProtection=enable
        )


def template_body() -> str:
    """Return the template as it is sent, because a request takes 51,200 bytes: without comments, and with lists and mappings of scalars on a line.

    Source: AWS CloudFormation User Guide, "Understand CloudFormation quotas".
    """
    document = yaml.compose(TEMPLATE.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    _shorten(document)
    return yaml.serialize(document, width=500)


def _shorten(node: yaml.Node | None) -> None:
    match node:
        case yaml.SequenceNode():
            node.flow_style = all(isinstance(entry, yaml.ScalarNode) for entry in node.value)
            for entry in node.value:
                _shorten(entry)
        case yaml.MappingNode():
            node.flow_style = all(isinstance(value, yaml.ScalarNode) for _, value in node.value)
            for _, value in node.value:
                _shorten(value)
        case _:
            pass


def describe(cloudformation: Client, name: str) -> Stack | None:
    """Return the stack with that name or id, or None if there is none.

    Raises:
        BootstrapError: the caller may not see it.
    """
    try:
        found = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error_code(error) == "ValidationError" and "does not exist" in error_message(error):
            return None
        raise BootstrapError(f"CloudFormation does not show stack {name}: {refusal_reason(error)}") from error
    return _stack(found[0]) if found else None


def stack_names(cloudformation: Client) -> list[str]:
    """Return the names of the stacks that exist in the region."""
    return [stack["StackName"] for stack in pages(cloudformation.describe_stacks, "Stacks", "NextToken", "NextToken")]


def _stack(description: Mapping[str, Any]) -> Stack:
    return Stack(
        identifier=description.get("StackId", description["StackName"]),
        status=description["StackStatus"],
        reason=description.get("StackStatusReason", ""),
        protected=description.get("EnableTerminationProtection", False),
        parameters={each["ParameterKey"]: each["ParameterValue"] for each in description.get("Parameters", [])},
        outputs={each["OutputKey"]: each["OutputValue"] for each in description.get("Outputs", [])},
    )
