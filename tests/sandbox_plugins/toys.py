"""A provider whose cloud is a dictionary of boxes."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from sandbox.plugins.properties import Property, Values
from sandbox.plugins.resource import AutoName, Provider, RefusedError, Resource
from tests.sandbox_plugins.declared import block, blocks, text, text_map

KIND = "toy:box/box:Box"


class MissingError(Exception):
    """The toy cloud has no such box."""


class Cloud:
    """Boxes by their names."""

    def __init__(self) -> None:
        self.boxes: dict[str, Values] = {}
        self.broken: set[str] = set()

    def fail_if_broken(self, request: str) -> None:
        """Fail if this request was broken on purpose."""
        if request in self.broken:
            raise ConnectionError(f"{request} is broken")


class Box(Resource[Cloud]):
    """A box whose colour and lid are set after its creation."""

    type_name = KIND
    outputs = ("serial",)
    changing_outputs = ("serial",)
    auto_name = AutoName(prefix="box-", longest=20, lower_case=True)

    @cached_property
    def properties(self) -> Mapping[str, Property]:
        """The inputs; no SDK declares them."""
        return {
            "name": text(replaces=True, computed=True),
            "colour": text(default="brown"),
            "lid": block({"kind": text(replaces=True), "handle": text()}),
            "hinges": blocks({"side": text()}),
            "labels": text_map(),
        }

    def refusals(self, wanted: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Refuse an ugly colour."""
        return [("colour", "it is ugly")] if wanted.get("colour") == "mud" else []

    def create(self, cloud: Cloud, wanted: Values) -> str:
        """Create a box."""
        cloud.fail_if_broken("create")
        cloud.boxes[wanted["name"]] = {"name": wanted["name"], "serial": 1}
        return wanted["name"]

    def complete(self, cloud: Cloud, identifier: str, wanted: Values) -> None:
        """Paint the box."""
        cloud.fail_if_broken("complete")
        cloud.boxes[identifier] |= {name: wanted.get(name) for name in ("colour", "lid", "hinges", "labels")}
        cloud.fail_if_broken("dry")

    def read(self, cloud: Cloud, identifier: str, state: Values) -> Values | None:
        """Read the box."""
        cloud.fail_if_broken("read")
        if identifier not in cloud.boxes:
            raise MissingError
        return dict(cloud.boxes[identifier])

    def update(self, cloud: Cloud, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Paint the box again."""
        self.complete(cloud, identifier, wanted)
        cloud.boxes[identifier]["serial"] += 1

    def delete(self, cloud: Cloud, identifier: str, state: Values) -> None:
        """Delete the box."""
        cloud.fail_if_broken("delete")
        if cloud.boxes.pop(identifier, None) is None:
            raise MissingError

    def is_gone(self, error: Exception) -> bool:
        """Return whether the box does not exist."""
        return isinstance(error, MissingError)


class Fixed(Box):
    """A box that cannot be updated."""

    type_name = "toy:box/fixed:Fixed"

    def update(self, cloud: Cloud, identifier: str, state: Values, wanted: Values, changed: frozenset[str]) -> None:
        """Use the default of all types."""
        Resource[Cloud].update(self, cloud, identifier, state, wanted, changed)


class Toys(Provider[Cloud]):
    """A package of boxes."""

    package = "toy"
    version = "1.2.3"
    types: Mapping[str, Resource[Cloud]] = {each.type_name: each for each in (Box(), Fixed())}

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.configured: Values = {}
        self.functions = {"toy:index/count:count": lambda cloud, arguments: {"count": len(cloud.boxes), **arguments}}

    @cached_property
    def configuration(self) -> Mapping[str, Property]:
        """The settings; no SDK declares them."""
        return {"colours": block({"default": text()}), "place": text()}

    def connect(self, configuration: Values) -> Cloud:
        """Connect to the toy cloud."""
        self.configured = configuration
        if configuration.get("place") == "nowhere":
            raise RefusedError("there is nothing nowhere")
        return self.cloud

    def explain(self, error: Exception) -> str | None:
        """Explain errors of the toy cloud."""
        return str(error) if isinstance(error, ConnectionError) else None
