"""Launch a project's repository, change its settings, and remove it.

Every step checks what exists before it changes anything, so that the next attempt finishes, or removes, a launch that
stopped anywhere. A launch makes four content-creating requests: the repository, one commit, an environment and the
branch that it admits; two more for each further environment, and one for each user who may not push yet; two more for a branch
that releases, and the team that approves it. More would reduce how many projects can be launched in an hour.
Source: GitHub Docs, "Rate limits for the REST API".
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NoReturn

from functions.shared.github_api.deadline import Deadline
from functions.template_cloner import members, protection, release_branch, release_managers, repository, settings_file
from functions.template_cloner.attempts import attempt
from functions.template_cloner.errors import LaunchError, OvertakenError
from functions.template_cloner.github import Repository
from functions.template_cloner.launch import Launch, ReviewRules
from functions.template_cloner.launch_records import Record
from functions.template_cloner.protocols import GitHubApi, Records, Stacks
from functions.template_cloner.release_managers import Gate
from functions.template_cloner.releases import Release
from functions.template_cloner.resources import ProjectRepository
from functions.template_cloner.stacks import DELETING, ROLLING_BACK, WAITING

logger = logging.getLogger(__name__)

LONGEST_RUN_SECONDS = 600
"""Age in seconds that no attempt reaches: the function's timeout is shorter."""


@dataclass(frozen=True, kw_only=True)
class Launcher:
    """Launches, updates and deletes the repositories of projects, for one stack."""

    github: GitHubApi
    records: Records
    stacks: Stacks
    deadline: Deadline
    stack_id: str
    rules: ReviewRules
    release: Callable[[str], Release]
    wall_clock: Callable[[], float] = time.time

    def create(self, project: ProjectRepository) -> Repository:
        """Create the project's repository, or finish creating it.

        Raises:
            LaunchError: the launch failed; CloudFormation's rollback removes what exists.
        """
        launch = self._launch(project)
        record = launch.record()
        if record is not None and record.state == "deleted":
            _clean_up_deleted(launch)
        members.require_team(launch)
        gates = release_managers.find_gates(launch)
        launch = release_branch.named_in_settings(launch, gates)
        template = repository.find_template(launch)
        # The same rules hold for it and for the project's repository: what is missing is said before anything exists.
        protection.require_reviews(launch, template)
        release_branch.require_rules(launch, template, gates)
        found = repository.find_own(launch)
        if record is None:
            record = _begin(launch, template, found)
        elif record.state != "launched":
            launch.mark(record, "running")
        try:
            # After the record: a deletion that begins from here on finds it, and an earlier one shows in the stack.
            self._require_waiting_stack()
            own = found or repository.generate(launch, template)
            repository.wait_for_first_commit(launch, own)
            # Before anybody may push: the organization's rules hold from the first commit on.
            protection.require_reviews(launch, own)
            settings_file.write(launch, own, record.template_commit)
            release_branch.open_branch(launch, own, gates)
            protection.protect_environments(launch, own, gates)
            members.add_users(launch)
            launch.require_wanted()
        except Exception:
            _stop(launch, record)
            raise
        launch.mark(record, "launched")
        return own

    def update(self, project: ProjectRepository, old: ProjectRepository) -> Repository:
        """Propose changed settings as a pull request, and correct who may do what; a repository is never replaced.

        Raises:
            LaunchError: the change isn't possible.
        """
        if project.full_name != old.full_name:
            raise LaunchError(
                f"{old.full_name} cannot become {project.full_name}: a project keeps its name and id; launch a new one"
            )
        launch = self._launch(project)
        own = _require_own(launch)
        members.require_team(launch)
        gates = release_managers.find_gates(launch)
        launch = release_branch.named_in_settings(launch, gates)
        members.require_removable(launch, old.users)
        # Whoever leaves with this update may still push until then.
        release_managers.require_independent_of_all(launch, gates, leaving=old.users)
        protection.require_reviews(launch, own)
        release_branch.require_rules(launch, own, gates)
        release_branch.require_branches(launch, own, gates)
        self._require_record(launch)
        # Before anybody is added: nobody works on with what they pushed as somebody who left.
        members.remove_users(launch, old.users)
        settings_file.propose(launch, own)
        release_branch.open_branch(launch, own, gates)
        protection.protect_environments(launch, own, gates)
        members.add_users(launch)
        return own

    def restore(self, project: ProjectRepository, refused_users: Sequence[str]) -> None:
        """Roll back an update that failed, which may have replaced the project's users by others.

        Whatever cannot be restored is logged.

        Raises:
            LaunchError: the repository is not this project's any more; nothing is changed.
        """
        launch = self._launch(project)
        own = _require_own(launch)
        self._require_record(launch)
        name = project.full_name
        attempt(f"users of {name}", lambda: members.remove_users(launch, refused_users))
        # A rollback gives nobody more than a launch would: a release manager may have been a user, rules may be gone.
        gates = attempt(f"release managers of {name}", lambda: release_managers.find_gates(launch))
        named = launch if gates is None else release_branch.named_in_settings(launch, gates)
        attempt(f"settings of {name}", lambda: settings_file.propose(named, own))
        if gates is None:
            return
        attempt(f"environments of {name}", lambda: _restore_environments(launch, own, gates))
        attempt(f"users of {name}", lambda: _restore_users(launch, own))

    def delete(self, project: ProjectRepository) -> None:
        """Archive the project's repository; delete it when its launch failed. Other launches' work is left alone.

        Raises:
            LaunchError: an update takes it out of a project that is protected from its deletion; nothing is changed.
        """
        launch = self._launch(project)
        record = self.records.read(project.record_key)
        if record is None or record.stack != self.stack_id:
            # It was refused, or deleted before. The request has the project's name and id, which prove nothing.
            logger.info("%s does not belong to this launch", project.full_name)
            return
        if record.state == "launched":
            self._require_unprotected(project)
        running = record.state in ("running", "deleted") and self.wall_clock() - record.since < LONGEST_RUN_SECONDS
        if running:
            # Before GitHub is read: the launch that runs checks the record after each of its steps.
            launch.mark(record, "deleted")
        found = self.github.repository(project.full_name)
        if found is not None and repository.is_own(project, found):
            if record.state != "launched" or self.stacks.status(self.stack_id) in ROLLING_BACK:
                self.github.delete_repository(project.full_name)
            elif not found.archived:
                self.github.archive_repository(project.full_name)
        if not running:
            launch.forget()

    def _launch(self, project: ProjectRepository) -> Launch:
        return Launch(
            project=project,
            github=self.github,
            records=self.records,
            deadline=self.deadline,
            stack_id=self.stack_id,
            rules=self.rules,
            release=self.release,
            wall_clock=self.wall_clock,
        )

    def _require_record(self, launch: Launch) -> None:
        if launch.record() is None:
            # It was lost, for a project that is updated was launched; without it the next steps take it for deleted.
            launch.mark(Record(state="launched", since=0, template_commit="", stack=self.stack_id), "launched")

    def _require_unprotected(self, project: ProjectRepository) -> None:
        """Leave a protected project whole: the check that protects it is deleted before, if its accounts let it go.

        CloudFormation deletes nothing of a protected stack but what an update takes out of it, and goes on after a refusal.
        """
        status = self.stacks.status(self.stack_id)
        if status != DELETING and status not in ROLLING_BACK and self.stacks.is_protected(self.stack_id):
            raise LaunchError(
                f"{project.full_name} stays, because its project is protected from its deletion: update it to a product that deploys, "
                "retire what it serves, and lift the protection (DeletionProtection) before it changes to another product"
            )

    def _require_waiting_stack(self) -> None:
        status = self.stacks.status(self.stack_id)
        if status not in WAITING:
            raise LaunchError(f"the stack is {status}: nobody waits for this launch any more; nothing was created")


def _require_own(launch: Launch) -> Repository:
    own = launch.github.repository(launch.project.full_name)
    if own is None or not repository.is_own(launch.project, own):
        raise LaunchError(
            f"{launch.project.full_name} is not the repository of this project any more; nothing was changed"
        )
    return own


def _restore_environments(launch: Launch, own: Repository, gates: Mapping[str, Gate]) -> None:
    # The update may have failed because of these: their jobs are let in no more than by an update.
    release_branch.require_rules(launch, own, gates)
    release_branch.require_branches(launch, own, gates)
    protection.protect_environments(launch, own, gates)


def _restore_users(launch: Launch, own: Repository) -> None:
    protection.require_reviews(launch, own)
    for login in launch.project.users:
        attempt(f"{login} in {own.full_name}", partial(members.restore_user, launch, login))


def _begin(launch: Launch, template: Repository, found: Repository | None) -> Record:
    if found is not None:
        raise LaunchError(
            f"{launch.project.full_name} is of an earlier launch: a project's id is its own; nothing was created or "
            "changed"
        )
    return launch.begin(repository.require_commit(launch, template))


def _clean_up_deleted(launch: Launch) -> NoReturn:
    """Remove what a deletion that overtook the launch could not see.

    Raises:
        OvertakenError: always; nothing of the launch remains.
    """
    found = launch.github.repository(launch.project.full_name)
    if found is not None and repository.is_own(launch.project, found):
        launch.github.delete_repository(launch.project.full_name)
    launch.forget()
    raise OvertakenError(f"{launch.project.full_name} was deleted while it was being launched; nothing of it remains")


def _stop(launch: Launch, record: Record) -> None:
    """Record, for the deletion that follows, that this attempt is over."""
    now = launch.records.read(launch.project.record_key)
    if now is None or now.state == "deleted":
        _clean_up_deleted(launch)
    if now.state != "launched":
        launch.mark(record, "stopped")
