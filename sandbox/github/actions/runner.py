"""One run: its folder, its tokens, act, its logs.

act executes the steps on this machine (`-self-hosted`). What it leaves out is done here: a token with the permissions
that the workflow asks for, identity for the jobs that may have one, runners of known kinds only, actions of known
names only. Nothing of this process's environment reaches a job.
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import traceback
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from sandbox import certificates
from sandbox.github.actions.identity import Identity
from sandbox.github.actions.workflow import (
    READ_ONLY,
    Document,
    WorkflowError,
    environment_name,
    parse,
    permissions,
    read_yaml,
)
from sandbox.github.state import Environment, Job, Repository, Run, Step, now

if TYPE_CHECKING:
    from sandbox.github.actions.queue import Actions
    from sandbox.github.service import GitHub

RUNNERS = ("ubuntu-latest", "ubuntu-24.04", "ubuntu-22.04")
"""Labels of GitHub-hosted runners that this machine stands in for."""
STAND_INS = Path(__file__).parent / "stand_ins"
RUN_MINUTES = 360
"""How long a job may take where the workflow does not say."""
_USES = re.compile(r"(?P<action>[\w.-]+/[\w.-]+)(?P<path>/[^@]+)?@(?P<ref>\S+)")
_TRUST = (
    "AWS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "NODE_EXTRA_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
)


class Runner:
    """Executes one run."""

    def __init__(self, github: "GitHub", actions: "Actions", run: Run) -> None:
        self._github = github
        self._actions = actions
        self._run = run
        self._repository: Repository = github.state.repositories[run.repository_id]
        self._folder = github.folder / "runs" / str(run.id)
        self._work = self._folder / "work"
        self._process: subprocess.Popen[str] | None = None
        self._cancelled = False
        self._stand_ins: dict[str, Path] = {}
        self._granted: dict[str, str] = {}
        self._minutes = 0.0
        self._environments: dict[str, str] = {}
        """Environments by job."""
        self._names: dict[str, str] = {}
        """What the workflow calls its jobs."""
        self._secrets: list[str] = []
        self._started_steps: dict[tuple[int, str], str] = {}

    def execute(self) -> str:
        """Run everything and return the conclusion."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "log.txt").open("w") as log:
            try:
                with self._github.lock:
                    self._prepare()
                return "cancelled" if self._cancelled else self._follow(self._start(), log)
            except WorkflowError as error:
                log.write(f"##[error]{error}\n")
                return "failure"
            except Exception as error:
                # A defect here must not leave the run in progress for ever.
                traceback.print_exc()
                log.write(f"##[error]The local GitHub failed: {error!r}\n")
                return "failure"
            finally:
                for token in self._secrets:
                    self._github.tokens.revoke(token)
                shutil.rmtree(self._work, ignore_errors=True)

    def cancel(self) -> None:
        """Stop the run's processes."""
        self._cancelled = True
        process = self._process
        if process is not None and process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)

    def wait(self) -> None:
        """Wait until the run's processes are gone."""
        process = self._process
        if process is not None:
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)

    # Before act

    def _prepare(self) -> None:
        git = self._github.git(self._repository)
        source = self._work / "source"
        source.mkdir(parents=True)
        git.checkout(self._run.sha, source)
        for action in source.rglob("action.y*ml"):
            self._resolve_actions(read_yaml(action.read_bytes()), action.relative_to(source))
        self._rewrite(self._run.workflow, READ_ONLY, entry=True)
        if self._run.fork:
            self._granted = {scope: "read" for scope, level in self._granted.items() if level != "none"}
        token = self._github.tokens.issue(self._repository, self._granted)
        self._secrets.append(token)
        self._write("event.json", json.dumps(self._run.payload))
        self._write("secrets", f"GITHUB_TOKEN={token}\n")
        self._write("variables", _dotenv(self._actions.variables(self._repository)))
        self._write("environment", _dotenv(self._github_variables()))
        self._write("inputs", "")

    def _file(self, name: str) -> str:
        return str(self._work / name)

    def _write(self, name: str, text: str) -> None:
        file = self._work / name
        file.touch(mode=0o600)
        file.write_text(text)

    def _rewrite(self, path: str, inherited: dict[str, str], *, entry: bool) -> None:
        """Prepare a workflow file for act; local reusable workflows get at most their caller's permissions."""
        file = self._work / "source" / path
        if not file.is_file():
            raise WorkflowError(f"error parsing called workflow {path!r}: workflow was not found")
        document = parse(file.read_bytes())
        surrounding = permissions(document.get("permissions"), inherited)
        jobs = cast("dict[str, Document]", document["jobs"])
        for key, job in jobs.items():
            granted = permissions(job.get("permissions"), surrounding)
            if not entry:
                granted = {scope: level for scope, level in granted.items() if _included(level, inherited.get(scope))}
            self._grant(granted)
            self._names[key] = _plain(job.get("name"), key)
            if "uses" in job:
                # `$/` is the repository of the workflow itself; act knows only the older way to say so.
                called = job["uses"] = re.sub(r"^\$/", "./", str(job["uses"]))
                if not called.startswith("./"):
                    raise WorkflowError(f"The local GitHub has no reusable workflow {called!r}; only those of ./")
                self._rewrite(called.removeprefix("./"), granted, entry=False)
                continue
            self._run.jobs.append(Job(id=self._github.state.next_id(), key=key, name=self._names[key]))
            self._prepare_job(path, key, job, granted)
        # JSON is YAML: nothing is read differently for want of quotes.
        file.write_text(json.dumps(document, indent=1, default=str))

    def _prepare_job(self, path: str, key: str, job: Document, granted: dict[str, str]) -> None:
        label: Any = job.get("runs-on")
        if label not in RUNNERS and "${{" not in str(label):
            raise WorkflowError(f"The job {key!r} asks for the runner {label!r}; the local GitHub has {RUNNERS}")
        self._minutes += float(job.get("timeout-minutes", RUN_MINUTES))
        self._resolve_actions({"runs": job}, Path(path))
        name = environment_name(job)
        if name is not None:
            refusal = self._refusal(name)
            if "${{" not in name:
                self._environments[key] = name
            if refusal is not None:
                # Whether the job is reached at all is for its condition to say: it fails only then.
                job["steps"] = [{"name": "Environment protection", "run": f"echo {shlex.quote(refusal)}; exit 1"}]
                return
        if granted.get("id-token") == "write" and not self._run.fork:
            job["env"] = {**(job.get("env") or {}), **self._identity(path, name)}

    def _refusal(self, name: str) -> str | None:
        """Return why no job of this run may enter an environment; None: it may."""
        environments = self._repository.environments
        if "${{" in name:
            # Its value is known only where the job runs, which is too late to keep the job out.
            protected = [one for one in environments.values() if one.protected]
            return f"Which environment {name} is cannot be checked here, and some are protected" if protected else None
        environment = environments.get(name)
        if environment is None:
            return None
        if environment.reviewers or environment.wait_timer:
            return f"The environment {name!r} waits for a review or a timer: not implemented here"
        policy = environment.deployment_branch_policy
        if policy is None:
            return None
        if policy.custom_branch_policies:
            return "Custom deployment branch policies are not implemented here"
        if not self._github.is_protected(self._repository, self._run.ref):
            rules = "due to environment protection rules."
            return f"Branch {self._run.branch!r} is not allowed to deploy to {name} {rules}"
        return None

    def _identity(self, path: str, environment: str | None) -> dict[str, str]:
        bearer = self._actions.register(Identity(run_id=self._run.id, workflow=path, environment=environment))
        self._secrets.append(bearer)
        # An expression stays as it is: act evaluates it where the job runs.
        suffix = f"&environment={environment}" if environment is not None else ""
        return {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self._github.issuer.url}/jobs/{self._run.id}?api-version=2.0{suffix}",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": bearer,
        }

    def _grant(self, granted: dict[str, str]) -> None:
        """Add to the run's token, of which act knows only one, what one of its jobs asks for."""
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
            self._stand_ins[f"{match['action']}@{match['ref']}"] = folder

    def _stand_in(self, action: str) -> Path | None:
        given = self._github.seed.action_stand_ins.get(action)
        folder = given if given is not None else STAND_INS / action
        return folder if folder.is_dir() else None

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
            "GITHUB_RUN_ID": str(run.id),
            "GITHUB_RUN_NUMBER": str(run.number),
            "GITHUB_SERVER_URL": self._github.url,
            "GITHUB_SHA": run.sha,
            "GITHUB_TRIGGERING_ACTOR": run.actor,
            "GITHUB_WORKFLOW_REF": f"{repository.full_name}/{run.workflow}@{run.ref}",
            "GITHUB_WORKFLOW_SHA": run.sha,
        }

    # act

    def _start(self) -> subprocess.Popen[str]:
        home = self._work / "home"
        home.mkdir()
        run = self._run
        command = [
            *(_act(), run.event, "--directory", "source", "--workflows", run.workflow, "--no-recurse"),
            *(option for label in RUNNERS for option in ("--platform", f"{label}=-self-hosted")),
            *("--json", "--rm", "--no-skip-checkout", "--no-cache-server", "--concurrent-jobs", "2"),
            *("--artifact-server-addr", "127.0.0.1", "--action-cache-path", str(self._work / "cache")),
            *(
                "--eventpath",
                self._file("event.json"),
                "--actor",
                run.actor,
                "--defaultbranch",
                self._repository.default_branch,
            ),
            *("--env-file", self._file("environment"), "--secret-file", self._file("secrets")),
            *("--var-file", self._file("variables"), "--input-file", self._file("inputs")),
            *(option for name, path in self._stand_ins.items() for option in ("--local-repository", f"{name}={path}")),
        ]
        self._process = subprocess.Popen(
            command,
            cwd=self._work,
            env=self._environment(home),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # Cancelling ends act and every step at once.
            start_new_session=True,
        )
        return self._process

    def _environment(self, home: Path) -> dict[str, str]:
        trust = certificates.bundle(self._actions.authority, self._work / "trust.pem")
        return {
            "LANG": "C.UTF-8",
            "PATH": os.environ["PATH"],
            "AWS_ENDPOINT_URL": self._actions.aws_url,
            **dict.fromkeys(_TRUST, str(trust)),
            **self._github.seed.runner_environment,
            "ACT_DISABLE_VERSION_CHECK": "1",
            "HOME": str(home),
        }

    def _follow(self, process: subprocess.Popen[str], log: IO[str]) -> str:
        stream = process.stdout
        if stream is None:
            raise RuntimeError("act was started without a pipe")
        deadline = threading.Timer(self._minutes * 60, self.cancel)
        deadline.daemon = True
        deadline.start()
        with stream:
            for line in stream:
                try:
                    record = cast("dict[str, Any]", json.loads(line))
                except ValueError:
                    self._log(log, None, line)
                    continue
                self._record(record, log)
        code = process.wait()
        deadline.cancel()
        if self._cancelled:
            return "cancelled"
        return "success" if code == 0 else "failure"

    def _record(self, record: dict[str, Any], log: IO[str]) -> None:
        message = str(record.get("msg", ""))
        if "jobID" not in record:
            if record.get("level") in ("error", "fatal"):
                self._log(log, None, f"##[error]{message}")
            return
        with self._github.lock:
            job = self._job(record)
        if record.get("raw_output"):
            self._log(log, job, message)
        elif record.get("command") == "summary":
            with (self._folder / "summary.md").open("a") as summary:
                summary.write(self._mask(str(record.get("content", ""))))
        elif "jobResult" in record:
            with self._github.lock:
                job.status, job.conclusion, job.completed_at = "completed", str(record["jobResult"]), now()
        elif record.get("stage") == "Main" and len(record.get("stepID", [])) == 1:
            self._step(record, job, message, log)
        elif record.get("level") == "error":
            self._log(log, job, f"##[error]{message}")

    def _job(self, record: dict[str, Any]) -> Job:
        """Return the job of a record; each combination of a matrix is a job of its own."""
        key = str(record["jobID"])
        matrix: dict[str, Any] = record.get("matrix") or {}
        planned = self._names.get(key, key)
        name = f"{planned} ({', '.join(_plain(value, '') for value in matrix.values())})" if matrix else planned
        jobs = [job for job in self._run.jobs if job.key == key]
        job = next((job for job in jobs if job.name == name), None)
        if job is None:
            # The first combination takes the place of the job that was planned.
            job = next((job for job in jobs if job.status == "queued"), None)
            if job is None:
                job = Job(id=self._github.state.next_id(), key=key, name=name)
                self._run.jobs.append(job)
            job.name = name
        if job.status == "queued":
            job.status, job.started_at = "in_progress", now()
            self._create_environment(key)
        return job

    def _create_environment(self, key: str) -> None:
        """An environment that does not exist comes into being when the first job enters it."""
        name = self._environments.get(key)
        if name is not None and name not in self._repository.environments:
            number = self._github.state.next_id() * 10
            self._repository.environments[name] = Environment(id=number, name=name)

    def _step(self, record: dict[str, Any], job: Job, message: str, log: IO[str]) -> None:
        identifier = str(record["stepID"][0])
        if "stepResult" not in record:
            if message.startswith("⭐ Run"):
                self._started_steps[job.id, identifier] = now()
                self._log(log, job, f"##[group]{record.get('step', '')}")
            elif record.get("level") == "error":
                self._log(log, job, f"##[error]{message}")
            return
        with self._github.lock:
            job.steps.append(
                Step(
                    name=str(record.get("step", "")),
                    number=len(job.steps) + 1,
                    conclusion=str(record["stepResult"]),
                    started_at=self._started_steps.get((job.id, identifier), now()),
                    completed_at=now(),
                )
            )
        self._log(log, job, "##[endgroup]")

    def _mask(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def _log(self, log: IO[str], job: Job | None, text: str) -> None:
        for line in self._mask(text).splitlines():
            log.write(f"{job.name + ': ' if job else ''}{line}\n")
            if job is not None:
                with (self._folder / f"{job.id}.txt").open("a") as own:
                    own.write(f"{now()} {line}\n")
        log.flush()


def _act() -> str:
    beside = Path(sys.executable).parent / "act"
    found = str(beside) if beside.exists() else shutil.which("act")
    if found is None:
        raise WorkflowError("act was not found: install the dependency group 'sandbox'")
    return found


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


def _plain(value: Any, default: str) -> str:
    if value is None:
        return default
    return str(value).lower() if isinstance(value, bool) else str(value)
