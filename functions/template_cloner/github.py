"""The client of GitHub's REST API that a launch uses; users, environments and rules are in modules of their own."""

import base64
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from functions.shared.github_api.changes import Changes
from functions.shared.github_api.errors import GitHubError
from functions.shared.github_api.values import nested, number, quoted, reason, text
from functions.template_cloner.github_environments import Environments
from functions.template_cloner.github_rules import Rules
from functions.template_cloner.github_teams import Teams
from functions.template_cloner.github_users import Users


@dataclass(frozen=True, kw_only=True)
class Repository:
    """The properties of a repository that a launch uses."""

    full_name: str
    repository_id: int
    owner_id: int
    description: str
    default_branch: str
    is_template: bool
    archived: bool
    template: str | None
    """Full name of the repository that it was made from."""


@dataclass(frozen=True, kw_only=True)
class File:
    """A file on a branch."""

    text: str
    sha: str


class GitHub(Users, Teams, Environments, Rules, Changes):
    """The repositories of an organization, with their environments, rules and users."""

    def repository(self, full_name: str) -> Repository | None:
        """Return the repository that has this name now; None when there is none."""
        status, found = self.send("GET", f"/repos/{full_name}", accept=(200, 301, 404))
        if status != 200:
            return None
        template = found.get("template_repository")
        return Repository(
            full_name=text(found, "full_name"),
            repository_id=number(found, "id"),
            owner_id=number(nested(found.get("owner")), "id"),
            description=text(found, "description"),
            default_branch=text(found, "default_branch"),
            is_template=found.get("is_template") is True,
            archived=found.get("archived") is True,
            template=text(nested(template), "full_name") if template else None,
        )

    def generate(self, template: str, organization: str, name: str, description: str) -> bool:
        """Create a private repository from a template; False when the name is taken."""
        status, answer = self.send(
            "POST",
            f"/repos/{template}/generate",
            {"owner": organization, "name": name, "description": description, "private": True},
            accept=(201, 422),
        )
        if status == 422 and "already exists" not in json.dumps(answer):
            raise GitHubError(f"GitHub does not make {organization}/{name} from {template}: {reason(answer)}", status)
        return status == 201

    def file(self, full_name: str, path: str, branch: str) -> File | None:
        """Return the file on the branch; None when it has no such file."""
        found = self.get(f"/repos/{full_name}/contents/{path}?ref={quoted(branch)}")
        if found is None:
            return None
        return File(text=base64.b64decode(text(found, "content")).decode(), sha=text(found, "sha"))

    def write_file(self, full_name: str, path: str, branch: str, text: str, message: str, sha: str | None) -> bool:
        """Commit the file; `sha` names the version that it replaces. False when another commit was faster."""
        body: dict[str, object] = {
            "message": message,
            "content": base64.b64encode(text.encode()).decode(),
            "branch": branch,
        }
        if sha is not None:
            body["sha"] = sha
        status, answer = self.send("PUT", f"/repos/{full_name}/contents/{path}", body, accept=(200, 201, 409, 422))
        if status in (409, 422) and "rule violations" in json.dumps(answer).lower():
            raise GitHubError(
                f"a ruleset does not let the platform's credential commit to {branch} of {full_name}: "
                f"{reason(answer)}; its owner must be the account that github.platformUser names in the platform's settings",
                status,
            )
        if status == 422 and "sha" not in json.dumps(answer).lower():
            raise GitHubError(f"GitHub does not accept {path} in {full_name}: {reason(answer)}", status)
        return status in (200, 201)

    def delete_repository(self, full_name: str) -> None:
        """Delete the repository; nothing happens when it is gone."""
        self.send("DELETE", f"/repos/{full_name}", accept=(204, 404))

    def archive_repository(self, full_name: str) -> None:
        """Make the repository read-only."""
        self.send("PATCH", f"/repos/{full_name}", {"archived": True}, accept=(200,))

    def delete_branch(self, full_name: str, branch: str) -> None:
        """Delete a branch; nothing happens when it is gone."""
        # 422: there is no such branch. Source: GitHub Docs, "REST API endpoints for Git references".
        self.send("DELETE", f"/repos/{full_name}/git/refs/heads/{branch}", accept=(204, 404, 422))

    def open_pull_requests(self, full_name: str, base: str) -> Mapping[str, int]:
        """Return the numbers of the newest hundred open pull requests of the repository's own branches, by branch."""
        found = self.pull_requests(full_name, base, "open")
        heads = [(nested(pull.get("head")), number(pull, "number")) for pull in found]
        # A fork may call its branches as it likes; one that is gone has no name.
        return {
            text(head, "ref"): pull
            for head, pull in heads
            if text(nested(head.get("repo")), "full_name").lower() == full_name.lower()
        }

    def merge_commits(self, full_name: str, base: str) -> Collection[str]:
        """Return the commits by which the newest pull requests to a branch were merged; a hundred that are closed are looked at."""
        found = self.pull_requests(full_name, base, "closed")
        return {text(pull, "merge_commit_sha") for pull in found if pull.get("merged_at")}

    def is_part(self, full_name: str, commit: str, branch: str) -> bool:
        """Return whether a commit is the branch's last one, or one before it.

        Source: GitHub Docs, REST API, "Compare two commits".
        """
        found = self.get(f"/repos/{full_name}/compare/{quoted(branch)}...{commit}?per_page=1")
        return found is not None and text(found, "status") in ("behind", "identical")

    def was_dispatched(self, full_name: str, workflow: str) -> bool:
        """Whether the workflow was started by a dispatch before."""
        found = self.get(f"/repos/{full_name}/actions/workflows/{workflow}/runs?event=workflow_dispatch&per_page=1")
        return found is not None and number(found, "total_count") > 0
