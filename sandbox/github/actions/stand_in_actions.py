"""The actions that steps use: each is replaced by a stand-in of this sandbox, or refused."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from sandbox.github.actions.workflow import Document, WorkflowError, read_yaml

STAND_INS = Path(__file__).parent / "stand_ins"
_USES = re.compile(r"(?P<action>[\w.-]+/[\w.-]+)(?P<path>/[^@]+)?@(?P<ref>\S+)")


def resolve(document: Document, where: Path, given: Mapping[str, Path]) -> dict[str, Path]:
    """Return the folders of the actions that a job or a composite action uses, by `owner/name@ref`.

    Args:
        document: has the steps below `runs`; actions of the repository itself get the form that act knows.
        where: the file, for messages.
        given: folders of stand-ins besides those of the sandbox, by `owner/name`.

    Raises:
        WorkflowError: there is no stand-in for an action, or it does not know an input.
    """
    runs: Any = document.get("runs")
    steps: Any = cast("Document", runs).get("steps", []) if isinstance(runs, dict) else []
    found: dict[str, Path] = {}
    for step in cast("list[Document]", steps):
        uses = re.sub(r"^\$/", "./", str(step.get("uses", "")))
        if "uses" in step:
            step["uses"] = uses
        if not uses or uses.startswith("./"):
            continue
        match = _USES.fullmatch(uses)
        # Names of owners and repositories have no case.
        name = match["action"].lower() if match else ""
        folder = given.get(name, STAND_INS / name) if name else None
        if match is None or folder is None or not folder.is_dir():
            raise WorkflowError(
                f"Unable to resolve action {uses!r} of {where}: the local GitHub has no stand-in for it"
            )
        _check_inputs(uses, step, folder)
        found[f"{match['action']}@{match['ref']}"] = folder
    return found


def _check_inputs(uses: str, step: Document, stand_in: Path) -> None:
    """Refuse inputs that a stand-in would ignore."""
    action = read_yaml((stand_in / "action.yml").read_bytes())
    known = {name.lower() for name in cast("Document", action.get("inputs") or {})}
    given = cast("Document", step.get("with") or {})
    unknown = sorted(name for name in given if name.lower() not in known)
    if unknown:
        raise WorkflowError(f"The local GitHub's stand-in for {uses!r} does not know the inputs {unknown}")
