"""Installs the stand-ins where an engine finds them: in a PULUMI_HOME of its own, never in a person's.

An official plugin of the same version in the same home would be overwritten, so the default home is refused.
"""

import os
import shlex
import sys
from pathlib import Path

from sandbox.plugins.resource import RefusedError

VERSIONS = {"aws": "7.51.1", "github": "6.15.0"}
"""The plugin versions that the installed SDKs require; a test compares them."""

_CHECKOUT = Path(__file__).parents[2]


def install(home: Path) -> list[Path]:
    """Write a launcher for each stand-in and return their paths; up-to-date launchers stay untouched.

    Raises:
        RefusedError: `home` is the person's own Pulumi home.
    """
    if home.resolve() == (Path.home() / ".pulumi").resolve():
        raise RefusedError(f"{home} is your own Pulumi home: choose another, or these would shadow official plugins")
    return [_launcher(home, package, version) for package, version in VERSIONS.items()]


def _launcher(home: Path, package: str, version: str) -> Path:
    folder = home / "plugins" / f"resource-{package}-v{version}"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"pulumi-resource-{package}"
    # The engine starts a plugin in the project's folder, from which assets are read, so PYTHONPATH finds the code.
    content = (
        "#!/bin/sh\n"
        f"PYTHONPATH={shlex.quote(str(_CHECKOUT))} exec {shlex.quote(sys.executable)} -P -m sandbox.plugins.{package}\n"
    )
    if not path.exists() or path.read_text() != content:
        unfinished = folder / f"{path.name}.{os.getpid()}"
        unfinished.write_text(content)
        unfinished.chmod(0o755)
        unfinished.replace(path)
    return path
