"""Concurrency groups: the runs and jobs that hold a group or wait for it."""

from collections.abc import Callable, Iterator

from sandbox.github.state import Requirements, Run, State


def unfinished(state: State) -> Iterator[Run]:
    """Return the runs that have not completed; the caller may complete them meanwhile."""
    return (run for run in list(state.runs.values()) if run.status != "completed")


def may_hold(state: State, run: Run) -> bool:
    """Whether no other run holds the group of a whole run."""
    return run.group is None or run.group.name not in _held_by_runs(state, apart_from=run)


def replaced_runs(state: State, run: Run) -> list[Run]:
    """Return the runs that a new run replaces in its group: the one that waits, or all with `cancel-in-progress`."""
    if run.group is None:
        return []
    others = [other for other in unfinished(state) if other.id != run.id and other.group is not None]
    return [
        other
        for other in others
        if other.group is not None
        and other.group.name == run.group.name
        and (run.group.cancel_in_progress or (run.group.queue == "single" and not other.admitted))
    ]


def busy(state: State, run: Run, key: str, requirements: Requirements) -> bool:
    """Whether another job, or another run as a whole, holds one of the groups that a job needs."""
    for group in requirements.groups:
        holders = [(other.id, rival) for other, rival in _claims(state, group.name, lambda other: other.holding)]
        if any(holder != (run.id, key) for holder in holders):
            return True
        if group.name in _held_by_runs(state, apart_from=run):
            return True
    return False


def replaced_jobs(state: State, run: Run, key: str, requirements: Requirements) -> list[tuple[Run, str]]:
    """Return the jobs that a job replaces in its groups: those that wait and, with `cancel-in-progress`, those that hold one."""
    rivals: dict[tuple[int, str], Run] = {}
    for group in requirements.groups:
        claims: list[tuple[Run, str]] = []
        if group.queue == "single":
            claims += _claims(state, group.name, lambda other: other.pending)
        if group.cancel_in_progress:
            claims += _claims(state, group.name, lambda other: other.holding)
        rivals |= {(other.id, rival): other for other, rival in claims}
    rivals.pop((run.id, key), None)
    return [(other, rival) for (_, rival), other in rivals.items()]


def _claims(state: State, group: str, claims: Callable[[Run], list[str]]) -> list[tuple[Run, str]]:
    """Return the jobs that hold a group, or wait for it."""
    return [
        (run, key)
        for run in unfinished(state)
        for key in claims(run)
        if group in [one.name for one in run.requirements[key].groups]
    ]


def _held_by_runs(state: State, apart_from: Run) -> set[str]:
    """Return the groups that other runs hold as a whole."""
    others = [run for run in unfinished(state) if run is not apart_from]
    return {run.group.name for run in others if run.admitted and run.group is not None}
