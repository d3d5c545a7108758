"""`drift-issue`: the one open issue about the drift of a stack, in the repository whose workflow asks for it."""

import http.client
from collections.abc import Mapping
from urllib.parse import urlencode

from bootstrap import github
from bootstrap.errors import BootstrapError

LABEL = "drift"
"""Only who may write to the repository labels issues: nobody else opens one that is taken for the workflow's."""
VARIABLES = ("GITHUB_API_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_SERVER_URL", "GITHUB_TOKEN")
"""Variables of a job, the last of which its workflow sets."""


def tell(stack: str, differences: str, variables: Mapping[str, str]) -> str:
    """Open an issue about differences or change it, close it if there are none, and return a line that says so.

    Args:
        stack: name of the stack.
        differences: lines of Markdown; empty if there are none.
        variables: those of the workflow's job, with its token.

    Raises:
        BootstrapError: a variable is missing, or GitHub refuses a request.
    """
    if missing := [name for name in VARIABLES if not variables.get(name)]:
        raise BootstrapError(f"Run this in a workflow: {', '.join(missing)} must be set.")
    server = github.Server.at(variables["GITHUB_SERVER_URL"], api_url=variables["GITHUB_API_URL"])
    issues, token = f"/repos/{variables['GITHUB_REPOSITORY']}/issues", variables["GITHUB_TOKEN"]
    title = f"Drift of {stack}"
    query = urlencode({"labels": LABEL, "state": "open", "per_page": "100"})
    listed = _accepted(github.get(server, f"{issues}?{query}", token)).items
    # GitHub's list of issues has pull requests, too.
    found = next((each for each in listed if each["title"] == title and "pull_request" not in each), None)
    if not differences:
        if found is None:
            return f"{stack} has no drift."
        _accepted(github.send(server, "PATCH", f"{issues}/{found['number']}", token, {"state": "closed"}))
        return f"{stack} has no drift any more: closed {found['html_url']}"
    text = {"title": title, "body": _body(stack, differences, variables)}
    if found is None:
        made = _accepted(github.send(server, "POST", issues, token, {**text, "labels": [LABEL]}))
        return f"{stack} has drift: opened {made.body['html_url']}"
    _accepted(github.send(server, "PATCH", f"{issues}/{found['number']}", token, text))
    return f"{stack} still has drift: changed {found['html_url']}"


def _body(stack: str, differences: str, variables: Mapping[str, str]) -> str:
    run = f"{variables['GITHUB_SERVER_URL']}/{variables['GITHUB_REPOSITORY']}/actions/runs/{variables['GITHUB_RUN_ID']}"
    return (
        f"The account of `{stack}` differs from what main declares. To make them equal, these would change, as "
        f"[last seen]({run}):\n\n{differences}\n\n"
        "If a deployment of main failed, or waits for its reviewer, these are its changes: end it. Otherwise somebody changed the "
        "account beside the program: take that back there, or declare it. CloudTrail says who it was. This issue is closed when "
        "nothing differs any more."
    )


def _accepted(answer: github.Answer) -> github.Answer:
    if answer.status not in (http.client.OK, http.client.CREATED):
        raise BootstrapError(
            f"GitHub answered {answer.status}: {github.explain(answer)}. The job needs the permission issues: write, and the "
            "repository its issues (Settings, General, Features)."
        )
    return answer
