"""Print the logs of the servers and of the demo's steps."""

from collections.abc import Sequence

from rich.console import Console

from sandbox import paths


class UnknownLogError(Exception):
    """No log has such a name; the message lists those that exist."""


def show(console: Console, names: Sequence[str]) -> None:
    """Print the logs that are named exactly so, else those whose names contain one of `names`; without any, list them.

    Raises:
        UnknownLogError: a name fits no log.
    """
    logs = {path.stem: path for path in sorted(paths.LOGS.glob("*.log"))}
    if not names:
        console.print("\n".join(logs) or "There is no log yet: `make demo` writes them.", markup=False, highlight=False)
        if logs:
            console.print(
                "Read one by its name, or by part of it: .venv/bin/python -m sandbox logs NAME", soft_wrap=True
            )
        return
    chosen = {found for name in names for found in _matching(name, list(logs))}
    for name in sorted(chosen):
        console.rule(f"{name}.log")
        console.print(logs[name].read_text(errors="replace"), markup=False, highlight=False, soft_wrap=True)


def _matching(name: str, known: Sequence[str]) -> list[str]:
    wanted = name.removesuffix(".log")
    found = [wanted] if wanted in known else [each for each in known if wanted in each]
    if not found:
        raise UnknownLogError(f"there is no log {name!r}; logs: {', '.join(known) or 'none'}")
    return found
