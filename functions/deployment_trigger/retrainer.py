"""Start a run of the training workflow for alarms about drift and quality, once a week at most.

The training is claimed before anything is started, as an approval is. What was begun and not finished is finished by Lambda's next attempt,
or by the next alarm, after checking whether GitHub has the run already.
"""

import json
import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Literal

from functions.deployment_trigger import decision
from functions.deployment_trigger.conditional_records import Stored
from functions.deployment_trigger.errors import RefusedError
from functions.deployment_trigger.event import AlarmEvent
from functions.deployment_trigger.project import Project
from functions.deployment_trigger.protocols import GitHubApi, Projects, Retrainings
from functions.deployment_trigger.retraining_alarm import RetrainingAlarm, parse_alarm
from functions.deployment_trigger.retraining_store import Retraining
from functions.deployment_trigger.run import TRAIN, Wanted, find_run, start_run
from functions.deployment_trigger.settings import Settings
from functions.shared.github_api.deadline import Deadline

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The outcome for one alarm, and the reason for it."""

    alarm_arn: str
    decision: Literal["dispatched", "refused", "skipped"]
    reason: str
    run_url: str | None = None


@dataclass(frozen=True, kw_only=True)
class Retrainer:
    """Starts the trainings that follow from alarms about drift and quality."""

    settings: Settings
    projects: Projects
    retrainings: Retrainings
    github: Callable[[], GitHubApi]
    """Called when GitHub is needed."""
    deadline: Deadline
    request_id: str
    """The same in every attempt of Lambda at one request."""
    wall_clock: Callable[[], float] = time.time

    def retrain(self, event: AlarmEvent) -> Outcome:
        """Train the model of the project that the alarm is of, unless it was trained for such an alarm in the last days."""
        try:
            alarm = parse_alarm(event.alarm_arn, self.settings)
            outcome = self._retrain(alarm, self._project(alarm))
        except RefusedError as refusal:
            outcome = Outcome(alarm_arn=event.alarm_arn, decision="refused", reason=str(refusal))
        logger.info(json.dumps(asdict(outcome)))
        return outcome

    def _project(self, alarm: RetrainingAlarm) -> Project:
        project = self.projects.find(alarm.project_id)
        if project is None:
            raise RefusedError(f"{alarm.project_id} is no project that deploys its models")
        if not project.training_repository:
            raise RefusedError(
                f"the parameter of {alarm.project_id} does not name its training repository: update the project in Service Catalog"
            )
        return project

    def _retrain(self, alarm: RetrainingAlarm, project: Project) -> Outcome:
        now, bucket, key, begun = self.wall_clock(), project.bucket, alarm.key, False
        mine = Retraining(
            name=alarm.retraining(now), alarm_arn=alarm.arn, state="claimed", owner=self.request_id, since=now
        )
        claim = self.retrainings.create(bucket, key, mine)
        if claim is None:
            found = self.retrainings.read(bucket, key)
            begun = decision.may_take_over(found.record, owner=self.request_id, now=now)
            if begun:
                mine = replace(mine, name=found.record.name)
            elif not found.record.is_over(now):
                return _known(alarm, found)
            claim = self.retrainings.replace(bucket, key, found, mine)
            if claim is None:
                return _known(alarm, self.retrainings.read(bucket, key))
        wanted = Wanted(
            repository=project.training_repository,
            workflow=TRAIN,
            id=mine.name,
            inputs={"reason": f"{alarm.cause.capitalize()}: {mine.name}"},
        )
        run = find_run(self.github(), wanted) if begun else None
        run = run or start_run(self.github(), self.deadline, wanted, patient=True)
        done = replace(mine, state="dispatched", since=self.wall_clock(), run_url=run)
        if self.retrainings.replace(bucket, key, claim, done) is None:
            logger.warning("the record of retraining %s was changed meanwhile", mine.name)
        return Outcome(alarm_arn=alarm.arn, decision="dispatched", reason=f"{alarm.reason}: {mine.name}", run_url=run)


def _known(alarm: RetrainingAlarm, found: Stored[Retraining]) -> Outcome:
    what = "being started by another request" if found.record.state == "claimed" else "dispatched already"
    return Outcome(
        alarm_arn=alarm.arn,
        decision="skipped",
        reason=f"the training {found.record.name} is {what}",
        run_url=found.record.run_url,
    )
