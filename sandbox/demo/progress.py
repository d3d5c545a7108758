"""Show the demo's steps while they run: a live list on a terminal, otherwise one line per finished step.

Away from a terminal, a long step also reports its progress every few seconds.
"""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

TITLE_WIDTH = 55
"""Columns of the longest title."""
NARROW = 110
"""Columns below which a step's progress has a line of its own, or most of it would be cut off."""
SECONDS_BETWEEN_LINES = 10.0
"""Seconds between two progress lines of a long step, away from a terminal."""


@dataclass
class Step:
    """One step of the demo and its result."""

    title: str
    began: float = field(default_factory=time.monotonic)
    seconds: float | None = None
    """Duration; None while the step runs."""
    outcome: str = ""
    """Progress while the step runs, then its result, in a few words."""
    changed: bool = False
    """Whether the step changed anything; when the demo is run again, no step does."""
    failed: bool = False
    listener: Callable[["Step"], None] | None = None
    """Called whenever the step reports something."""

    def report(self, outcome: str) -> None:
        """Report progress, or finally the result."""
        self.outcome = outcome
        if self.listener is not None:
            self.listener(self)


class Demo:
    """The steps of one run of the demo, shown as they happen."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console()
        self.steps: list[Step] = []
        self._spinner = Spinner("dots")
        self._last_line = time.monotonic()
        self._live = Live(get_renderable=self._table, console=self.console, refresh_per_second=8)

    @property
    def changed(self) -> bool:
        """Whether any step changed anything."""
        return any(step.changed for step in self.steps)

    @property
    def seconds(self) -> float:
        """Total duration of all steps."""
        return sum(step.seconds or 0.0 for step in self.steps)

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    @contextmanager
    def step(self, title: str) -> Generator[Step]:
        """Run the body as one step."""
        step = Step(title, listener=None if self.console.is_terminal else self._print_progress)
        self.steps.append(step)
        self._last_line = time.monotonic()
        try:
            yield step
        except BaseException:
            step.failed = True
            raise
        finally:
            step.seconds = time.monotonic() - step.began
            if not self.console.is_terminal:
                self.console.print(_line(step), soft_wrap=True)

    def _print_progress(self, step: Step) -> None:
        now = time.monotonic()
        if now - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = now
            self.console.print(f"… {step.title}: {step.outcome}", style="dim", soft_wrap=True)

    def _table(self) -> Table:
        narrow = self.console.width < NARROW
        table = Table.grid(padding=(0, 2), expand=True)
        table.add_column(min_width=1)
        table.add_column(ratio=1 if narrow else None, min_width=None if narrow else TITLE_WIDTH, no_wrap=not narrow)
        table.add_column(min_width=8, justify="right", no_wrap=True)
        if not narrow:
            table.add_column(ratio=1, overflow="ellipsis", no_wrap=True)
        for step in self.steps:
            running = step.seconds is None
            seconds = time.monotonic() - step.began if running else step.seconds or 0.0
            mark, outcome = self._spinner if running else _mark(step), Text(step.outcome, style="dim")
            if narrow:
                title = Text.assemble(step.title, "\n", outcome) if step.outcome else step.title
                table.add_row(mark, title, f"{seconds:.1f} s")
            else:
                table.add_row(mark, step.title, f"{seconds:.1f} s", outcome)
        return table


def _mark(step: Step) -> Text:
    return Text("✗", style="red") if step.failed else Text("✓", style="green")


def _line(step: Step) -> Text:
    return Text.assemble(
        _mark(step), f" {step.title:<{TITLE_WIDTH}}{step.seconds or 0.0:7.1f} s  ", (step.outcome, "dim")
    )
