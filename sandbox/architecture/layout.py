"""Place the components of a stack in rows, and connect them with lines."""

from dataclasses import dataclass

from sandbox.architecture.components import Component

BOX_WIDTH, BOX_HEIGHT, COLUMN_GAP, ROW_GAP = 214, 58, 26, 46


@dataclass(frozen=True, kw_only=True)
class Box:
    """A component and its position in a drawing, in pixels."""

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
    """Start and end of each line, from a component to one that builds on it."""


def levels(parts: list[Component]) -> list[list[Component]]:
    """Return the components by level, each level building on the levels before it."""
    by_name = {part.name: part for part in parts}
    known: dict[str, int] = {}

    def level(name: str) -> int:
        if name not in known:
            known[name] = 0
            known[name] = 1 + max((level(other) for other in by_name[name].requires if other in by_name), default=-1)
        return known[name]

    count = 1 + max((level(part.name) for part in parts), default=-1)
    return [[part for part in parts if level(part.name) == depth] for depth in range(count)]


def draw(parts: list[Component], *, per_row: int = 4) -> Drawing:
    """Place components in rows so that each is below those that it builds on."""
    rows = [same[start : start + per_row] for same in levels(parts) for start in range(0, len(same), per_row)]
    width = max((len(row) for row in rows), default=0) * (BOX_WIDTH + COLUMN_GAP) - COLUMN_GAP
    boxes: dict[str, Box] = {}
    for number, row in enumerate(rows):
        indent = (width - len(row) * (BOX_WIDTH + COLUMN_GAP) + COLUMN_GAP) // 2
        for place, part in enumerate(row):
            x, y = indent + place * (BOX_WIDTH + COLUMN_GAP), number * (BOX_HEIGHT + ROW_GAP)
            boxes[part.name] = Box(component=part, x=x, y=y)
    lines = [_line(boxes[name], boxes[part.name]) for part in parts for name in sorted(part.requires) if name in boxes]
    height = len(rows) * (BOX_HEIGHT + ROW_GAP) - ROW_GAP
    return Drawing(width=width, height=height, boxes=list(boxes.values()), lines=lines)


def _line(above: Box, below: Box) -> tuple[int, int, int, int]:
    return above.x + BOX_WIDTH // 2, above.y + BOX_HEIGHT, below.x + BOX_WIDTH // 2, below.y
