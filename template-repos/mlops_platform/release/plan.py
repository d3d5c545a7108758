"""The operations that the engine plans for an update, known before anything is changed."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

UNCHANGED = ("same", "read", "refresh")
"""Operations of the engine that leave a resource as it is."""
KEEPING = (*UNCHANGED, "create", "update", "import")
"""Operations after which a resource that existed still exists; all others replace or delete it."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """A planned change of a resource."""

    kind: str
    """The engine's name for it, such as `update` or `replace`."""
    type: str
    name: str
    """The resource's name in the program."""
    properties: tuple[str, ...]
    """Paths of the properties that require a replacement, as far as the provider tells; empty for other operations."""
    inputs: Mapping[str, Any]
    """The resource as the program declares it; empty when the program does not."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All planned operations."""

    operations: tuple[Operation, ...]

    @classmethod
    def parse(cls, text: str) -> "Plan":
        """Read what `pulumi preview --json` writes.

        Source: pulumi/pulumi, sdk/go/common/display/json.go, "PreviewDigest" and "PreviewStep".
        """
        return cls(operations=tuple(_operation(step) for step in json.loads(text)["steps"]))

    def changes(self, types: Collection[str]) -> bool:
        """Tell whether a resource of these types would be created, changed or deleted."""
        return any(each.kind not in UNCHANGED and each.type in types for each in self.operations)

    def removal(self, kind: str) -> Operation | None:
        """Return the first operation that would replace or delete a resource of a type; None when there is none."""
        return next((each for each in self.operations if each.kind not in KEEPING and each.type == kind), None)


def _operation(step: Mapping[str, Any]) -> Operation:
    # A URN is `urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME`.
    types, name = step["urn"].split("::", 3)[2:]
    forced = [path for path, change in (step.get("detailedDiff") or {}).items() if change["kind"].endswith("-replace")]
    return Operation(
        kind=step["op"],
        type=types.rpartition("$")[2],
        name=name,
        properties=tuple(forced or step.get("replaceReasons") or ()),
        inputs=(step.get("newState") or {}).get("inputs") or {},
    )
