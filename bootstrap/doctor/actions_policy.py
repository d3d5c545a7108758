"""Check that the organization's policy for GitHub Actions lets the platform's workflows run.

Source: GitHub REST API, "Get GitHub Actions permissions for an organization", "Get allowed actions and reusable workflows
for an organization"; GitHub Docs, "Disabling or limiting GitHub Actions for your organization"; GitHub Changelog,
2025-08-15 (a pattern that begins with ! blocks).
"""

import http.client
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bootstrap import github
from bootstrap.github import Get, Server

CHECKOUT = Path(__file__).resolve().parents[2]
_USES = re.compile(r"^\s*(?:- )?uses:\s*['\"]?([\w.-]+/[\w./-]+@[\w./-]+)", re.MULTILINE)
"""An action with its version; those of the same repository begin with a dot."""
_OF_GITHUB = ("actions", "github")
"""Organizations whose actions are GitHub's own."""


def check(server: Server, organization: str, token: str | None, get: Get) -> tuple[bool, str]:
    """Check the organization's policy; an enterprise's, which it cannot exceed, is not shown to it."""
    path = f"/orgs/{quote(organization)}/actions/permissions"
    policy = get(server, path, token)
    if policy.status != http.client.OK:
        return False, _unreadable(server, path, policy)
    if policy.body.get("enabled_repositories", "all") != "all":
        return False, (
            f"GitHub Actions is enabled for {policy.body['enabled_repositories']} repositories of {organization}, so those "
            f"of new projects have none: enable it for all at {_page(server, organization)}"
        )
    allowed = policy.body.get("allowed_actions", "all")
    used = used_actions(CHECKOUT)
    if allowed == "all":
        return True, f"the policy of {organization} allows all actions"
    selection: Mapping[str, Any] = {}
    if allowed == "selected":
        answer = get(server, f"{path}/selected-actions", token)
        if answer.status != http.client.OK:
            return False, _unreadable(server, f"{path}/selected-actions", answer)
        selection = answer.body
    refused, unknown = judge(used, organization, selection)
    if refused:
        return False, (
            f"the policy of {organization} does not allow {', '.join(refused)}, so no workflow that uses them starts: an "
            f"owner allows them at {_page(server, organization)} (Allow select actions), by {_patterns(refused)}"
        )
    if unknown:
        return True, (
            f"the policy of {organization} allows the actions that the workflows use, if GitHub's Marketplace marks the "
            f"creators of {', '.join(unknown)} as verified; if a workflow does not start, add {_patterns(unknown)} at "
            f"{_page(server, organization)}"
        )
    return True, f"the policy of {organization} allows the {len(used)} actions that the workflows use"


def used_actions(checkout: Path) -> Sequence[str]:
    """Return every action that a workflow of the platform or of a template uses, with its version."""
    folders = [checkout, *sorted(path for path in checkout.glob("template-repos/*") if path.is_dir())]
    files = [file for folder in folders for file in sorted(folder.glob(".github/workflows/*.y*ml"))]
    return sorted({action for file in files for action in _USES.findall(file.read_text(encoding="utf-8"))})


def judge(used: Iterable[str], organization: str, selection: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return the actions that a selection refuses, and those that it allows if their creator is verified."""
    patterns = [str(each) for each in selection.get("patterns_allowed") or ()]
    refused: list[str] = []
    unknown: list[str] = []
    for action in used:
        owner = action.partition("/")[0].lower()
        own = owner == organization.lower()
        of_github = owner in _OF_GITHUB and selection.get("github_owned_allowed") is True
        # What is blocked stays blocked, whatever else allows it.
        if any(each.startswith("!") and _matches(each.removeprefix("!"), action) for each in patterns):
            refused.append(action)
        elif not (own or of_github or any(_matches(each, action) for each in patterns)):
            (unknown if selection.get("verified_allowed") is True else refused).append(action)
    return refused, unknown


def _matches(pattern: str, action: str) -> bool:
    """Whether a pattern such as `monalisa/octocat@*` matches; names are found whatever their case."""
    expression = ".*".join(re.escape(part) for part in pattern.strip().split("*"))
    return re.fullmatch(expression, action, re.IGNORECASE) is not None


def _patterns(actions: Iterable[str]) -> str:
    return "the patterns " + ", ".join(f"{action.partition('@')[0]}@*" for action in actions)


def _page(server: Server, organization: str) -> str:
    return f"{server.url}/organizations/{organization}/settings/actions"


def _unreadable(server: Server, path: str, answer: github.Answer) -> str:
    return (
        f"{server.url} answered {answer.status} for {path}: {github.explain(answer)}; set GITHUB_TOKEN to a token of an "
        "owner with the scope `admin:org`, to see whether the policy allows the actions that the workflows use"
    )
