"""The contexts that expressions outside of steps can refer to: github, inputs and vars.

Source: GitHub Docs, "Contexts reference".
"""

from typing import Any

from sandbox.github.state import Repository, Run, State


def contexts(state: State, repository: Repository, run: Run) -> dict[str, Any]:
    """Return the contexts of a run by name."""
    return {
        "github": {
            "actor": run.actor,
            "base_ref": run.base_ref,
            "event": run.payload,
            "event_name": run.event,
            "head_ref": run.head_ref,
            "ref": run.ref,
            "ref_name": run.ref.split("/", 2)[-1],
            "repository": repository.full_name,
            "repository_owner": repository.owner,
            "run_attempt": str(run.attempt),
            "run_id": str(run.id),
            "run_number": str(run.number),
            "sha": run.sha,
            "triggering_actor": run.triggering_actor,
            "workflow": run.name,
        },
        "inputs": run.payload.get("inputs", {}),
        "vars": variables(state, repository),
    }


def variables(state: State, repository: Repository) -> dict[str, str]:
    """Return the variables that jobs of a repository see; its own hide those of the organization."""
    shared = [
        variable
        for variable in state.variables.values()
        if variable.visibility == "all"
        or (variable.visibility == "private" and repository.private)
        or (variable.visibility == "selected" and repository.id in variable.selected_repository_ids)
    ]
    return {variable.name: variable.value for variable in (*shared, *repository.variables.values())}
