"""From an approval to the run of a workflow, exactly once.

Every step can be the last one before a crash. So an approval is claimed before anything is started, and what was begun
is finished by Lambda's next attempt, or by the sweep, after looking whether GitHub has the run already.
"""

import json
import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Literal

from functions.deployment_trigger import decision
from functions.deployment_trigger.decision import Decision
from functions.deployment_trigger.errors import NotStartedError, RefusedError, SweepError
from functions.deployment_trigger.notice import Notice, Settings
from functions.deployment_trigger.package import Approval, Candidate, Project, approved, parse_arn
from functions.deployment_trigger.ports import Buckets, GitHubApi, Projects, Registry
from functions.deployment_trigger.records import Record, State, StoredRecord
from functions.shared.github_api.deadline import Deadline
from functions.shared.github_api.errors import ExplainedError, OutcomeUnknownError

logger = logging.getLogger(__name__)

Outcome = Literal["dispatched", "refused", "superseded"]

WORKFLOW = "deploy.yml"
BRANCH = "main"

_REFUSED_SECONDS = 120.0
"""How long GitHub may not know the workflow of an event: it finds a new repository's files in the background."""
_AGAIN_SECONDS = 5.0
_APPEARS_SECONDS = 20.0
"""How long a run takes to appear in the list of runs."""
_LOOK_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True)
class Deployer:
    """Starts the deployments that one request asks for."""

    settings: Settings
    registry: Registry
    projects: Projects
    buckets: Buckets
    github: Callable[[], GitHubApi]
    """Called when GitHub is needed: most events need neither it nor its credential."""
    deadline: Deadline
    request_id: str
    """The same in every attempt of Lambda at one request."""
    wall_clock: Callable[[], float] = time.time

    def approve(self, notice: Notice) -> Decision:
        """Deploy the package that SageMaker says was changed, if it is approved now and was not deployed before."""
        try:
            candidate = self._approved(notice.package_arn)
            if notice.is_approval:
                return _logged(self._deploy(candidate, patient=True))
        except RefusedError as refusal:
            return _logged(_refused(notice.package_arn, refusal))
        return _logged(self._note_change(candidate))

    def sweep(self) -> list[Decision]:
        """Deploy the approvals whose events were lost, and finish what was begun; one project after the other.

        The next sweep tries again, so none waits for a workflow that GitHub refuses: those after it would have no time.

        Raises:
            SweepError: projects failed; the others were looked after.
        """
        decisions: list[Decision] = []
        failed: list[str] = []
        for project in self.projects.all():
            try:
                decisions += [_logged(each) for each in self._sweep(project)]
            except Exception:
                logger.exception("the sweep of %s failed", project.repository)
                failed.append(project.repository)
        if failed:
            raise SweepError(f"the sweep failed for {', '.join(failed)}: the log says why")
        return decisions

    def _approved(self, arn: str) -> Candidate:
        name = parse_arn(arn, self.settings)
        project = self.projects.find(name.project_id)
        # Of a group that is not the project's, the function may not even read.
        return approved(name, project, self.registry.describe(arn) if project else None)

    def _deploy(self, candidate: Candidate, *, patient: bool) -> Decision:
        bucket, approval = candidate.project.bucket, candidate.approval
        claim = self.buckets.create_record(bucket, approval, self._record(candidate, "claimed"))
        if claim is None:
            found = self.buckets.read_record(bucket, approval)
            if not decision.may_take_over(found.record, owner=self.request_id, now=self.wall_clock()):
                return _known(found.record)
            claim = self.buckets.replace_record(bucket, approval, found, self._record(candidate, "claimed"))
            if claim is None:
                return _known(found.record)
            if run := self.github().run_of(candidate.project.repository, WORKFLOW, approval):
                return self._finish(candidate, claim, "dispatched", "its run was started before", run)
        if decision.is_superseded(approval, self._newest(candidate.project)):
            return self._finish(candidate, claim, "superseded", "another version was approved later")
        try:
            self.buckets.freeze(candidate)
        except RefusedError as refusal:
            return self._finish(candidate, claim, "refused", str(refusal))
        run = self._dispatch(candidate, patient=patient)
        return self._finish(candidate, claim, "dispatched", "it was approved", run)

    def _dispatch(self, candidate: Candidate, *, patient: bool) -> str | None:
        github, repository, approval = self.github(), candidate.project.repository, candidate.approval
        inputs = {"model_package_arn": candidate.package.arn, "approval": approval.id}
        ends = self.deadline.now() + (_REFUSED_SECONDS if patient else 0.0)
        while True:
            try:
                if github.dispatch(repository, WORKFLOW, BRANCH, inputs):
                    return self._started(github, candidate)
            except OutcomeUnknownError as error:
                if not patient:
                    # Whoever finishes what was begun looks first whether there is a run.
                    raise
                logger.info("looking whether the workflow was started: %s", error)
                if run := self._appears(github, candidate):
                    return run
            if self.deadline.now() >= ends:
                raise NotStartedError(
                    f"GitHub does not start {WORKFLOW} of {repository}: is the file on its branch {BRANCH}, with "
                    "workflow_dispatch and its inputs among its triggers, and are Actions enabled in the organization?"
                )
            self.deadline.pause(_AGAIN_SECONDS, waiting_for=f"{WORKFLOW} of {repository} to be known to GitHub")

    def _started(self, github: GitHubApi, candidate: Candidate) -> str | None:
        # The run exists: whatever goes wrong now must not start another one.
        try:
            return self._appears(github, candidate)
        except ExplainedError as error:
            logger.info("the run was started, but not found: %s", error)
            return None

    def _appears(self, github: GitHubApi, candidate: Candidate) -> str | None:
        ends = self.deadline.now() + _APPEARS_SECONDS
        while (run := github.run_of(candidate.project.repository, WORKFLOW, candidate.approval)) is None:
            if self.deadline.now() >= ends:
                return None
            self.deadline.pause(_LOOK_SECONDS, waiting_for="the run to appear")
        return run

    def _note_change(self, candidate: Candidate) -> Decision:
        """Remember that a change was no approval, so that the sweep does not take it for one whose event was lost.

        A version without any record is left alone: its approval's event may be lost indeed.
        """
        bucket, approval = candidate.project.bucket, candidate.approval
        if any(known.version == approval.version for known in self.buckets.approvals(bucket)):
            self.buckets.create_record(bucket, approval, self._record(candidate, "unchanged"))
        return Decision(
            model_package_arn=candidate.package.arn, decision="skipped", reason="the change was not its approval"
        )

    def _sweep(self, project: Project) -> list[Decision]:
        decisions = self._finish_last(project)
        candidates: list[Candidate] = []
        for arn in self.registry.newest_approved(project.group):
            try:
                candidates.append(approved(parse_arn(arn, self.settings), project, self.registry.describe(arn)))
            except RefusedError as refusal:
                # It was rejected or deleted since it was listed.
                decisions.append(_refused(arn, refusal))
        found = decision.lost(candidates, self.buckets.approvals(project.bucket), now=self.wall_clock())
        return decisions + [self._deploy(candidate, patient=False) for candidate in found]

    def _finish_last(self, project: Project) -> list[Decision]:
        """Finish the newest deployment if whoever began it did not; older ones do not matter any more."""
        newest = self._newest(project)
        if newest is None:
            return []
        found = self.buckets.read_record(project.bucket, newest)
        if not decision.may_take_over(found.record, owner=self.request_id, now=self.wall_clock()):
            return []
        arn = found.record.model_package_arn
        try:
            candidate = self._approved(arn)
        except RefusedError as refusal:
            closed = replace(found.record, state="refused", reason=str(refusal), since=self.wall_clock())
            self.buckets.replace_record(project.bucket, newest, found, closed)
            return [_refused(arn, refusal)]
        # What was begun is finished under the approval's own name, also when the package was changed since.
        return [self._deploy(replace(candidate, approval=newest), patient=False)]

    def _newest(self, project: Project) -> Approval | None:
        for approval in self.buckets.approvals(project.bucket):
            if self.buckets.read_record(project.bucket, approval).record.state != "unchanged":
                return approval
        return None

    def _finish(
        self, candidate: Candidate, claim: StoredRecord, outcome: Outcome, reason: str, run: str | None = None
    ) -> Decision:
        record = replace(self._record(candidate, outcome, reason), run_url=run)
        if self.buckets.replace_record(candidate.project.bucket, candidate.approval, claim, record) is None:
            logger.warning("the record of approval %s was changed meanwhile", candidate.approval.id)
        return Decision(model_package_arn=candidate.package.arn, decision=outcome, reason=reason, run_url=run)

    def _record(self, candidate: Candidate, state: State, reason: str = "") -> Record:
        return Record(
            model_package_arn=candidate.package.arn,
            state=state,
            owner=self.request_id,
            since=self.wall_clock(),
            reason=reason,
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
