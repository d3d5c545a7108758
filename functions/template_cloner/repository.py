"""The repository of a project: find it, and generate it from its template."""

import logging

from functions.shared.github_api.errors import OutcomeUnknownError
from functions.template_cloner.errors import LaunchError
from functions.template_cloner.github import Repository
from functions.template_cloner.launch import Launch
from functions.template_cloner.resources import MAIN, ProjectRepository

logger = logging.getLogger(__name__)

_FIRST_COMMIT_SECONDS = 60


def is_own(project: ProjectRepository, repository: Repository) -> bool:
    """Whether the repository was generated for the project; GitHub ignores the case of names."""
    template = f"{project.organization}/{project.template}"
    return (
        repository.full_name.lower() == project.full_name.lower()
        and repository.description == project.marker
        and (repository.template or "").lower() == template.lower()
    )


def find_template(launch: Launch) -> Repository:
    """Return the template repository of the project's kind.

    Raises:
        LaunchError: it does not exist, or is not a template, or its projects would have another default branch than main.
    """
    full_name = f"{launch.project.organization}/{launch.project.template}"
    template = launch.github.repository(full_name)
    if template is None or not template.is_template:
        raise LaunchError(
            f"{full_name} is not there, or is not a template repository: publish the template repositories first; "
            "nothing was created"
        )
    # A generated repository has the template's default branch. Source: opensafely/research-template, issue 32.
    if template.default_branch != MAIN:
        raise LaunchError(
            f"the default branch of {full_name} is {template.default_branch}, and nothing would ever train or deploy: "
            f"publish the template repositories again, which renames it to {MAIN}; nothing was created"
        )
    return template


def find_own(launch: Launch) -> Repository | None:
    """Return the project's repository; None when its name is free.

    Raises:
        LaunchError: another repository has its name.
    """
    project = launch.project
    found = launch.github.repository(project.full_name)
    if found is not None and not is_own(project, found):
        raise LaunchError(
            f"{project.full_name} exists and was not made for this project ({found.description or 'no description'!r}); "
            "nothing in it was touched. Rename or delete it, or launch under another project name"
        )
    return found


def generate(launch: Launch, template: Repository) -> Repository:
    """Generate the project's repository from the template, once.

    Raises:
        LaunchError: another repository has its name, or the launch was overtaken.
    """
    launch.require_wanted()
    project = launch.project
    while True:
        try:
            launch.github.generate(template.full_name, project.organization, project.name, project.marker)
        except OutcomeUnknownError as error:
            logger.info("checking whether the repository was made: %s", error)
        # Also when the name was taken: it may be by an earlier attempt of this launch.
        if repository := find_own(launch):
            return repository
        launch.pause(waiting_for=f"{project.full_name} to exist")


def wait_for_first_commit(launch: Launch, repository: Repository) -> None:
    """Wait for the template's files, which GitHub copies in the background.

    Neither a repository's size nor its existence shows that they are there.

    Raises:
        LaunchError: GitHub takes too long.
    """
    ends = launch.deadline.now() + _FIRST_COMMIT_SECONDS
    while launch.github.branch_commit(repository.full_name, repository.default_branch) is None:
        if launch.deadline.now() >= ends:
            raise LaunchError(
                f"GitHub did not fill {repository.full_name} within {_FIRST_COMMIT_SECONDS} s; launch again later"
            )
        launch.pause(waiting_for=f"the first commit of {repository.full_name}")


def require_commit(launch: Launch, repository: Repository) -> str:
    """Return the last commit of the repository's default branch.

    Raises:
        LaunchError: it has none.
    """
    branch = repository.default_branch
    commit = launch.github.branch_commit(repository.full_name, branch)
    if commit is None:
        raise LaunchError(f"{repository.full_name} has no commit on {branch}: publish the template repositories first")
    return commit
