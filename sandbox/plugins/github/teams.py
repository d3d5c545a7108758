"""Teams and their members."""

from sandbox.plugins.github.client import GitHub
from sandbox.plugins.github.resource import GitHubResource
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values


class Team(GitHubResource):
    """A team of the organization; its id is its number."""

    type_name = "github:index/team:Team"
    inputs = Inputs(
        "description",
        required="name",
        defaults={"privacy": "secret", "notificationSetting": "notifications_enabled"},
    )
    outputs = ("membersCount", "nodeId", "slug")
    changing_outputs = ("membersCount", "slug")

    def create(self, cloud: GitHub, wanted: Values) -> str:
        """Create the team."""
        return str(cloud.post(f"/orgs/{cloud.owner}/teams", self._body(wanted))["id"])

    def complete(self, cloud: GitHub, identifier: str, wanted: Values) -> None:
        """Remove the account that created it, which GitHub made its maintainer.

        Source: `create_default_maintainer` in the official provider's github/resource_github_team.go.
        """
        slug = _team(cloud, identifier)["slug"]
        for member in cloud.get(f"/orgs/{cloud.owner}/teams/{slug}/members"):
            cloud.delete(f"/orgs/{cloud.owner}/teams/{slug}/memberships/{member['login']}")

    @staticmethod
    def _body(wanted: Values) -> Values:
        return {
            "name": wanted["name"],
            "description": wanted.get("description", ""),
            "privacy": wanted["privacy"],
            "notification_setting": wanted["notificationSetting"],
        }

    def read(self, cloud: GitHub, identifier: str, state: Values) -> Values | None:
        """Read the team."""
        team = _team(cloud, identifier)
        return {
            "name": team["name"],
            "description": team["description"],
            "privacy": team["privacy"],
            "notificationSetting": team["notification_setting"],
            "membersCount": team["members_count"],
            "nodeId": team["node_id"],
            "slug": team["slug"],
        }

    def update(self, cloud: GitHub, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Change the team."""
        cloud.patch(f"/orgs/{cloud.owner}/teams/{_team(cloud, identifier)['slug']}", self._body(wanted))

    def delete(self, cloud: GitHub, identifier: str, state: Values) -> None:
        """Delete the team."""
        cloud.delete(f"/orgs/{cloud.owner}/teams/{_team(cloud, identifier)['slug']}")


class TeamMembership(GitHubResource):
    """A member of a team; its id is the team's, a colon, and the login."""

    type_name = "github:index/teamMembership:TeamMembership"
    inputs = Inputs(replaces="teamId username", defaults={"role": "member"})

    def create(self, cloud: GitHub, wanted: Values) -> str:
        """Add the member."""
        cloud.put(self._path(cloud, wanted["teamId"], wanted["username"]), {"role": wanted["role"]})
        return f"{wanted['teamId']}:{wanted['username']}"

    @staticmethod
    def _path(cloud: GitHub, team: str, login: str) -> str:
        return f"/orgs/{cloud.owner}/teams/{_team(cloud, team)['slug']}/memberships/{login}"

    def read(self, cloud: GitHub, identifier: str, state: Values) -> Values | None:
        """Read the membership."""
        team, _, login = identifier.partition(":")
        return {"teamId": team, "username": login, "role": cloud.get(self._path(cloud, team, login))["role"]}

    def update(self, cloud: GitHub, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Change the member's role."""
        self.create(cloud, wanted)

    def delete(self, cloud: GitHub, identifier: str, state: Values) -> None:
        """Remove the member."""
        team, _, login = identifier.partition(":")
        cloud.delete(self._path(cloud, team, login))


def _team(cloud: GitHub, identifier: str) -> Values:
    organization = cloud.get(f"/orgs/{cloud.owner}")["id"]
    return cloud.get(f"/organizations/{organization}/team/{identifier}")
