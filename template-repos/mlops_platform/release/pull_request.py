"""Propose an earlier version, or the end of production, by a pull request to the branch that releases.

A person opens it, and a release manager approves it. So a release manager who opens one needs another release manager.
"""

import base64
import json
import os
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from mlops_platform.release import DeploymentError
from mlops_platform.release.production import FILE, RETIRED
from mlops_platform.release.rollback import RefusedError, Repository, answer

_NEWEST_CHANGES = 100
"""Newest changes of the file among which an earlier version is looked for."""
_PROPOSALS = 20
"""Most proposals of the same for the same commit."""


def propose_version(repository: Repository, branch: str, arn: str, environment: Mapping[str, str] = os.environ) -> str:
    """Propose a version that was released by such a pull request before, and return the address of the pull request.

    Raises:
        DeploymentError: it never was, so that nothing here says which artifact was approved; there is no token, or GitHub refuses.
    """
    path = f"commits?sha={branch}&path={FILE.name}&per_page={_NEWEST_CHANGES}"
    for commit in _get(repository, environment, path):
        content = _content(repository, environment, commit["sha"])
        if content is not None and _version(content) == arn:
            return _propose(repository, branch, content, f"Go back to {arn}", environment)
    raise DeploymentError(
        f"{arn} is in none of the newest {_NEWEST_CHANGES} changes of {FILE.name} on {branch}, which begin when the project got that "
        "branch. To release it again, a lead sets it to Rejected and then to Approved in the model registry: preproduction tests it, "
        "and the platform proposes it within a quarter of an hour after that"
    )


def propose_retirement(repository: Repository, branch: str, environment: Mapping[str, str] = os.environ) -> str:
    """Propose to retire production, and return the address of the pull request.

    Raises:
        DeploymentError: there is no token, or GitHub refuses.
    """
    content = json.dumps(RETIRED, indent=2) + "\n"
    return _propose(repository, branch, content, "Retire production", environment)


def _propose(repository: Repository, branch: str, content: str, title: str, environment: Mapping[str, str]) -> str:
    """Open the pull request, or return the one that says the same of the same commit and is open."""
    head = _get(repository, environment, f"git/ref/heads/{branch}")["object"]["sha"]
    stem = f"release-{title.lower().replace(' ', '-').rpartition('/')[2]}-{head[:12]}"
    for name in (stem, *(f"{stem}-{number}" for number in range(2, _PROPOSALS + 1))):
        if _begin(repository, name, head, environment):
            return _open(repository, branch, name, content, title, environment)
        # Somebody proposed it before: they wait, or it was closed, or they were interrupted.
        path = f"pulls?state=open&base={branch}&head={repository.name.partition('/')[0]}:{name}"
        for pull in _get(repository, environment, path):
            return pull["html_url"]
    raise DeploymentError(
        f"{stem} and {_PROPOSALS - 1} more branches of that name exist: delete those that nobody needs"
    )


def _begin(repository: Repository, name: str, head: str, environment: Mapping[str, str]) -> bool:
    """Create a branch; False if its name is taken."""
    try:
        answer(repository, environment, "git/refs", {"ref": f"refs/heads/{name}", "sha": head})
    except RefusedError as error:
        # Source: GitHub Docs, REST API, "Create a reference"; the words as people quote them.
        if error.status == HTTPStatus.UNPROCESSABLE_ENTITY and "already exists" in error.reason:
            return False
        raise
    return True


def _open(
    repository: Repository, branch: str, name: str, content: str, title: str, environment: Mapping[str, str]
) -> str:
    body = {"message": title, "content": base64.b64encode(content.encode()).decode(), "branch": name}
    # No release was approved here yet, if there is none.
    if (file := _file(repository, environment, name)) is not None:
        body["sha"] = file["sha"]
    answer(repository, environment, f"contents/{FILE.name}", body, method="PUT")
    opened = {
        "title": title,
        "head": name,
        "base": branch,
        "body": f"Production gets this when a release manager approves it: {title}.",
    }
    return json.loads(answer(repository, environment, "pulls", opened))["html_url"]


def _version(content: str) -> object:
    try:
        found: Any = json.loads(content)
    except ValueError:
        return None
    return found.get("model_package_arn") if isinstance(found, dict) else None


def _content(repository: Repository, environment: Mapping[str, str], commit: str) -> str | None:
    file = _file(repository, environment, commit)
    return None if file is None else base64.b64decode(file["content"]).decode()


def _file(repository: Repository, environment: Mapping[str, str], ref: str) -> Any:
    """Return the file at a commit or branch; None if it has none."""
    try:
        return _get(repository, environment, f"contents/{FILE.name}?ref={ref}")
    except RefusedError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
    return None


def _get(repository: Repository, environment: Mapping[str, str], path: str) -> Any:
    return json.loads(answer(repository, environment, path))
