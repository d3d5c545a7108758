"""Imports: no circles, no package that a package may not know, and at most one edit of the import path."""

import ast
import re
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
TEMPLATES = CHECKOUT / "template-repos"
ROOTS = [CHECKOUT, TEMPLATES, *sorted(path.parent for path in TEMPLATES.glob("*/pyproject.toml"))]
"""Folders from which imports are resolved: the repository's, and those of each template repository."""
MAY_IMPORT = {
    "bootstrap": {"bootstrap", "components", "products"},
    "components": {"components", "products"},
    "costs": {"costs", "settings"},
    "functions": {"functions"},
    "products": {"products"},
    "settings": {"settings", "components", "costs", "products"},
}
"""Top-level packages that modules of each package may import, of those that are in the repository."""

Graph = Mapping[str, set[str]]
"""Modules that each module imports, anywhere in its code."""


def python_files(root: Path) -> list[Path]:
    """The Python files below a root that git knows or is about to, without those of the roots below it."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", "*.py"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    files = [root / name for name in listed.split("\0") if name]
    below = [other for other in ROOTS if other != root and other.is_relative_to(root)]
    return [file for file in files if file.is_file() and not any(file.is_relative_to(other) for other in below)]


def module_name(file: Path, root: Path) -> str:
    parts = file.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(tree: ast.Module, known: set[str]) -> Iterator[str]:
    """The modules among `known` that the code imports; `from package import module` counts for the module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, "imports are absolute"
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                if submodule in known:
                    yield submodule
                elif node.module in known:
                    yield node.module


@cache
def import_graph(root: Path) -> Graph:
    files = {module_name(file, root): file for file in python_files(root)}
    trees = {name: ast.parse(file.read_text(encoding="utf-8")) for name, file in files.items()}
    return {name: set(imported(tree, set(files))) for name, tree in trees.items()}


def cycle(graph: Graph) -> list[str]:
    """The modules of a circle, the first and the last the same; none when there is no circle."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


@pytest.mark.parametrize("root", ROOTS, ids=lambda root: root.name)
def test_there_are_no_circular_imports(root: Path) -> None:
    graph = import_graph(root)
    assert graph
    assert cycle(graph) == []


def test_a_circular_import_is_found() -> None:
    inner = imported(ast.parse("def late():\n    from package import first\n"), {"package", "package.first"})
    assert cycle({"package.first": {"package.second"}, "package.second": set(inner)}) == [
        "package.first",
        "package.second",
        "package.first",
    ]


def test_packages_import_only_packages_that_they_may() -> None:
    graph = import_graph(CHECKOUT)
    beyond = {
        f"{module} imports {other}"
        for module, others in graph.items()
        for other in others
        if (room := module.partition(".")[0]) in MAY_IMPORT and other.partition(".")[0] not in MAY_IMPORT[room]
    }
    assert beyond == set()


def test_at_most_one_place_edits_the_path_of_imports() -> None:
    edits = re.compile(r"\bsys\.path(?:\[|\.(?:append|insert|extend))")
    files = [file for root in ROOTS for file in python_files(root) if file != Path(__file__)]
    editing = [file for file in files if edits.search(file.read_text(encoding="utf-8"))]
    assert len(editing) <= 1, editing
