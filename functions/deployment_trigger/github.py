"""Runs of workflows at GitHub; the shared client starts them."""

from collections.abc import Sequence

from functions.deployment_trigger.package import Approval
from functions.shared.github_api.changes import Changes
from functions.shared.github_api.values import Json, items, nested, text

_NEWEST_RUNS = 100
"""Newest runs of a repository among which an approval's run is searched."""


class GitHub(Changes):
    """The runs of a repository's workflows, and proposals to it."""

    def run_of(self, repository: str, workflow: str, approval: Approval) -> str | None:
        """Return the address of the approval's run, whose title carries its id; None when there is none."""
        found = self._run_of(repository, workflow, approval)
        return None if found is None else text(found, "html_url")

    def tested_commit(self, repository: str, workflow: str, approval: Approval, url: str | None) -> str | None:
        """Return the commit whose run for the approval succeeded; None as long as it has not.

        With `url`, only the run at that address counts: everybody who may write can give another one the same title.
        """
        run = self._run_of(repository, workflow, approval, url)
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

    def _run_of(self, repository: str, workflow: str, approval: Approval, url: str | None = None) -> Json | None:
        path = f"/repos/{repository}/actions/workflows/{workflow}/runs?event=workflow_dispatch&per_page={_NEWEST_RUNS}"
        for run in items((self.get(path) or {}).get("workflow_runs")):
            if approval.id in text(run, "display_title").split() and url in (None, text(run, "html_url")):
                return run
        return None
