"""Rules and their targets: Amazon EventBridge."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from sandbox.plugins.aws.cloud import Aws, code_of, only
from sandbox.plugins.aws.convert import from_aws, given, picked, tag_list, tag_map, to_aws
from sandbox.plugins.aws.names import generated_name, prefix_of
from sandbox.plugins.aws.resource import AwsResource
from sandbox.plugins.aws.waiting import retry
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values
from sandbox.plugins.resource import AutoName, RefusedError
from sandbox.plugins.values import UNKNOWN

DEFAULT_BUS = "default"


class EventRule(AwsResource):
    """A rule that events match, or a schedule; its id is its name, or `BUS/NAME` on another bus than the default."""

    type_name = "aws:cloudwatch/eventRule:EventRule"
    inputs = Inputs(
        "description roleArn scheduleExpression tags",
        replaces="eventBusName name namePrefix",
        computed="name namePrefix",
        json="eventPattern",
        defaults={"eventBusName": DEFAULT_BUS, "forceDestroy": False, "state": "ENABLED"},
    )
    outputs = ("arn",)
    auto_name = AutoName(longest=64)
    gone = frozenset({"ResourceNotFoundException"})
    _names: ClassVar = {
        "description": "Description",
        "eventBusName": "EventBusName",
        "roleArn": "RoleArn",
        "scheduleExpression": "ScheduleExpression",
        "state": "State",
    }

    def refusals(self, wanted: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Refuse what the official provider refuses before it calls EventBridge."""
        if wanted.get("name") is not None and wanted.get("namePrefix") is not None:
            yield "name", '"name": conflicts with name_prefix'
        if wanted.get("eventPattern") is None and wanted.get("scheduleExpression") is None:
            yield "eventPattern", "one of `event_pattern,schedule_expression` must be specified"

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Put the rule."""
        name = wanted.get("name") or generated_name(wanted["namePrefix"])
        self._put(cloud, name, wanted, Tags=tag_list(wanted["tagsAll"]))
        return name if wanted["eventBusName"] == DEFAULT_BUS else f"{wanted['eventBusName']}/{name}"

    def _put(self, cloud: Aws, name: str, wanted: Values, **more: Any) -> None:
        sent = given(wanted, self._names)
        if wanted.get("eventPattern"):
            sent["EventPattern"] = json.dumps(json.loads(wanted["eventPattern"]), separators=(",", ":"))
        retry(
            lambda: cloud.client("events").put_rule(Name=name, **sent, **more),
            codes=["ValidationException"],
            message="cannot be assumed by principal",
        )

    @staticmethod
    def _parts(identifier: str) -> Values:
        bus, _, name = identifier.rpartition("/")
        return {"Name": name, "EventBusName": bus or DEFAULT_BUS}

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the rule."""
        events = cloud.client("events")
        rule = events.describe_rule(**self._parts(identifier))
        return {
            **{name: rule.get(aws_name) for name, aws_name in self._names.items()},
            "arn": rule["Arn"],
            "eventBusName": self._parts(identifier)["EventBusName"],
            "eventPattern": rule.get("EventPattern"),
            "name": rule["Name"],
            "namePrefix": prefix_of(rule["Name"]),
            "tagsAll": tag_map(events.list_tags_for_resource(ResourceARN=rule["Arn"])["Tags"]),
        }

    def retag(self, cloud: Aws, identifier: str, state: Values, removed: list[str], added: dict[str, str]) -> None:
        """Update the tags."""
        if removed:
            cloud.client("events").untag_resource(ResourceARN=state["arn"], TagKeys=removed)
        if added:
            cloud.client("events").tag_resource(ResourceARN=state["arn"], Tags=tag_list(added))

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Put the whole rule again; only the state knows `forceDestroy`."""
        self._put(cloud, self._parts(identifier)["Name"], wanted)

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the rule once it has no targets."""
        retry(
            lambda: cloud.client("events").delete_rule(
                **self._parts(identifier), **({"Force": True} if state.get("forceDestroy") else {})
            ),
            codes=["ValidationException"],
            message="Rule can't be deleted since it has targets",
            seconds=300,
        )


class EventTarget(AwsResource):
    """A target of a rule; its id cannot be parsed."""

    type_name = "aws:cloudwatch/eventTarget:EventTarget"
    inputs = Inputs(
        "arn input inputPath roleArn",
        replaces="eventBusName rule targetId",
        computed="targetId",
        defaults={"eventBusName": DEFAULT_BUS, "forceDestroy": False},
        objects={
            "deadLetterConfig": Inputs("arn"),
            "inputTransformer": Inputs("inputPaths inputTemplate"),
            "retryPolicy": Inputs("maximumEventAgeInSeconds maximumRetryAttempts"),
        },
    )
    _names: ClassVar = {
        "arn": "Arn",
        "deadLetterConfig": "DeadLetterConfig",
        "input": "Input",
        "inputPath": "InputPath",
        "inputTransformer": "InputTransformer",
        "retryPolicy": "RetryPolicy",
        "roleArn": "RoleArn",
    }
    _spelling: ClassVar = {"inputPaths": "InputPathsMap"}

    def is_gone(self, error: Exception) -> bool:
        """Return whether target or rule is gone: the official provider takes several errors for that."""
        if isinstance(error, ClientError) and error.operation_name == "ListTargetsByRule":
            return code_of(error) in {"ResourceNotFoundException", "ValidationException"}
        return super().is_gone(error)

    gone = frozenset({"ResourceNotFoundException"})

    def refusals(self, wanted: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Refuse what the official provider refuses before it calls EventBridge."""
        present = [name for name in ("input", "inputPath", "inputTransformer") if wanted.get(name) is not None]
        if len(present) > 1:
            yield present[0], f'"{present[0]}": conflicts with {present[1]}'
        content = wanted.get("input")
        if content not in {None, UNKNOWN}:
            try:
                json.loads(str(content))
            except ValueError as error:
                yield "input", f'"input" contains an invalid JSON: {error}'

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Put the target."""
        target = wanted.get("targetId") or generated_name()
        parts = [wanted["rule"], target]
        if wanted["eventBusName"] != DEFAULT_BUS:
            parts.insert(0, wanted["eventBusName"])
        identifier = "-".join(parts)
        self._put(cloud, target, wanted, f"creating EventBridge Target ({identifier})")
        return identifier

    def _put(self, cloud: Aws, target: str, wanted: Values, doing: str) -> None:
        sent = {
            aws_name: to_aws(self.properties[name], wanted[name], self._spelling)
            for name, aws_name in self._names.items()
            if wanted.get(name) is not None
        }
        if "RetryPolicy" in sent:  # the official provider sends 0 for a missing limit, which EventBridge may refuse
            sent["RetryPolicy"] = {"MaximumEventAgeInSeconds": 0, "MaximumRetryAttempts": 0, **sent["RetryPolicy"]}
        answer = cloud.client("events").put_targets(
            Rule=wanted["rule"], EventBusName=wanted["eventBusName"], Targets=[{"Id": target, **sent}]
        )
        _refuse_failed(answer["FailedEntries"], doing)

    @staticmethod
    def _parts(identifier: str, state: Values) -> tuple[str, str, str]:
        """Return bus, rule and target; an import gives RULE/TARGET or BUS/RULE/TARGET."""
        if "rule" not in state:
            rest, _, target = identifier.rpartition("/")
            bus, _, rule = rest.rpartition("/")
            if not rule or not target:
                raise RefusedError(
                    f"unexpected format for ID ({identifier}), expected EVENTBUSNAME/RULENAME/TARGETID or "
                    "RULENAME/TARGETID"
                )
            return bus or DEFAULT_BUS, rule, target
        bus, rule = str(state.get("eventBusName", DEFAULT_BUS)), str(state["rule"])
        before = f"{rule}-" if bus == DEFAULT_BUS else f"{bus}-{rule}-"
        return bus, rule, identifier.removeprefix(before)

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Find the target among those of its rule."""
        bus, rule, name = self._parts(identifier, state)
        found = cloud.client("events").list_targets_by_rule(Rule=rule, EventBusName=bus)["Targets"]
        target = only([each for each in found if each["Id"] == name])
        values = dict.fromkeys(self._names) | picked(target, self._names)
        return {
            **{name: from_aws(self.properties[name], value, self._spelling) for name, value in values.items()},
            "id": f"{rule}-{name}" if bus == DEFAULT_BUS else f"{bus}-{rule}-{name}",
            "eventBusName": bus,
            "rule": rule,
            "targetId": name,
        }

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Put the whole target again; only the state knows `forceDestroy`."""
        if changed - {"forceDestroy"}:
            name = self._parts(identifier, state)[2]
            self._put(cloud, name, wanted, f"updating EventBridge Target ({identifier})")

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the target."""
        bus, rule, name = self._parts(identifier, state)
        answer = cloud.client("events").remove_targets(
            Rule=rule, EventBusName=bus, Ids=[name], Force=bool(state.get("forceDestroy"))
        )
        _refuse_failed(answer["FailedEntries"], f"deleting EventBridge Target ({identifier})")


def _refuse_failed(entries: Sequence[Mapping[str, str]], doing: str) -> None:
    """Raise an error for entries that EventBridge rejected in an otherwise successful response.

    Raises:
        RefusedError: there are any.
    """
    if entries:
        failures = "; ".join(
            f"{each.get('TargetId')}: api error {each.get('ErrorCode')}: {each.get('ErrorMessage')}" for each in entries
        )
        raise RefusedError(f"{doing}: {failures}")


TYPES = (EventRule(), EventTarget())
