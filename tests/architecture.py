"""`python -m tests.architecture` draws the picture of `docs/architecture.md` from what the program declares."""

from collections.abc import Callable

from sandbox.architecture.components import components
from sandbox.architecture.overview import Stack, overview
from tests.rendering import ROOT, Rendering, render_stack

PICTURE = ROOT / "docs" / "architecture.svg"
STACKS = ("dev", "preprod", "prod")


def drawn(rendered: Callable[[str], Rendering] = render_stack) -> str:
    """Return the picture of all stacks, each as `rendered` returns it."""
    return overview(
        [
            Stack(environment=name, components=components([dict(each.state) for each in rendered(name).resources]))
            for name in STACKS
        ]
    )


if __name__ == "__main__":
    PICTURE.write_text(drawn(), encoding="utf-8")
