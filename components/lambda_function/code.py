"""The code of the functions, as the archives that Lambda runs."""

import os
from pathlib import Path

import pulumi

FUNCTIONS = Path(__file__).parents[2] / "functions"
"""The code of the functions, a package each, and the package `shared` that they import."""


def archive(package: str) -> pulumi.AssetArchive:
    """Return the function's package and the shared one, with the entry point `handler.py` at the top.

    An update changes a function's handler before its code: one that always has the same name never misses its module.
    Compiled files would differ between machines.
    """
    modules = [module for folder in (package, "shared") for module in sorted((FUNCTIONS / folder).rglob("*.py"))]
    entry_point = FUNCTIONS / package / "handler.py"
    return pulumi.AssetArchive(
        {
            "handler.py"
            if module == entry_point
            else module.relative_to(FUNCTIONS.parent).as_posix(): pulumi.FileAsset(os.path.relpath(module))
            for module in modules
        }
    )
