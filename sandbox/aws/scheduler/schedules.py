"""Schedules: the operations on them, and their runs.

Source: EventBridge Scheduler API Reference, and User Guide, "Managing a schedule".
"""

import contextvars
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.aws import clock
from sandbox.aws.errors import NotEmulatedError, ServiceError
from sandbox.aws.iam.authorization import split_role_arn
from sandbox.aws.ministack import scope
from sandbox.aws.scheduler import encryption, expressions, groups, invocations, listing, targets
from sandbox.aws.scheduler.expressions import Begun, Expression
from sandbox.aws.scheduler.invocations import Invocation
from sandbox.aws.service import Call, Members, now

EARLIEST_START = 300.0
"""Seconds before now that a start date may lie."""
DEFAULTS: Mapping[str, str] = {
    "ActionAfterCompletion": "NONE",
    "GroupName": groups.DEFAULT,
    "ScheduleExpressionTimezone": "UTC",
    "State": "ENABLED",
}
TIMES = ("ScheduleExpression", "ScheduleExpressionTimezone", "StartDate", "EndDate", "State")
"""Members whose change makes a schedule's times begin anew."""

_schedules = scope.scoped_store()
"""By group and name."""
_created = scope.scoped_store()
"""By the token of a request: the ARN of the schedule that it created."""


@dataclass(kw_only=True)
class Times:
    """The times of a schedule that have not come yet."""

    expression: Expression
    begun: Begun
    end: float | None
    moments: Iterator[float]
    next: float | None = None
    """The next of them; None if there is none."""

    @classmethod
    def begin(cls, expression: Expression, members: Members) -> "Times":
        """Return the times of a schedule that is active from now on."""
        begun = Begun(calendar=clock.now(), emulated=clock.elapsed())
        start, end = expressions.moment(members.get("StartDate")), expressions.moment(members.get("EndDate"))
        times = cls(
            expression=expression,
            begun=begun,
            end=end if expression.recurs else None,
            moments=expression.moments(begun.calendar, start),
        )
        times.advance()
        return times

    def advance(self) -> None:
        """Go on to the next time."""
        found = next(self.moments, None)
        self.next = None if found is None or (self.end is not None and found >= self.end) else found

    def due(self) -> Iterator[float]:
        """Yield the times that have come since the last look."""
        while self.next is not None and self.expression.has_come(self.next, self.begun):
            yield self.next
            self.advance()


@dataclass(kw_only=True)
class Schedule:
    """A schedule."""

    arn: str
    members: Members
    """The members that GetSchedule answers."""
    times: Times

    @property
    def key(self) -> tuple[str, str]:
        """Its place in the store."""
        return self.members["GroupName"], self.members["Name"]

    def exists(self) -> bool:
        """Return whether the schedule has not been deleted, other than by its last run."""
        return self.key in _schedules or self.times.next is None

    def run_due(self, account: str) -> None:
        """Start what is due."""
        if self.members["State"] != "ENABLED":
            return
        for moment in self.times.due():
            run = Invocation(
                schedule_arn=self.arn,
                group_arn=groups.arn(self.members["GroupName"]),
                target=self.members["Target"],
                key=self.members.get("KmsKeyArn"),
                scheduled=moment,
                account=account,
                window=60.0 * self.members["FlexibleTimeWindow"].get("MaximumWindowInMinutes", 0),
                exists=self.exists,
            )
            context = contextvars.copy_context()
            threading.Thread(target=context.run, args=(run.run,), name=f"run of {self.arn}", daemon=True).start()
        if self.times.next is None and self.members["ActionAfterCompletion"] == "DELETE":
            _schedules.pop(self.key, None)


def run_due() -> None:
    """Start what is due in every account, and delete what deleted groups leave."""
    for account, region, name in groups.collect_deleted():
        with scope.request_scope(account, region):
            for key in [key for key in _schedules if key[0] == name]:
                _schedules.pop(key)
    for account, region, schedule in scope.items_everywhere(_schedules):
        with scope.request_scope(account, region):
            schedule.run_due(account)


def _create(call: Call) -> Members:
    members = {**DEFAULTS, **call.members}
    key, token = (members["GroupName"], members["Name"]), members.pop("ClientToken", None)
    if token and token in _created:
        return {"ScheduleArn": _created[token]}
    groups.require_active(members["GroupName"])
    if key in _schedules:
        raise ServiceError("ConflictException", f"Schedule {members['Name']} already exists.", 409)
    made = _make(call, members, None)
    if not made.times.expression.recurs and clock.now() >= (made.times.next or 0):
        raise NotEmulatedError(f"a new schedule whose only time, {members['ScheduleExpression']}, has passed")
    _schedules[key] = made
    _created[token] = made.arn
    return {"ScheduleArn": made.arn}


def _update(call: Call) -> Members:
    members = {**DEFAULTS, **call.members}
    members.pop("ClientToken", None)
    known = _found(members)
    groups.require_active(members["GroupName"])
    _schedules[known.key] = _make(call, members, known)
    return {"ScheduleArn": known.arn}


def _make(call: Call, members: Members, known: Schedule | None) -> Schedule:
    """Return a schedule with these settings.

    Raises:
        ServiceError: AWS would refuse them.
        NotEmulatedError: the sandbox does not know what they do.
    """
    arn = scope.arn("scheduler", f"schedule/{members['GroupName']}/{members['Name']}")
    expression = expressions.parse(members["ScheduleExpression"], members["ScheduleExpressionTimezone"])
    _check_times(members, expression, known)
    target = members["Target"]
    targets.check(target)
    _check_role(target["RoleArn"], groups.arn(members["GroupName"]))
    if "KmsKeyArn" in members:
        encryption.require_creator(call.caller, members["KmsKeyArn"], arn)
    retries = {**invocations.DEFAULT_RETRIES, **target.get("RetryPolicy", {})}
    settings: Members = {
        **members,
        "Arn": arn,
        "Target": {**target, "RetryPolicy": retries},
        "CreationDate": known.members["CreationDate"] if known else now(),
        "LastModificationDate": now(),
    }
    same = known is not None and all(known.members.get(name) == settings.get(name) for name in TIMES)
    times = known.times if known is not None and same else Times.begin(expression, settings)
    return Schedule(arn=arn, members=settings, times=times)


def _check_times(members: Members, expression: Expression, known: Schedule | None) -> None:
    start, end = expressions.moment(members.get("StartDate")), expressions.moment(members.get("EndDate"))
    window = members["FlexibleTimeWindow"]
    if (window["Mode"] == "FLEXIBLE") != ("MaximumWindowInMinutes" in window):
        raise ServiceError(
            "ValidationException", "MaximumWindowInMinutes belongs to the mode FLEXIBLE of a FlexibleTimeWindow, alone."
        )
    unchanged = known is not None and known.members.get("StartDate") == members.get("StartDate")
    if start is not None and start < clock.now() - EARLIEST_START and not unchanged:
        raise ServiceError("ValidationException", "The StartDate you specify cannot be earlier than 5 minutes ago.")
    if end is not None and end <= (start or clock.now()):
        raise ServiceError(
            "ValidationException", "The EndDate you specify must come after the StartDate, and after now."
        )
    if members["ActionAfterCompletion"] == "DELETE" and expression.recurs and end is None:
        raise ServiceError(
            "ValidationException", "A recurring schedule that is deleted after completion needs an EndDate."
        )


def _check_role(role: str, group_arn: str) -> None:
    if split_role_arn(role)[0] != scope.account_id():
        raise ServiceError("AccessDeniedException", "Cross-account pass role is not allowed.", 403)
    if not invocations.may_assume(role, scope.account_id(), group_arn):
        raise ServiceError(
            "ValidationException",
            "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.",
        )


def _get(call: Call) -> Members:
    return _found(call.members).members


def _delete(call: Call) -> Members:
    _schedules.pop(_found(call.members).key)
    return {}


def _list(call: Call) -> Members:
    wanted = call.members
    if "GroupName" in wanted:
        groups.found(wanted["GroupName"])
    records = [
        {
            **{
                name: found[name]
                for name in ("Arn", "Name", "GroupName", "State", "CreationDate", "LastModificationDate")
            },
            "Target": {"Arn": found["Target"]["Arn"]},
        }
        for found in (schedule.members for schedule in _schedules.values())
        if found["Name"].startswith(wanted.get("NamePrefix", ""))
        and wanted.get("GroupName", found["GroupName"]) == found["GroupName"]
        and wanted.get("State", found["State"]) == found["State"]
    ]
    return listing.page(wanted, "Schedules", records)


def _found(members: Mapping[str, Any]) -> Schedule:
    group = members.get("GroupName", groups.DEFAULT)
    schedule = _schedules.get((group, members["Name"]))
    if schedule is None:
        raise ServiceError("ResourceNotFoundException", f"Schedule {members['Name']} does not exist.", 404)
    return schedule


OPERATIONS = {
    "CreateSchedule": _create,
    "DeleteSchedule": _delete,
    "GetSchedule": _get,
    "ListSchedules": _list,
    "UpdateSchedule": _update,
}
