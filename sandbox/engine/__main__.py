"""`python -m sandbox.engine` prints the folder to put on PATH, and reports progress on stderr."""

import sys

from sandbox.engine.provide import EngineError, engine_folder


def main() -> int:
    """Print the folder that holds `pulumi` and its Python language host."""
    try:
        folder = engine_folder()
    except EngineError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{folder}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
