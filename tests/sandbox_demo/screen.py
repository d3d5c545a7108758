"""A terminal of a given size, as a person sees it."""

import io
import re

from rich.console import Console

_CONTROL = re.compile(r"\x1b\[\??(\d*)([A-Za-z])")


class Screen(io.StringIO):
    """The window of a terminal, which keeps what has scrolled out of it.

    It knows the control sequences that a live display of rich sends, and refuses all others.
    Source: ECMA-48, "Control functions for coded character sets": CUU, EL, SGR; xterm's DECTCEM.
    """

    def __init__(self, width: int, height: int) -> None:
        super().__init__()
        self.width, self.height = width, height
        self.console = Console(file=self, force_terminal=True, width=width, height=height)
        self._lines, self._row, self._column = [""], 0, 0

    def write(self, text: str, /) -> int:
        """Show a text."""
        position = 0
        while position < len(text):
            if control := _CONTROL.match(text, position):
                self._control(control[2], int(control[1] or 1))
                position = control.end()
            else:
                self._show(text[position])
                position += 1
        return len(text)

    @property
    def window(self) -> list[str]:
        """The lines that are in sight, from top to bottom."""
        return [line.rstrip() for line in self._lines[-self.height :]]

    @property
    def everything(self) -> str:
        """All lines as they were printed: one that the terminal broke at its edge is whole again."""
        lines = [line if len(line) == self.width else f"{line.rstrip()}\n" for line in self._lines]
        return "".join(lines)

    def _control(self, kind: str, number: int) -> None:
        match kind:
            case "A":
                # The cursor stops at the top of the window.
                self._row = max(self._row - number, len(self._lines) - self.height, 0)
            case "K":
                assert number == 2, "the whole line is erased"
                self._lines[self._row] = ""
            case "m" | "h" | "l":
                pass
            case _:
                raise AssertionError(f"unknown control sequence {number}{kind}")

    def _show(self, character: str) -> None:
        match character:
            case "\n":
                self._next_line()
            case "\r":
                self._column = 0
            case _:
                if self._column == self.width:
                    self._next_line()
                line = self._lines[self._row].ljust(self._column)
                self._lines[self._row] = line[: self._column] + character + line[self._column + 1 :]
                self._column += 1

    def _next_line(self) -> None:
        self._row, self._column = self._row + 1, 0
        if self._row == len(self._lines):
            self._lines.append("")
