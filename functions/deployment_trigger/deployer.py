"""Start one run of a workflow for each approval, exactly once.

Every step can be the last one before a crash. So an approval is claimed before anything is started, and Lambda's next
attempt, or the sweep, finishes what was begun after checking whether GitHub has the run already.
"""

import json
import logging
import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Literal

from functions.deployment_trigger import decision
from functions.deployment_trigger.approval_store import Record, State
from functions.deployment_trigger.conditional_records import Stored
from functions.deployment_trigger.decision import Decision
from functions.deployment_trigger.errors import NotEvaluatedError, RefusedError, SweepError
from functions.deployment_trigger.event import ApprovalEvent
from functions.deployment_trigger.package import Approval, Candidate, approved, only_container, parse_arn
from functions.deployment_trigger.project import Project
from functions.deployment_trigger.proposal import propose
from functions.deployment_trigger.protocols import Approvals, Artifacts, GitHubApi, Projects, Registry
from functions.deployment_trigger.run import BRANCH, DEPLOY, deployment, find_run, start_run
from functions.deployment_trigger.settings import Settings
from functions.shared.evidence import EvidenceError, evaluated_artifact
from functions.shared.github_api.deadline import Deadline
from functions.shared.identity import is_role

logger = logging.getLogger(__name__)

Outcome = Literal["dispatched", "refused", "superseded"]

_SECONDS_FOR_A_PROJECT = 30.0
"""Time that the sweep of a project may take; with less, none is begun."""


@dataclass(frozen=True, kw_only=True)
class Deployer:
    """Starts the deployments that follow from one event."""

    settings: Settings
    registry: Registry
    projects: Projects
    approvals: Approvals
    artifacts: Artifacts
    github: Callable[[], GitHubApi]
    """Called when GitHub is needed: most events need neither it nor its credential."""
    deadline: Deadline
    request_id: str
    """The same in every attempt of Lambda at one request."""
    wall_clock: Callable[[], float] = time.time

    def approve(self, event: ApprovalEvent) -> Decision:
        """Deploy the package that the event names, if it is approved now and was not deployed before."""
        try:
            candidate = self._approved(event.package_arn)
            if event.is_approval and not self._is_noted(candidate):
                return _logged(self._deploy(candidate, patient=True))
        except RefusedError as refusal:
            return _logged(_refused(event.package_arn, refusal))
        return _logged(self._note_change(candidate))

    def sweep(self) -> list[Decision]:
        """Deploy the approvals whose events were lost, and finish what was begun; one project after the other, in any order.

        The next sweep tries again, so none waits for a workflow that GitHub refuses: those after it would have no time. Those for which
        there is none all the same come sooner or later: no order puts the same ones last each time.

        Raises:
            SweepError: projects failed; all others were swept.
        """
        found = self.projects.all()
        decisions: list[Decision] = []
        failed: list[str] = []
        for malformed in found.malformed:
            logger.error("%s", malformed)
            failed.append(malformed.parameter)
        waiting = random.sample(found.projects, len(found.projects))
        while waiting and self.deadline.remaining() >= _SECONDS_FOR_A_PROJECT:
            project = waiting.pop()
            try:
                decisions += [_logged(each) for each in self._sweep(project)]
            except Exception:
                logger.exception("the sweep of %s failed", project.repository)
                failed.append(project.repository)
        if waiting:
            logger.warning("%d projects are left to the next sweeps: there was no time for them", len(waiting))
        if failed:
            raise SweepError(f"the sweep failed for {', '.join(failed)}: the log says why")
        return decisions

    def _approved(self, arn: str) -> Candidate:
        name = parse_arn(arn, self.settings)
        project = self.projects.find(name.project_id)
        # The function may read packages of projects only.
        return approved(name, project, self.registry.describe(arn) if project else None)

    def _deploy(self, candidate: Candidate, *, patient: bool) -> Decision:
        bucket, approval = candidate.project.bucket, candidate.approval
        claim = self.approvals.create(bucket, approval, self._record(candidate, "claimed"))
        if claim is None:
            found = self.approvals.read(bucket, approval)
            if not decision.may_take_over(found.record, owner=self.request_id, now=self.wall_clock()):
                return _known(found.record)
            claim = self.approvals.replace(bucket, approval, found, self._record(candidate, "claimed"))
            if claim is None:
                return _known(found.record)
            if run := find_run(self.github(), deployment(candidate)):
                return self._finish(candidate, claim, "dispatched", "its run was started before", run)
        if decision.is_superseded(approval, self._newest(candidate.project)):
            return self._finish(candidate, claim, "superseded", "another version was approved later")
        try:
            self.artifacts.freeze(candidate)
        except RefusedError as refusal:
            return self._finish(candidate, claim, "refused", str(refusal))
        except NotEvaluatedError as refusal:
            _logged(self._finish(candidate, claim, "refused", str(refusal)))
            raise
        run = start_run(self.github(), self.deadline, deployment(candidate), patient=patient)
        return self._finish(candidate, claim, "dispatched", "it was approved", run)

    def _is_noted(self, candidate: Candidate) -> bool:
        """Tell whether the last change noted where the version serves, which follows from a deployment and causes none."""
        return is_role(candidate.package.modified_by, self.settings.account_id, self.settings.life_cycle_role)

    def _note_change(self, candidate: Candidate) -> Decision:
        """Record that a change was no approval, so that the sweep does not take it for one whose event was lost.

        A version without any record is left alone: the event of its approval may really be lost.
        """
        bucket, approval = candidate.project.bucket, candidate.approval
        if any(known.version == approval.version for known in self.approvals.approvals(bucket)):
            self.approvals.create(bucket, approval, self._record(candidate, "unchanged"))
        return Decision(
            model_package_arn=candidate.package.arn, decision="skipped", reason="the change was not its approval"
        )

    def _sweep(self, project: Project) -> list[Decision]:
        decisions = self._finish_last(project)
        candidates: list[Candidate] = []
        for arn in self.registry.newest_approved(project.package_group):
            try:
                candidate = approved(parse_arn(arn, self.settings), project, self.registry.describe(arn))
                if not self._is_noted(candidate):
                    candidates.append(candidate)
            except RefusedError as refusal:
                # It was rejected or deleted after it was listed.
                decisions.append(_refused(arn, refusal))
        found = decision.lost(candidates, self.approvals.approvals(project.bucket), now=self.wall_clock())
        decisions += [self._deploy(candidate, patient=False) for candidate in found]
        return decisions + (self._propose_last(project) if self.settings.release_branch else [])

    def _finish_last(self, project: Project) -> list[Decision]:
        """Finish the newest deployment if the request that began it did not; older ones do not matter any more."""
        newest = self._newest(project)
        if newest is None:
            return []
        found = self.approvals.read(project.bucket, newest)
        if not decision.may_take_over(found.record, owner=self.request_id, now=self.wall_clock()):
            return []
        arn = found.record.model_package_arn
        try:
            candidate = self._approved(arn)
        except RefusedError as refusal:
            closed = replace(found.record, state="refused", reason=str(refusal), since=self.wall_clock())
            self.approvals.replace(project.bucket, newest, found, closed)
            return [_refused(arn, refusal)]
        # It keeps the name of its approval, also when the package was changed since.
        return [self._deploy(replace(candidate, approval=newest), patient=False)]

    def _propose_last(self, project: Project) -> list[Decision]:
        """Propose the newest deployment to production once preproduction has tested it; older ones do not matter any more."""
        newest = self._newest(project)
        found = self.approvals.read(project.bucket, newest) if newest is not None else None
        if newest is None or found is None or found.record.state != "dispatched":
            return []
        record, github = found.record, self.github()
        tested = github.tested_commit(project.repository, DEPLOY, BRANCH, newest, record.run_url)
        if tested is None:
            return []
        arn = record.model_package_arn
        try:
            candidate = replace(self._approved(arn), approval=newest)
            digest = evaluated_artifact(candidate.package.evidence, only_container(candidate.package))
        except (RefusedError, EvidenceError) as refusal:
            closed = replace(record, state="refused", reason=str(refusal), since=self.wall_clock())
            self.approvals.replace(project.bucket, newest, found, closed)
            return [Decision(model_package_arn=arn, decision="refused", reason=str(refusal))]
        pull_request = propose(github, candidate, tested, digest, self.settings.release_branch)
        if pull_request is None:
            logger.warning(
                "%s has no branch %s yet, so nothing is proposed to it: update the project",
                project.repository,
                self.settings.release_branch,
            )
            return []
        done = replace(record, state="proposed", pull_url=pull_request, since=self.wall_clock())
        self.approvals.replace(project.bucket, newest, found, done)
        return [
            Decision(
                model_package_arn=arn, decision="proposed", reason="preproduction has tested it", run_url=pull_request
            )
        ]

    def _newest(self, project: Project) -> Approval | None:
        for approval in self.approvals.approvals(project.bucket):
            if self.approvals.read(project.bucket, approval).record.state != "unchanged":
                return approval
        return None

    def _finish(
        self, candidate: Candidate, claim: Stored[Record], outcome: Outcome, reason: str, run: str | None = None
    ) -> Decision:
        record = replace(self._record(candidate, outcome, reason), run_url=run)
        if self.approvals.replace(candidate.project.bucket, candidate.approval, claim, record) is None:
            logger.warning("the record of approval %s was changed meanwhile", candidate.approval.id)
        return Decision(model_package_arn=candidate.package.arn, decision=outcome, reason=reason, run_url=run)

    def _record(self, candidate: Candidate, state: State, reason: str = "") -> Record:
        return Record(
            model_package_arn=candidate.package.arn,
            state=state,
            owner=self.request_id,
            since=self.wall_clock(),
            reason=reason,
            reports={each.uri: each.sha256 for each in candidate.package.reports},
        )


def _known(record: Record) -> Decision:
    what = "being deployed by another request" if record.state == "claimed" else f"{record.state} already"
    return Decision(
        model_package_arn=record.model_package_arn,
        decision="skipped",
        reason=f"this approval is {what}",
        run_url=record.run_url,
    )


def _refused(arn: str, refusal: RefusedError) -> Decision:
    return Decision(model_package_arn=arn, decision="refused", reason=str(refusal))


def _logged(made: Decision) -> Decision:
    logger.info(json.dumps(asdict(made)))
    return made
