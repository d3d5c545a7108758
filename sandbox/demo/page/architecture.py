"""Reads the architecture of a stack from its state: which components it has, and which builds on which."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

COMPONENT = "mlops:index:"
"""Type tokens of the platform's own components begin with this."""

BOX_WIDTH, BOX_HEIGHT, COLUMN_GAP, ROW_GAP = 214, 58, 26, 46


@dataclass(frozen=True, kw_only=True)
class Component:
    """A component of a stack, with everything below it."""

    name: str
    kind: str
    """What it is, in words: `Template cloner`."""
    resources: Counter[str]
    """Number of cloud resources by type, for example `s3/bucket`."""
    needs: frozenset[str]
    """Names of the components that it builds on."""


@dataclass(frozen=True, kw_only=True)
class Box:
    """A component and its place in a drawing, in pixels."""

    component: Component
    x: int
    y: int


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """Boxes in rows, each row building on the rows above it, and the lines between them."""

    width: int
    height: int
    boxes: list[Box]
    lines: list[tuple[int, int, int, int]]
    """Start and end of each line: from what is needed to what needs it."""


def components(resources: list[dict[str, Any]]) -> list[Component]:
    """Return the top-level components of a state, by name."""
    parents = {str(resource["urn"]): str(resource.get("parent", "")) for resource in resources}
    tops = {urn: _top(urn, parents) for urn in parents}
    found: dict[str, Component] = {}
    for resource in resources:
        urn = str(resource["urn"])
        if tops[urn] != urn:
            continue
        members = [member for member in resources if tops[str(member["urn"])] == urn]
        needs = {tops[needed] for member in members for needed in _dependencies(member) if tops.get(needed, urn) != urn}
        found[urn] = Component(
            name=_name(urn),
            kind=_words(str(resource["type"]).removeprefix(COMPONENT)),
            resources=Counter(_short(str(member["type"])) for member in members if member.get("custom")),
            needs=frozenset(_name(need) for need in needs if need),
        )
    return sorted(found.values(), key=lambda component: component.name)


def draw(parts: list[Component], *, per_row: int = 4) -> Drawing:
    """Place components in rows so that each stands below what it needs."""
    by_name = {part.name: part for part in parts}
    levels: dict[str, int] = {}

    def level(name: str) -> int:
        if name not in levels:
            levels[name] = 0
            levels[name] = 1 + max((level(need) for need in by_name[name].needs if need in by_name), default=-1)
        return levels[name]

    rows: list[list[Component]] = []
    for depth in range(1 + max((level(part.name) for part in parts), default=-1)):
        same = [part for part in parts if level(part.name) == depth]
        rows += [same[start : start + per_row] for start in range(0, len(same), per_row)]
    width = max((len(row) for row in rows), default=0) * (BOX_WIDTH + COLUMN_GAP) - COLUMN_GAP
    boxes: dict[str, Box] = {}
    for number, row in enumerate(rows):
        indent = (width - len(row) * (BOX_WIDTH + COLUMN_GAP) + COLUMN_GAP) // 2
        for place, part in enumerate(row):
            x, y = indent + place * (BOX_WIDTH + COLUMN_GAP), number * (BOX_HEIGHT + ROW_GAP)
            boxes[part.name] = Box(component=part, x=x, y=y)
    lines = [
        (
            boxes[need].x + BOX_WIDTH // 2,
            boxes[need].y + BOX_HEIGHT,
            boxes[part.name].x + BOX_WIDTH // 2,
            boxes[part.name].y,
        )
        for part in parts
        for need in sorted(part.needs)
        if need in boxes
    ]
    height = len(rows) * (BOX_HEIGHT + ROW_GAP) - ROW_GAP
    return Drawing(width=width, height=height, boxes=list(boxes.values()), lines=lines)


def _top(urn: str, parents: dict[str, str]) -> str:
    """Return the outermost component around a resource, or an empty string if it stands in none."""
    outermost = ""
    while urn:
        if _type(urn).startswith(COMPONENT):
            outermost = urn
        urn = parents.get(urn, "")
    return outermost


def _dependencies(resource: dict[str, Any]) -> set[str]:
    by_property: dict[str, list[str]] = resource.get("propertyDependencies") or {}
    return {*(resource.get("dependencies") or []), *(urn for urns in by_property.values() for urn in urns)}


def _type(urn: str) -> str:
    return urn.split("::")[2].split("$")[-1]


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def _short(token: str) -> str:
    """`aws:s3/bucket:Bucket` becomes `s3/bucket`."""
    return token.split(":")[1]


def _words(name: str) -> str:
    """`TemplateCloner` becomes `Template cloner`."""
    spaced = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()
    return (spaced[:1].upper() + spaced[1:]).replace("Git hub", "GitHub")
