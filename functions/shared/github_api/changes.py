"""Branches and pull requests by which the platform proposes changes."""

import json

from functions.shared.github_api.client import Client
from functions.shared.github_api.errors import GitHubError
from functions.shared.github_api.values import items, nested, quoted, reason, text


class Changes(Client):
    """The branches and pull requests of repositories."""

    def branch_commit(self, full_name: str, branch: str) -> str | None:
        """Return the SHA of the branch's last commit; None while there is no such branch."""
        status, found = self.send("GET", f"/repos/{full_name}/branches/{quoted(branch)}", accept=(200, 404, 409))
        return text(nested(found.get("commit")), "sha") if status == 200 else None

    def create_branch(self, full_name: str, branch: str, commit: str) -> None:
        """Create a branch at the commit; nothing happens when it exists."""
        body = {"ref": f"refs/heads/{branch}", "sha": commit}
        status, answer = self.send("POST", f"/repos/{full_name}/git/refs", body, accept=(201, 422))
        if status == 422 and "already exists" not in json.dumps(answer):
            raise GitHubError(f"GitHub does not make branch {branch} of {full_name}: {reason(answer)}", status)

    def open_pull_request(self, full_name: str, branch: str, base: str, title: str, body: str) -> None:
        """Open a pull request for the branch; nothing happens when there is one."""
        status, answer = self.send(
            "POST",
            f"/repos/{full_name}/pulls",
            {"head": branch, "base": base, "title": title, "body": body},
            accept=(201, 422),
        )
        if status == 422 and "already exists" not in json.dumps(answer):
            raise GitHubError(f"GitHub does not open the pull request in {full_name}: {reason(answer)}", status)

    def pull_requests(self, full_name: str, base: str, state: str) -> list[dict[str, object]]:
        """Return the pull requests to a branch whose state is `open`, `closed` or `all`, the newest first.

        As many as a page holds: older ones are not looked for.
        """
        path = f"/repos/{full_name}/pulls?state={state}&base={quoted(base)}&per_page=100"
        _, found = self.send("GET", path, accept=(200,))
        return [dict(each) for each in items(found.get(""))]

    def close_pull_request(self, full_name: str, number: int) -> None:
        """Close a pull request."""
        self.send("PATCH", f"/repos/{full_name}/pulls/{number}", {"state": "closed"}, accept=(200,))
