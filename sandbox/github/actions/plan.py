"""The jobs of a workflow file: their order, the workflows that they call, their environments and concurrency."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from sandbox.github.actions.workflow import (
    Document,
    WorkflowError,
    environment_name,
    interpolate,
    interpolated,
    triggers,
)

Read = Callable[[str], Document]
"""Returns the workflow file at a path."""
Context = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """A job that has steps: one of the workflow file itself, or of a reusable workflow that it calls."""

    path: str
    key: str
    name: str
    job: Document

    @property
    def place(self) -> str:
        """The identifier of the job within its repository."""
        return f"{self.path}#{self.key}"


def needs(document: Document) -> dict[str, list[str]]:
    """Return the jobs of a workflow file, each with the jobs that it needs.

    Raises:
        WorkflowError: a job needs one that does not exist, or itself.
    """
    jobs = cast("dict[str, Document]", document["jobs"])
    found = {key: _needs(job) for key, job in jobs.items()}
    for key, wanted in found.items():
        unknown = sorted(set(wanted) - set(jobs))
        if unknown:
            raise WorkflowError(f"Job {key!r} depends on unknown job {unknown[0]!r}.")
        if key in ancestors(found, key):
            raise WorkflowError(
                f"The workflow must contain at least one job with no dependencies: {key!r} needs itself."
            )
    return found


def _needs(job: Document) -> list[str]:
    declared: Any = job.get("needs", [])
    return [declared] if isinstance(declared, str) else [str(each) for each in cast("list[Any]", declared)]


def ancestors(graph: Mapping[str, list[str]], key: str) -> list[str]:
    """Return the jobs that a job needs, directly or not."""
    found: list[str] = []
    waiting = list(graph[key])
    while waiting:
        one = waiting.pop(0)
        if one not in found:
            found.append(one)
            waiting += graph[one]
    return found


def descendants(graph: Mapping[str, list[str]], keys: set[str]) -> set[str]:
    """Return the jobs that need one of some jobs, directly or not."""
    return {key for key in graph if keys.intersection(ancestors(graph, key))}


def called(job: Document) -> str | None:
    """Return the path of the reusable workflow that a job calls; None: it has steps.

    Raises:
        WorkflowError: the workflow belongs to another repository.
    """
    if "uses" not in job:
        return None
    uses = str(job["uses"])
    # `$/` is the repository of the workflow itself; `./` is the older form.
    if not uses.startswith(("./", "$/")):
        raise WorkflowError(f"The local GitHub has no reusable workflow {uses!r}; only those of ./")
    return uses[2:]


def leaves(read: Read, path: str, key: str, job: Document, surrounding: str = "") -> Iterator[Leaf]:
    """Return the jobs with steps that a job stands for: itself, or those of the workflow that it calls."""
    name = f"{surrounding}{plain(job.get('name'), key)}"
    target = called(job)
    if target is None:
        yield Leaf(path=path, key=key, name=name, job=job)
        return
    for inner, its in cast("dict[str, Document]", read(target)["jobs"]).items():
        yield from leaves(read, target, inner, its, f"{name} / ")


def environments(read: Read, path: str, key: str, job: Document, context: Context) -> dict[str, str]:
    """Return the environments of the jobs that a job stands for, by their places.

    Args:
        read: returns workflow files.
        path: the file that has the job.
        key: its key there.
        job: the job; its own expressions are evaluated already, those of what it calls are not.
        context: the contexts of expressions.
    """
    target = called(job)
    if target is None:
        name = environment_name(job)
        return {} if name is None else {f"{path}#{key}": interpolate(name, context)}
    found: dict[str, str] = {}
    inner = {**context, "inputs": _inputs(read(target), job, context)}
    for name, its in cast("dict[str, Document]", read(target)["jobs"]).items():
        found |= environments(read, target, name, its, inner)
    return found


def concurrencies(read: Read, job: Document, context: Context) -> list[Any]:
    """Return the `concurrency` of a job and of every job that it stands for, evaluated."""
    found = [interpolated(job["concurrency"], context)] if "concurrency" in job else []
    target = called(job)
    if target is not None:
        inner = {**context, "inputs": _inputs(read(target), job, context)}
        for its in cast("dict[str, Document]", read(target)["jobs"]).values():
            found += concurrencies(read, its, inner)
    return found


def _inputs(workflow: Document, caller: Document, context: Context) -> dict[str, str]:
    accepts = triggers(workflow).get("workflow_call", {})
    declared = cast("dict[str, Document | None]", accepts.get("inputs") or {})
    defaults = {name: plain((its or {}).get("default"), "") for name, its in declared.items()}
    given: Any = caller.get("with") or {}
    return defaults | {name: interpolate(plain(value, ""), context) for name, value in given.items()}


def plain(value: Any, default: str) -> str:
    """Return a value of a workflow file as text."""
    if value is None:
        return default
    return str(value).lower() if isinstance(value, bool) else str(value)


def expressions(job: Document) -> dict[str, str]:
    """Return the expressions that decide about the requirements of a job, by the place in the job."""
    found: dict[str, str] = {}
    name = environment_name(job)
    if name is not None:
        found["environment"] = name
    concurrency: Any = job.get("concurrency")
    if isinstance(concurrency, dict):
        found |= {f"concurrency {part}": plain(value, "") for part, value in cast("Document", concurrency).items()}
    elif concurrency is not None:
        found["concurrency group"] = str(concurrency)
    given: Any = job.get("with") or {}
    return found | {f"with {part}": plain(value, "") for part, value in given.items()}


def evaluated(job: Document, answers: Mapping[str, str]) -> Document:
    """Return a job with its `expressions` replaced."""
    parts: dict[str, Any] = {}
    for name, value in answers.items():
        part, _, inner = name.partition(" ")
        if inner:
            parts.setdefault(part, {})[inner] = value
        else:
            parts[part] = value
    return {**job, **parts}
