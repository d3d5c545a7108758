"""Launching a project's repository, changing its settings, and taking it away.

Every step looks before it acts, so that a launch which stopped anywhere is finished, or removed, by the next attempt.
A launch makes four content-creating requests: the repository, one commit, an environment and whom it admits; two more
for each further environment, and one for the user, who may push already or not. More would reduce how many projects can
be launched in an hour.
Source: GitHub Docs, "Rate limits for the REST API".
"""

import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from functions.shared.github_api.deadline import Deadline
from functions.shared.github_api.errors import OutcomeUnknownError
from functions.template_cloner import project_file
from functions.template_cloner.aws import WAITING, Record, State
from functions.template_cloner.errors import LaunchError
from functions.template_cloner.event import FirstRun, Project
from functions.template_cloner.github import Environment, Repository, User
from functions.template_cloner.ports import GitHubApi, Records, Stacks

logger = logging.getLogger(__name__)

PROJECT_FILE = "project.toml"

_LONGEST_RUN_SECONDS = 300
"""No attempt is older: the function's own time limit is shorter."""
_FIRST_COMMIT_SECONDS = 60
_DISPATCH_SECONDS = 120
_LOOK_AGAIN_SECONDS = 1.0
_ROLLING_BACK = ("CREATE_FAILED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_FAILED", "ROLLBACK_COMPLETE")


class OvertakenError(LaunchError):
    """The project was deleted while it was being launched."""


@dataclass(frozen=True, kw_only=True)
class Launcher:
    """Carries out what one request asks for."""

    github: GitHubApi
    records: Records
    stacks: Stacks
    deadline: Deadline
    stack_id: str
    wall_clock: Callable[[], float] = time.time

    def create(self, project: Project) -> Repository:
        """Make the project's repository, or finish making it.

        Raises:
            LaunchError: the launch failed; what exists is removed when CloudFormation rolls back.
        """
        record = self._record(project)
        if record is not None and record.state == "deleted":
            raise self._overtaken(project)
        self._require_person(project, project.user)
        reviewers = self._reviewers(project)
        template = self._template(project)
        found = self._own(project, self.github.repository(project.full_name))
        if record is None:
            record = self._begin(project, template, found)
        elif record.state != "launched":
            self._mark(project, record, "running")
        try:
            # After the record: a deletion that begins from here on finds it, and an earlier one shows in the stack.
            self._require_waiting_stack()
            repository = found or self._generate(project, template)
            self._first_commit(repository)
            # Before anybody may push: the organization's rules hold from the first commit on.
            self._require_protection(repository)
            self._write_settings(project, repository, record.template_commit)
            for name in project.environments:
                self._add_environment(project, repository, name, reviewers[name])
            self._add_user(project)
            self._still_wanted(project)
        except Exception:
            self._stop(project, record)
            raise
        self._mark(project, record, "launched")
        return repository

    def update(self, project: Project, old: Project) -> Repository:
        """Propose changed settings as a pull request; a repository is never renamed or replaced.

        Raises:
            LaunchError: the change isn't possible.
        """
        if project.full_name != old.full_name:
            raise LaunchError(
                f"{old.full_name} cannot become {project.full_name}: a project keeps its name and id; launch a new one"
            )
        repository = self.github.repository(project.full_name)
        if repository is None or not _is_own(project, repository):
            raise LaunchError(
                f"{project.full_name} is not the repository of this project any more; nothing was changed"
            )
        if project.user != old.user:
            self._require_person(project, project.user)
        reviewers = self._reviewers(project)
        if self._record(project) is None:
            # Lost, for a project that is updated was launched; without it the steps below take it for deleted.
            lost = Record(state="launched", since=0, template_commit="", stack=self.stack_id)
            self._mark(project, lost, "launched")
        self._propose_settings(project, repository)
        for name in project.environments:
            self._add_environment(project, repository, name, reviewers[name])
        self._add_user(project)
        return repository

    def delete(self, project: Project) -> None:
        """Archive the project's repository; remove it when its launch failed. What others launched is left alone."""
        record = self.records.read(project.record_key)
        if record is None or record.stack != self.stack_id:
            # Refused, or deleted before. Whoever asks knows the project's name and id, which prove nothing.
            logger.info("%s does not belong to this launch", project.full_name)
            return
        running = record.state in ("running", "deleted") and self.wall_clock() - record.since < _LONGEST_RUN_SECONDS
        if running:
            # Before looking: the launch that runs looks here after each of its steps.
            self._mark(project, record, "deleted")
        repository = self.github.repository(project.full_name)
        if repository is not None and _is_own(project, repository):
            if record.state != "launched" or self.stacks.status(self.stack_id) in _ROLLING_BACK:
                self.github.delete_repository(project.full_name)
            elif not repository.archived:
                self.github.archive_repository(project.full_name)
        if not running:
            self.records.delete(project.record_key)

    def start(self, run: FirstRun) -> None:
        """Start the repository's workflow, once.

        Raises:
            LaunchError: GitHub does not know the workflow in time.
        """
        repository = self.github.repository(run.repository)
        if repository is None:
            raise LaunchError(f"there is no repository {run.repository} to start {run.workflow} in")
        ends = self.deadline.now() + _DISPATCH_SECONDS
        while not self.github.was_dispatched(run.repository, run.workflow):
            try:
                if self.github.dispatch(run.repository, run.workflow, repository.default_branch):
                    return
            except OutcomeUnknownError as error:
                logger.info("looking whether the workflow was started: %s", error)
            if self.deadline.now() >= ends:
                raise LaunchError(
                    f"GitHub does not start {run.workflow} of {run.repository}: is the file on its default branch, "
                    "with workflow_dispatch among its triggers, and are Actions enabled in the organization?"
                )
            self.deadline.pause(_LOOK_AGAIN_SECONDS, waiting_for=f"{run.workflow} to be known to GitHub")

    def _record(self, project: Project) -> Record | None:
        record = self.records.read(project.record_key)
        if record is not None and record.stack != self.stack_id:
            raise LaunchError(
                f"{project.full_name} belongs to another launch ({record.stack}): a project's id is its own; nothing was "
                "created or changed"
            )
        return record

    def _begin(self, project: Project, template: Repository, found: Repository | None) -> Record:
        if found is not None:
            raise LaunchError(
                f"{project.full_name} is of an earlier launch: a project's id is its own; nothing was created or changed"
            )
        commit = self._commit(template, template.default_branch)
        record = Record(state="running", since=self.wall_clock(), template_commit=commit, stack=self.stack_id)
        if self.records.begin(project.record_key, record):
            return record
        # Another request began at the same moment: of another launch, or the same one delivered again.
        return self._record(project) or record

    def _require_person(self, project: Project, login: str) -> User:
        found = self.github.user(login)
        if found is None:
            raise LaunchError(f"GitHub has no user {login!r}: check the spelling of the login; nothing was created")
        if found.kind != "User":
            raise LaunchError(f"{login!r} is not a person on GitHub but: {found.kind}; nothing was created")
        if not self.github.is_member(project.organization, login):
            raise LaunchError(
                f"{login!r} is not a member of {project.organization}: an owner of the organization must invite "
                "them first; nothing was created"
            )
        return found

    def _template(self, project: Project) -> Repository:
        full_name = f"{project.organization}/{project.template}"
        template = self.github.repository(full_name)
        if template is None or not template.is_template:
            raise LaunchError(
                f"{full_name} is not there, or is not a template repository: publish the template repositories first; "
                "nothing was created"
            )
        return template

    def _own(self, project: Project, found: Repository | None) -> Repository | None:
        if found is not None and not _is_own(project, found):
            raise LaunchError(
                f"{project.full_name} exists and was not made for this project ({found.description or 'no description'!r}); "
                "nothing in it was touched. Rename or delete it, or launch under another project name"
            )
        return found

    def _generate(self, project: Project, template: Repository) -> Repository:
        self._still_wanted(project)
        while True:
            try:
                self.github.generate(template.full_name, project.organization, project.name, project.marker)
            except OutcomeUnknownError as error:
                logger.info("looking whether the repository was made: %s", error)
            # Also when the name was taken: it may be by an earlier attempt of this launch.
            if repository := self._own(project, self.github.repository(project.full_name)):
                return repository
            self.deadline.pause(_LOOK_AGAIN_SECONDS, waiting_for=f"{project.full_name} to exist")

    def _commit(self, repository: Repository, branch: str) -> str:
        commit = self.github.branch_commit(repository.full_name, branch)
        if commit is None:
            raise LaunchError(
                f"{repository.full_name} has no commit on {branch}: publish the template repositories first"
            )
        return commit

    def _first_commit(self, repository: Repository) -> None:
        """A repository's size or existence say nothing about its files: GitHub copies them in the background."""
        ends = self.deadline.now() + _FIRST_COMMIT_SECONDS
        while self.github.branch_commit(repository.full_name, repository.default_branch) is None:
            if self.deadline.now() >= ends:
                raise LaunchError(
                    f"GitHub did not fill {repository.full_name} within {_FIRST_COMMIT_SECONDS} s; launch again later"
                )
            self.deadline.pause(_LOOK_AGAIN_SECONDS, waiting_for=f"the first commit of {repository.full_name}")

    def _write_settings(self, project: Project, repository: Repository, template_commit: str) -> None:
        text = _project_file(project, {"name": project.template, "commit": template_commit})
        message = f"Add the settings of project {project.project_name}\n\n[skip ci]"
        self._write_file(project, repository.default_branch, text, message)

    def _write_file(self, project: Project, branch: str, text: str, message: str) -> None:
        while True:
            found = self.github.file(project.full_name, PROJECT_FILE, branch)
            if found is not None and found.text == text:
                return
            self._still_wanted(project)
            sha = found.sha if found else None
            if self.github.write_file(project.full_name, PROJECT_FILE, branch, text, message, sha):
                return
            self.deadline.pause(_LOOK_AGAIN_SECONDS, waiting_for=f"{PROJECT_FILE} of {project.full_name} to settle")

    def _reviewers(self, project: Project) -> dict[str, frozenset[tuple[str, int]]]:
        """Who consents to the jobs of each environment."""
        people = {
            name: {login: self._require_person(project, login).user_id for login in project.reviewers.get(name, ())}
            for name in project.environments
        }
        if any(people.values()):
            owner = self.github.credential_owner()
            for login, user_id in (person for reviewers in people.values() for person in reviewers.items()):
                if user_id == owner:
                    raise LaunchError(
                        f"{login} owns the token that the platform uses at GitHub, so every deployment that an approval "
                        "starts is theirs, and GitHub lets nobody review their own: name another reviewer, or give the "
                        "platform the token of an account that reviews nothing (python -m bootstrap github-token); "
                        "nothing was created or changed"
                    )
        return {name: frozenset(("User", user_id) for user_id in each.values()) for name, each in people.items()}

    def _add_environment(
        self, project: Project, repository: Repository, name: str, reviewers: frozenset[tuple[str, int]]
    ) -> None:
        for login in project.reviewers.get(name, ()):
            if not self.github.may_read(project.full_name, login):
                raise LaunchError(
                    f"{login} cannot read {project.full_name}, so GitHub lets them review nothing in it: let the "
                    "organization's members read its repositories, or a team of reviewers, and launch again"
                )
        # A branch's name has no wildcards: as a pattern, it means that branch alone.
        admits = frozenset({("branch", repository.default_branch)})
        wanted = Environment(reviewers=reviewers, prevents_self_review=bool(reviewers), admits=admits)
        found = self.github.environment(project.full_name, name)
        if found == wanted:
            return
        if found is None or found.admits is None or replace(found, admits=admits) != wanted:
            self._still_wanted(project)
            self.github.write_environment(project.full_name, name, wanted)
        self._admit(project, name, admits)
        found = self.github.environment(project.full_name, name)
        if found != wanted:
            raise LaunchError(
                f"GitHub does not protect the environment {name} of {project.full_name} as it was asked to (asked for "
                f"{wanted}, it has {found}): does the organization's plan have it for private repositories?"
            )

    def _admit(self, project: Project, name: str, admits: frozenset[tuple[str, str]]) -> None:
        while True:
            self._still_wanted(project)
            try:
                return self.github.admit(project.full_name, name, admits)
            except OutcomeUnknownError as error:
                logger.info("looking whether the environment %s admits the branch: %s", name, error)
            self.deadline.pause(_LOOK_AGAIN_SECONDS, waiting_for=f"{name} of {project.full_name} to admit the branch")

    def _add_user(self, project: Project) -> None:
        if not self.github.may_push(project.full_name, project.user):
            self._still_wanted(project)
            self.github.add_collaborator(project.full_name, project.user)

    def _require_protection(self, repository: Repository) -> None:
        if not self.github.requires_pull_request(repository.full_name, repository.default_branch):
            raise LaunchError(
                f"nothing protects {repository.default_branch} of {repository.full_name}: the organization needs an "
                "active ruleset for mlops-* repositories that requires pull requests (deploy the platform again; "
                "rulesets of an organization need the plan GitHub Team or Enterprise)"
            )

    def _propose_settings(self, project: Project, repository: Repository) -> None:
        base = repository.default_branch
        found = self.github.file(project.full_name, PROJECT_FILE, base)
        text = _project_file(project, project_file.read_table(found.text, "template") if found else {})
        if found is not None and found.text == text:
            return
        # Named after the content: a second attempt finds the first one's branch, another change makes another.
        branch = f"mlops/settings-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
        if self.github.branch_commit(project.full_name, branch) is None:
            self.github.create_branch(project.full_name, branch, self._commit(repository, base))
        self._write_file(project, branch, text, f"Change the settings of project {project.project_name}")
        self.github.open_pull_request(
            project.full_name,
            branch,
            base,
            f"Change the settings of project {project.project_name}",
            f"The platform's settings of this project changed. Merge this to use them: `{PROJECT_FILE}` says what is new.",
        )

    def _require_waiting_stack(self) -> None:
        status = self.stacks.status(self.stack_id)
        if status not in WAITING:
            raise LaunchError(f"the stack is {status}: nobody waits for this launch any more; nothing was created")

    def _still_wanted(self, project: Project) -> None:
        record = self.records.read(project.record_key)
        if record is None or record.state == "deleted":
            raise OvertakenError(f"{project.full_name} was deleted while it was being launched")

    def _overtaken(self, project: Project) -> LaunchError:
        repository = self.github.repository(project.full_name)
        if repository is not None and _is_own(project, repository):
            self.github.delete_repository(project.full_name)
        self.records.delete(project.record_key)
        return OvertakenError(f"{project.full_name} was deleted while it was being launched; nothing of it remains")

    def _stop(self, project: Project, record: Record) -> None:
        """Leave word for the deletion that follows that this attempt is over."""
        now = self.records.read(project.record_key)
        if now is None or now.state == "deleted":
            raise self._overtaken(project)
        if now.state != "launched":
            self._mark(project, record, "stopped")

    def _mark(self, project: Project, record: Record, state: State) -> None:
        self.records.write(project.record_key, replace(record, state=state, since=self.wall_clock()))


def _is_own(project: Project, repository: Repository) -> bool:
    return (
        repository.full_name.lower() == project.full_name.lower()
        and repository.description == project.marker
        and repository.template == f"{project.organization}/{project.template}"
    )


def _project_file(project: Project, template: dict[str, str]) -> str:
    tables: dict[str, dict[str, str | list[str]]] = {
        "project": {"name": project.project_name, "id": project.project_id},
        "template": dict(template),
        "launch": {"marker": project.marker},
    }
    for table, values in project.settings.items():
        tables[table] = {**tables.get(table, {}), **values}
    return project_file.write(tables)
