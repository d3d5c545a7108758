"""One job of a workflow as a workflow of its own, for act.

GitHub decides job by job what may execute now; act executes a whole workflow. So each job gets an act of its own: the
jobs before it are replaced by stand-ins with their results and outputs, and a last job reports its own.
"""

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sandbox.github.actions.plan import ancestors, needs
from sandbox.github.actions.workflow import Document
from sandbox.github.state import Result

HELPER = "a helper of the local GitHub"
"""The name of the jobs that belong to no workflow."""
_REPORT = "_report"
_HELPER_JOB: Document = {
    "name": HELPER,
    "runs-on": "ubuntu-latest",
    "defaults": {"run": {"shell": "bash", "working-directory": "."}},
}


def isolated(document: Document, key: str, results: Mapping[str, Result], report: Path) -> Document:
    """Return a workflow that executes one job and writes its result to `report`."""
    return {**document, "jobs": {**_before(document, key, results), **_reported(key, document["jobs"][key], report)}}


def questions(
    document: Document, key: str, results: Mapping[str, Result], texts: Sequence[str], report: Path, answers: Path
) -> Document:
    """Return a workflow that evaluates texts as a job would see them, once per combination of its matrix.

    The answers are files in the folder `answers`, each an environment as `env -0` prints it; a job whose condition does
    not hold answers nothing, and is reported as skipped.
    """
    job: Document = document["jobs"][key]
    asking: Document = {
        **_HELPER_JOB,
        **{name: job[name] for name in ("needs", "if", "strategy") if name in job},
        "steps": [
            {
                "env": {f"ANSWER_{number}": text for number, text in enumerate(texts)},
                "run": f'env -0 > "$(mktemp {shlex.quote(str(answers))}/XXXXXXXX)"',
            }
        ],
    }
    return {
        **{name: value for name, value in document.items() if name not in ("env", "defaults")},
        "jobs": {**_before(document, key, results), **_reported(key, asking, report)},
    }


def answered(answers: Path, count: int) -> list[list[str]]:
    """Return the texts that `questions` asked for, evaluated, per combination; act does not say in which order they are."""
    found: list[list[str]] = []
    for file in answers.iterdir():
        pairs = (entry.partition("=") for entry in file.read_text().split("\0"))
        values = {name: value for name, _, value in pairs}
        found.append([values.get(f"ANSWER_{number}", "") for number in range(count)])
    return sorted(found)


def reported(report: Path, key: str) -> Result:
    """Return the result of a job; one that was not reported has failed."""
    if not report.exists():
        return Result(result="failure")
    document: Any = json.loads(report.read_text())[key]
    return Result(result=document["result"], outputs=document["outputs"] or {})


def _before(document: Document, key: str, results: Mapping[str, Result]) -> dict[str, Document]:
    graph = needs(document)
    return {one: {**_stand_in(results[one]), "needs": graph[one]} for one in ancestors(graph, key)}


def _stand_in(result: Result) -> Document:
    if result.result == "skipped":
        return {**_HELPER_JOB, "if": False, "steps": [{"run": "exit 0"}]}
    return {
        **_HELPER_JOB,
        "if": "always()",
        "outputs": {name: _literal(value) for name, value in result.outputs.items()},
        # act cannot give a job the result "cancelled": for the jobs that need it, it has failed.
        "steps": [{"run": "exit 0" if result.result == "success" else "exit 1"}],
    }


def _reported(key: str, job: Document, report: Path) -> dict[str, Document]:
    write = {
        "env": {"NEEDS": "${{ toJSON(needs) }}"},
        "run": f'printf %s "$NEEDS" > {shlex.quote(str(report))}',
    }
    return {key: job, _REPORT: {**_HELPER_JOB, "needs": [key], "if": "always()", "steps": [write]}}


def _literal(value: str) -> str:
    """Return a text as an expression that evaluates to it, so that nothing in it is evaluated."""
    text = json.dumps(value)
    for character in "'${}":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return f"${{{{ fromJSON('{text}') }}}}"
