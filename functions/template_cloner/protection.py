"""Protection of a project's repository: its default branch, and the environments that its jobs enter."""

import logging
from collections.abc import Mapping
from dataclasses import replace

from functions.shared.github_api.errors import OutcomeUnknownError
from functions.template_cloner.errors import LaunchError
from functions.template_cloner.github import Repository
from functions.template_cloner.github_environments import Environment
from functions.template_cloner.launch import Launch
from functions.template_cloner.members import require_member

logger = logging.getLogger(__name__)

Reviewers = frozenset[tuple[str, int]]
"""Type and id of each reviewer of an environment."""


def reviewers(launch: Launch) -> Mapping[str, Reviewers]:
    """Return the reviewers of each of the project's environments.

    Raises:
        LaunchError: one of them is no member of the organization, or could never review a deployment.
    """
    project = launch.project
    people = {
        name: {login: require_member(launch, login).user_id for login in project.reviewers.get(name, ())}
        for name in project.environments
    }
    if any(people.values()):
        owner = launch.github.credential_owner()
        for login, user_id in (person for each in people.values() for person in each.items()):
            if user_id == owner:
                raise LaunchError(
                    f"{login} owns the token that the platform uses at GitHub, so every deployment that an approval "
                    "starts is theirs, and GitHub lets nobody review their own: name another reviewer, or give the "
                    "platform the token of an account that reviews nothing (python -m bootstrap github-token); "
                    "nothing was created or changed"
                )
    return {name: frozenset(("User", user_id) for user_id in each.values()) for name, each in people.items()}


def require_pull_requests(launch: Launch, repository: Repository) -> None:
    """Check that changes reach the default branch through pull requests only.

    Raises:
        LaunchError: nothing protects it.
    """
    if not launch.github.requires_pull_request(repository.full_name, repository.default_branch):
        raise LaunchError(
            f"nothing protects {repository.default_branch} of {repository.full_name}: the organization needs an "
            "active ruleset for mlops-* repositories that requires pull requests (deploy the platform again; "
            "rulesets of an organization need the plan GitHub Team or Enterprise)"
        )


def protect_environments(launch: Launch, repository: Repository, reviewers: Mapping[str, Reviewers]) -> None:
    """Create or correct the project's environments.

    Raises:
        LaunchError: a reviewer cannot read the repository, or GitHub does not protect an environment as requested.
    """
    for name in launch.project.environments:
        _require_readers(launch, name)
        # A branch's name has no wildcards: as a pattern, it means that branch alone.
        admits = frozenset({("branch", repository.default_branch)})
        wanted = Environment(reviewers=reviewers[name], prevents_self_review=bool(reviewers[name]), admits=admits)
        _protect(launch, name, wanted, admits)


def _require_readers(launch: Launch, name: str) -> None:
    full_name = launch.project.full_name
    for login in launch.project.reviewers.get(name, ()):
        if not launch.github.may_read(full_name, login):
            raise LaunchError(
                f"{login} cannot read {full_name}, so GitHub lets them review nothing in it: let the organization's "
                "members read its repositories, or a team of reviewers, and launch again"
            )


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
