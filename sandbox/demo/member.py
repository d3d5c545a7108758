"""A client of GitHub's REST API for one member of the organization."""

from dataclasses import dataclass
from typing import Any, cast

from sandbox import http_client
from sandbox.organization import User
from sandbox.servers import Servers


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

    def runs(self, repository: str, workflow: str) -> list[dict[str, Any]]:
        """Return the runs of a workflow, oldest first."""
        found = self.get(f"/repos/{repository}/actions/workflows/{workflow}/runs?per_page=100")["workflow_runs"]
        return sorted(cast("list[dict[str, Any]]", found), key=lambda run: int(run["run_number"]))

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
