"""One job of a run: its folder, its token, act, its log.

act executes the steps on this machine (`-self-hosted`). What it leaves out is done here: a token with the permissions
that the job asks for, identity for the jobs that may have one, runners of known kinds only, actions of known names
only. Nothing of this process's environment reaches a job.
"""

import json
import re
import shutil
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sandbox.github.actions import plan
from sandbox.github.actions.act import RUNNERS, Act
from sandbox.github.actions.identity import Identity
from sandbox.github.actions.isolation import answered, isolated, questions, reported
from sandbox.github.actions.logs import JobLogs
from sandbox.github.actions.workflow import (
    READ_ONLY,
    Document,
    WorkflowError,
    concurrency,
    parse,
    permissions,
    read_yaml,
)
from sandbox.github.state import Demand, Repository, Result, Run

if TYPE_CHECKING:
    from sandbox.github.actions.queue import Actions
    from sandbox.github.service import GitHub

STAND_INS = Path(__file__).parent / "stand_ins"
JOB_MINUTES = 360
"""How long a job may take where the workflow does not say."""
_USES = re.compile(r"(?P<action>[\w.-]+/[\w.-]+)(?P<path>/[^@]+)?@(?P<ref>\S+)")


class Runner:
    """Executes one job of a run's workflow file."""

    def __init__(self, github: "GitHub", actions: "Actions", run: Run, key: str) -> None:
        self._github = github
        self._actions = actions
        self._run = run
        self._key = key
        self._repository: Repository = github.state.repositories[run.repository_id]
        self.logs = JobLogs(github, run, key)
        self._work = github.folder / "runs" / str(run.id) / f"work-{key}"
        self._act: Act | None = None
        self.cancelled = False
        self._stand_ins: dict[str, Path] = {}
        self._granted: dict[str, str] = {}
        self._minutes = 0.0
        self._tokens: list[str] = []

    def demand(self) -> Demand | None:
        """Return what the job must have before it may execute; None: its condition does not hold."""
        document = self._document(self._run.workflow)
        job: Document = document["jobs"][self._key]
        texts = plan.expressions(job)
        leaves = list(plan.leaves(self._document, self._run.workflow, self._key, job))
        declared = [name for leaf in leaves if (name := plan.expressions(leaf.job).get("environment")) is not None]
        grouped = any("concurrency" in one for one in (job, *(leaf.job for leaf in leaves)))
        guarded = [name for name in declared if "${{" in name or self._protected(name)]
        if not grouped and not guarded:
            # The condition is for act to evaluate, when it executes the job.
            return self._combined([job])
        answers = self._ask(document, list(texts.values()))
        if answers is None:
            return None
        return self._combined([plan.evaluated(job, dict(zip(texts, one, strict=True))) for one in answers])

    def execute(self, demand: Demand) -> Result:
        """Execute the job and return its result."""
        try:
            with self._github.lock:
                command = self._prepare(demand)
            if not self.cancelled:
                self._follow(command, self._minutes)
            return Result(result="cancelled") if self.cancelled else reported(self._work / "report.json", self._key)
        finally:
            self._tidy()

    def cancel(self) -> None:
        """Stop the job's processes."""
        self.cancelled = self.logs.cancelled = True
        if self._act is not None:
            self._act.cancel()

    def kill(self) -> None:
        """End the job's processes at once."""
        self.cancelled = self.logs.cancelled = True
        if self._act is not None:
            self._act.kill()

    # Before the job

    def _document(self, path: str) -> Document:
        text = self._github.git(self._repository).file(self._run.sha, path)
        if text is None:
            raise WorkflowError(f"error parsing called workflow {path!r}: workflow was not found")
        return parse(text)

    def _protected(self, name: str) -> bool:
        environment = self._repository.environments.get(name)
        return environment is not None and environment.protected

    def _combined(self, jobs: Sequence[Document]) -> Demand:
        """Return what all combinations of a job's matrix need together."""
        context = self._actions.context(self._repository, self._run)
        demand = Demand()
        for job in jobs:
            found = plan.environments(self._document, self._run.workflow, self._key, job, context)
            for place, name in found.items():
                if demand.environments.setdefault(place, name) != name:
                    raise WorkflowError(f"{self._key!r} has an environment per combination: not implemented here")
            for declared in plan.concurrencies(self._document, job, context):
                group = concurrency(declared, self._repository.id)
                if group is not None and group not in demand.groups:
                    demand.groups.append(group)
        return demand

    def _ask(self, document: Document, texts: list[str]) -> list[list[str]] | None:
        """Let act evaluate the condition of the job and some texts; None: the condition does not hold."""
        try:
            with self._github.lock:
                answers = self._work / "answers"
                answers.mkdir(parents=True)
                report = self._work / "report.json"
                asking = questions(document, self._key, self._run.results, texts, report, answers)
                self._write_workflow(self._run.workflow, asking)
                command = self._settings()
            self._follow(command, minutes=1)
            result = reported(report, self._key).result
            if self.cancelled:
                return None
            if result == "failure":
                raise WorkflowError(f"The job {self._key!r} could not be evaluated")
            return None if result == "skipped" else answered(answers, len(texts))
        finally:
            self._tidy()

    # Before act

    def _prepare(self, demand: Demand) -> list[str]:
        source = self._work / "source"
        source.mkdir(parents=True)
        self._github.git(self._repository).checkout(self._run.sha, source)
        for action in source.rglob("action.y*ml"):
            self._resolve_actions(read_yaml(action.read_bytes()), action.relative_to(source))
        document = self._document(self._run.workflow)
        surrounding = permissions(document.get("permissions"), READ_ONLY)
        job: Document = document["jobs"][self._key]
        self._prepare_job(self._run.workflow, self._key, job, permissions(job.get("permissions"), surrounding), demand)
        report = self._work / "report.json"
        self._write_workflow(self._run.workflow, isolated(document, self._key, self._run.results, report))
        return self._settings()

    def _prepare_job(self, path: str, key: str, job: Document, granted: dict[str, str], demand: Demand) -> None:
        self._grant(granted)
        target = plan.called(job)
        if target is not None:
            # act knows only this older way to name a workflow of the same repository.
            job["uses"] = f"./{target}"
            self._prepare_called(target, granted, demand)
            return
        label: Any = job.get("runs-on")
        if label not in RUNNERS and "${{" not in str(label):
            raise WorkflowError(f"The job {key!r} asks for the runner {label!r}; the local GitHub has {RUNNERS}")
        self._minutes += float(job.get("timeout-minutes", JOB_MINUTES))
        self._resolve_actions({"runs": job}, Path(path))
        if granted.get("id-token") == "write" and not self._run.fork:
            job["env"] = {**(job.get("env") or {}), **self._identity(path, demand.environments.get(f"{path}#{key}"))}

    def _prepare_called(self, path: str, inherited: dict[str, str], demand: Demand) -> None:
        """Prepare a reusable workflow; its jobs get at most their caller's permissions."""
        document = self._document(path)
        surrounding = permissions(document.get("permissions"), inherited)
        for key, job in cast("dict[str, Document]", document["jobs"]).items():
            granted = {
                scope: level
                for scope, level in permissions(job.get("permissions"), surrounding).items()
                if _included(level, inherited.get(scope))
            }
            self._prepare_job(path, key, job, granted, demand)
        self._write_workflow(path, document)

    def _write_workflow(self, path: str, document: Document) -> None:
        file = self._work / "source" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        # Concurrency is decided here, and act does not know all of it.
        jobs = cast("dict[str, Document]", document["jobs"])
        plain = {
            key: {name: value for name, value in job.items() if name != "concurrency"} for key, job in jobs.items()
        }
        document = {**{name: value for name, value in document.items() if name != "concurrency"}, "jobs": plain}
        # JSON is YAML: nothing is read differently for want of quotes.
        file.write_text(json.dumps(document, indent=1, default=str))

    def _identity(self, path: str, environment: str | None) -> dict[str, str]:
        bearer = self._actions.register(Identity(run_id=self._run.id, workflow=path, environment=environment))
        self._tokens.append(bearer)
        return {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self._github.issuer.url}/jobs/{self._run.id}?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": bearer,
        }

    def _grant(self, granted: dict[str, str]) -> None:
        """Add to the token, of which act knows only one, what one of the called jobs asks for."""
        for scope, level in granted.items():
            name = scope.replace("-", "_")
            if level == "write" or self._granted.get(name) != "write":
                self._granted[name] = level

    def _resolve_actions(self, document: Document, where: Path) -> None:
        runs: Any = document.get("runs")
        steps: Any = cast("Document", runs).get("steps", []) if isinstance(runs, dict) else []
        for step in cast("list[Document]", steps):
            uses = re.sub(r"^\$/", "./", str(step.get("uses", "")))
            if "uses" in step:
                step["uses"] = uses
            if not uses or uses.startswith("./"):
                continue
            match = _USES.fullmatch(uses)
            folder = self._stand_in(match["action"]) if match else None
            if match is None or folder is None:
                raise WorkflowError(
                    f"Unable to resolve action {uses!r} of {where}: the local GitHub has no stand-in for it"
                )
            _check_inputs(uses, step, folder)
            self._stand_ins[f"{match['action']}@{match['ref']}"] = folder

    def _stand_in(self, action: str) -> Path | None:
        given = self._github.seed.action_stand_ins.get(action)
        folder = given if given is not None else STAND_INS / action
        return folder if folder.is_dir() else None

    def _settings(self) -> list[str]:
        """Write the files that act reads and return the options that name them."""
        granted = self._granted
        if self._run.fork:
            granted = {scope: "read" for scope, level in granted.items() if level != "none"}
        token = self._github.tokens.issue(self._repository, granted)
        self._tokens.append(token)
        files = {
            "eventpath": json.dumps(self._run.payload),
            "secret-file": f"GITHUB_TOKEN={token}\n",
            "var-file": _dotenv(self._actions.variables(self._repository)),
            "env-file": _dotenv(self._github_variables()),
            "input-file": "",
        }
        options: list[str] = []
        for name, text in files.items():
            file = self._work / name
            file.touch(mode=0o600)
            file.write_text(text)
            options += [f"--{name}", str(file)]
        for name, path in self._stand_ins.items():
            options += ["--local-repository", f"{name}={path}"]
        return [*options, "--actor", self._run.actor, "--defaultbranch", self._repository.default_branch]

    def _github_variables(self) -> dict[str, str]:
        run, repository = self._run, self._repository
        return {
            "GITHUB_ACTOR_ID": str(self._github.user(run.actor).id),
            "GITHUB_API_URL": self._github.api_url,
            "GITHUB_GRAPHQL_URL": f"{self._github.url}/api/graphql",
            "GITHUB_REF": run.ref,
            "GITHUB_REPOSITORY": repository.full_name,
            "GITHUB_REPOSITORY_ID": str(repository.id),
            "GITHUB_REPOSITORY_OWNER_ID": str(self._github.issuer.owner_id(repository)),
            "GITHUB_RUN_ATTEMPT": str(run.attempt),
            "GITHUB_RUN_ID": str(run.id),
            "GITHUB_RUN_NUMBER": str(run.number),
            "GITHUB_SERVER_URL": self._github.url,
            "GITHUB_SHA": run.sha,
            "GITHUB_TRIGGERING_ACTOR": run.triggering_actor,
            "GITHUB_WORKFLOW_REF": f"{repository.full_name}/{run.workflow}@{run.ref}",
            "GITHUB_WORKFLOW_SHA": run.sha,
        }

    # act

    def _follow(self, options: list[str], minutes: float) -> None:
        self.logs.secrets = list(self._tokens)
        self._act = Act(self._github, self._actions, self._work, [self._run.event, "--workflows", self._run.workflow])
        deadline = threading.Timer(minutes * 60, self.cancel)
        deadline.daemon = True
        deadline.start()
        for line in self._act.lines(options):
            self.logs.read(line)
        deadline.cancel()

    def _tidy(self) -> None:
        for token in self._tokens:
            self._github.tokens.revoke(token)
            self._actions.forget_identity(token)
        self._tokens.clear()
        shutil.rmtree(self._work, ignore_errors=True)


def _check_inputs(uses: str, step: Document, stand_in: Path) -> None:
    """Refuse inputs that a stand-in would ignore."""
    action = read_yaml((stand_in / "action.yml").read_bytes())
    known = {name.lower() for name in cast("Document", action.get("inputs") or {})}
    given = cast("Document", step.get("with") or {})
    unknown = sorted(name for name in given if name.lower() not in known)
    if unknown:
        raise WorkflowError(f"The local GitHub's stand-in for {uses!r} does not know the inputs {unknown}")


def _dotenv(values: dict[str, str]) -> str:
    """Write variables so that act reads them back as they are: nothing is expanded between single quotes."""
    lines: list[str] = []
    for name, value in values.items():
        quoted = json.dumps(value).replace("$", "\\$") if "'" in value or "\n" in value else f"'{value}'"
        lines.append(f"{name}={quoted}\n")
    return "".join(lines)


def _included(level: str, most: str | None) -> bool:
    order = ("none", "read", "write")
    return order.index(level) <= order.index(most or "none")
