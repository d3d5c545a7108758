"""The names of jobs, as GitHub shows them and as required status checks name them.

Source: actions/runner, src/Sdk/WorkflowParser: `JobNameBuilder`, `MatrixBuilder` and `EvaluateJobName`. A name without an
expression gets the combination of the matrix in parentheses; one with an expression stands as it is evaluated. The jobs
of a called workflow are named "caller / job".
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sandbox.github.actions.workflow import Document

_LENGTH = 100
# act shows the names of jobs, but not the matrix of a caller. Characters for private use delimit what is asked of it.
_OPEN, _MIDDLE, _CLOSE = "\ue000", "\ue001", "\ue002"
_ANSWER = re.compile(f"{_OPEN}(.*?){_MIDDLE}(.*?){_CLOSE}", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Title:
    """The name of a job in its workflow file."""

    text: str
    """With its expressions."""
    key: str
    """The job's key, which names it if the text evaluates to nothing."""
    matrix: Document | None
    """The matrix as it is declared, but evaluated if it is an expression as a whole; None: there is none, or nobody asks."""

    @classmethod
    def of(cls, key: str, job: Document) -> "Title":
        """Return the title of a job."""
        matrix: Any = cast("Document", job.get("strategy") or {}).get("matrix")
        name: Any = job.get("name")
        return cls(
            text=key if name is None or name == "" else str(name),
            key=key,
            matrix=cast("Document", matrix) if isinstance(matrix, dict) else None,
        )

    @property
    def has_expression(self) -> bool:
        """Whether the text has to be evaluated."""
        return "${{" in self.text

    @property
    def question(self) -> str:
        """The name to give the job, so that act says how the title evaluates and for which combination."""
        return f"{_OPEN}{self.text}{_MIDDLE}${{{{ toJSON(matrix) }}}}{_CLOSE}"

    def name(self, evaluated: str, combination: Mapping[str, Any]) -> str:
        """Return the name of the job for one combination of its matrix."""
        if self.has_expression and evaluated:
            return evaluated
        text = self.key if self.has_expression else self.text
        parts = [part for value in _named(self.matrix, combination) for part in _segments(value)]
        name = f"{text} ({', '.join(parts)})" if parts else text
        return name if len(name) <= _LENGTH else f"{name[: _LENGTH - 3]}..."


def planned(titles: Sequence[Title]) -> str:
    """Return the name of a job before it starts."""
    return " / ".join(title.text for title in titles)


def answered(titles: Sequence[Title], label: str) -> str:
    """Return the name of a job from act's answer to the questions of its title, and of those of its callers."""
    answers: list[tuple[str, str]] = _ANSWER.findall(label)
    return " / ".join(
        title.name(text, json.loads(matrix) or {}) for title, (text, matrix) in zip(titles, answers, strict=True)
    )


def _named(matrix: Document | None, combination: Mapping[str, Any]) -> list[Any]:
    """Return the values of a combination that its name has, in their order.

    What `include` adds to a combination of the vectors is not in its name; a combination that only `include` has is named
    by all of its values, those of the vectors first.
    """
    if matrix is None:
        return list(combination.values())
    vectors = {key: value for key, value in matrix.items() if key not in ("include", "exclude")}
    if vectors and all(key in combination and _within(combination[key], value) for key, value in vectors.items()):
        return [_as_declared(combination[key], value) for key, value in vectors.items()]
    added: Any = matrix.get("include")
    for one in cast("list[Document]", added) if isinstance(added, list) else []:
        if one == combination:
            keys = [*(key for key in one if key in vectors), *(key for key in one if key not in vectors)]
            return [one[key] for key in keys]
    return list(combination.values())


def _within(value: Any, vector: Any) -> bool:
    # A vector that is an expression has every value.
    return not isinstance(vector, list) or value in cast("list[Any]", vector)


def _as_declared(value: Any, vector: Any) -> Any:
    """Return a value with the order of its keys, which act sorts."""
    declared = cast("list[Any]", vector) if isinstance(vector, list) else []
    return next((one for one in declared if one == value), value)


def _segments(value: Any) -> Iterator[str]:
    if isinstance(value, (dict, list)):
        inner = cast("Document", value).values() if isinstance(value, dict) else cast("list[Any]", value)
        for one in inner:
            yield from _segments(one)
    elif isinstance(value, bool):
        yield str(value).lower()
    elif isinstance(value, float) and value.is_integer():
        yield str(int(value))
    elif value not in (None, ""):
        yield str(value)
