"""The first run of a workflow in a project's repository."""

import logging
from dataclasses import dataclass

from functions.shared.github_api.deadline import Deadline
from functions.shared.github_api.errors import OutcomeUnknownError
from functions.template_cloner.errors import LaunchError
from functions.template_cloner.launch import RETRY_SECONDS
from functions.template_cloner.protocols import GitHubApi
from functions.template_cloner.resources import FirstRun

logger = logging.getLogger(__name__)

_REGISTRATION_SECONDS = 120
"""Seconds for which GitHub may not know a workflow: it finds the files of a new repository in the background."""


@dataclass(frozen=True, kw_only=True)
class RunStarter:
    """Starts first runs."""

    github: GitHubApi
    deadline: Deadline

    def start(self, run: FirstRun) -> None:
        """Start the repository's workflow, once.

        Raises:
            LaunchError: GitHub does not know the workflow in time.
        """
        repository = self.github.repository(run.repository)
        if repository is None:
            raise LaunchError(f"there is no repository {run.repository} to start {run.workflow} in")
        ends = self.deadline.now() + _REGISTRATION_SECONDS
        while not self.github.was_dispatched(run.repository, run.workflow):
            try:
                if self.github.dispatch(run.repository, run.workflow, repository.default_branch) is not None:
                    return
            except OutcomeUnknownError as error:
                logger.info("checking whether the workflow was started: %s", error)
            if self.deadline.now() >= ends:
                raise LaunchError(
                    f"GitHub does not start {run.workflow} of {run.repository}: is the file on its default branch, "
                    "with workflow_dispatch among its triggers, and are Actions enabled in the organization?"
                )
            self.deadline.pause(RETRY_SECONDS, waiting_for=f"{run.workflow} to be known to GitHub")
