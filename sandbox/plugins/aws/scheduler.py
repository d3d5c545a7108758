"""Schedules and their groups: Amazon EventBridge Scheduler."""

from datetime import datetime
from typing import Any, ClassVar

from sandbox.plugins.aws.cloud import Aws
from sandbox.plugins.aws.convert import from_aws, tag_list, tag_map, to_aws
from sandbox.plugins.aws.resource import AwsResource
from sandbox.plugins.aws.waiting import retry, wait_until
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values
from sandbox.plugins.resource import AutoName, RefusedError
from sandbox.plugins.values import mapping_of

GONE = frozenset({"ResourceNotFoundException"})
DELETED_WITHIN_SECONDS = 300


class ScheduleGroup(AwsResource):
    """A group of schedules; its id is its name."""

    type_name = "aws:scheduler/scheduleGroup:ScheduleGroup"
    inputs = Inputs("tags", replaces="name", computed="name")
    outputs = ("arn", "creationDate", "lastModificationDate", "state")
    auto_name = AutoName(longest=64)
    gone = GONE

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Create the group."""
        cloud.client("scheduler").create_schedule_group(Name=wanted["name"], Tags=tag_list(wanted["tagsAll"]))
        return wanted["name"]

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the group."""
        scheduler = cloud.client("scheduler")
        group = scheduler.get_schedule_group(Name=identifier)
        return {
            "arn": group["Arn"],
            "creationDate": _text(group["CreationDate"]),
            "lastModificationDate": _text(group["LastModificationDate"]),
            "name": group["Name"],
            "state": group["State"],
            "tagsAll": tag_map(scheduler.list_tags_for_resource(ResourceArn=group["Arn"])["Tags"]),
        }

    def retag(self, cloud: Aws, identifier: str, state: Values, removed: list[str], added: dict[str, str]) -> None:
        """Update the tags."""
        if removed:
            cloud.client("scheduler").untag_resource(ResourceArn=state["arn"], TagKeys=removed)
        if added:
            cloud.client("scheduler").tag_resource(ResourceArn=state["arn"], Tags=tag_list(added))

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the group with its schedules, and wait until they are gone."""
        scheduler = cloud.client("scheduler")
        scheduler.delete_schedule_group(Name=identifier)

        def absent() -> bool | None:
            try:
                scheduler.get_schedule_group(Name=identifier)
            except scheduler.exceptions.ResourceNotFoundException:
                return True
            return None

        wait_until(absent, what=f"the end of schedule group {identifier}", seconds=DELETED_WITHIN_SECONDS)


class Schedule(AwsResource):
    """A schedule; its id is `GROUP/NAME`."""

    type_name = "aws:scheduler/schedule:Schedule"
    inputs = Inputs(
        "description endDate kmsKeyArn scheduleExpression startDate",
        replaces="groupName name",
        computed="groupName name",
        defaults={"scheduleExpressionTimezone": "UTC", "state": "ENABLED"},
        objects={
            "flexibleTimeWindow": Inputs("maximumWindowInMinutes mode"),
            "target": Inputs(
                "arn input roleArn",
                # The official provider takes a missing policy for no change of the one that there is.
                computed="retryPolicy",
                objects={
                    "deadLetterConfig": Inputs("arn"),
                    "retryPolicy": Inputs(defaults={"maximumEventAgeInSeconds": 86400, "maximumRetryAttempts": 185}),
                    "sagemakerPipelineParameters": Inputs(objects={"pipelineParameters": Inputs("name value")}),
                },
            ),
        },
    )
    outputs = ("arn",)
    auto_name = AutoName(longest=64)
    gone = GONE
    _names: ClassVar = {
        "description": "Description",
        "endDate": "EndDate",
        "flexibleTimeWindow": "FlexibleTimeWindow",
        "groupName": "GroupName",
        "kmsKeyArn": "KmsKeyArn",
        "name": "Name",
        "scheduleExpression": "ScheduleExpression",
        "scheduleExpressionTimezone": "ScheduleExpressionTimezone",
        "startDate": "StartDate",
        "state": "State",
        "target": "Target",
    }
    _spelling: ClassVar = {
        "pipelineParameters": "PipelineParameterList",
        "sagemakerPipelineParameters": "SageMakerPipelineParameters",
    }

    def create(self, cloud: Aws, wanted: Values) -> str:
        """Create the schedule; its role may be too new."""
        answer = self._put(cloud.client("scheduler").create_schedule, wanted)
        return "/".join(answer["ScheduleArn"].split("/")[1:])

    def _put(self, put: Any, wanted: Values) -> Any:
        sent = {
            aws_name: to_aws(self.properties[name], wanted[name], self._spelling)
            for name, aws_name in self._names.items()
            if wanted.get(name) is not None
        }
        return retry(
            lambda: put(**sent),
            codes=["ValidationException"],
            message="must allow AWS EventBridge Scheduler to assume the role",
        )

    @staticmethod
    def _parts(identifier: str) -> Values:
        group, separator, name = identifier.partition("/")
        if not (group and name) or "/" in name:
            raise RefusedError(
                f"unexpected format of ID ({identifier}), expected schedule-group-name{separator or '/'}schedule-name"
            )
        return {"GroupName": group, "Name": name}

    def read(self, cloud: Aws, identifier: str, state: Values) -> Values | None:
        """Read the schedule."""
        schedule = cloud.client("scheduler").get_schedule(**self._parts(identifier))
        seen = {
            name: from_aws(self.properties[name], schedule.get(aws_name), self._spelling)
            for name, aws_name in self._names.items()
        }
        dates = {name: _text(seen[name]) for name in ("endDate", "startDate") if seen[name] is not None}
        return {**seen, **dates, "arn": schedule["Arn"]}

    def change(self, cloud: Aws, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Put the whole schedule again: what the request leaves out goes back to its default."""
        kept = {"retryPolicy": mapping_of(state.get("target")).get("retryPolicy")}
        group, name = self._parts(identifier).values()
        target = {**kept, **wanted["target"]}
        self._put(
            cloud.client("scheduler").update_schedule, {**wanted, "groupName": group, "name": name, "target": target}
        )

    def delete(self, cloud: Aws, identifier: str, state: Values) -> None:
        """Delete the schedule."""
        cloud.client("scheduler").delete_schedule(**self._parts(identifier))


def _text(moment: datetime) -> str:
    """Return a moment as the official provider writes it."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


TYPES = (ScheduleGroup(), Schedule())
