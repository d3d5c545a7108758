"""Open an issue about the run that executes this, so that those who watch the repository are told.

GitHub tells of a run only whoever started it, and nobody reads what it tells the platform's account.
Source: GitHub Docs, "Notifications for workflow runs". Needs only the standard library:
`python3 -m mlops_platform.project.issue TITLE TEXT`.
"""

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping


def main(title: str, text: str, variables: Mapping[str, str]) -> None:
    """Open an issue; exits with 1 and a message if GitHub refuses.

    Args:
        title: its title.
        text: its text, which a link to the run follows.
        variables: those of the workflow's job, with its token.
    """
    repository = variables["GITHUB_REPOSITORY"]
    run = f"{variables['GITHUB_SERVER_URL']}/{repository}/actions/runs/{variables['GITHUB_RUN_ID']}"
    request = urllib.request.Request(
        f"{variables['GITHUB_API_URL']}/repos/{repository}/issues",
        data=json.dumps({"title": title, "body": f"{text}\n\nThe run: {run}\n"}).encode(),
        headers={
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {variables['GITHUB_TOKEN']}",
            "Content-Type": "application/json",
            "X-GitHub-Api-Version": "2022-11-28",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            sys.stdout.write(f"opened {json.load(answer)['html_url']}\n")
    except urllib.error.HTTPError as error:
        with error:
            sys.exit(
                f"GitHub answered {error.code}: the job needs the permission issues: write, and the repository its issues "
                "(Settings, General, Features)"
            )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], os.environ)
