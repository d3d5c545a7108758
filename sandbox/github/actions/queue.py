"""Which events start which runs."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.github import errors
from sandbox.github.actions import events
from sandbox.github.actions.identity import Identity
from sandbox.github.actions.scheduler import Scheduler
from sandbox.github.actions.workflow import (
    Document,
    WorkflowError,
    concurrency,
    dispatch_inputs,
    interpolate,
    interpolated,
    parse,
    starts_on_pull_request,
    starts_on_push,
    triggers,
)
from sandbox.github.git import EMPTY_TREE, NO_COMMIT
from sandbox.github.state import PullRequest, Repository, Run, User, now

if TYPE_CHECKING:
    from sandbox.github.service import GitHub

FOLDER = ".github/workflows/"
SKIP = ("[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]")
"""A commit with one of these in its message starts no run for a push or a pull request."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """What starts runs."""

    name: str
    actor: User
    ref: str
    sha: str
    title: str
    payload: dict[str, Any] = field(default_factory=dict[str, Any])
    pull: PullRequest | None = None
    fork: bool = False


class Actions:
    """Starts runs for events."""

    def __init__(self, github: "GitHub", *, aws_url: str, authority: Path) -> None:
        self._github = github
        self._identities: dict[str, Identity] = {}
        self._dispatchable_from: dict[int, float] = {}
        self.aws_url = aws_url
        self.authority = authority
        self.scheduler = Scheduler(github, self)

    # Events

    def pushed(self, repository: Repository, ref: str, old: str, new: str, actor: User) -> None:
        """A branch or tag moved: start the runs that wait for it."""
        git = self._github.git(repository)
        if old == NO_COMMIT and ref == f"refs/heads/{repository.default_branch}":
            delay = self._github.seed.timing.workflow_registration
            self._dispatchable_from[repository.id] = time.monotonic() + delay
        if new == NO_COMMIT or not ref.startswith(("refs/heads/", "refs/tags/")):
            return
        commit = git.commit(new)
        if any(mark in commit.message for mark in SKIP):
            return
        event = Event(
            name="push",
            actor=actor,
            ref=ref,
            sha=new,
            title=commit.message.partition("\n")[0],
            payload=events.push(self._github, repository, ref, old, commit, actor),
        )
        workflows = [
            (path, document) for path, document in self._workflows(repository, event) if "push" in triggers(document)
        ]
        # Most pushes start nothing, and what they change need not be looked up.
        changed = self._github.pushed_paths(repository, old, new) if workflows else []
        for path, document in workflows:
            if starts_on_push(triggers(document)["push"], ref, changed):
                self._start(repository, path, document, event)

    def pull_changed(self, repository: Repository, pull: PullRequest, action: str, actor: User) -> None:
        """Something happened to a pull request: start the runs that wait for it."""
        git = self._github.git(repository)
        head = self._github.state.repositories[pull.head_repository_id]
        fork = head.id != repository.id
        if fork and repository.private:
            # Off unless an owner allows it; here nobody can.
            return
        merge = self._github.refresh_pull_refs(repository, pull.number) if pull.state == "open" else None
        if merge is None or any(mark in git.commit(pull.head_sha).message for mark in SKIP):
            return
        base = git.merge_base(pull.base_sha, pull.head_sha) or EMPTY_TREE
        changed = git.changed_paths(base, pull.head_sha)
        event = Event(
            name="pull_request",
            actor=actor,
            ref=f"refs/pull/{pull.number}/merge",
            sha=merge,
            title=pull.title,
            payload=events.pull_request(self._github, repository, pull, action, actor),
            pull=pull,
            fork=fork,
        )
        for path, document in self._workflows(repository, event):
            filters = triggers(document).get("pull_request")
            if filters is not None and starts_on_pull_request(filters, action, pull.base, changed):
                self._start(repository, path, document, event)

    def dispatch(self, repository: Repository, workflow: str, ref: str, inputs: Mapping[str, str], actor: User) -> Run:
        """Start a run because somebody asked for it.

        Raises:
            ApiError: 404, there is no such workflow (yet); 422, it cannot be started like this.
        """
        git = self._github.git(repository)
        path = self.workflow_path(repository, workflow)
        full = ref if ref.startswith("refs/") else f"refs/heads/{ref}"
        commit = git.refs().get(full) or git.refs().get(f"refs/tags/{ref}")
        if commit is None:
            raise errors.unprocessable(f"No ref found for: {ref}")
        text = git.file(commit, path)
        try:
            document = parse(text) if text is not None else {}
            filters = triggers(document).get("workflow_dispatch")
            if filters is None:
                raise errors.unprocessable("Workflow does not have 'workflow_dispatch' trigger")
            values = dispatch_inputs(filters, inputs)
        except WorkflowError as error:
            raise errors.unprocessable(str(error)) from error
        event = Event(
            name="workflow_dispatch",
            actor=actor,
            ref=full,
            sha=commit,
            title=str(document.get("name", path)),
            payload=events.workflow_dispatch(self._github, repository, path, full, values, actor),
        )
        return self._start(repository, path, document, event)

    # Workflows

    def workflow_ids(self, repository: Repository) -> dict[str, int]:
        """Return the workflows of the default branch; none while GitHub has not registered them."""
        if time.monotonic() < self._dispatchable_from.get(repository.id, 0):
            return {}
        git = self._github.git(repository)
        commit = git.branches().get(repository.default_branch)
        entries = git.entries(commit, path=FOLDER) if commit else []
        found: dict[str, int] = {}
        for entry in entries:
            if entry.path.endswith((".yml", ".yaml")):
                found[entry.path] = repository.workflow_ids.setdefault(entry.path, 0) or self._github.state.next_id()
        repository.workflow_ids.update(found)
        return found

    def workflow_name(self, repository: Repository, path: str) -> str:
        """Return what a workflow of the default branch calls itself."""
        git = self._github.git(repository)
        text = git.file(f"refs/heads/{repository.default_branch}", path)
        try:
            return str(parse(text).get("name", path)) if text is not None else path
        except WorkflowError:
            return path

    def workflow_path(self, repository: Repository, name: str) -> str:
        """Return the path of a workflow that is named by its id, its file's name or its path."""
        for path, number in self.workflow_ids(repository).items():
            if name in (str(number), path, path.removeprefix(FOLDER)):
                return path
        raise errors.not_found()

    def _workflows(self, repository: Repository, event: Event) -> list[tuple[str, Document]]:
        """Return the workflows of an event's commit; one that cannot be read becomes a failed run, as on GitHub."""
        git = self._github.git(repository)
        found: list[tuple[str, Document]] = []
        for entry in git.entries(event.sha, path=FOLDER):
            if not entry.path.endswith((".yml", ".yaml")):
                continue
            try:
                document = parse(git.blob(entry.sha))
                triggers(document)
            except WorkflowError as error:
                self._fail(self._new_run(repository, entry.path, {}, event), str(error))
            else:
                found.append((entry.path, document))
        return found

    # Runs

    def _new_run(self, repository: Repository, path: str, document: Document, event: Event) -> Run:
        number = repository.run_numbers.get(path, 0) + 1
        repository.run_numbers[path] = number
        pull = event.pull
        run = Run(
            id=self._github.state.next_id(),
            repository_id=repository.id,
            workflow=path,
            name=str(document.get("name", path)),
            number=number,
            event=event.name,
            actor=event.actor.login,
            triggering_actor=event.actor.login,
            branch=pull.head if pull else event.ref.removeprefix("refs/heads/").removeprefix("refs/tags/"),
            ref=event.ref,
            sha=event.sha,
            head_sha=pull.head_sha if pull else event.sha,
            title=event.title,
            payload=event.payload,
            fork=event.fork,
            pull_number=pull.number if pull else None,
        )
        self._github.state.runs[run.id] = run
        return run

    def _start(self, repository: Repository, path: str, document: Document, event: Event) -> Run:
        run = self._new_run(repository, path, document, event)
        try:
            context = self.context(repository, run)
            if "run-name" in document:
                run.title = interpolate(str(document["run-name"]), context).strip() or run.title
            run.group = concurrency(interpolated(document.get("concurrency"), context), repository.id)
            self.scheduler.start(run)
        except WorkflowError as error:
            self._fail(run, str(error))
        return run

    def context(self, repository: Repository, run: Run) -> dict[str, Any]:
        """Return what expressions outside of steps can refer to."""
        return {
            "github": {
                "actor": run.actor,
                "base_ref": run.payload.get("pull_request", {}).get("base", {}).get("ref", ""),
                "event": run.payload,
                "event_name": run.event,
                "head_ref": run.payload.get("pull_request", {}).get("head", {}).get("ref", ""),
                "ref": run.ref,
                "ref_name": run.ref.split("/", 2)[-1],
                "repository": repository.full_name,
                "repository_owner": repository.owner,
                "run_attempt": str(run.attempt),
                "run_id": str(run.id),
                "run_number": str(run.number),
                "sha": run.sha,
                "triggering_actor": run.triggering_actor,
                "workflow": run.name,
            },
            "inputs": run.payload.get("inputs", {}),
            "vars": self.variables(repository),
        }

    def variables(self, repository: Repository) -> dict[str, str]:
        """Return the variables that jobs of a repository see; its own hide those of the organization."""
        shared = [
            variable
            for variable in self._github.state.variables.values()
            if variable.visibility == "all"
            or (variable.visibility == "private" and repository.private)
            or repository.id in variable.selected_repository_ids
        ]
        return {variable.name: variable.value for variable in (*shared, *repository.variables.values())}

    def _fail(self, run: Run, message: str) -> None:
        log = self._github.folder / "runs" / str(run.id) / "log.txt"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(f"##[error]{message}\n")
        run.jobs.clear()
        run.status, run.conclusion, run.updated_at = "completed", "startup_failure", now()

    # Identity of jobs

    def register(self, identity: Identity) -> str:
        """Return the bearer token with which a job asks for its OpenID Connect token."""
        bearer = secrets.token_urlsafe(32)
        with self._github.lock:
            self._identities[bearer] = identity
        return bearer

    def forget_identity(self, bearer: str) -> None:
        """Answer no more tokens to whoever has a bearer token."""
        with self._github.lock:
            self._identities.pop(bearer, None)

    def identity(self, bearer: str, query: Mapping[str, str]) -> str | None:
        """Return the OpenID Connect token of a job; None: nobody knows the bearer."""
        with self._github.lock:
            identity = self._identities.get(bearer)
            if identity is None:
                return None
            run = self._github.state.runs[identity.run_id]
            repository = self._github.state.repositories[run.repository_id]
            place = f"{repository.full_name}/{{path}}@{run.ref}"
            return self._github.issuer.token(
                repository,
                audience=query.get("audience"),
                environment=identity.environment,
                event=run.event,
                ref=run.ref,
                claims={
                    "sha": run.sha,
                    "actor": run.actor,
                    "actor_id": str(self._github.user(run.actor).id),
                    "workflow": run.name,
                    "workflow_ref": place.format(path=run.workflow),
                    "workflow_sha": run.sha,
                    "job_workflow_ref": place.format(path=identity.workflow),
                    "job_workflow_sha": run.sha,
                    "run_id": str(run.id),
                    "run_number": str(run.number),
                    "run_attempt": str(run.attempt),
                    "head_ref": str(run.payload.get("pull_request", {}).get("head", {}).get("ref", "")),
                    "base_ref": str(run.payload.get("pull_request", {}).get("base", {}).get("ref", "")),
                },
            )
