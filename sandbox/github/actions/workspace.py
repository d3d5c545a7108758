"""The workspace of a job: a folder with the files that act reads, and the tokens that are valid meanwhile."""

import json
import shutil
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from sandbox.github.actions.act import Act
from sandbox.github.actions.context import ActionsContext
from sandbox.github.actions.expressions import variables
from sandbox.github.actions.identity import Identities, Identity
from sandbox.github.actions.logs import JobLogs
from sandbox.github.actions.workflow import Document
from sandbox.github.state import Repository, Run


class Workspace:
    """The folder in which act executes one job of a run, after it has evaluated the job's expressions."""

    def __init__(self, context: ActionsContext, identities: Identities, run: Run, key: str, logs: JobLogs) -> None:
        self._context = context
        self._store = context.store
        self._identities = identities
        self._run = run
        self._repository: Repository = self._store.state.repositories[run.repository_id]
        self._logs = logs
        self._act: Act | None = None
        self._tokens: list[str] = []
        self.folder = self._store.run_folder(run.id) / f"work-{key}"
        self.source = self.folder / "source"
        """The checkout of the repository; act knows it by this name."""
        self.report = self.folder / "report.json"
        """Results and outputs, which the last job of an isolated workflow writes."""
        self.cancelled = False

    def write_workflow(self, path: str, document: Document) -> None:
        """Write a workflow file for act."""
        file = self.source / path
        file.parent.mkdir(parents=True, exist_ok=True)
        # The scheduler handles concurrency, and act does not know all of its syntax.
        jobs = cast("dict[str, Document]", document["jobs"])
        plain = {
            key: {name: value for name, value in job.items() if name != "concurrency"} for key, job in jobs.items()
        }
        document = {**{name: value for name, value in document.items() if name != "concurrency"}, "jobs": plain}
        # JSON is YAML, and its strings are quoted: nothing is read differently.
        file.write_text(json.dumps(document, indent=1, default=str))

    def identity(self, workflow: str, environment: str | None) -> dict[str, str]:
        """Return the variables with which a job asks for its OpenID Connect token."""
        bearer = self._identities.register(Identity(run_id=self._run.id, workflow=workflow, environment=environment))
        self._tokens.append(bearer)
        return {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self._context.issuer.url}/jobs/{self._run.id}?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": bearer,
        }

    def write_settings(
        self, permissions: Mapping[str, str], actions: Mapping[str, Path], secrets: Mapping[str, str]
    ) -> list[str]:
        """Write the files that act reads and return the options that name them.

        Args:
            permissions: those of the job's token.
            actions: folders of the actions that the job uses, by `owner/name@ref`.
            secrets: the values that the job sees, besides its token.
        """
        token = self._store.tokens.issue(self._repository, permissions)
        self._tokens.append(token)
        self._logs.hide([*self._tokens, *secrets.values()])
        files = {
            "eventpath": json.dumps(self._run.payload),
            "secret-file": _dotenv({**secrets, "GITHUB_TOKEN": token}),
            "var-file": _dotenv(variables(self._store.state, self._repository)),
            "env-file": _dotenv(self._default_variables()),
            "input-file": "",
        }
        options: list[str] = []
        for name, text in files.items():
            file = self.folder / name
            file.touch(mode=0o600)
            file.write_text(text)
            options += [f"--{name}", str(file)]
        for name, path in actions.items():
            options += ["--local-repository", f"{name}={path}"]
        return [*options, "--actor", self._run.actor, "--defaultbranch", self._repository.default_branch]

    def _default_variables(self) -> dict[str, str]:
        """Return GitHub's default environment variables, as far as act does not set them right."""
        run, repository, store = self._run, self._repository, self._store
        return {
            "GITHUB_ACTOR_ID": str(store.user(run.actor).id),
            "GITHUB_API_URL": store.api_url,
            "GITHUB_GRAPHQL_URL": f"{store.url}/api/graphql",
            "GITHUB_REF": run.ref,
            "GITHUB_REPOSITORY": repository.full_name,
            "GITHUB_REPOSITORY_ID": str(repository.id),
            "GITHUB_REPOSITORY_OWNER_ID": str(store.seed.owner_id(repository.owner)),
            "GITHUB_RUN_ATTEMPT": str(run.attempt),
            "GITHUB_RUN_ID": str(run.id),
            "GITHUB_RUN_NUMBER": str(run.number),
            "GITHUB_SERVER_URL": store.url,
            "GITHUB_SHA": run.sha,
            "GITHUB_TRIGGERING_ACTOR": run.triggering_actor,
            "GITHUB_WORKFLOW_REF": f"{repository.full_name}/{run.workflow}@{run.ref}",
            "GITHUB_WORKFLOW_SHA": run.sha,
        }

    def execute(self, options: list[str], minutes: float) -> None:
        """Execute the workflow and follow its logs to the end; after `minutes` it is cancelled."""
        self._act = Act(self._context, self.folder, [self._run.event, "--workflows", self._run.workflow])
        if self.cancelled:
            return
        deadline = threading.Timer(minutes * 60, self.cancel)
        deadline.daemon = True
        deadline.start()
        try:
            for line in self._act.lines(options):
                self._logs.read(line)
        finally:
            deadline.cancel()
            # It has ended, unless its output could not be read.
            self._act.kill()

    def cancel(self) -> None:
        """Stop the steps, and execute none that has not begun."""
        self.cancelled = self._logs.cancelled = True
        if self._act is not None:
            self._act.cancel()

    def kill(self) -> None:
        """Kill all processes."""
        self.cancelled = self._logs.cancelled = True
        if self._act is not None:
            self._act.kill()

    def remove(self) -> None:
        """Revoke the tokens and remove the folder."""
        for token in self._tokens:
            self._store.tokens.revoke(token)
            self._identities.forget(token)
        self._tokens.clear()
        shutil.rmtree(self.folder, ignore_errors=True)


def _dotenv(values: dict[str, str]) -> str:
    """Write variables so that act reads them back as they are: nothing is expanded between single quotes."""
    lines: list[str] = []
    for name, value in values.items():
        quoted = json.dumps(value).replace("$", "\\$") if "'" in value or "\n" in value else f"'{value}'"
        lines.append(f"{name}={quoted}\n")
    return "".join(lines)
