"""The pull request that proposes a tested version to production, where releases are approved as changes of a branch.

Its commit has two parents: the branch, so that it can be merged, and the commit of main with which preproduction was tested. Its
files are those of main, but for one, which names the version. So what is approved is what was tested, and after the merge the
workflow of production runs that very code.
"""

import json
from collections.abc import Iterable

from functions.deployment_trigger.package import Approval, Candidate
from functions.deployment_trigger.protocols import GitHubApi
from functions.shared.github_api.errors import ExplainedError
from functions.shared.github_api.values import Json, nested, number, text

RELEASE_FILE = "release.json"
"""The file that says what production serves; `mlops_platform/release/production.py` of the deployment repository reads it."""
_BRANCHES = "mlops/release-"
"""Beginning of the names of the branches, which nobody but the platform writes."""


def propose(github: GitHubApi, candidate: Candidate, tested: str, digest: str, branch: str) -> str | None:
    """Open the pull request, once, and close the others of such names; return its address, None if there is no branch.

    Those are of earlier versions, or lookalikes of somebody else's.

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
    ours = _ours(github, repository, name, known)
    for each in known:
        # One of somebody else's for the platform's branch would keep the platform from opening its own.
        if each.get("state") == "open" and _head(each).startswith(_BRANCHES) and each is not ours:
            github.close_pull_request(repository, number(each, "number"))
    if ours is None:
        if github.branch_commit(repository, name) is None:
            content = json.dumps({"model_package_arn": arn, "artifact_sha256": digest}, indent=2) + "\n"
            message = f"Release version {candidate.approval.version}"
            commit = github.commit_file(
                repository, RELEASE_FILE, content, message, tree_of=tested, parents=[production, tested]
            )
            github.create_branch(repository, name, commit)
        github.open_pull_request(repository, name, branch, f"Release {arn}", _text(arn, digest, tested))
        ours = _ours(github, repository, name, github.pull_requests(repository, branch, "all"))
    if ours is None:
        raise ExplainedError(
            f"GitHub does not list the platform's pull request from {name} of {repository}; the next sweep tries again"
        )
    return text(ours, "html_url")


def _branch(approval: Approval) -> str:
    return f"{_BRANCHES}{approval.version}-{approval.at}"


def _ours(github: GitHubApi, repository: str, name: str, known: Iterable[Json]) -> Json | None:
    """Return the platform's own pull request: a fork may have a branch of any name, and a writer may propose the platform's."""
    for each in known:
        place = text(nested(nested(each.get("head")).get("repo")), "full_name")
        author = text(nested(each.get("user")), "login")
        if (_head(each), place, author) == (name, repository, github.account):
            return each
    return None


def _head(pull_request: Json) -> str:
    return text(nested(pull_request.get("head")), "ref")


def _text(arn: str, digest: str, tested: str) -> str:
    return (
        f"Preproduction was tested with `{arn}` and the code of {tested}.\n\n"
        f"The SHA-256 of its artifact is `{digest}`. When a release manager approves this and it is merged, production gets this "
        f"version, by that code: the change of `{RELEASE_FILE}`, and whatever main has become since the last release."
    )
