"""Shows a story of steps while it runs: a live list on a terminal, elsewhere a line for each step that is done.

A long step is heard from elsewhere, too: every few seconds it says how far it is.
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
SECONDS_BETWEEN_LINES = 10.0
"""How often a step is heard from that takes long, away from a terminal."""


@dataclass
class Step:
    """One step of the story, and what it has to say."""

    title: str
    began: float = field(default_factory=time.monotonic)
    seconds: float | None = None
    """How long it took; None while it runs."""
    outcome: str = ""
    """What came of it, in a few words."""
    changed: bool = False
    """Whether the step changed anything; a story told twice changes nothing the second time."""
    failed: bool = False
    listener: Callable[["Step"], None] | None = None
    """Told whenever the step says something."""

    def say(self, outcome: str) -> None:
        """Tell what is going on, or, last, what came of it."""
        self.outcome = outcome
        if self.listener is not None:
            self.listener(self)


class Story:
    """A list of steps, shown as they happen."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console()
        self.steps: list[Step] = []
        self._spinner = Spinner("dots")
        self._heard = time.monotonic()
        self._live = Live(get_renderable=self._table, console=self.console, refresh_per_second=8)

    @property
    def changed(self) -> bool:
        """Whether any step changed anything."""
        return any(step.changed for step in self.steps)

    @property
    def seconds(self) -> float:
        """How long all steps took together."""
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
        step = Step(title, listener=None if self.console.is_terminal else self._hear)
        self.steps.append(step)
        self._heard = time.monotonic()
        try:
            yield step
        except BaseException:
            step.failed = True
            raise
        finally:
            step.seconds = time.monotonic() - step.began
            if not self.console.is_terminal:
                self.console.print(_line(step), soft_wrap=True)

    def _hear(self, step: Step) -> None:
        now = time.monotonic()
        if now - self._heard >= SECONDS_BETWEEN_LINES:
            self._heard = now
            self.console.print(f"… {step.title}: {step.outcome}", style="dim", soft_wrap=True)

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2), expand=True)
        table.add_column(min_width=1)
        table.add_column(min_width=TITLE_WIDTH, no_wrap=True)
        table.add_column(min_width=8, justify="right", no_wrap=True)
        table.add_column(ratio=1, overflow="ellipsis", no_wrap=True)
        for step in self.steps:
            running = step.seconds is None
            seconds = time.monotonic() - step.began if running else step.seconds or 0.0
            table.add_row(
                self._spinner if running else _mark(step),
                step.title,
                f"{seconds:.1f} s",
                Text(step.outcome, style="dim"),
            )
        return table


def _mark(step: Step) -> Text:
    return Text("✗", style="red") if step.failed else Text("✓", style="green")


def _line(step: Step) -> Text:
    return Text.assemble(
        _mark(step), f" {step.title:<{TITLE_WIDTH}}{step.seconds or 0.0:7.1f} s  ", (step.outcome, "dim")
    )
