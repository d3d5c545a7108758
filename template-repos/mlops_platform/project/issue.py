"""Keep one issue about the runs of a workflow that fail, so that those who watch the repository are told.

GitHub tells of a run only whoever started it, and nobody reads what it tells the platform's account.
Source: GitHub Docs, "Notifications for workflow runs". Needs only the standard library:
`python3 -m mlops_platform.project.issue RESULTS TITLE TEXT`, with the results of the run's jobs.
"""

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

LABEL = "failed-run"
"""Only who may triage or write labels issues: nobody else opens one that is taken for a workflow's."""
FAILED = frozenset({"failure", "cancelled"})
"""Results of a job that failed. One that ran out of its time is cancelled. Source: tenstorrent/tt-metal, pull request 36611."""


class RefusedError(Exception):
    """GitHub refuses a request; the message says what may be wrong."""


class Issues:
    """The issues of the repository whose workflow executes this, and the run itself."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        """Use the variables of the workflow's job, with its token."""
        repository, self._run = variables["GITHUB_REPOSITORY"], variables["GITHUB_RUN_ID"]
        self._page = f"{variables['GITHUB_SERVER_URL']}/{repository}/actions/runs/{self._run}"
        self._url = f"{variables['GITHUB_API_URL']}/repos/{repository}"
        self._token = variables["GITHUB_TOKEN"]

    def failed(self, title: str, text: str) -> str:
        """Open an issue about the run, or comment on the open one of that title, and return a line that says so.

        Nobody is told of a run that a reviewer rejected: that is a decision, and no failure. Those who let it in are named.

        Raises:
            RefusedError: GitHub refuses a request.
        """
        reviews = self._call("GET", f"/actions/runs/{self._run}/approvals")
        if any(review["state"] == "rejected" for review in reviews):
            return "a reviewer rejected the run: there is nothing to tell"
        body = f"{text}\n\nThe run: {self._page}\n"
        if released_by := sorted({f"@{review['user']['login']}" for review in reviews}):
            body += f"\nReleased by {', '.join(released_by)}.\n"
        if opened := self._opened(title):
            self._comment(opened, body)
            return f"commented on {opened['html_url']}"
        made = self._call("POST", "/issues", {"title": title, "body": body, "labels": [LABEL]})
        return f"opened {made['html_url']}"

    def succeeded(self, title: str) -> str:
        """Close the open issue of that title, and return a line that says so.

        Raises:
            RefusedError: GitHub refuses a request.
        """
        opened = self._opened(title)
        if opened is None:
            return "there is nothing to tell"
        self._comment(opened, f"This run succeeded: {self._page}\n")
        self._call("PATCH", f"/issues/{opened['number']}", {"state": "closed"})
        return f"closed {opened['html_url']}"

    def _opened(self, title: str) -> Any:
        listed = self._call("GET", f"/issues?labels={LABEL}&state=open&per_page=100")
        # GitHub's list of issues has pull requests, too.
        return next((each for each in listed if each["title"] == title and "pull_request" not in each), None)

    def _comment(self, issue: Any, body: str) -> None:
        self._call("POST", f"/issues/{issue['number']}/comments", {"body": body})

    def _call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        request = urllib.request.Request(
            f"{self._url}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/json",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise RefusedError(
                    f"GitHub answered {error.code} to {method} {path.partition('?')[0]}: the job needs the permissions actions: read "
                    "and issues: write, and the repository its issues (Settings, General, Features)"
                ) from None
        except OSError as error:
            raise RefusedError(f"GitHub cannot be reached: {error}") from None


def main(results: str, title: str, text: str, variables: Mapping[str, str]) -> None:
    """Tell of a run that failed, or that it is over; exits with 1 and a message if GitHub refuses to let a failure be told.

    Args:
        results: those of the run's jobs, with blanks between them.
        title: title of the issue.
        text: what a failure means, and what to do.
        variables: those of the workflow's job, with its token.
    """
    issues, failed = Issues(variables), bool(FAILED & set(results.split()))
    try:
        said = issues.failed(title, text) if failed else issues.succeeded(title)
    except RefusedError as refusal:
        if failed:
            sys.exit(str(refusal))
        # A run that did all it should stays green: the platform takes that for the evidence of a test.
        said = str(refusal)
    sys.stdout.write(f"{said}\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], os.environ)
