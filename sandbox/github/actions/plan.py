"""The jobs of a workflow file: their order, the workflows that they call, their environments and concurrency."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from sandbox.github.actions.job_names import Title
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
    titles: tuple[Title, ...]
    """Those of its callers, outermost first, and its own."""
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
    found: dict[str, list[str]] = {key: list(job.get("needs", ())) for key, job in jobs.items()}
    for key, wanted in found.items():
        unknown = sorted(set(wanted) - set(jobs))
        if unknown:
            raise WorkflowError(f"Job {key!r} depends on unknown job {unknown[0]!r}.")
        if key in ancestors(found, key):
            raise WorkflowError(
                f"The workflow must contain at least one job with no dependencies: {key!r} needs itself."
            )
    return found


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


def leaves(read: Read, path: str, key: str, job: Document, callers: tuple[Title, ...] = ()) -> Iterator[Leaf]:
    """Return the jobs with steps that a job stands for: itself, or those of the workflow that it calls.

    Raises:
        WorkflowError: a called workflow does not exist, or gets other secrets than it declares.
    """
    titles = (*callers, Title.of(key, job))
    target = called(job)
    if target is None:
        yield Leaf(path=path, key=key, titles=titles, job=job)
        return
    document = read(target)
    _check_secrets(job, accepted(document, "secrets"))
    for inner, its in cast("dict[str, Document]", document["jobs"]).items():
        yield from leaves(read, target, inner, its, titles)


def accepted(document: Document, kind: str) -> dict[str, Document]:
    """Return the `inputs` or `secrets` that a reusable workflow declares."""
    declared = cast("dict[str, Document | None]", triggers(document).get("workflow_call", {}).get(kind) or {})
    return {name: value or {} for name, value in declared.items()}


def _check_secrets(caller: Document, declared: Mapping[str, Document]) -> None:
    """Refuse secrets that are missing or not declared.

    Source: actions/runner, src/Sdk/WorkflowParser/Conversion/WorkflowTemplateConverter.cs, `ValidateWorkflowJobSecrets`.
    """
    passed: Any = caller.get("secrets") or {}
    if passed == "inherit":
        return
    known = {name.lower() for name in declared}
    given = {str(name).lower() for name in passed}
    for name, its in declared.items():
        if its.get("required") is True and name.lower() not in given:
            raise WorkflowError(f"Secret {name} is required, but not provided while calling.")
    for name in passed:
        if str(name).lower() not in known:
            raise WorkflowError(f"Invalid secret, {name} is not defined in the referenced workflow.")


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
    inner = inner_context(read, job, context)
    for name, its in cast("dict[str, Document]", read(target)["jobs"]).items():
        found |= environments(read, target, name, its, inner)
    return found


def concurrencies(read: Read, job: Document, context: Context) -> list[Any]:
    """Return the `concurrency` of a job and of every job that it stands for, evaluated."""
    found = [interpolated(job["concurrency"], context)] if "concurrency" in job else []
    target = called(job)
    if target is not None:
        inner = inner_context(read, job, context)
        for its in cast("dict[str, Document]", read(target)["jobs"]).values():
            found += concurrencies(read, its, inner)
    return found


def inner_context(read: Read, job: Document, context: Context) -> Context:
    """Return the contexts of expressions in the workflow that a job calls; the same if it calls none."""
    target = called(job)
    return context if target is None else {**context, "inputs": _inputs(read(target), job, context)}


def _inputs(workflow: Document, caller: Document, context: Context) -> dict[str, str]:
    declared = accepted(workflow, "inputs")
    defaults = {name: plain(its.get("default"), "") for name, its in declared.items()}
    given = spelled(cast("Document", caller.get("with") or {}), declared)
    return defaults | {name: interpolate(plain(value, ""), context) for name, value in given.items()}


def spelled(given: Document, declared: Mapping[str, Document]) -> Document:
    """Return values under the names that declarations have, whatever their case; act would not find the others."""
    names = {name.lower(): name for name in declared}
    return {names.get(name.lower(), name): value for name, value in given.items()}


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
