"""Build an SVG picture of boxes, panels, arrows and text."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal
from xml.sax.saxutils import escape

Point = tuple[int, int]
Style = Literal["box", "later", "panel", "group", "person"]
"""Appearance of a rectangle: deployed by a stack, created later, an account, a group, or a person."""

STYLE = """
text { font: 11px "Helvetica Neue", Helvetica, Arial, sans-serif; fill: #44506a; }
text.title { font-size: 11.5px; font-weight: bold; fill: #172033; }
text.heading { font-size: 14px; font-weight: bold; fill: #172033; }
text.number { font-size: 11px; font-weight: bold; fill: #ffffff; text-anchor: middle; }
rect.box { fill: #eef4ff; stroke: #7d9fe8; }
rect.later { fill: #fff8ec; stroke: #dd9b3c; stroke-dasharray: 4 3; }
rect.panel { fill: #f8fafc; stroke: #cbd5e1; }
rect.group { fill: none; stroke: #dd9b3c; stroke-dasharray: 2 3; }
rect.person { fill: #e9f7ef; stroke: #4ba673; }
path { fill: none; stroke: #b4bfd4; }
path.flow { stroke: #c2410c; stroke-width: 1.6; marker-end: url(#arrow); }
circle { fill: #c2410c; }
"""
ARROW = (
    '<marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto">'
    '<path d="M0 0 L8 4 L0 8 z" style="fill: #c2410c; stroke: none"/></marker>'
)
LINE = 14
"""Pixels between two lines of text."""


@dataclass(frozen=True, kw_only=True)
class Rectangle:
    """A rectangle's position and size, in pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def left(self) -> Point:
        """Center of the left edge."""
        return self.x, self.y + self.height // 2

    @property
    def right(self) -> Point:
        """Center of the right edge."""
        return self.x + self.width, self.y + self.height // 2

    @property
    def top(self) -> Point:
        """Center of the top edge."""
        return self.x + self.width // 2, self.y

    @property
    def bottom(self) -> Point:
        """Center of the bottom edge."""
        return self.x + self.width // 2, self.y + self.height


@dataclass(frozen=True)
class Picture:
    """An SVG picture, drawn in the order of the calls."""

    width: int
    height: int
    description: str
    elements: list[str] = field(default_factory=list[str])

    def rectangle(self, at: Rectangle, style: Style, title: str = "", lines: Sequence[str] = ()) -> None:
        """Draw a rectangle with a title and lines of text."""
        position = f'x="{at.x}" y="{at.y}" width="{at.width}" height="{at.height}"'
        self.elements.append(f'<rect class="{style}" {position} rx="{16 if style == "person" else 6}"/>')
        if title:
            baseline = at.y + (21 if style == "person" else 18)
            self.text((at.x + 9, baseline), title, "heading" if style == "panel" else "title")
        for number, line in enumerate(lines, start=1):
            self.text((at.x + 9, at.y + 18 + number * LINE), line)

    def text(self, at: Point, text: str, style: str = "") -> None:
        """Write a line of text."""
        kind = f' class="{style}"' if style else ""
        self.elements.append(f'<text{kind} x="{at[0]}" y="{at[1]}">{escape(text)}</text>')

    def dependency(self, start: Point, end: Point, *, gap: int) -> None:
        """Draw a line to the right that stays at its height until the last `gap` pixels."""
        (x1, y1), (x2, y2) = start, end
        bend = max(x1, x2 - gap)
        middle = (bend + x2) // 2
        self.elements.append(f'<path d="M{x1} {y1} H{bend} C{middle} {y1} {middle} {y2} {x2} {y2}"/>')

    def flow(self, number: int | None, *points: Point) -> None:
        """Draw an arrow along points; its number, if it has one, is in the middle of the first part."""
        self.elements.append(f'<path class="flow" d="M{" L".join(f"{x} {y}" for x, y in points)}"/>')
        if number is not None:
            (x1, y1), (x2, y2) = points[:2]
            self.badge(((x1 + x2) // 2, (y1 + y2) // 2), number)

    def badge(self, at: Point, number: int) -> None:
        """Draw a number in a circle."""
        self.elements.append(f'<circle cx="{at[0]}" cy="{at[1]}" r="8"/>')
        self.text((at[0], at[1] + 4), str(number), "number")

    def document(self) -> str:
        """Return the picture as an SVG document."""
        size = f'width="{self.width}" height="{self.height}" viewBox="0 0 {self.width} {self.height}"'
        head = [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{escape(self.description)}">',
            f"<style>{STYLE}</style>",
            f"<defs>{ARROW}</defs>",
            f'<rect width="{self.width}" height="{self.height}" fill="#ffffff"/>',
        ]
        return "\n".join([*head, *self.elements, "</svg>", ""])
