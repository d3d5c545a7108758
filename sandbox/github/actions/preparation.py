"""Preparation of a job: its workflow files, permissions and actions."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from sandbox.github.actions import plan, stand_in_actions
from sandbox.github.actions.act import RUNNERS
from sandbox.github.actions.isolation import isolated
from sandbox.github.actions.workflow import READ_ONLY, Document, WorkflowError, permissions, read_yaml
from sandbox.github.actions.workspace import Workspace
from sandbox.github.state import Requirements, Run

JOB_MINUTES = 360
"""Minutes that a job may take without `timeout-minutes`."""


class Preparation:
    """Writes the files of one job of a run, and of the reusable workflows that it calls, into its workspace."""

    def __init__(
        self,
        workspace: Workspace,
        read: plan.Read,
        run: Run,
        requirements: Requirements,
        stand_ins: Mapping[str, Path],
    ) -> None:
        self._workspace = workspace
        self._read = read
        self._run = run
        self._requirements = requirements
        self._stand_ins = stand_ins
        self._granted: dict[str, str] = {}
        self.actions: dict[str, Path] = {}
        """Folders of the actions that the job uses, by `owner/name@ref`."""
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
        self._prepare_job(self._run.workflow, key, job, permissions(job.get("permissions"), surrounding))
        isolated_job = isolated(document, key, self._run.results, self._workspace.report)
        self._workspace.write_workflow(self._run.workflow, isolated_job)

    def _prepare_job(self, path: str, key: str, job: Document, granted: dict[str, str]) -> None:
        self._grant(granted)
        target = plan.called(job)
        if target is not None:
            # act knows only this older way to name a workflow of the same repository.
            job["uses"] = f"./{target}"
            self._prepare_called(target, granted)
            return
        label: Any = job.get("runs-on")
        if label not in RUNNERS and "${{" not in str(label):
            raise WorkflowError(f"The job {key!r} asks for the runner {label!r}; the local GitHub has {RUNNERS}")
        self.minutes += float(job.get("timeout-minutes", JOB_MINUTES))
        self._resolve_actions({"runs": job}, Path(path))
        if granted.get("id-token") == "write" and not self._run.fork:
            environment = self._requirements.environments.get(f"{path}#{key}")
            job["env"] = {**(job.get("env") or {}), **self._workspace.identity(path, environment)}

    def _prepare_called(self, path: str, inherited: dict[str, str]) -> None:
        """Prepare a reusable workflow; its jobs get at most their caller's permissions."""
        document = self._read(path)
        surrounding = permissions(document.get("permissions"), inherited)
        for key, job in cast("dict[str, Document]", document["jobs"]).items():
            granted = {
                scope: level
                for scope, level in permissions(job.get("permissions"), surrounding).items()
                if _included(level, inherited.get(scope))
            }
            self._prepare_job(path, key, job, granted)
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
