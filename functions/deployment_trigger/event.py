"""The events that EventBridge sends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from functions.shared.github_api.values import nested, text


@dataclass(frozen=True, kw_only=True)
class ApprovalEvent:
    """A change of a model package that is approved, as SageMaker reports it."""

    package_arn: str
    changed: Sequence[str] | None
    """Fields that were changed; None when the event does not say."""

    @property
    def is_approval(self) -> bool:
        """Whether the change may be the approval itself, and not another change of an approved package."""
        return self.changed is None or "ModelApprovalStatus" in self.changed


@dataclass(frozen=True, kw_only=True)
class AlarmEvent:
    """A change of an alarm's state, of which nothing is believed but which alarm it is: CloudWatch says that, and no project."""

    alarm_arn: str


def parse_event(event: Mapping[str, object]) -> ApprovalEvent | AlarmEvent | None:
    """Read an event; None when it starts the sweep.

    Source: Amazon CloudWatch User Guide, "Invoke a Lambda function from an alarm".
    """
    if event.get("sweep") is True:
        return None
    if alarm := text(event, "alarmArn"):
        return AlarmEvent(alarm_arn=alarm)
    detail = nested(event.get("detail"))
    changed = detail.get("UpdatedModelPackageFields")
    return ApprovalEvent(
        package_arn=text(detail, "ModelPackageArn"),
        changed=[str(name) for name in cast("list[object]", changed)] if isinstance(changed, list) else None,
    )
