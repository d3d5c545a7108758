"""Teams of the organization, by their numbers, as rules name them."""

from collections.abc import Mapping

from functions.shared.github_api.client import Client
from functions.shared.github_api.values import items, text


class Teams(Client):
    """The members of teams, and what teams may do in repositories."""

    def team_members(self, organization_id: int, team_id: int) -> Mapping[str, bool]:
        """Return the logins of a team's members, and whether each of them may add others.

        Source: GitHub Docs, REST API, "List team members" (also by ids of organization and team).
        """
        place = f"/organizations/{organization_id}/team/{team_id}/members?per_page=100&role="
        _, members = self.send("GET", f"{place}all", accept=(200,))
        _, maintainers = self.send("GET", f"{place}maintainer", accept=(200,))
        adding = {text(each, "login") for each in items(maintainers.get(""))}
        return {login: login in adding for login in (text(each, "login") for each in items(members.get("")))}

    def let_team_push(self, organization_id: int, team_id: int, full_name: str) -> None:
        """Let the members of a team write to a repository."""
        path = f"/organizations/{organization_id}/team/{team_id}/repos/{full_name}"
        self.send("PUT", path, {"permission": "push"}, accept=(204,))
