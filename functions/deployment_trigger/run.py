"""The run of a workflow, of which there is one for each name."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from functions.deployment_trigger.errors import NotStartedError
from functions.deployment_trigger.package import Candidate
from functions.deployment_trigger.protocols import GitHubApi
from functions.shared.github_api.deadline import Deadline
from functions.shared.github_api.errors import ExplainedError, OutcomeUnknownError

logger = logging.getLogger(__name__)

DEPLOY, TRAIN = "deploy.yml", "train.yml"
BRANCH = "main"

_REGISTRATION_SECONDS = 120.0
"""Seconds for which GitHub may not know a workflow: it finds the files of a new repository in the background."""
_DISPATCH_RETRY_SECONDS = 5.0
_LISTING_SECONDS = 20.0
"""Seconds until a run that was started is in the list of runs."""
_LISTING_RETRY_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A run that is wanted."""

    repository: str
    """Full name."""
    workflow: str
    id: str
    """A word in its title that no other run's has."""
    inputs: Mapping[str, str]


def deployment(candidate: Candidate) -> Wanted:
    """Return the run that deploys an approved package."""
    approval = candidate.approval.id
    inputs = {"model_package_arn": candidate.package.arn, "approval": approval}
    return Wanted(repository=candidate.project.repository, workflow=DEPLOY, id=approval, inputs=inputs)


def find_run(github: GitHubApi, wanted: Wanted) -> str | None:
    """Return the address of the run; None when GitHub lists none."""
    return github.run_of(wanted.repository, wanted.workflow, BRANCH, wanted.id)


def start_run(github: GitHubApi, deadline: Deadline, wanted: Wanted, *, patient: bool) -> str | None:
    """Start the run, and return its address; None when GitHub does not list it in time.

    `patient` waits for a workflow that GitHub does not know yet, and for the run of a dispatch without an answer.

    Raises:
        NotStartedError: GitHub does not know the workflow.
        OutcomeUnknownError: not `patient`, and GitHub may have started it or not.
    """
    repository, workflow = wanted.repository, wanted.workflow
    ends = deadline.now() + (_REGISTRATION_SECONDS if patient else 0.0)
    while True:
        try:
            if (run := github.dispatch(repository, workflow, BRANCH, wanted.inputs)) is not None:
                return run or _address(github, deadline, wanted)
        except OutcomeUnknownError as error:
            if not patient:
                # The next attempt checks for a run before it starts one.
                raise
            logger.info("checking whether the workflow was started: %s", error)
            if run := _wait_for_run(github, deadline, wanted):
                return run
        if deadline.now() >= ends:
            raise NotStartedError(
                f"GitHub does not start {workflow} of {repository}: is the file on its branch {BRANCH}, with "
                "workflow_dispatch and its inputs among its triggers, and are Actions enabled in the organization?"
            )
        deadline.pause(_DISPATCH_RETRY_SECONDS, waiting_for=f"{workflow} of {repository} to be known to GitHub")


def _address(github: GitHubApi, deadline: Deadline, wanted: Wanted) -> str | None:
    # The run exists: whatever goes wrong now must not start another one.
    try:
        return _wait_for_run(github, deadline, wanted)
    except ExplainedError as error:
        logger.info("the run was started, but not found: %s", error)
        return None


def _wait_for_run(github: GitHubApi, deadline: Deadline, wanted: Wanted) -> str | None:
    ends = deadline.now() + _LISTING_SECONDS
    while (run := find_run(github, wanted)) is None:
        if deadline.now() >= ends:
            return None
        deadline.pause(_LISTING_RETRY_SECONDS, waiting_for="the run to appear")
    return run
