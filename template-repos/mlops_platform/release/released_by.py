"""Say who released a deployment to production, and refuse one that was released by somebody who writes to the repository.

GitHub holds the job until a release manager lets it in, or merges nothing into the branch that releases before one approves it; this
step is the evidence of it, in the run's summary, and a check of what may have changed since. Its output `released_by` is for the
account's release function, which compares it with the account's settings. Needs only the standard library:
`python3 -m mlops_platform.release.released_by prod`.
"""

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mlops_platform.project.summary import fail
from mlops_platform.release import project
from mlops_platform.release.project import MAIN

_WRITES = ("admin", "write")
"""Permissions that include writing. Source: GitHub REST API, "Get repository permissions for a user"."""


class ReleaseError(Exception):
    """The release does not count; the message says why, and what to do."""


def released_by(environment: str, run: str, get: Callable[[str], Any]) -> list[str]:
    """Return the logins of those who let the run into the environment, in any of its attempts; none if it waits for nobody.

    Raises:
        ReleaseError: one of them may write to the repository.
    """
    reviews = [
        review
        for review in get(f"/actions/runs/{run}/approvals")
        if review["state"] == "approved" and environment in [each["name"] for each in review["environments"]]
    ]
    logins = sorted({str(review["user"]["login"]) for review in reviews})
    for login in logins:
        permission = get(f"/collaborators/{quote(login)}/permission")["permission"]
        if permission in _WRITES:
            raise ReleaseError(
                f"{login} released this to {environment} and may write to this repository ({permission}): one person could "
                "do both. Take that away, update the project in Service Catalog, and deploy again"
            )
    return logins


def approved_by(
    branch: str, commit: str, managers: Collection[str], get: Callable[[str], Any]
) -> tuple[list[str], str]:
    """Return the logins of those who approved the pull request by which a commit reached the branch that releases, and a line of it.

    GitHub demands the approval of one of the `managers`; those of others do not release, and are named only if nobody's else is.

    Raises:
        ReleaseError: the branch has gone on, so that this repeats an earlier release; or nobody approved it.
    """
    if get(f"/branches/{quote(branch, safe='')}")["commit"]["sha"] != commit:
        raise ReleaseError(
            f"{branch} has gone on since {commit}: whoever repeats this run would take production back alone. Propose the version "
            "by a pull request (`make rollback VERSION=…`)"
        )
    merged = [
        pull
        for pull in get(f"/pulls?state=closed&base={quote(branch, safe='')}&per_page=100")
        if pull["merged_at"] and pull["merge_commit_sha"] == commit
    ]
    for pull in merged:
        author, latest = pull["user"]["login"], dict[str, str]()
        for review in get(f"/pulls/{pull['number']}/reviews?per_page=100"):
            if review["state"] != "COMMENTED":
                latest[review["user"]["login"]] = review["state"]
        logins = sorted(login for login, state in latest.items() if state == "APPROVED" and login != author)
        if logins:
            known = {login.lower() for login in managers}
            logins = [login for login in logins if login.lower() in known] or logins
            link = f"[pull request {pull['number']}]({pull['html_url']})"
            return logins, f"Released to prod by {', '.join(logins)}, who approved {link} of {author}.\n"
    raise ReleaseError(
        f"nobody approved a pull request by which {commit} reached {branch}: look at the rules of that branch"
    )


def summary(environment: str, logins: list[str]) -> str:
    """Return a line for the run's summary."""
    if logins:
        return f"Released to {environment} by {', '.join(logins)}.\n"
    return (
        f"**Nobody released this to {environment}**: its environment waits for nobody, as the platform's settings say for a "
        "trial (`workload.release: unprotected`).\n"
    )


def main(environment: str, variables: Mapping[str, str]) -> None:
    """Write to the summary of the run that executes this, and to the outputs of its step.

    Raises:
        ReleaseError: the release does not count, or GitHub does not tell.
    """

    def get(path: str) -> Any:
        request = urllib.request.Request(
            f"{variables['GITHUB_API_URL']}/repos/{variables['GITHUB_REPOSITORY']}{path}",
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {variables['GITHUB_TOKEN']}",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise ReleaseError(f"GitHub does not tell who released this ({error.code} for {path})") from None

    if (branch := variables["GITHUB_REF_NAME"]) == MAIN:
        logins = released_by(environment, variables["GITHUB_RUN_ID"], get)
        line = summary(environment, logins)
    else:
        managers = project.read().environments[environment].release_managers
        logins, line = approved_by(branch, variables["GITHUB_SHA"], managers, get)
    with Path(variables["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as file:
        file.write(line)
    with Path(variables["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as file:
        file.write(f"released_by={','.join(logins)}\n")


if __name__ == "__main__":
    try:
        main(sys.argv[1], os.environ)
    except ReleaseError as error:
        fail(error)
