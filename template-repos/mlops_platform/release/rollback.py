"""Roll back: start the deployment workflow with an earlier version, which is deployed like any other."""

import json
import os
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlops_platform.release import DeploymentError
from mlops_platform.release.project import Project
from mlops_platform.release.version import version_of

WORKFLOW = "deploy.yml"
REMOTE = re.compile(r"(?:https?://|ssh://)?(?:[^@/]+@)?([^:/]+(?::\d+)?)[:/](.+?/.+?)(?:\.git)?/?")


class RefusedError(DeploymentError):
    """GitHub refused a request."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"GitHub answered {status}: {reason}")
        self.status = status
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Repository:
    """This repository on GitHub."""

    name: str
    """`organization/repository`."""
    server_url: str
    api_url: str


def arn_of(project: Project, wanted: str) -> str:
    """Return the ARN of a version that is given by its number or its ARN.

    Raises:
        DeploymentError: it is neither, or not of this project.
    """
    if re.fullmatch(r"[1-9]\d*", wanted):
        return project.package_arn(int(wanted))
    if not wanted.startswith("arn:"):
        raise DeploymentError(f"say which version to go back to, such as VERSION=1; {wanted!r} is none")
    version_of(project, wanted)
    return wanted


def this_repository(folder: Path, environment: Mapping[str, str] = os.environ) -> Repository:
    """Return a checkout's repository, from the workflow's variables or from the remote that git knows.

    Raises:
        DeploymentError: neither names it.
    """
    if environment.get("GITHUB_REPOSITORY"):
        return Repository(
            name=environment["GITHUB_REPOSITORY"],
            server_url=environment.get("GITHUB_SERVER_URL", "https://github.com"),
            api_url=environment.get("GITHUB_API_URL", "https://api.github.com"),
        )
    command = ["git", "remote", "get-url", "origin"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    match = REMOTE.fullmatch(done.stdout.strip())
    if not match:
        raise DeploymentError("git knows no remote called origin; set GITHUB_REPOSITORY to organization/repository")
    host, name = match.groups()
    # Source: GitHub Docs, "Getting started with the REST API"; SUBDOMAIN.ghe.com has data residency.
    in_cloud = host == "github.com" or host.endswith(".ghe.com")
    own = f"https://api.{host}" if in_cloud else f"https://{host}/api/v3"
    return Repository(name=name, server_url=f"https://{host}", api_url=environment.get("GITHUB_API_URL", own))


def unfinished(repository: Repository, environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return the addresses of the workflow's runs that have not ended: one after another, they come first.

    Raises:
        DeploymentError: there is no token, or GitHub refuses.
    """
    runs = json.loads(answer(repository, environment, f"actions/workflows/{WORKFLOW}/runs?per_page=30"))
    return [run["html_url"] for run in runs["workflow_runs"] if run["status"] != "completed"]


def dispatch(repository: Repository, arn: str, environment: Mapping[str, str] = os.environ) -> str:
    """Start the workflow, and return the address of its page.

    Raises:
        DeploymentError: there is no token, or GitHub refuses.
    """
    body = {"ref": "main", "inputs": {"model_package_arn": arn}}
    answer(repository, environment, f"actions/workflows/{WORKFLOW}/dispatches", body)
    return f"{repository.server_url.rstrip('/')}/{repository.name}/actions/workflows/{WORKFLOW}"


def answer(
    repository: Repository,
    environment: Mapping[str, str],
    path: str,
    body: Mapping[str, object] | None = None,
    *,
    method: str | None = None,
) -> bytes:
    """Send a request about the repository, by default a POST if it has a body, and return what GitHub answers.

    Raises:
        RefusedError: GitHub refuses.
        DeploymentError: there is no token, or GitHub does not answer.
    """
    token = environment.get("GITHUB_TOKEN")
    if not token:
        raise DeploymentError("set GITHUB_TOKEN to a token that may start this repository's workflows (Actions: write)")
    request = urllib.request.Request(
        f"{repository.api_url.rstrip('/')}/repos/{repository.name}/{path}",
        data=json.dumps(body).encode() if body else None,
        method=method,
        headers={
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "User-Agent": "model-deployment",
            "X-GitHub-Api-Version": "2022-11-28",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.read()
    except urllib.error.HTTPError as error:
        with error:
            raise RefusedError(error.code, _message(error)) from None
    except OSError as error:
        raise DeploymentError(f"GitHub at {repository.api_url} does not answer: {error}") from None


def _message(error: urllib.error.HTTPError) -> str:
    try:
        return json.loads(error.read())["message"]
    except (ValueError, KeyError, TypeError):
        return error.reason
