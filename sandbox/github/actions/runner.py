"""The runner of one job.

act executes the steps on this machine (`-self-hosted`). What it leaves out is done here: a token with the permissions
that the job asks for, identity for the jobs that may have one, runners of known kinds only, actions of known names
only. Nothing of this process's environment reaches a job.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from sandbox.github.actions import job_names, plan, secret_values
from sandbox.github.actions.context import ActionsContext
from sandbox.github.actions.expressions import contexts
from sandbox.github.actions.identity import Identities
from sandbox.github.actions.isolation import answered, questions, reported
from sandbox.github.actions.job_names import Title
from sandbox.github.actions.logs import JobLogs
from sandbox.github.actions.preparation import Preparation
from sandbox.github.actions.secret_values import JobSecrets
from sandbox.github.actions.workflow import Document, WorkflowError, concurrency, interpolate
from sandbox.github.actions.workflows import read
from sandbox.github.actions.workspace import Workspace
from sandbox.github.state import Job, Repository, Requirements, Result, Run


class Runner:
    """Executes one job of a run's workflow file."""

    def __init__(self, context: ActionsContext, identities: Identities, run: Run, key: str) -> None:
        self._store = context.store
        self._run = run
        self._key = key
        self._repository: Repository = self._store.state.repositories[run.repository_id]
        self.logs = JobLogs(self._store, run, key)
        self._workspace = Workspace(context, identities, run, key, self.logs)

    @property
    def cancelled(self) -> bool:
        """Whether the job was stopped, by a person or by its timeout."""
        return self._workspace.cancelled

    def cancel(self) -> None:
        """Stop the job's steps as GitHub does, with time to end."""
        self._workspace.cancel()

    def kill(self) -> None:
        """Kill the job's processes."""
        self._workspace.kill()

    def execute(self, requirements: Requirements) -> Result:
        """Execute the job and return its result."""
        try:
            with self._store.lock:
                preparation = Preparation(
                    self._workspace,
                    self._read,
                    self._run,
                    requirements,
                    self._secrets(requirements),
                    self._store.seed.action_stand_ins,
                )
                self._workspace.source.mkdir(parents=True)
                self._store.git(self._repository).checkout(self._run.sha, self._workspace.source)
                self.logs.titles = self._titles()
                preparation.prepare(self._key)
                options = self._workspace.write_settings(
                    preparation.permissions, preparation.actions, preparation.secrets
                )
            self._workspace.execute(options, preparation.minutes)
            return Result(result="cancelled") if self.cancelled else reported(self._workspace.report, self._key)
        finally:
            self._workspace.remove()

    def requirements(self) -> Requirements | None:
        """Return the requirements of the job before it may execute; None: its condition does not hold."""
        document = self._read(self._run.workflow)
        job: Document = document["jobs"][self._key]
        leaves = list(plan.leaves(self._read, self._run.workflow, self._key, job))
        declared = [name for leaf in leaves if (name := plan.expressions(leaf.job).get("environment")) is not None]
        grouped = any("concurrency" in one for one in (job, *(leaf.job for leaf in leaves)))
        guarded = any("${{" in name or self._protected(name) for name in declared)
        if not grouped and not declared:
            return Requirements()
        if not grouped and not guarded and plan.called(job) is None:
            # act evaluates the condition when it executes the job.
            return self._combined([job])
        texts = plan.expressions(job)
        combinations = self._evaluate(document, [*texts.values(), Title.of(self._key, job).question])
        if combinations is None:
            return None
        evaluated = [plan.evaluated(job, dict(zip(texts, one, strict=False))) for one in combinations]
        self._show([(its, one[-1]) for its, one in zip(evaluated, combinations, strict=True)])
        return self._combined(evaluated)

    def _show(self, combinations: Sequence[tuple[Document, str]]) -> None:
        """Show a job that may have to wait as one for each combination of its matrix, under the names that they will have.

        Args:
            combinations: the job with its expressions evaluated, and act's answer to the question of its title.
        """
        titles = self._titles()
        known = contexts(self._store.state, self._repository, self._run)
        with self._store.lock:
            planned = [one for one in self._run.jobs if one.caller == self._key]
            shown: list[Job] = []
            for number, (job, answer) in enumerate(combinations):
                inner = plan.inner_context(self._read, job, known)
                for one in planned:
                    outer, *others = titles[one.key]
                    names = [job_names.answered([outer], answer), *(_tried(title.text, inner) for title in others)]
                    identifier = self._store.state.next_id() if number else one.id
                    shown.append(one.model_copy(update={"id": identifier, "name": " / ".join(names)}))
            first = self._run.jobs.index(planned[0])
            rest = [one for one in self._run.jobs if one.caller != self._key]
            self._run.jobs = [*rest[:first], *shown, *rest[first:]]

    def _read(self, path: str) -> Document:
        return read(self._store, self._repository, self._run.sha, path)

    def _protected(self, name: str) -> bool:
        environment = self._repository.environment(name)
        return environment is not None and environment.protected

    def _secrets(self, requirements: Requirements) -> JobSecrets:
        """Return the secrets of the job: none if it belongs to a pull request from a fork."""
        if self._run.fork:
            return JobSecrets()
        leaves = plan.leaves(self._read, self._run.workflow, self._key, self._job())
        names = {requirements.environments.get(leaf.place, "").lower() for leaf in leaves}
        found = (self._repository.environment(name) for name in names)
        owners = [environment for environment in found if environment is not None and environment.secrets]
        if owners and len(names) > 1:
            raise WorkflowError(f"The jobs that {self._key!r} calls have different secrets: not implemented here")
        keys = self._store.sealing
        return JobSecrets(
            shared=secret_values.of_repository(self._store.state, keys, self._repository),
            environment=secret_values.of_environment(keys, owners[0]) if owners else {},
        )

    def _job(self) -> Document:
        return self._read(self._run.workflow)["jobs"][self._key]

    def _titles(self) -> dict[str, tuple[Title, ...]]:
        """Return the titles of the jobs that this one stands for, by the keys of those jobs."""
        job = self._job()
        strategy: Document = job.get("strategy") or {}
        matrix: Any = strategy.get("matrix")
        if isinstance(matrix, str):
            job = {**job, "strategy": {**strategy, "matrix": self._parsed(matrix)}}
        leaves = plan.leaves(self._read, self._run.workflow, self._key, job)
        return {leaf.key: leaf.titles for leaf in leaves}

    def _parsed(self, expression: str) -> Document | None:
        """Return a matrix that is parsed from JSON, with the keys in their order, which act forgets; None: it is not."""
        match = re.fullmatch(r"\s*\$\{\{\s*fromJSON\((.+)\)\s*\}\}\s*", expression, re.IGNORECASE)
        if match is None:
            return None
        needs = {key: result.model_dump() for key, result in self._run.results.items()}
        known = contexts(self._store.state, self._repository, self._run)
        text = interpolate(f"${{{{ {match[1]} }}}}", {**known, "needs": needs})
        return cast("Document", json.loads(text))

    def _combined(self, jobs: Sequence[Document]) -> Requirements:
        """Return the requirements of all combinations of a job's matrix together."""
        known = contexts(self._store.state, self._repository, self._run)
        combined = Requirements()
        for job in jobs:
            found = plan.environments(self._read, self._run.workflow, self._key, job, known)
            for place, name in found.items():
                if combined.environments.setdefault(place, name) != name:
                    raise WorkflowError(f"{self._key!r} has an environment per combination: not implemented here")
            for declared in plan.concurrencies(self._read, job, known):
                group = concurrency(declared, self._repository.id)
                if group is not None and group not in combined.groups:
                    combined.groups.append(group)
        return combined

    def _evaluate(self, document: Document, texts: list[str]) -> list[list[str]] | None:
        """Let act evaluate the condition of the job and some texts; None: the condition does not hold."""
        workspace = self._workspace
        try:
            with self._store.lock:
                answers = workspace.folder / "answers"
                answers.mkdir(parents=True)
                asking = questions(document, self._key, self._run.results, texts, workspace.report, answers)
                workspace.write_workflow(self._run.workflow, asking)
                options = workspace.write_settings({}, {}, {})
            workspace.execute(options, minutes=1)
            result = reported(workspace.report, self._key).result
            if self.cancelled:
                return None
            if result == "failure":
                raise WorkflowError(f"The job {self._key!r} could not be evaluated")
            return None if result == "skipped" else answered(answers, len(texts))
        finally:
            workspace.remove()


def _tried(text: str, context: Mapping[str, Any]) -> str:
    """Return a text with its expressions replaced, or as it is if one needs what only act knows."""
    try:
        return interpolate(text, context)
    except WorkflowError:
        return text
