"""Members of the organization who work in a project's repository, or review its deployments."""

from functions.template_cloner.errors import LaunchError
from functions.template_cloner.github_users import User
from functions.template_cloner.launch import Launch


def require_member(launch: Launch, login: str) -> User:
    """Return the person with the login.

    Raises:
        LaunchError: GitHub has no such person, or they are no member of the organization.
    """
    found = launch.github.user(login)
    if found is None:
        raise LaunchError(f"GitHub has no user {login!r}: check the spelling of the login; nothing was created")
    if found.kind != "User":
        raise LaunchError(f"{login!r} is not a person on GitHub but: {found.kind}; nothing was created")
    organization = launch.project.organization
    if not launch.github.is_member(organization, login):
        raise LaunchError(
            f"{login!r} is not a member of {organization}: an owner of the organization must invite them first; nothing "
            "was created"
        )
    return found


def add_user(launch: Launch) -> None:
    """Let the project's user push to its repository."""
    project = launch.project
    if not launch.github.may_push(project.full_name, project.user):
        launch.require_wanted()
        launch.github.add_collaborator(project.full_name, project.user)
