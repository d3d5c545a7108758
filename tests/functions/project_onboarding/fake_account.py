"""An account that projects deploy to, in memory: stacks and endpoints take their time to come and go."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from functions.project_onboarding.onboarder import Onboarder
from functions.project_onboarding.request import KINDS, PROMOTION, Project, Repository, Request
from functions.project_onboarding.roles_stacks import RolesStack
from functions.project_onboarding.settings import Settings
from tests.functions.shared.clock import Clock

ENVIRONMENT = {
    "ACCOUNT_ID": "333333333333",
    "PLATFORM_PREFIX": "analytics-prod",
    "TEMPLATE_URLS": json.dumps({each: f"https://bucket/onboarding/{each}-1.yaml" for each in KINDS}),
    "STACK_ROLE_ARN": "arn:aws:iam::333333333333:role/analytics-prod-project-roles",
    "RELEASE": '{"managers": ["hedy", "lise"], "unprotected": false}',
}
SETTINGS = Settings.from_environment(ENVIRONMENT)
PROJECT = Project(name="abalone", id="p-abcdefghijkl")
REPOSITORY = Repository(name="mlops-abalone-p-abcdefghijkl-model-deployment-realtime", id="2006")
NAME = "analytics-prod-p-abcdefghijkl"
"""Name of the project's stack, and the beginning of the names of all that it deploys."""
FUNCTION = "arn:aws:lambda:eu-west-1:333333333333:function:analytics-prod-project-onboarding"
LAUNCH = "arn:aws:cloudformation:eu-west-1:111111111111:stack/SC-111111111111-pp-x/1"
ONBOARD = Request(action="onboard", project=PROJECT, launch=LAUNCH, repository=REPOSITORY, begun=False)
OFFBOARD = Request(action="offboard", project=PROJECT, launch=LAUNCH, repository=None, begun=False)
CHECK = replace(OFFBOARD, action="check_offboarding")
ARNS = {
    "DeploymentRoleArn": "arn:aws:iam::333333333333:role/analytics-prod-p-abcdefghijkl-deployment",
    "ModelRoleArn": "arn:aws:iam::333333333333:role/analytics-prod-p-abcdefghijkl-model",
}

PROMOTED = Repository(name="mlops-abalone-p-abcdefghijkl-pipeline-promotion", id="2006")
KEPT = {"ArtifactBucketName": f"{NAME}-333333333333-eu-west-1", "ModelPackageGroupName": "abalone-p-abcdefghijkl"}


class Crash(BaseException):
    """The process ends: nothing that catches exceptions may see it."""


@dataclass
class MemoryAccount:
    """An account in memory; may stop the process after a number of changes."""

    clock: Clock
    template: str = "one"
    stacks: dict[str, RolesStack] = field(default_factory=dict[str, RolesStack])
    served: dict[str, str] = field(default_factory=dict[str, str])
    """States of endpoints."""
    scheduled: dict[str, str] = field(default_factory=dict[str, str])
    """States of schedules."""
    remains: set[str] = field(default_factory=set[str])
    """Names of configurations, models, alarms and the like."""
    kept: dict[str, int] = field(default_factory=dict[str, int])
    """Number of things in each bucket and group of models of a promoted pipeline, which CloudFormation keeps."""
    changes: list[str] = field(default_factory=list[str])
    ends: dict[str, str] = field(default_factory=dict[str, str])
    """State in which a stack ends up, by the one in which it is busy, where it isn't the usual one."""
    seconds: float = 10.0
    """Seconds for which a stack, or an endpoint, is busy."""
    crash_after: int | None = None
    before_change: Callable[[str], None] = lambda what: None
    _templates: dict[str, str] = field(default_factory=dict[str, str])
    _due: dict[str, float] = field(default_factory=dict[str, float])

    def stack(self, name: str) -> RolesStack | None:
        found = self.stacks.get(name)
        if found is not None and found.status.endswith("_IN_PROGRESS") and self.clock.now >= self._due[name]:
            usual = found.status.replace("_IN_PROGRESS", "_COMPLETE")
            status = self.ends.get(found.status, usual)
            if status == "DELETE_COMPLETE":
                del self.stacks[name]
                return None
            outputs = self._outputs(found.repository) if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE") else {}
            self.stacks[name] = replace(found, status=status, outputs=outputs, reason="ModelRole: no" * (not outputs))
        return self.stacks.get(name)

    def create_stack(self, name: str, project: Project, repository: Repository, launch: str) -> None:
        self._change("create_stack")
        if name not in self.stacks:
            self.stacks[name] = RolesStack(
                status="CREATE_IN_PROGRESS", reason="", launch=launch, repository=repository, outputs={}
            )
            self._begun(name)
        self._changed()

    def update_stack(
        self, name: str, project: Project, repository: Repository, launch: str
    ) -> Literal["started", "unchanged", "busy"]:
        self._change("update_stack")
        stack = self.stacks[name]
        if stack.status.endswith("_IN_PROGRESS"):
            return "busy"
        if self._templates.get(name) == self.template:
            return "unchanged"
        self.stacks[name] = replace(stack, status="UPDATE_IN_PROGRESS")
        self._begun(name)
        self._changed()
        return "started"

    def delete_stack(self, name: str) -> None:
        self._change("delete_stack")
        if name in self.stacks:
            self.stacks[name] = replace(self.stacks[name], status="DELETE_IN_PROGRESS")
            self._begun(name)
        self._changed()

    def endpoints(self, prefix: str) -> Mapping[str, str]:
        for name, status in list(self.served.items()):
            if status in ("Creating", "Deleting", "Updating") and self.clock.now >= self._due.get(name, 0):
                self.served[name] = "InService"
                if status == "Deleting":
                    del self.served[name]
        return {name: status for name, status in self.served.items() if name.startswith(prefix)}

    def schedules(self, prefix: str) -> Mapping[str, str]:
        return {name: status for name, status in self.scheduled.items() if name.startswith(prefix)}

    def delete_what_served(self, prefix: str) -> None:
        assert not self.schedules(prefix), "what a schedule starts is not deleted under it"
        assert not self.endpoints(prefix), "what serves an endpoint is not deleted under it"
        self._change("delete_what_served")
        self.remains = {name for name in self.remains if not name.startswith(prefix)}
        self._changed()

    def delete_what_is_empty(self, bucket: str, group: str) -> None:
        self._change("delete_what_is_empty")
        self.kept = {name: count for name, count in self.kept.items() if count or name not in (bucket, group)}
        self._changed()

    def onboarder(self) -> Onboarder:
        """Return the function's decisions about this account."""
        return Onboarder(settings=SETTINGS, stacks=self, deployments=self)

    def retires(self, name: str) -> None:
        """The repository's workflow begins to delete an endpoint."""
        self.served[name] = "Deleting"
        self._due[name] = self.clock.now + self.seconds

    def deploys(self, name: str, status: str = "InService", *, for_seconds: float = 0.0) -> None:
        """A workflow has deployed a model."""
        self.served[name] = status
        self.remains |= {f"{name}-v1-model", f"{name}-v1-configuration", f"{name}-latency"}
        self._due[name] = self.clock.now + for_seconds

    def left(self) -> tuple[dict[str, RolesStack], dict[str, str], set[str]]:
        """Return what still exists."""
        return self.stacks, self.served, self.remains

    def _outputs(self, repository: Repository) -> Mapping[str, str]:
        return {**ARNS, **KEPT} if repository.kind == PROMOTION else ARNS

    def _begun(self, name: str) -> None:
        self._templates[name] = self.template
        self._due[name] = self.clock.now + self.seconds

    def _change(self, what: str) -> None:
        self.before_change(what)
        self.changes.append(what)

    def _changed(self) -> None:
        if self.crash_after is not None and len(self.changes) == self.crash_after:
            raise Crash
