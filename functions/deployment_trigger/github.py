"""Runs of workflows at GitHub; the shared client starts them."""

import urllib.parse
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property

from functions.deployment_trigger.package import Approval
from functions.shared.github_api.changes import Changes
from functions.shared.github_api.values import Json, items, nested, quoted, text

_EVENT = "workflow_dispatch"
_NEWEST_RUNS = 100
"""Newest runs that the platform's account started, among which an approval's run is searched."""


class GitHub(Changes):
    """The runs of a repository's workflows, and proposals to it.

    Everybody who may write can start a workflow, of a branch of their own, and choose its run's title. So a run is an approval's, or
    a retraining's, only if the platform's account started it, at a commit of the branch itself. Who repeats it does not matter: a repeated run has
    the same commit, and keeps its actor. Source: GitHub Docs, "Contexts reference", `github.actor`.
    """

    @cached_property
    def account(self) -> str:
        """Login of the platform's account, to which the credential belongs."""
        _, found = self.send("GET", "/user", accept=(200,))
        return text(found, "login")

    @property
    def credential_ends(self) -> datetime | None:
        """The time at which GitHub ends the credential; None: never, as far as it tells."""
        # What it tells comes with each answer, and this one needs no project.
        return self.token_ends if self.account else None

    def run_of(self, repository: str, workflow: str, branch: str, run_id: str) -> str | None:
        """Return the address of the run whose title carries an id; None when there is none."""
        found = self._run_of(repository, workflow, branch, run_id)
        return None if found is None else text(found, "html_url")

    def tested_commit(
        self, repository: str, workflow: str, branch: str, approval: Approval, url: str | None
    ) -> str | None:
        """Return the commit whose run for the approval succeeded; None as long as it has not.

        With `url`, only the run at that address counts.
        """
        run = self._run_of(repository, workflow, branch, approval.id, url)
        return text(run, "head_sha") if run is not None and text(run, "conclusion") == "success" else None

    def commit_file(
        self, repository: str, path: str, content: str, message: str, *, tree_of: str, parents: Sequence[str]
    ) -> str:
        """Make a commit with one file changed from the commit `tree_of`, on no branch yet, and return its SHA."""
        place = f"/repos/{repository}/git"
        _, found = self.send("GET", f"{place}/commits/{tree_of}", accept=(200,))
        entry = {"path": path, "mode": "100644", "type": "blob", "content": content}
        base = text(nested(found.get("tree")), "sha")
        _, tree = self.send("POST", f"{place}/trees", {"base_tree": base, "tree": [entry]}, accept=(201,))
        body = {"message": message, "tree": text(tree, "sha"), "parents": list(parents)}
        _, commit = self.send("POST", f"{place}/commits", body, accept=(201,))
        return text(commit, "sha")

    def _run_of(self, repository: str, workflow: str, branch: str, run_id: str, url: str | None = None) -> Json | None:
        found = self._listed(repository, workflow, branch) if url is None else self._at(repository, url)
        for run in found:
            if (
                run_id in text(run, "display_title").split()
                and url in (None, text(run, "html_url"))
                and self._started_by_platform(run, branch)
                and self._is_of_branch(repository, branch, text(run, "head_sha"))
            ):
                return run
        return None

    def _listed(self, repository: str, workflow: str, branch: str) -> list[Json]:
        # GitHub leaves out what others started, which could fill the page; what it lists is compared all the same.
        asked = {"event": _EVENT, "branch": branch, "actor": self.account, "per_page": _NEWEST_RUNS}
        path = f"/repos/{repository}/actions/workflows/{workflow}/runs?{urllib.parse.urlencode(asked)}"
        return items((self.get(path) or {}).get("workflow_runs"))

    def _at(self, repository: str, url: str) -> Iterator[Json]:
        if run := self.get(f"/repos/{repository}/actions/runs/{quoted(url.rpartition('/')[2])}"):
            yield run

    def _started_by_platform(self, run: Json, branch: str) -> bool:
        actor = text(nested(run.get("actor")), "login")
        return (text(run, "event"), text(run, "head_branch"), actor) == (_EVENT, branch, self.account)

    def _is_of_branch(self, repository: str, branch: str, commit: str) -> bool:
        """Whether the branch has the commit: a tag of the branch's name would have its runs listed as the branch's."""
        last = self.branch_commit(repository, branch)
        compared = self.get(f"/repos/{repository}/compare/{commit}...{last}") if commit and last else None
        return compared is not None and text(compared, "status") in ("ahead", "identical")
