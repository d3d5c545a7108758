"""Members of the organization who work in a project's repository, or release its models."""

from collections.abc import Sequence

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


def require_team(launch: Launch) -> None:
    """Check that the project's users are members, and enough that they can approve each other's changes.

    Raises:
        LaunchError: somebody is missing.
    """
    needed = launch.rules.required_approvals + 1
    users = launch.project.users
    if len(users) < needed:
        raise LaunchError(
            f"a change needs {needed - 1} approvals by others than its author, so at least {needed} people have to work in "
            f"the repositories, and only {', '.join(users)} would: name more; nothing was created or changed"
        )
    for login in users:
        require_member(launch, login)


def add_users(launch: Launch) -> None:
    """Let the project's users push to its repository."""
    project = launch.project
    for login in project.users:
        if not launch.github.may_push(project.full_name, login):
            launch.require_wanted()
            launch.github.add_collaborator(project.full_name, login)


def restore_user(launch: Launch, login: str) -> None:
    """Let a user push again, who is still a member.

    Raises:
        LaunchError: they are no member any more.
    """
    if not launch.github.may_push(launch.project.full_name, login):
        require_member(launch, login)
        launch.github.add_collaborator(launch.project.full_name, login)


def require_removable(launch: Launch, former: Sequence[str]) -> None:
    """Check, before anything is changed, that nobody who works in the repository no more administers it.

    Raises:
        LaunchError: one does, and would push all the same.
    """
    full_name = launch.project.full_name
    for login in _leaving(launch, former):
        if launch.github.may_administer(full_name, login):
            raise LaunchError(
                f"{login} would still push to {full_name}, as an owner of the organization or through a team: take that "
                "away, and update the project again; nothing was changed"
            )


def remove_users(launch: Launch, former: Sequence[str]) -> None:
    """Take the permission to push from those who work in the repository no more.

    Raises:
        LaunchError: one may push all the same.
    """
    project = launch.project
    for login in _leaving(launch, former):
        launch.github.remove_collaborator(project.full_name, login)
        if launch.github.may_push(project.full_name, login):
            raise LaunchError(
                f"{login} may still push to {project.full_name}, as an owner of the organization or through a team: take "
                "that away, and update the project again; nobody was added"
            )


def _leaving(launch: Launch, former: Sequence[str]) -> list[str]:
    kept = {login.lower() for login in launch.project.users}
    return [login for login in former if login.lower() not in kept]
