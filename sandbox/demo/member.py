"""A client of GitHub's REST API for one member of the organization."""

import itertools
from dataclasses import dataclass
from typing import Any, cast

from sandbox import http_client
from sandbox.organization import User
from sandbox.servers import Servers

_PAGE = 100
"""The most that a page of GitHub's has."""


@dataclass(frozen=True)
class Member:
    """The REST API as one user, with the user's token."""

    servers: Servers
    user: User

    def get(self, path: str) -> dict[str, Any]:
        """Return a document, such as `/repos/acme/mlops-platform`."""
        return cast("dict[str, Any]", self._call("GET", path))

    def listed(self, path: str) -> list[dict[str, Any]]:
        """Return a list of documents."""
        return cast("list[dict[str, Any]]", self._call("GET", path))

    def send(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send a request that creates or changes something, and return the response."""
        return cast("dict[str, Any]", self._call(method, path, body))

    def repositories(self, organization: str, beginning: str) -> list[dict[str, Any]]:
        """Return the repositories of an organization whose full names begin so, by name."""
        found: list[dict[str, Any]] = []
        for page in itertools.count(1):
            listed = self.listed(f"/orgs/{organization}/repos?per_page={_PAGE}&page={page}")
            found += [each for each in listed if str(each["full_name"]).startswith(beginning)]
            if len(listed) < _PAGE:
                break
        return sorted(found, key=lambda each: str(each["full_name"]))

    def runs(self, repository: str, workflow: str | None = None) -> list[dict[str, Any]]:
        """Return the runs of a workflow, or of all of a repository's, oldest first."""
        place = "actions" if workflow is None else f"actions/workflows/{workflow}"
        found = self.get(f"/repos/{repository}/{place}/runs?per_page=100")["workflow_runs"]
        return sorted(cast("list[dict[str, Any]]", found), key=lambda run: int(run["id"]))

    def run(self, repository: str, number: int) -> dict[str, Any]:
        """Return a run by its id."""
        return self.get(f"/repos/{repository}/actions/runs/{number}")

    def text(self, path: str) -> str:
        """Return a text, such as a job's log."""
        return http_client.text(self.servers, "GET", self._url(path), self._headers)

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> object:
        return http_client.call(self.servers, method, self._url(path), self._headers, body)

    def _url(self, path: str) -> str:
        return f"{self.servers.github.url}/api/v3{path}"

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.servers.tokens[self.user.login]}"}
