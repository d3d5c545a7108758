"""Users of GitHub, and their permissions in a repository."""

from dataclasses import dataclass

from functions.shared.github_api.client import Client
from functions.shared.github_api.errors import GitHubError
from functions.shared.github_api.values import nested, number, quoted, text

_MORE_THAN_READING = ("write", "maintain", "admin")


@dataclass(frozen=True, kw_only=True)
class User:
    """The owner of a login."""

    user_id: int
    kind: str
    """`User` for a person, or `Organization`."""


class Users(Client):
    """The users of GitHub that an organization works with."""

    def user(self, login: str) -> User | None:
        """Return the user with exactly this login; None when there is none."""
        found = self.get(f"/users/{quoted(login)}")
        if found is None or text(found, "login").lower() != login.lower():
            return None
        return User(user_id=number(found, "id"), kind=text(found, "type"))

    def credential_owner(self) -> int | None:
        """Return the id of the user that the credential belongs to and acts as; None when it belongs to an app."""
        try:
            _, found = self.send("GET", "/user", accept=(200,))
        except GitHubError as error:
            if error.status in (401, 403):
                return None
            raise
        return number(found, "id")

    def is_member(self, organization: str, login: str) -> bool:
        """Whether the user belongs to the organization."""
        status, _ = self.send("GET", f"/orgs/{quoted(organization)}/members/{quoted(login)}", accept=(204, 404))
        return status == 204

    def may_read(self, full_name: str, login: str) -> bool:
        """Whether the user may read the repository."""
        return self._permission(full_name, login) in ("read", *_MORE_THAN_READING)

    def may_push(self, full_name: str, login: str) -> bool:
        """Whether the user may push to the repository."""
        return self._permission(full_name, login) in _MORE_THAN_READING

    def may_administer(self, full_name: str, login: str) -> bool:
        """Whether the user may administer the repository, which nobody may as one who may push."""
        return self._permission(full_name, login) == "admin"

    def add_collaborator(self, full_name: str, login: str) -> None:
        """Let the user push to the repository."""
        path = f"/repos/{full_name}/collaborators/{quoted(login)}"
        self.send("PUT", path, {"permission": "push"}, accept=(201, 204))

    def remove_collaborator(self, full_name: str, login: str) -> None:
        """Take away what the user may do in the repository as a collaborator; nothing happens when they are none."""
        self.send("DELETE", f"/repos/{full_name}/collaborators/{quoted(login)}", accept=(204, 404))

    def plan(self, organization: str) -> str | None:
        """Return the organization's plan, such as `team`; None when the credential may not see it.

        An owner's token with the scope `admin:org` sees it, and an App with the permission for it.
        Source: GitHub REST API, "Get an organization".
        """
        found = self.get(f"/orgs/{quoted(organization)}")
        return None if found is None else text(nested(found.get("plan")), "name") or None

    def _permission(self, full_name: str, login: str) -> str:
        found = self.get(f"/repos/{full_name}/collaborators/{quoted(login)}/permission")
        return "none" if found is None else text(found, "permission")
