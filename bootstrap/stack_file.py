"""Read the file of a stack's settings, and explain in one line why it cannot be read."""

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import yaml

from bootstrap.errors import BootstrapError


def names(folder: Path) -> list[str]:
    """Return the names of the stacks whose settings are in `folder`."""
    return sorted(file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in folder.glob("Pulumi.*.yaml"))


def find(folder: Path, stack: str) -> Path:
    """Return the file of a stack's settings.

    Raises:
        BootstrapError: there is none of that name; the message says which there are.
    """
    known = names(folder)
    if stack not in known:
        close = difflib.get_close_matches(stack, known, n=1)
        likely = f" Did you mean {close[0]}?" if close else ""
        raise BootstrapError(
            f"There is no stack {stack!r}, because there is no file Pulumi.{stack}.yaml.{likely} "
            f"Stacks here: {', '.join(known) or 'none'}."
        )
    return folder / f"Pulumi.{stack}.yaml"


def read(file: Path) -> dict[str, Any]:
    """Return the content of a stack's file; its `config` is a mapping.

    Raises:
        BootstrapError: the file cannot be read, is no YAML, repeats a key (which the engine refuses), or has no settings.
    """
    try:
        content: object = yaml.load(file.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - it is a safe loader
    except OSError as error:
        raise BootstrapError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BootstrapError(f"{file} cannot be read: save it in UTF-8; byte {error.start + 1} is none.") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # PyYAML lets Python's own errors pass: of a day that no month has, of lists in lists without end.
        raise BootstrapError(f"{file} cannot be read: {_reason(error)}.") from error
    if not isinstance(content, dict):
        raise BootstrapError(f"{file} has no settings: begin it with `config:` and write the settings below it.")
    config = cast("dict[str, Any]", content).get("config")
    if not isinstance(config, dict) or not config:
        raise BootstrapError(f"{file} has no settings: write them below a line `config:`, as keys with their values.")
    return cast("dict[str, Any]", content)


class _Loader(yaml.SafeLoader):
    """Refuses a key that is repeated, as the engine does; PyYAML alone keeps the last of its values."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        repeated = next(_repeated(node), None)
        if repeated is not None:
            raise yaml.constructor.ConstructorError(
                problem=f"the key {repeated.value} is given twice", problem_mark=repeated.start_mark
            )
        super().flatten_mapping(node)


def _repeated(node: yaml.MappingNode) -> Iterator[yaml.ScalarNode]:
    seen: set[str] = set()
    for key, _ in cast("list[tuple[yaml.Node, yaml.Node]]", node.value):
        if isinstance(key, yaml.ScalarNode):
            if key.value in seen:
                yield key
            seen.add(key.value)


def _reason(error: Exception) -> str:
    """Return the parser's reason in one line."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return " ".join(str(error).split())
    where = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
    reason = error.problem or error.context or "it is no YAML"
    return f"{where}{reason}; indent with spaces" if r"'\t'" in reason else f"{where}{reason}"
