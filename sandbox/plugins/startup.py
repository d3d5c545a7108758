"""A fast start for a plugin's process, for which the engine waits before anything else."""

import sys
from importlib.machinery import PathFinder
from types import ModuleType


def import_protocol_alone() -> None:
    """Make the engine's protocol importable without the SDK around it, which takes half a second.

    Only for a process that is a plugin and nothing else: in it `import pulumi` yields an empty package from now on.
    """
    path: list[str] | None = None
    for name in ("pulumi", "pulumi.runtime"):
        found = PathFinder.find_spec(name, path)
        if found is None or found.submodule_search_locations is None:
            raise ModuleNotFoundError(f"{name} is not installed")
        package = ModuleType(name)
        path = list(found.submodule_search_locations)
        package.__path__ = path
        sys.modules[name] = package
