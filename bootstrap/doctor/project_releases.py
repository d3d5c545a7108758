"""Check that GitHub asks the account's release managers, and nobody else, about the releases of its projects.

GitHub's reviewers of a project are written by its launch and its updates, from the settings as they were then.
"""

import http.client
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast
from urllib.parse import quote

from bootstrap import github
from bootstrap.account import Account, pages
from bootstrap.github import Get, Server
from bootstrap.names import Names
from bootstrap.settings_file import section


def check(
    account: Account,
    names: Names,
    server: Server,
    organization: str,
    settings: Mapping[str, object],
    token: str | None,
    get: Get,
) -> tuple[bool, str]:
    """Compare the reviewers of each project's environment with the release managers of the settings."""
    managers = [str(each) for each in cast("Sequence[object]", section(settings, "workload")["releaseManagers"])]
    deploying = _repositories(account, names)
    differing: list[str] = []
    for repository in deploying:
        place = f"/repos/{quote(organization)}/{quote(repository)}/environments/{quote(names.environment)}"
        answer = get(server, place, token)
        if answer.status != http.client.OK:
            reason = f"{answer.status}, {github.explain(answer)}"
            differing.append(f"{repository} (GitHub does not show its environment {names.environment}: {reason})")
        elif differences := list(_differences(answer.body, managers)):
            differing.append(f"{repository} ({', '.join(differences)})")
    people = _listed(managers)
    if differing:
        return False, (
            f"GitHub asks others than workload.releaseManagers names about the releases of {'; '.join(differing)}: update these "
            f'projects in Service Catalog (README, "Update a project"). Until then, this account refuses what {people} did not let in'
        )
    if not deploying:
        return True, "no project deploys to this account yet"
    return True, f"GitHub asks {people} about the releases of {len(deploying)} project{'s'[: len(deploying) != 1]}"


def _repositories(account: Account, names: Names) -> Sequence[str]:
    """Return the names of the repositories that deploy to this account: each has a stack of its project's roles here."""
    describe = account.client("cloudformation").describe_stacks
    own = re.compile(rf"{re.escape(names.prefix)}-p-[a-z0-9]{{12}}")
    stacks = [each for each in pages(describe, "Stacks", "NextToken", "NextToken") if own.fullmatch(each["StackName"])]
    parameters = [
        {each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", ())} for stack in stacks
    ]
    return sorted(each["RepositoryName"] for each in parameters if "RepositoryName" in each)


def _differences(environment: Mapping[str, Any], managers: Sequence[str]) -> Iterator[str]:
    asked = [
        reviewer
        for rule in cast("Sequence[Mapping[str, Any]]", environment.get("protection_rules") or ())
        if rule.get("type") == "required_reviewers"
        for reviewer in rule.get("reviewers", ())
    ]
    people = {
        str(each["reviewer"]["login"]).lower(): each["reviewer"]["login"] for each in asked if each["type"] == "User"
    }
    teams = [f"the team {each['reviewer']['slug']}" for each in asked if each["type"] == "Team"]
    known = {login.lower(): login for login in managers}
    if others := [*(login for key, login in people.items() if key not in known), *teams]:
        yield f"{_listed(others)} {'releases' if len(others) == 1 else 'release'}"
    if lacking := [login for key, login in known.items() if key not in people]:
        yield f"{_listed(lacking)} {'is' if len(lacking) == 1 else 'are'} not asked"


def _listed(logins: Sequence[str]) -> str:
    return " and ".join(logins)
