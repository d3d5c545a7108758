"""Repositories."""

from typing import ClassVar
from urllib.parse import quote

from sandbox.plugins.github.client import GitHub
from sandbox.plugins.github.resource import GitHubResource
from sandbox.plugins.inputs import Inputs
from sandbox.plugins.properties import Values
from sandbox.plugins.resource import AutoName


class Repository(GitHubResource):
    """A repository of the organization; its id is its name."""

    type_name = "github:index/repository:Repository"
    _switches: ClassVar = {
        "deleteBranchOnMerge": "delete_branch_on_merge",
        "hasIssues": "has_issues",
        "hasProjects": "has_projects",
        "hasWiki": "has_wiki",
        "isTemplate": "is_template",
    }
    inputs = Inputs(
        *_switches,
        "archiveOnDestroy autoInit description",
        computed="name visibility",
    )
    outputs = (
        "defaultBranch",
        "fullName",
        "gitCloneUrl",
        "htmlUrl",
        "httpCloneUrl",
        "nodeId",
        "repoId",
        "sshCloneUrl",
        "svnUrl",
    )
    changing_outputs = ("fullName", "gitCloneUrl", "htmlUrl", "httpCloneUrl", "sshCloneUrl", "svnUrl")
    auto_name = AutoName(longest=100)

    def create(self, cloud: GitHub, wanted: Values) -> str:
        """Create the repository."""
        visibility = wanted.get("visibility", "public")
        answer = cloud.post(
            f"/orgs/{cloud.owner}/repos",
            {
                **self._body(wanted),
                "auto_init": bool(wanted.get("autoInit")),
                "visibility": visibility,
                "private": visibility != "public",
            },
        )
        return answer["name"]

    def _body(self, wanted: Values) -> Values:
        return {
            "name": wanted["name"],
            "description": wanted.get("description", ""),
            **{github_name: bool(wanted.get(name)) for name, github_name in self._switches.items()},
        }

    def read(self, cloud: GitHub, identifier: str, state: Values) -> Values | None:
        """Read the repository; only the state knows `autoInit`."""
        repository = cloud.get(f"/repos/{cloud.owner}/{quote(identifier)}")
        names = {
            "defaultBranch": "default_branch",
            "description": "description",
            "fullName": "full_name",
            "gitCloneUrl": "git_url",
            "htmlUrl": "html_url",
            "httpCloneUrl": "clone_url",
            "name": "name",
            "nodeId": "node_id",
            "repoId": "id",
            "sshCloneUrl": "ssh_url",
            "svnUrl": "svn_url",
            "visibility": "visibility",
            **self._switches,
        }
        seen = {name: repository.get(github_name) for name, github_name in names.items() if github_name in repository}
        return {**seen, "id": repository["name"]}

    def update(self, cloud: GitHub, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Update the repository; a renamed one keeps its content and its id at GitHub."""
        body = self._body(wanted)
        if "visibility" in changed:
            body["visibility"] = wanted["visibility"]
        cloud.patch(f"/repos/{cloud.owner}/{quote(identifier)}", body)

    def delete(self, cloud: GitHub, identifier: str, state: Values) -> None:
        """Delete the repository, or archive it if the program asks for it (`archiveOnDestroy`)."""
        path = f"/repos/{cloud.owner}/{quote(identifier)}"
        if not state.get("archiveOnDestroy"):
            cloud.delete(path)
        elif not cloud.get(path).get("archived"):
            cloud.patch(path, {"archived": True})
