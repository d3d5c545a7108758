"""Runs of workflows at GitHub; the shared client starts them."""

from functions.deployment_trigger.package import Approval
from functions.shared.github_api.client import Client
from functions.shared.github_api.values import items, text

_NEWEST_RUNS = 100
"""Newest runs of a repository among which an approval's run is searched."""


class GitHub(Client):
    """The runs of a repository's workflows."""

    def run_of(self, repository: str, workflow: str, approval: Approval) -> str | None:
        """Return the address of the approval's run, whose title carries its id; None when there is none."""
        path = f"/repos/{repository}/actions/workflows/{workflow}/runs?event=workflow_dispatch&per_page={_NEWEST_RUNS}"
        runs = items((self.get(path) or {}).get("workflow_runs"))
        return next((text(run, "html_url") for run in runs if approval.id in text(run, "display_title").split()), None)
