"""A workflow file: its triggers and inputs, and the permissions, environments and concurrency groups of its jobs.

Only the parts that GitHub itself evaluates are read here; act evaluates steps and their expressions.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from sandbox.github.actions.patterns import selected
from sandbox.github.state import Group

Document = dict[str, Any]

READ_ONLY = {"contents": "read", "packages": "read", "metadata": "read"}
"""Default permissions of a job's token in an organization."""
SCOPES = (
    *("actions", "attestations", "checks", "contents", "deployments", "discussions", "id-token", "issues", "models"),
    *("packages", "pages", "pull-requests", "security-events", "statuses"),
)
_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")


class WorkflowError(Exception):
    """A workflow file is not valid."""


def parse(text: bytes) -> Document:
    """Read a workflow file; `needs` names jobs as they are spelled where they are defined.

    Source: actions/runner, src/Sdk/WorkflowParser, where every look-up of a job ignores case; act's do not.

    Raises:
        WorkflowError: it is not YAML, or has no jobs, or two whose names differ only in case.
    """
    document = read_yaml(text)
    jobs: Any = document.get("jobs")
    if not isinstance(jobs, dict):
        raise WorkflowError("No jobs defined in this workflow")
    spellings: dict[str, str] = {}
    for name in map(str, cast("Document", jobs)):
        if spellings.setdefault(name.lower(), name) != name:
            raise WorkflowError(f"'{name}' is already defined")
    for job in cast("dict[str, Document]", jobs).values():
        if "needs" in job:
            job["needs"] = [spellings.get(name.lower(), name) for name in _strings(job["needs"])]
    return document


def read_yaml(text: bytes) -> Document:
    """Read a YAML document that is a mapping.

    Raises:
        WorkflowError: it is not.
    """
    try:
        document: Any = YAML(typ="safe", pure=True).load(text.decode())
    except (YAMLError, UnicodeDecodeError) as error:
        raise WorkflowError(f"You have an error in your yaml syntax: {error}") from error
    if not isinstance(document, dict):
        raise WorkflowError("You have an error in your yaml syntax: the document is not a mapping")
    return cast("Document", document)


def triggers(document: Document) -> dict[str, Document]:
    """Return the events that start a workflow, each with its filters; a schedule has times, and none."""
    declared: Any = document.get("on", {})
    if isinstance(declared, str):
        return {declared: {}}
    if isinstance(declared, list):
        return {str(event): {} for event in cast("list[Any]", declared)}
    return {
        str(event): dict(filters) if isinstance(filters, dict) else {}
        for event, filters in cast("dict[str, Document | list[Document] | None]", declared).items()
    }


def starts_on_push(filters: Document, ref: str, changed: Sequence[str]) -> bool:
    """Whether a push to a branch or tag passes the filters."""
    is_tag = ref.startswith("refs/tags/")
    name = ref.removeprefix("refs/tags/").removeprefix("refs/heads/")
    kinds = ("tags", "branches") if is_tag else ("branches", "tags")
    mine, others = ({f"{kind}", f"{kind}-ignore"} & filters.keys() for kind in kinds)
    if others and not mine:
        return False
    # Path filters are not evaluated for tags.
    return _passes(filters, kinds[0], [name]) and (is_tag or _passes_paths(filters, changed))


def starts_on_pull_request(filters: Document, action: str, base: str, changed: Sequence[str]) -> bool:
    """Whether a change of a pull request passes the filters."""
    types: Any = filters.get("types", ["opened", "synchronize", "reopened"])
    wanted = [types] if isinstance(types, str) else cast("list[str]", types)
    return action in wanted and _passes(filters, "branches", [base]) and _passes_paths(filters, changed)


def _passes(filters: Document, kind: str, names: Sequence[str]) -> bool:
    if kind in filters:
        return any(selected(_strings(filters[kind]), name) for name in names)
    if f"{kind}-ignore" in filters:
        return not all(selected(_strings(filters[f"{kind}-ignore"]), name) for name in names)
    return True


def _passes_paths(filters: Document, changed: Sequence[str]) -> bool:
    return _passes(filters, "paths", changed) if changed else True


def _strings(value: Any) -> list[str]:
    return [str(each) for each in cast("list[Any]", value)] if isinstance(value, list) else [str(value)]


def dispatch_inputs(filters: Document, given: Mapping[str, str]) -> dict[str, str]:
    """Return the inputs of a dispatched run, with the defaults of those that are not given.

    Raises:
        WorkflowError: an input is unknown, missing, or not one of its options.
    """
    inputs_of = cast("dict[str, Document | None]", filters.get("inputs") or {})
    declared = {name: value or {} for name, value in inputs_of.items()}
    unknown = sorted(set(given) - set(declared))
    if unknown:
        raise WorkflowError(f"Unexpected inputs provided: {unknown}".replace("'", '"'))
    inputs: dict[str, str] = {}
    for name, declaration in declared.items():
        default: Any = declaration.get("default")
        fallback = str(default).lower() if isinstance(default, bool) else str("" if default is None else default)
        value = given.get(name, fallback)
        if declaration.get("required") and not value:
            raise WorkflowError(f"Required input '{name}' not provided")
        allowed = {"choice": _strings(declaration.get("options", [])), "boolean": ["true", "false"]}
        kind = str(declaration.get("type", "string"))
        if kind in allowed and name in given and value not in allowed[kind]:
            raise WorkflowError(f"Provided value '{value}' for input '{name}' not in the list of allowed values")
        inputs[name] = value
    return inputs


def permissions(declared: Any, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the permissions of a job's token: those that are declared, or else inherited."""
    match declared:
        case None:
            return dict(inherited)
        case "read-all":
            return {**dict.fromkeys(SCOPES, "read"), "id-token": "none"}
        case "write-all":
            return dict.fromkeys(SCOPES, "write")
        case _:
            return {str(scope): str(level) for scope, level in cast("Document", declared or {}).items()}


def concurrency(declared: Any, repository: int) -> Group | None:
    """Return the concurrency group of a workflow or a job, whose expressions are evaluated.

    Raises:
        WorkflowError: it is not valid.
    """
    if declared is None:
        return None
    document: Document = {"group": declared} if isinstance(declared, str) else cast("Document", declared)
    unknown = sorted(set(document) - {"group", "cancel-in-progress", "queue"})
    queue: Any = document.get("queue", "single")
    cancel = str(document.get("cancel-in-progress", False)).lower() == "true"
    if unknown or "group" not in document or queue not in ("single", "max") or (cancel and queue == "max"):
        raise WorkflowError(f"The concurrency {json.dumps(document, default=str)} is not valid")
    return Group(name=f"{repository}:{document['group']}".lower(), cancel_in_progress=cancel, queue=queue)


def environment_name(job: Document) -> str | None:
    """Return the deployment environment of a job, with its expressions."""
    declared: Any = job.get("environment")
    if isinstance(declared, dict):
        return str(cast("Document", declared)["name"])
    return None if declared is None else str(declared)


def interpolate(text: str, context: Mapping[str, Any]) -> str:
    """Replace the expressions in a text; only paths, texts, `||`, `==` and `!=` are known here.

    Raises:
        WorkflowError: an expression needs more.
    """
    return _EXPRESSION.sub(lambda match: _text(_evaluate(match[1], context)), text)


def interpolated(value: Any, context: Mapping[str, Any]) -> Any:
    """Return a text, or a mapping of texts, with its expressions replaced."""
    if isinstance(value, dict):
        return {name: interpolated(inner, context) for name, inner in cast("Document", value).items()}
    return interpolate(value, context) if isinstance(value, str) else value


def _evaluate(expression: str, context: Mapping[str, Any]) -> Any:
    alternatives = expression.split("||")
    value: Any = None
    for alternative in alternatives:
        value = _comparison(alternative.strip(), context)
        if value not in (None, "", False):
            return value
    return value


def _comparison(expression: str, context: Mapping[str, Any]) -> Any:
    for operator, wanted in (("==", True), ("!=", False)):
        left, found, right = expression.partition(operator)
        if found:
            return (_folded(_value(left.strip(), context)) == _folded(_value(right.strip(), context))) is wanted
    return _value(expression, context)


def _folded(value: Any) -> Any:
    """Return a value for comparison: "GitHub ignores case when comparing strings" (GitHub Docs, "Expressions")."""
    return value.lower() if isinstance(value, str) else value


def _value(expression: str, context: Mapping[str, Any]) -> Any:
    if re.fullmatch(r"'[^']*'", expression):
        return expression[1:-1]
    if expression in ("true", "false"):
        return expression == "true"
    if not re.fullmatch(r"(github|inputs|needs|vars)(\.[\w-]+)+", expression, re.IGNORECASE):
        raise WorkflowError(f"The local GitHub cannot evaluate the expression {expression!r} outside of steps")
    value: Any = context
    for name in expression.split("."):
        value = _member(cast("Document", value), name) if isinstance(value, dict) else None
    return value


def _member(values: Document, name: str) -> Any:
    """Return a value by its name, in any case; source: actions/runner, `DictionaryExpressionData`."""
    return next((value for known, value in values.items() if known.lower() == name.lower()), None)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
