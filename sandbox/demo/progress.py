"""Show the demo's steps: each finished one is printed for good, and on a terminal the running one is shown live below.

Away from a terminal, a long step also reports its progress every few seconds.
"""

import textwrap
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

TITLE_WIDTH = 55
"""Columns of the longest title."""
INDENT = 2
"""Columns before a title, which its mark takes."""
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
        # Only what still changes is live: a terminal cannot rewrite what has left its window.
        self._live = Live(get_renderable=self._running, console=self.console, refresh_per_second=8, transient=True)

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
            # Otherwise it would be shown live once more below its result.
            self._live.refresh()
            self._print_result(step)

    def _print_progress(self, step: Step) -> None:
        now = time.monotonic()
        if now - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = now
            self.console.print(f"… {step.title}: {step.outcome}", style="dim", soft_wrap=True)

    def _print_result(self, step: Step) -> None:
        """Print a finished step: in one line if that fits, or else with its outcome below.

        An address is never broken, however narrow the terminal: nobody could open it.
        """
        mark = Text("✗", style="red") if step.failed else Text("✓", style="green")
        line = Text.assemble(mark, f" {step.title:<{TITLE_WIDTH}}{step.seconds or 0.0:7.1f} s")
        whole = Text.assemble(line, "  ", (step.outcome, "dim"))
        if not self.console.is_terminal or whole.cell_len <= self.console.width:
            self.console.print(whole, soft_wrap=True)
            return
        words = textwrap.wrap(step.outcome, self.console.width - INDENT, break_long_words=False, break_on_hyphens=False)
        self.console.print(line, soft_wrap=True)
        self.console.print(*(Text(" " * INDENT + each, style="dim") for each in words), sep="\n", soft_wrap=True)

    def _running(self) -> Group:
        """Return the running step with its progress; nothing between two steps."""
        return Group(*(self._progress(step) for step in self.steps if step.seconds is None))

    def _progress(self, step: Step) -> Table:
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(width=1)
        table.add_column(ratio=1)
        table.add_column(min_width=8, justify="right", no_wrap=True)
        title = Text.assemble(step.title, *(["\n", (step.outcome, "dim")] if step.outcome else []))
        table.add_row(self._spinner, title, f"{time.monotonic() - step.began:.1f} s")
        return table
