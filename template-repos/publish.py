"""Publish the template repositories: one commit in each repository whose template has changed.

    GITHUB_TOKEN=… python template-repos/publish.py --organization acme --github-url https://github.com [kind …]
    python template-repos/publish.py --assemble FOLDER [kind …]      only write what would be published

A template is its own folder, the files of others and the parts of `mlops_platform/` that `templates.toml` lists, and
`template.toml` with its version.
The repositories themselves (`mlops-template-{kind}`) exist already. Needs git and the standard library.
"""

import argparse
import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

HERE = Path(__file__).resolve().parent
SHARED = "mlops_platform"
"""The folder of which every template carries some packages."""
TEMPLATES: dict[str, dict[str, Any]] = tomllib.loads((HERE / "templates.toml").read_text())
"""The kinds of template."""

SCOPES = {"repo": "write to the template repositories", "workflow": "write files in .github/workflows"}
"""Scopes that publishing needs, by what it does with them."""
CLASSIC_TOKENS = ("ghp_", "gho_")
"""Beginnings of tokens that have scopes. Source: GitHub Docs, "About authentication to GitHub", token formats."""
MAIN = "main"
"""The default branch of every template: workflows, rulesets and environments of projects name it."""
RENAME_SECONDS = 60
"""Longest time that GitHub may take to rename a branch in the background."""
TIMEOUT_SECONDS = 20

IGNORED = (".venv", "__pycache__", ".pytest_cache", ".ruff_cache")
"""Files that working in a template leaves behind."""

OF_ANOTHER_REPOSITORY = (
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_WORK_TREE",
)
"""Variables by which git tells its hooks about their repository. Source: `git rev-parse --local-env-vars`."""


class PublishError(Exception):
    """A template can't be published; the message says what to do."""


def main(arguments: list[str]) -> None:
    """Publish, or only assemble, the kinds that the command line names, or all."""
    parser = argparse.ArgumentParser(description="Publish the template repositories.")
    parser.add_argument("kinds", nargs="*", metavar="kind", help=f"default: all ({', '.join(TEMPLATES)})")
    parser.add_argument("--organization", help="GitHub organization that holds the template repositories")
    parser.add_argument("--github-url", default="https://github.com", help="address of the GitHub server")
    parser.add_argument("--github-api-url", help="its REST API (default: derived from the server)")
    parser.add_argument("--assemble", type=Path, metavar="FOLDER", help="write the templates below this folder instead")
    options = parser.parse_args(arguments)
    kinds: list[str] = options.kinds or list(TEMPLATES)
    if unknown := [kind for kind in kinds if kind not in TEMPLATES]:
        parser.error(f"there is no template {', '.join(unknown)}; there are {', '.join(TEMPLATES)}")
    if options.assemble:
        for kind in kinds:
            assemble(kind, options.assemble / kind)
        return
    if not options.organization:
        parser.error("--organization says where to publish")
    try:
        environment = git_environment(options.github_url, os.environ)
        api_url = (options.github_api_url or _api_url(options.github_url)).rstrip("/")
        token = os.environ["GITHUB_TOKEN"]
        require_scopes(options.github_url, api_url, token)
        for kind in kinds:
            repository = f"mlops-template-{kind}"
            url = f"{options.github_url.rstrip('/')}/{options.organization}/{repository}.git"
            rename = partial(rename_to_main, f"{api_url}/repos/{options.organization}/{repository}", token)
            sys.stdout.write(f"{repository}: {publish(kind, url, environment, rename)}\n")
    except PublishError as error:
        sys.exit(f"error: {error}")


def assemble(kind: str, folder: Path) -> str:
    """Write a template into a folder that does not exist yet, and return its version."""
    _copy(HERE / kind, folder)
    for other, paths in TEMPLATES[kind].get("shared", {}).items():
        for path in paths:
            _copy(HERE / other / path, folder / path)
    (folder / SHARED).mkdir()
    for file in filter(Path.is_file, (HERE / SHARED).iterdir()):
        shutil.copy(file, folder / SHARED)
    for part in TEMPLATES[kind]["parts"]:
        _copy(HERE / SHARED / part, folder / SHARED / part)
    version = _version(folder)
    (folder / "template.toml").write_text(
        "# Which template this repository was made from; an upgrade starts from here.\n"
        f'[template]\nkind = "{kind}"\nversion = "{version}"\n'
    )
    return version


def _copy(source: Path, target: Path) -> None:
    """Copy a file or a folder to where nothing is yet."""
    if target.exists():
        raise FileExistsError(f"{target} is a file of the template already")
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns(*IGNORED))
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)


def publish(kind: str, url: str, environment: dict[str, str], rename: Callable[[str], None]) -> str:
    """Push a template to main if it differs; returns what happened.

    An organization may have another default branch for new repositories, which `rename` renames to main.

    Raises:
        PublishError: git could not read from or write to the repository.
    """
    with tempfile.TemporaryDirectory() as temporary:
        clone = Path(temporary, "clone")
        assembled = Path(temporary, "assembled")
        version = assemble(kind, assembled)
        _git(environment, "clone", "--quiet", "--depth", "1", url, str(clone))
        branch = _git(environment, "symbolic-ref", "--short", "HEAD", folder=clone)
        if branch != MAIN:
            rename(branch)
        _git(environment, "rm", "-r", "--quiet", "--force", "--ignore-unmatch", ".", folder=clone)
        shutil.copytree(assembled, clone, dirs_exist_ok=True)
        _git(environment, "add", "--all", folder=clone)
        if not _git(environment, "status", "--porcelain", folder=clone):
            return f"unchanged, version {version}"
        _git(environment, "commit", "--quiet", "--message", f"Template {kind} {version}", folder=clone)
        _git(environment, "push", "--quiet", "origin", f"HEAD:refs/heads/{MAIN}", folder=clone)
        return f"published version {version}"


def git_environment(github_url: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of git, with the token for this one server: never in a URL, an argument or a file.

    Raises:
        PublishError: there is no token.
    """
    token = environment.get("GITHUB_TOKEN")
    if not token:
        raise PublishError("set GITHUB_TOKEN to a token that may write to the template repositories")
    credentials = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    settings = {
        f"http.{github_url.rstrip('/')}/.extraHeader": f"Authorization: Basic {credentials}",
        "credential.helper": "",
        "commit.gpgSign": "false",
        "core.autocrlf": "false",
        "user.name": "MLOps platform",
        "user.email": "mlops-platform@users.noreply.github.com",
    }
    # git's traces could show the header, and a hook's git would have these commands work on its own repository.
    inherited = {
        name: value
        for name, value in environment.items()
        if name not in ("GITHUB_TOKEN", *OF_ANOTHER_REPOSITORY) and not name.startswith("GIT_TRACE")
    }
    numbered = {"GIT_CONFIG_COUNT": str(len(settings)), "GIT_TERMINAL_PROMPT": "0"}
    for index, (key, value) in enumerate(settings.items()):
        numbered[f"GIT_CONFIG_KEY_{index}"] = key
        numbered[f"GIT_CONFIG_VALUE_{index}"] = value
    return {**inherited, **numbered}


def require_scopes(github_url: str, api_url: str, token: str) -> None:
    """Check that a classic token has the scopes that publishing needs; other tokens do not tell what they may do.

    Source: GitHub Docs, "Scopes for OAuth apps" (the header X-OAuth-Scopes).

    Raises:
        PublishError: a scope is missing, or the server rejects the token or cannot be reached.
    """
    server = urlsplit(github_url)
    if server.scheme not in ("http", "https"):
        return
    # GitHub answers 403 to an app's token, which has no scopes.
    status, listed = _request("GET", f"{api_url}/user", token)
    if status == 401:
        raise PublishError(f"{api_url} rejects the token in GITHUB_TOKEN")
    if listed is None or (not listed.strip() and not token.startswith(CLASSIC_TOKENS)):
        return
    held = {scope.strip() for scope in listed.split(",")}
    lacking = [f"`{scope}` to {purpose}" for scope, purpose in SCOPES.items() if scope not in held]
    if lacking:
        raise PublishError(
            f"the token in GITHUB_TOKEN lacks {' and '.join(lacking)}; nothing was published. Run: "
            f"gh auth refresh --hostname {server.netloc} --scopes {','.join(SCOPES)}"
        )


def rename_to_main(repository: str, token: str, branch: str) -> None:
    """Rename the default branch of a repository, given by its address in the REST API, and wait until it is done.

    Source: GitHub Docs, REST API, "Rename a branch" (in the background; takes an administrator).

    Raises:
        PublishError: the server refuses, or takes too long.
    """
    status, _ = _request("POST", f"{repository}/branches/{branch}/rename", token, {"new_name": MAIN})
    if status != 201:
        raise PublishError(
            f"the default branch of {repository} is {branch}, projects need {MAIN}, and the server does not rename it "
            f"({status}): rename it there, or use the token of an administrator, if fine-grained with the permission Administration "
            "(read and write)"
        )
    ends = time.monotonic() + RENAME_SECONDS
    while _request("GET", f"{repository}/branches/{MAIN}", token)[0] != 200:
        if time.monotonic() >= ends:
            raise PublishError(f"{repository} has no branch {MAIN} after {RENAME_SECONDS} s; publish again later")
        time.sleep(1)


def _request(method: str, url: str, token: str, body: Mapping[str, str] | None = None) -> tuple[int, str | None]:
    """Send a request; returns the status of the answer, and the scopes that it lists.

    Raises:
        PublishError: the server cannot be reached.
    """
    headers = {"Accept": "application/vnd.github+json", "Authorization": f"Bearer {token}"}
    request = urllib.request.Request(
        url,
        method=method,
        headers={**headers, "Content-Type": "application/json", "User-Agent": "mlops-platform-publish"},
        data=None if body is None else json.dumps(body).encode(),
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            return answer.status, answer.headers.get("X-OAuth-Scopes")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers.get("X-OAuth-Scopes")
    except OSError as error:
        raise PublishError(f"{url} cannot be reached: {getattr(error, 'reason', error)}") from error


def _api_url(github_url: str) -> str:
    """Return the address of a server's REST API. Source: GitHub Docs, "Getting started with the REST API"."""
    server = urlsplit(github_url)
    if server.netloc == "github.com" or server.netloc.endswith(".ghe.com"):
        return f"{server.scheme}://api.{server.netloc}"
    return f"{server.scheme}://{server.netloc}/api/v3"


def _version(folder: Path) -> str:
    content = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        for part in (file.relative_to(folder).as_posix().encode(), file.read_bytes()):
            # Without the lengths two different trees could have the same content.
            content.update(len(part).to_bytes(8, "big") + part)
    return content.hexdigest()[:12]


def _git(environment: dict[str, str], *arguments: str, folder: Path | None = None) -> str:
    result = subprocess.run(
        ["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise PublishError(f"git {arguments[0]} failed: {result.stderr.strip()}{_advice(result.stderr)}")
    return result.stdout.strip()


def _advice(refusal: str) -> str:
    """Return what to do about the server's message."""
    # GitHub's code for a ruleset that refuses a push.
    if "GH013" in refusal:
        return "; rules let only the platform's own account past: use its token"
    # Source: GitHub Docs, "Permissions required for fine-grained personal access tokens"; a push with a workflow takes two.
    if "error: 403" in refusal or "without `workflow" in refusal:
        return (
            "; the token in GITHUB_TOKEN may not write there: a classic one needs the scopes `repo` and `workflow`, a fine-grained "
            "one or an app's the permissions Contents and Workflows (read and write) of the template repositories; with single "
            "sign-on, it is authorized for the organization, too"
        )
    return ""


if __name__ == "__main__":
    main(sys.argv[1:])
