"""The pull request that proposes a tested version to production, where releases are approved as changes of a branch.

Its commit has two parents: the branch, so that it can be merged, and the commit of main with which preproduction was tested. Its
files are those of main, but for one, which names the version. So what is approved is what was tested, and after the merge the
workflow of production runs that very code.
"""

import json

from functions.deployment_trigger.package import Approval, Candidate
from functions.deployment_trigger.protocols import GitHubApi
from functions.shared.github_api.values import Json, number, text

RELEASE_FILE = "release.json"
"""The file that says what production serves; `mlops_platform/release/production.py` of the deployment repository reads it."""
_BRANCHES = "mlops/release-"
"""Beginning of the names of the branches, which nobody but the platform writes."""


def propose(github: GitHubApi, candidate: Candidate, tested: str, digest: str, branch: str) -> str | None:
    """Open the pull request, once, and close those of earlier versions; return its address, None if there is no branch.

    Args:
        github: GitHub, as the platform's account.
        candidate: the version, under the name of its approval.
        tested: the commit of main with which it was tested.
        digest: SHA-256 of its artifact.
        branch: the branch whose jobs deploy to production.
    """
    repository, arn = candidate.project.repository, candidate.package.arn
    production = github.branch_commit(repository, branch)
    if production is None:
        return None
    name = _branch(candidate.approval)
    known = github.pull_requests(repository, branch, "all")
    if not any(_head(each) == name for each in known):
        if github.branch_commit(repository, name) is None:
            content = json.dumps({"model_package_arn": arn, "artifact_sha256": digest}, indent=2) + "\n"
            message = f"Release version {candidate.approval.version}"
            commit = github.commit_file(
                repository, RELEASE_FILE, content, message, tree_of=tested, parents=[production, tested]
            )
            github.create_branch(repository, name, commit)
        github.open_pull_request(repository, name, branch, f"Release {arn}", _text(arn, digest, tested))
        known = github.pull_requests(repository, branch, "all")
    for each in known:
        if each.get("state") == "open" and _head(each).startswith(_BRANCHES) and _head(each) != name:
            github.close_pull_request(repository, number(each, "number"))
    return next((text(each, "html_url") for each in known if _head(each) == name), None)


def _branch(approval: Approval) -> str:
    return f"{_BRANCHES}{approval.version}-{approval.at}"


def _head(pull_request: Json) -> str:
    head = pull_request.get("head")
    return str(head["ref"]) if isinstance(head, dict) and "ref" in head else ""


def _text(arn: str, digest: str, tested: str) -> str:
    return (
        f"Preproduction was tested with `{arn}` and the code of {tested}.\n\n"
        f"The SHA-256 of its artifact is `{digest}`. When a release manager approves this and it is merged, production gets this "
        f"version, by that code: the change of `{RELEASE_FILE}`, and whatever main has become since the last release."
    )
