"""Protection of a project's repository: its default branch, and the environments that its jobs enter."""

import logging
from collections.abc import Mapping
from dataclasses import replace

from functions.shared.github_api.errors import OutcomeUnknownError
from functions.template_cloner.errors import LaunchError
from functions.template_cloner.github import Repository
from functions.template_cloner.github_environments import Environment
from functions.template_cloner.launch import Launch
from functions.template_cloner.release_managers import Gate, require_independent

logger = logging.getLogger(__name__)


def require_reviews(launch: Launch, repository: Repository) -> None:
    """Check that nobody alone changes the default branch, by the rules that GitHub enforces now.

    Raises:
        LaunchError: it is protected less than the platform requires.
    """
    found = launch.github.branch_rules(repository.full_name, repository.default_branch)
    if lacking := found.lacks(launch.rules.required_approvals):
        raise LaunchError(
            f"{repository.default_branch} of {repository.full_name} is not protected as the platform requires; its "
            f"active rules lack: {', '.join(lacking)}. Deploy the platform's stack that looks after the organization "
            "again, and look at the organization's rulesets (they need the plan GitHub Team or Enterprise)"
        )


def protect_environments(launch: Launch, repository: Repository, gates: Mapping[str, Gate]) -> None:
    """Create or correct the project's environments.

    Raises:
        LaunchError: a release manager cannot be one, or GitHub does not protect an environment as requested.
    """
    for name in launch.project.environments:
        gate = gates[name]
        require_independent(launch, gate)
        # A branch's name has no wildcards: as a pattern, it means that branch alone.
        admits = frozenset({("branch", gate.branch or repository.default_branch)})
        # Who approves changes of the branch lets in its jobs by that.
        letting_in = gate.managers.values() if gate.branch is None else ()
        reviewers = frozenset(("User", user_id) for user_id in letting_in)
        wanted = Environment(reviewers=reviewers, prevents_self_review=bool(reviewers), admits=admits)
        _protect(launch, name, wanted, admits)


def _protect(launch: Launch, name: str, wanted: Environment, admits: frozenset[tuple[str, str]]) -> None:
    github, full_name = launch.github, launch.project.full_name
    found = github.environment(full_name, name)
    if found == wanted:
        return
    if found is None or found.admits is None or replace(found, admits=admits) != wanted:
        launch.require_wanted()
        github.write_environment(full_name, name, wanted)
    _admit(launch, name, admits)
    found = github.environment(full_name, name)
    if found != wanted:
        raise LaunchError(
            f"GitHub does not protect the environment {name} of {full_name} as requested (requested: {wanted}, found: "
            f"{found}): does the organization's plan have it for private repositories?"
        )


def _admit(launch: Launch, name: str, admits: frozenset[tuple[str, str]]) -> None:
    full_name = launch.project.full_name
    while True:
        launch.require_wanted()
        try:
            return launch.github.admit(full_name, name, admits)
        except OutcomeUnknownError as error:
            logger.info("checking whether the environment %s admits the branch: %s", name, error)
        launch.pause(waiting_for=f"{name} of {full_name} to admit the branch")
