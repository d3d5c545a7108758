"""Triggers of workflows: pushes, changes of pull requests and dispatches start runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.github import errors, pull_refs
from sandbox.github.actions import events
from sandbox.github.actions.expressions import contexts
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
from sandbox.github.actions.workflows import Workflows
from sandbox.github.git import EMPTY_TREE, NO_COMMIT, Entry
from sandbox.github.rules import RefChange
from sandbox.github.state import PullRequest, Repository, Run, User, now
from sandbox.github.store import Store

SKIP = ("[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]")
"""A commit with one of these in its message starts no run for a push or a pull request."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """An event that starts runs."""

    name: str
    actor: User
    ref: str
    sha: str
    title: str
    payload: dict[str, Any] = field(default_factory=dict[str, Any])
    pull: PullRequest | None = None
    fork: bool = False


class Triggers:
    """Starts the runs that an event triggers."""

    def __init__(self, store: Store, workflows: Workflows, scheduler: Scheduler) -> None:
        self._store = store
        self._workflows = workflows
        self._scheduler = scheduler

    def pushed(self, repository: Repository, change: RefChange, actor: User) -> None:
        """Start the runs that a moved branch or tag triggers."""
        git = self._store.git(repository)
        if change.old == NO_COMMIT and change.ref == f"refs/heads/{repository.default_branch}":
            self._workflows.register(repository)
        if change.new == NO_COMMIT or not change.ref.startswith(("refs/heads/", "refs/tags/")):
            return
        files = self._workflows.entries(repository, change.new)
        if not files:
            # Most pushes trigger nothing, so the rest is not looked up.
            return
        commit = git.commit(change.new)
        if any(mark in commit.message for mark in SKIP):
            return
        event = Event(
            name="push",
            actor=actor,
            ref=change.ref,
            sha=change.new,
            title=commit.message.partition("\n")[0],
            payload=events.push(self._store, repository, change.ref, change.old, commit, actor),
        )
        triggered = [
            (path, document)
            for path, document in self._parsed(repository, event, files)
            if "push" in triggers(document)
        ]
        changed = git.pushed_paths(repository.default_branch, change.old, change.new) if triggered else []
        for path, document in triggered:
            if starts_on_push(triggers(document)["push"], change.ref, changed):
                self._start(repository, path, document, event)

    def pull_request_changed(
        self, repository: Repository, pull: PullRequest, action: str, actor: User, label: str | None = None
    ) -> None:
        """Start the runs that a change of a pull request triggers, such as a `label` that was put on it."""
        git = self._store.git(repository)
        head = self._store.state.repositories[pull.head_repository_id]
        fork = head.id != repository.id
        if fork and repository.private:
            # Off unless an owner allows it, which is not implemented here.
            return
        merge = pull_refs.update(self._store, repository, pull) if pull.state == "open" else None
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
            payload=events.pull_request(self._store, repository, pull, action, actor, label),
            pull=pull,
            fork=fork,
        )
        files = self._workflows.entries(repository, event.sha)
        for path, document in self._parsed(repository, event, files):
            filters = triggers(document).get("pull_request")
            if filters is not None and starts_on_pull_request(filters, action, pull.base, changed):
                self._start(repository, path, document, event)

    def dispatch(self, repository: Repository, workflow: str, ref: str, inputs: Mapping[str, str], actor: User) -> Run:
        """Start a run by hand.

        Raises:
            ApiError: 404, there is no such workflow (yet); 422, it cannot be started like this.
        """
        git = self._store.git(repository)
        path = self._workflows.path(repository, workflow)
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
            payload=events.workflow_dispatch(self._store, repository, path, full, values, actor),
        )
        return self._start(repository, path, document, event)

    def _parsed(self, repository: Repository, event: Event, files: list[Entry]) -> list[tuple[str, Document]]:
        """Return the workflows of an event's commit; one that cannot be read becomes a failed run, as on GitHub."""
        git = self._store.git(repository)
        found: list[tuple[str, Document]] = []
        for entry in files:
            try:
                document = parse(git.blob(entry.sha))
                triggers(document)
            except WorkflowError as error:
                self._fail(self._new_run(repository, entry.path, {}, event), str(error))
            else:
                found.append((entry.path, document))
        return found

    def _new_run(self, repository: Repository, path: str, document: Document, event: Event) -> Run:
        number = repository.run_numbers.get(path, 0) + 1
        repository.run_numbers[path] = number
        pull = event.pull
        run = Run(
            id=self._store.state.next_id(),
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
        self._store.state.runs[run.id] = run
        return run

    def _start(self, repository: Repository, path: str, document: Document, event: Event) -> Run:
        run = self._new_run(repository, path, document, event)
        try:
            known = contexts(self._store.state, repository, run)
            if "run-name" in document:
                run.title = interpolate(str(document["run-name"]), known).strip() or run.title
            run.group = concurrency(interpolated(document.get("concurrency"), known), repository.id)
            self._scheduler.start(run)
        except WorkflowError as error:
            self._fail(run, str(error))
        return run

    def _fail(self, run: Run, message: str) -> None:
        log = self._store.run_folder(run.id) / "log.txt"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(f"##[error]{message}\n")
        run.jobs.clear()
        run.status, run.conclusion, run.updated_at = "completed", "startup_failure", now()
