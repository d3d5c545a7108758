"""Preparation of a job: its workflow files, permissions and actions."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from sandbox.github.actions import plan, stand_in_actions
from sandbox.github.actions.act import RUNNERS
from sandbox.github.actions.isolation import isolated
from sandbox.github.actions.job_names import Title
from sandbox.github.actions.secret_values import JobSecrets
from sandbox.github.actions.workflow import READ_ONLY, Document, WorkflowError, permissions, read_yaml
from sandbox.github.actions.workspace import Workspace
from sandbox.github.state import Requirements, Run

JOB_MINUTES = 360
"""Minutes that a job may take without `timeout-minutes`."""
_HIDDEN = "GITHUB_ENVIRONMENT_"
"""Begins the names under which the caller of a workflow has the secrets of the environment of what it calls.

The caller itself must not see them, and no secret of anybody may begin with GITHUB_.
"""


class Preparation:
    """Writes the files of one job of a run, and of the reusable workflows that it calls, into its workspace."""

    def __init__(
        self,
        workspace: Workspace,
        read: plan.Read,
        run: Run,
        requirements: Requirements,
        secrets: JobSecrets,
        stand_ins: Mapping[str, Path],
    ) -> None:
        self._workspace = workspace
        self._read = read
        self._run = run
        self._requirements = requirements
        self._secrets = secrets
        self._stand_ins = stand_ins
        self._granted: dict[str, str] = {}
        self.actions: dict[str, Path] = {}
        """Folders of the actions that the job uses, by `owner/name@ref`."""
        self.secrets: dict[str, str] = {}
        """Values of the secrets that act gets, by name."""
        self.minutes = 0.0
        """Minutes that the job may take, with all that it calls."""

    @property
    def permissions(self) -> dict[str, str]:
        """The permissions of the job's token."""
        if self._run.fork:
            return {scope: "read" for scope, level in self._granted.items() if level != "none"}
        return self._granted

    def prepare(self, key: str) -> None:
        """Write the workflow of one job; the repository is checked out already.

        Raises:
            WorkflowError: it asks for a runner or an action that is not there.
        """
        source = self._workspace.source
        for action in source.rglob("action.y*ml"):
            self._resolve_actions(read_yaml(action.read_bytes()), action.relative_to(source))
        document = self._read(self._run.workflow)
        surrounding = permissions(document.get("permissions"), READ_ONLY)
        job: Document = document["jobs"][key]
        prefix = "" if plan.called(job) is None else _HIDDEN
        hidden = {f"{prefix}{name}": value for name, value in self._secrets.environment.items()}
        self.secrets = {**self._secrets.shared, **hidden}
        granted = permissions(job.get("permissions"), surrounding)
        self._prepare_job(self._run.workflow, key, job, granted, list(self._secrets.shared))
        isolated_job = isolated(document, key, self._run.results, self._workspace.report)
        self._workspace.write_workflow(self._run.workflow, isolated_job)

    def _prepare_job(self, path: str, key: str, job: Document, granted: dict[str, str], secrets: Sequence[str]) -> None:
        """Prepare a job whose workflow has secrets of these names."""
        self._grant(granted)
        job["name"] = Title.of(key, job).question
        target = plan.called(job)
        if target is not None:
            # act knows only this older way to name a workflow of the same repository.
            job["uses"] = f"./{target}"
            if self._secrets.environment and path != self._run.workflow:
                raise WorkflowError(f"Secrets of an environment for what {path} calls are not implemented here")
            job["secrets"] = self._passed(job, secrets)
            self._prepare_called(target, job, granted)
            return
        label: Any = job.get("runs-on")
        # Source: GitHub Docs, "Choosing the runner for a job": labels are not case-sensitive.
        if str(label).lower() not in RUNNERS and "${{" not in str(label):
            raise WorkflowError(f"The job {key!r} asks for the runner {label!r}; the local GitHub has {RUNNERS}")
        self.minutes += float(job.get("timeout-minutes", JOB_MINUTES))
        self._resolve_actions({"runs": job}, Path(path))
        if granted.get("id-token") == "write" and not self._run.fork:
            environment = self._requirements.environments.get(f"{path}#{key}")
            job["env"] = {**(job.get("env") or {}), **self._workspace.identity(path, environment)}

    def _passed(self, job: Document, secrets: Sequence[str]) -> dict[str, str]:
        """Return the secrets of a called workflow: those that its caller passes, its environment's for the same names, its token.

        The environment of a called job adds no name: "the environment secret will be used, and not the secret passed from the caller
        workflow". Sources: GitHub Docs, "Reuse workflows"; actions/runner, issues 1490 and 4453.
        act passes all that there are where a caller says `inherit`, even those that it has not got itself.
        """
        given: Any = job.get("secrets") or {}
        inherits = given == "inherit"
        named = {name: f"${{{{ secrets.{name} }}}}" for name in secrets} if inherits else given
        passed = {str(name).upper(): str(value) for name, value in named.items()}
        passed |= {
            name: f"${{{{ secrets.{_HIDDEN}{name} }}}}"
            for name in self._secrets.environment
            if inherits or name in passed
        }
        return passed | {"GITHUB_TOKEN": "${{ secrets.GITHUB_TOKEN }}"}

    def _prepare_called(self, path: str, caller: Document, inherited: dict[str, str]) -> None:
        """Prepare a reusable workflow; its jobs get at most their caller's permissions."""
        document = self._read(path)
        caller["with"] = plan.spelled(caller.get("with") or {}, plan.accepted(document, "inputs"))
        surrounding = permissions(document.get("permissions"), inherited)
        for key, job in cast("dict[str, Document]", document["jobs"]).items():
            granted = {
                scope: level
                for scope, level in permissions(job.get("permissions"), surrounding).items()
                if _included(level, inherited.get(scope))
            }
            self._prepare_job(path, key, job, granted, list(caller["secrets"]))
        self._workspace.write_workflow(path, document)

    def _grant(self, granted: dict[str, str]) -> None:
        """Add the permissions of one called job to the token, of which act knows only one."""
        for scope, level in granted.items():
            name = scope.replace("-", "_")
            if level == "write" or self._granted.get(name) != "write":
                self._granted[name] = level

    def _resolve_actions(self, document: Document, where: Path) -> None:
        self.actions |= stand_in_actions.resolve(document, where, self._stand_ins)


def _included(level: str, most: str | None) -> bool:
    order = ("none", "read", "write")
    return order.index(level) <= order.index(most or "none")
