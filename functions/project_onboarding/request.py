"""Requests of the template cloner, each parsed once; nothing in them decides whom this account trusts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast, get_args

from functions.project_onboarding.errors import RefusedError
from functions.shared import project_name

Action = Literal["onboard", "check_offboarding", "offboard"]

PROMOTION = "pipeline-promotion"
"""Kind of the repositories whose whole pipeline is promoted; the others deploy models."""
LET_IN_BY = {"model-deployment-batch": ("batches", "batches"), PROMOTION: ("promotedPipelines", "promoted pipelines")}
"""The setting of `workload` that lets a kind of repositories in, and what they bring: the release at GitHub is the only lock in front of them."""
KINDS = ("model-deployment-realtime", *LET_IN_BY)
"""Kinds of repositories that deploy here, for each of which the account publishes a template if it lets it in."""

_LONGEST_PROJECT_NAME = 32
_PROJECT_NAME = re.compile(r"[a-z0-9](-*[a-z0-9])*")
_PROJECT_ID = re.compile(r"p-[a-z0-9]{12}")
_REPOSITORY_ID = re.compile(r"[1-9][0-9]{0,19}")
_LAUNCH = re.compile(r"arn:aws[a-z-]*:cloudformation:[a-z0-9-]+:[0-9]{12}:stack/[A-Za-z0-9-]+/[A-Za-z0-9-]+")


@dataclass(frozen=True, kw_only=True)
class Project:
    """A launched project."""

    name: str
    id: str


@dataclass(frozen=True, kw_only=True)
class Repository:
    """The repository whose jobs deploy a project; its organization is this account's own."""

    name: str
    id: str
    """The number that GitHub gave it; empty in a stack that was made before it was recorded."""

    @property
    def kind(self) -> str:
        """The kind of repository, such as `model-deployment-batch`: the end of its name."""
        [kind] = [each for each in KINDS if self.name.endswith(f"-{each}")]
        return kind


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request about one project."""

    action: Action
    project: Project
    launch: str
    """Id of the stack that launched the project: what one launch made, no other changes or deletes."""
    repository: Repository | None
    """The project's repository, in a request to onboard it."""
    begun: bool
    """Whether an earlier answer said that the work was begun: then a stack that failed did so now, and not long ago."""


def parse_request(event: Mapping[str, object]) -> Request:
    """Parse a request.

    Raises:
        RefusedError: with every problem that it has.
    """
    problems: list[str] = []
    action = event.get("action")
    if action not in get_args(Action):
        problems.append(f"action {action!r} must be one of {', '.join(get_args(Action))}")
    project = Project(
        name=_matching(
            event, "project_name", _PROJECT_NAME, "1 to 32 lower-case letters, digits and hyphens", problems
        ),
        id=_matching(event, "project_id", _PROJECT_ID, "p- and 12 lower-case letters or digits", problems),
    )
    if len(project.name) > _LONGEST_PROJECT_NAME:
        problems.append(f"project_name {project.name!r} is longer than {_LONGEST_PROJECT_NAME} characters")
    if action == "onboard" and (refused := project_name.problem(project.name)):
        problems.append(refused)
    launch = _matching(event, "launch", _LAUNCH, "the id of a CloudFormation stack", problems)
    repository = _repository(event, project, problems) if action == "onboard" else None
    if problems:
        raise RefusedError("; ".join(problems))
    return Request(
        action=cast("Action", action),
        project=project,
        launch=launch,
        repository=repository,
        begun=event.get("begun") is True,
    )


def _repository(event: Mapping[str, object], project: Project, problems: list[str]) -> Repository:
    own = re.compile(rf"mlops-{re.escape(project.name)}-{re.escape(project.id)}-({'|'.join(KINDS)})")
    return Repository(
        name=_matching(event, "repository_name", own, "the name of a repository of the project that deploys", problems),
        id=_matching(event, "repository_id", _REPOSITORY_ID, "the number that GitHub gave the repository", problems),
    )


def _matching(
    event: Mapping[str, object], key: str, pattern: re.Pattern[str], meaning: str, problems: list[str]
) -> str:
    value = event.get(key)
    if isinstance(value, str) and pattern.fullmatch(value):
        return value
    problems.append(f"{key} {value!r} must be {meaning}")
    return ""
