"""Propose an earlier version, or the end of production, by a pull request to the branch that releases.

A person opens it, and a release manager approves it. So a release manager who opens one needs another release manager.
"""

import base64
import json
import os
from collections.abc import Mapping
from typing import Any

from mlops_platform.release import DeploymentError
from mlops_platform.release.production import FILE, RETIRED
from mlops_platform.release.rollback import Repository, answer

_NEWEST_CHANGES = 100
"""Newest changes of the file among which an earlier version is looked for."""


def propose_version(repository: Repository, branch: str, arn: str, environment: Mapping[str, str] = os.environ) -> str:
    """Propose a version that was released before, and return the address of the pull request.

    Raises:
        DeploymentError: it never was, there is no token, or GitHub refuses.
    """
    path = f"commits?sha={branch}&path={FILE.name}&per_page={_NEWEST_CHANGES}"
    for commit in _get(repository, environment, path):
        content = _content(repository, environment, commit["sha"])
        if json.loads(content).get("model_package_arn") == arn:
            return _propose(repository, branch, content, f"Go back to {arn}", environment)
    raise DeploymentError(
        f"{arn} was never released to production, so there is nothing to go back to: approve it in the model registry, and it is proposed"
    )


def propose_retirement(repository: Repository, branch: str, environment: Mapping[str, str] = os.environ) -> str:
    """Propose to retire production, and return the address of the pull request.

    Raises:
        DeploymentError: there is no token, or GitHub refuses.
    """
    content = json.dumps(RETIRED, indent=2) + "\n"
    return _propose(repository, branch, content, "Retire production", environment)


def _propose(repository: Repository, branch: str, content: str, title: str, environment: Mapping[str, str]) -> str:
    head = _get(repository, environment, f"git/ref/heads/{branch}")["object"]["sha"]
    name = f"release-{title.lower().replace(' ', '-').rpartition('/')[2]}-{head[:12]}"
    answer(repository, environment, "git/refs", {"ref": f"refs/heads/{name}", "sha": head})
    file = _get(repository, environment, f"contents/{FILE.name}?ref={name}")
    encoded = base64.b64encode(content.encode()).decode()
    body = {"message": title, "content": encoded, "branch": name, "sha": file["sha"]}
    answer(repository, environment, f"contents/{FILE.name}", body, method="PUT")
    opened = {
        "title": title,
        "head": name,
        "base": branch,
        "body": f"Production gets this when a release manager approves it: {title}.",
    }
    return json.loads(answer(repository, environment, "pulls", opened))["html_url"]


def _content(repository: Repository, environment: Mapping[str, str], commit: str) -> str:
    file = _get(repository, environment, f"contents/{FILE.name}?ref={commit}")
    return base64.b64decode(file["content"]).decode()


def _get(repository: Repository, environment: Mapping[str, str], path: str) -> Any:
    return json.loads(answer(repository, environment, path))
