"""The branch by which models are released, where the account that is released into trusts its jobs and no others.

Then a release manager approves a pull request to it, because GitHub's plan Team has no reviewers of environments. The rules are the
organization's; the platform's own account opens the branch, and is not let past the approval.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace

from functions.template_cloner import toml
from functions.template_cloner.errors import LaunchError
from functions.template_cloner.github import Repository
from functions.template_cloner.launch import Launch
from functions.template_cloner.release_managers import Gate
from functions.template_cloner.repository import require_commit
from functions.template_cloner.settings_file import PROJECT_FILE

logger = logging.getLogger(__name__)

_WORKFLOW = ".github/workflows/production.yml"
"""The workflow that the branch starts; a repository without it has others, which anybody who writes could start there."""
_ORDINARY = "mlops-ordinary-branch"
"""Name of a branch that nobody has rules about in particular: its rules are those of all branches, which people who write may pass."""


def named_in_settings(launch: Launch, gates: Mapping[str, Gate]) -> Launch:
    """Return the launch of a project whose `project.toml` names the branch, and who releases, of each environment that has one."""
    settings = dict(launch.project.settings)
    for name, gate in gates.items():
        if gate.branch is not None and name in launch.project.environments:
            released = {"branch": gate.branch, "release_managers": list(gate.managers)}
            settings[name] = {**settings.get(name, {}), **released}
    return replace(launch, project=replace(launch.project, settings=settings))


def require_rules(launch: Launch, repository: Repository, gates: Mapping[str, Gate]) -> None:
    """Check that GitHub lets a release manager's approval alone change the branch of each environment.

    Raises:
        LaunchError: it is protected less, or others than the account's release managers may approve.
    """
    for gate in gates.values():
        if gate.branch is not None:
            _team(launch, repository, gate, gate.branch)


def require_branches(launch: Launch, repository: Repository, gates: Mapping[str, Gate]) -> None:
    """Check, before jobs of them are let in, that the repository's branches that release are the platform's work, if they are there.

    Raises:
        LaunchError: somebody else opened one.
    """
    for name in launch.project.environments:
        if (branch := gates[name].branch) is not None:
            _is_open(launch, repository, name, branch)


def open_branch(launch: Launch, repository: Repository, gates: Mapping[str, Gate]) -> None:
    """Let the release managers approve in the project's repository, and open its branch at main, once.

    Raises:
        LaunchError: a release manager may not write by it, so that their approval would not count.
    """
    for name in launch.project.environments:
        if (branch := gates[name].branch) is not None:
            team = _team(launch, repository, gates[name], branch)
            launch.require_wanted()
            launch.github.let_team_push(repository.owner_id, team, repository.full_name)
            _require_writers(launch, repository, gates[name])
            _open(launch, repository, name, branch)


def _open(launch: Launch, repository: Repository, environment: str, branch: str) -> None:
    full_name, main = repository.full_name, repository.default_branch
    if _is_open(launch, repository, environment, branch):
        return
    file = launch.github.file(full_name, PROJECT_FILE, main)
    known = file is not None and toml.read_table(file.text, environment).get("branch") == branch
    if not known or launch.github.file(full_name, _WORKFLOW, main) is None:
        logger.warning(
            "%s of %s is not opened yet: merge the newer template and the new settings into %s, then update the project again",
            branch,
            full_name,
            main,
        )
        return
    launch.require_wanted()
    launch.github.create_branch(full_name, branch, require_commit(launch, repository))


def _is_open(launch: Launch, repository: Repository, environment: str, branch: str) -> bool:
    """Return whether the branch is there, with what main's reviews, or its own, approved, and not what somebody opened it with."""
    full_name, main = repository.full_name, repository.default_branch
    commit = launch.github.branch_commit(full_name, branch)
    if commit is None:
        return False
    # The branch that the platform opened was main once; after that, pull requests alone move it.
    if commit in launch.github.merge_commits(full_name, branch) or launch.github.is_part(full_name, commit, main):
        return True
    raise LaunchError(
        f"{branch} of {full_name} ends with {commit}, which neither is a commit of {main} nor came by a pull request: somebody "
        f"else than the platform opened the branch, and jobs of it may have entered {environment}. An owner of the organization "
        f"looks at its runs and deletes it (what forbids that has to be off for the moment), then the project is updated again"
    )


def _team(launch: Launch, repository: Repository, gate: Gate, branch: str) -> int:
    """Return the team one of whose members has to approve, which are the account's release managers."""
    rules = launch.github.branch_rules(repository.full_name, branch)
    # Whoever writes may pass what closes all branches to jobs: it has to be another ruleset that closes this one.
    closing = rules.closing - launch.github.branch_rules(repository.full_name, _ORDINARY).closing
    lacking = rules.lacks(1) + ([] if closing else ["that only the platform opens it"])
    place = f"{branch} of {repository.full_name}"
    advice = (
        "Name the release managers by github.releaseManagers in the platform's stack that looks after the organization, as "
        "workload.releaseManagers of production does, and deploy both again"
    )
    if lacking:
        raise LaunchError(
            f"{place} is not protected as a release needs; its active rules lack: {', '.join(lacking)}. {advice}"
        )
    wanted = {login.lower() for login in gate.managers}
    found: list[str] = []
    for team in rules.approving_teams:
        members = launch.github.team_members(repository.owner_id, team)
        if {login.lower() for login in members} == wanted and not any(members.values()):
            return team
        found.append(
            ", ".join(f"{login}{' (adds others)' if adds else ''}" for login, adds in members.items()) or "nobody"
        )
    raise LaunchError(
        f"the approval of {' and of '.join(found) or 'nobody in particular'} releases to {place}, and should be of one of "
        f"{', '.join(gate.managers)}, none of whom maintains their team. {advice}"
    )


def _require_writers(launch: Launch, repository: Repository, gate: Gate) -> None:
    for login in gate.managers:
        if not launch.github.may_push(repository.full_name, login):
            raise LaunchError(
                f"{login} may not write to {repository.full_name} by their team, so GitHub would not count their approval of a release"
            )
