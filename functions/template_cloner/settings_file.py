"""The file `project.toml` of a project's repository: write it at the launch, propose its changes later."""

import hashlib
from collections.abc import Mapping

from functions.template_cloner import toml
from functions.template_cloner.github import Repository
from functions.template_cloner.launch import Launch
from functions.template_cloner.repository import require_commit
from functions.template_cloner.resources import ProjectRepository

PROJECT_FILE = "project.toml"
_PROPOSALS = "mlops/settings-"
"""Beginning of the names of branches with changed settings, which the organization lets the platform alone write."""


def write(launch: Launch, repository: Repository, template_commit: str) -> None:
    """Commit the project's settings to the default branch."""
    project = launch.project
    text = _content(project, {"name": project.template, "commit": template_commit})
    message = f"Add the settings of project {project.project_name}\n\n[skip ci]"
    _commit(launch, repository.default_branch, text, message)


def propose(launch: Launch, repository: Repository) -> None:
    """Open a pull request that changes the file to the project's settings, unless it has them; withdraw all others.

    Others are of an earlier update, or of one that was refused later and is being rolled back.
    """
    project, github, base = launch.project, launch.github, repository.default_branch
    found = github.file(project.full_name, PROJECT_FILE, base)
    text = _content(project, toml.read_table(found.text, "template") if found else {})
    # Named after the content: a second attempt finds the first one's branch, another change makes another.
    branch = f"{_PROPOSALS}{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    _withdraw_proposals(launch, base, but=branch)
    if found is not None and found.text == text:
        return
    if github.branch_commit(project.full_name, branch) is None:
        github.create_branch(project.full_name, branch, require_commit(launch, repository))
    _commit(launch, branch, text, f"Change the settings of project {project.project_name}")
    github.open_pull_request(
        project.full_name,
        branch,
        base,
        f"Change the settings of project {project.project_name}",
        f"The platform's settings of this project changed. Merge this to use them: `{PROJECT_FILE}` says what is new.",
    )


def _withdraw_proposals(launch: Launch, base: str, *, but: str) -> None:
    full_name = launch.project.full_name
    for branch, number in launch.github.open_pull_requests(full_name, base).items():
        if branch.startswith(_PROPOSALS) and branch != but:
            launch.github.close_pull_request(full_name, number)
            launch.github.delete_branch(full_name, branch)


def _commit(launch: Launch, branch: str, text: str, message: str) -> None:
    full_name = launch.project.full_name
    while True:
        found = launch.github.file(full_name, PROJECT_FILE, branch)
        if found is not None and found.text == text:
            return
        launch.require_wanted()
        sha = found.sha if found else None
        if launch.github.write_file(full_name, PROJECT_FILE, branch, text, message, sha):
            return
        launch.pause(waiting_for=f"{PROJECT_FILE} of {full_name} to settle")


def _content(project: ProjectRepository, template: Mapping[str, str]) -> str:
    tables: dict[str, dict[str, str | list[str]]] = {
        "project": {"name": project.project_name, "id": project.project_id},
        "template": dict(template),
        "launch": {"marker": project.marker},
    }
    for table, values in project.settings.items():
        tables[table] = {**tables.get(table, {}), **values}
    return toml.write(tables)
