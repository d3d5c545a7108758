"""The behaviour that all resource types share, tested with a type whose cloud is a dictionary."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from sandbox.plugins.properties import Property, Values
from sandbox.plugins.resource import AutoName, Provider, RefusedError, Resource
from sandbox.plugins.server import start
from sandbox.plugins.values import AssetError, archive_content, asset_content, base64_sha256
from tests.sandbox_plugins.declared import block, text
from tests.sandbox_plugins.plugin import UNKNOWN, HalfCreatedError, Plugin, RefusedByPluginError, ResourceState

KIND = "toy:box/box:Box"
SIGNATURE = "4dabf18193072939515e22adb298388d"
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
ASSET = "c44067f5952c0a294b673a41bacd8c17"


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
        cloud.boxes[identifier] |= {name: wanted.get(name) for name in ("colour", "lid")}
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


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@pytest.fixture
def toys(cloud: Cloud) -> Toys:
    return Toys(cloud)


@pytest.fixture
def unconfigured(toys: Toys) -> Iterator[Plugin]:
    server, port = start(toys)
    plugin = Plugin(port)
    yield plugin
    plugin.close()
    server.stop(None).wait()


@pytest.fixture
def plugin(unconfigured: Plugin) -> Plugin:
    unconfigured.configure(place="here")
    return unconfigured


def test_settings_arrive_as_values_and_are_checked(unconfigured: Plugin, toys: Toys) -> None:
    assert unconfigured.version() == "1.2.3"
    assert unconfigured.check_config(place="here", version="1", colours='{"default": "red"}') == {}
    assert unconfigured.check_config(plaice="here", colours='{"defalt": "red"}') == {
        "plaice": "plaice: the sandbox does not implement this property",
        "colours.defalt": "colours.defalt: the sandbox does not implement this property",
    }
    unconfigured.configure(colours='{"default": "red"}', version="1")
    assert toys.configured == {"colours": {"default": "red"}}
    assert unconfigured.changed_config({"place": "here", "version": "1"}, {"place": "there", "version": "2"}) == [
        "place"
    ]


def test_a_provider_that_refuses_its_settings_is_not_configured(unconfigured: Plugin) -> None:
    with pytest.raises(RefusedByPluginError, match="there is nothing nowhere"):
        unconfigured.configure(place="nowhere")
    with pytest.raises(RefusedByPluginError, match="the toy provider is not configured"):
        unconfigured.create(KIND, {"name": "a"})


def test_an_unknown_type_and_an_unknown_function_are_named(plugin: Plugin) -> None:
    with pytest.raises(RefusedByPluginError, match="toy:box/crate:Crate: the sandbox does not implement this resource"):
        plugin.check("toy:box/crate:Crate", {})
    with pytest.raises(RefusedByPluginError, match="toy:index/weigh:weigh: the sandbox does not implement this func"):
        plugin.invoke("toy:index/weigh:weigh", {})
    assert plugin.invoke("toy:index/count:count", {"of": "boxes"}) == {"count": 0, "of": "boxes"}


def test_a_types_own_checks_run_only_when_each_input_is_right(plugin: Plugin) -> None:
    assert plugin.check(KIND, {"colour": "mud"}).failures == {"colour": "colour: it is ugly"}
    assert set(plugin.check(KIND, {"colour": "mud", "size": 1}).failures) == {"size"}


def test_a_generated_name_is_kept_and_an_explicit_one_is_used_as_it_is(plugin: Plugin) -> None:
    first = plugin.check(KIND, {}).inputs
    assert first["name"].startswith("box-probe-")
    assert len(first["name"]) == len("box-probe-") + 7
    old = {**first, "name": "box-probe-0000000"}
    assert plugin.check(KIND, {"colour": "red"}, olds=old).inputs["name"] == "box-probe-0000000"
    assert plugin.check(KIND, {"name": "own"}, olds=first).inputs == {"name": "own"}


def test_a_replaced_resource_that_keeps_its_explicit_name_is_deleted_first(plugin: Plugin) -> None:
    own = plugin.create(KIND, {"name": "own", "lid": {"kind": "flat"}})
    difference = plugin.difference(KIND, own, {"name": "own", "lid": {"kind": "round"}})
    assert (difference.replaces, difference.delete_first) == (["lid"], True)
    assert not plugin.difference(KIND, own, {"name": "another", "lid": {"kind": "round"}}).delete_first
    generated = {**plugin.check(KIND, {}).inputs, "lid": {"kind": "flat"}}
    created = plugin.create(KIND, generated)
    assert not plugin.difference(KIND, created, {**generated, "lid": {"kind": "round"}}).delete_first
    assert plugin.difference(KIND, created, {**generated, "lid": {"kind": "flat", "handle": "iron"}}).replaces == []


def test_a_preview_knows_the_programs_inputs_and_nothing_else(plugin: Plugin, cloud: Cloud) -> None:
    preview = plugin.create(KIND, {"colour": UNKNOWN}, preview=True)
    assert preview.properties == {"name": UNKNOWN, "colour": UNKNOWN, "serial": UNKNOWN}
    assert cloud.boxes == {}
    created = plugin.create(KIND, {"name": "a"})
    changed = plugin.update(KIND, created, {"name": "a", "colour": "red"}, preview=True)
    assert changed.properties == {"id": "a", "name": "a", "colour": "red", "serial": UNKNOWN}
    assert cloud.boxes["a"]["colour"] == "brown"


def test_a_refresh_finds_manual_changes(plugin: Plugin, cloud: Cloud) -> None:
    created = plugin.create(KIND, {"name": "a", "colour": "red", "lid": {"kind": "flat"}})
    cloud.boxes["a"] |= {"colour": "blue", "lid": None}
    found = plugin.read(KIND, created, {"name": "a", "colour": "red", "lid": {"kind": "flat"}})
    assert found is not None
    refreshed, inputs = found
    assert inputs == {"name": "a", "colour": "blue"}
    wanted = {"name": "a", "colour": "red", "lid": {"kind": "flat"}}
    assert plugin.difference(KIND, refreshed, wanted).changed == ["colour", "lid"]
    again = plugin.update(KIND, refreshed, wanted)
    assert cloud.boxes["a"]["colour"] == "red"
    assert plugin.difference(KIND, again, wanted).changed == []


def test_a_refresh_keeps_the_programs_values_of_equal_meaning(plugin: Plugin, cloud: Cloud) -> None:
    created = plugin.create(KIND, {"name": "a", "lid": {"kind": "flat"}})
    cloud.boxes["a"]["lid"] = {"kind": "flat", "handle": ""}
    found = plugin.read(KIND, created, {"name": "a", "lid": {"kind": "flat"}})
    assert found == (created, {"name": "a", "lid": {"kind": "flat"}})


def test_an_import_yields_the_inputs_that_are_not_defaults(plugin: Plugin, cloud: Cloud) -> None:
    cloud.boxes["a"] = {"name": "a", "serial": 1, "colour": "brown", "lid": {"kind": "flat"}}
    found = plugin.read(KIND, ResourceState(id="a", properties={}))
    assert found is not None
    assert found[1] == {"name": "a", "lid": {"kind": "flat"}}


def test_a_missing_resource_is_read_as_missing_and_deleted_without_an_error(plugin: Plugin, cloud: Cloud) -> None:
    created = plugin.create(KIND, {"name": "a"})
    cloud.boxes.clear()
    assert plugin.read(KIND, created) is None
    with pytest.raises(RefusedByPluginError, match=r"it does not exist any more; `pulumi refresh`"):
        plugin.update(Fixed.type_name, created, {"name": "a"})
    plugin.delete(KIND, created)


@pytest.mark.parametrize("request_name", ["create", "delete", "read"])
def test_an_error_of_the_cloud_names_operation_and_resource(plugin: Plugin, cloud: Cloud, request_name: str) -> None:
    created = plugin.create(KIND, {"name": "a"})
    cloud.broken = {request_name}
    calls = {
        "create": lambda: plugin.create(KIND, {"name": "b"}),
        "delete": lambda: plugin.delete(KIND, created),
        "read": lambda: plugin.read(KIND, created),
    }
    doing = {"create": "creating", "delete": "deleting", "read": "reading"}[request_name]
    with pytest.raises(RefusedByPluginError, match=rf"{doing} {KIND} \(probe\): {request_name} is broken"):
        calls[request_name]()


def test_a_defect_is_reported_with_its_traceback(plugin: Plugin) -> None:
    with pytest.raises(RefusedByPluginError, match=r"Traceback[\s\S]*KeyError: 'name'"):
        plugin.create(KIND, {})


def test_an_update_that_is_not_possible_in_place_is_refused(plugin: Plugin) -> None:
    created = plugin.create(Fixed.type_name, {"name": "a"})
    with pytest.raises(RefusedByPluginError, match="colour cannot be changed in place"):
        plugin.update(Fixed.type_name, created, {"name": "a", "colour": "red"})


def test_a_half_created_resource_is_reported_with_its_known_properties_and_completed_by_the_next_update(
    plugin: Plugin, cloud: Cloud
) -> None:
    cloud.broken = {"complete"}
    inputs = {"name": "a", "colour": "red"}
    with pytest.raises(HalfCreatedError, match=r"creating toy:box/box:Box .* complete is broken") as failure:
        plugin.create(KIND, inputs)
    half = ResourceState(id=failure.value.id, properties=failure.value.properties)
    assert half.id == "a"
    assert plugin.difference(KIND, half, inputs).changed == ["colour"]
    refreshed = plugin.read(KIND, half, inputs)
    assert refreshed is not None
    assert plugin.difference(KIND, refreshed[0], {"name": "a", "colour": None}).changed != []

    cloud.broken = set()
    whole = plugin.update(KIND, half, inputs)
    assert cloud.boxes["a"]["colour"] == "red"
    assert plugin.difference(KIND, whole, inputs).changed == []


def test_a_half_created_resource_that_looks_complete_is_completed_all_the_same(plugin: Plugin, cloud: Cloud) -> None:
    cloud.broken = {"dry"}
    with pytest.raises(HalfCreatedError, match="dry is broken") as failure:
        plugin.create(KIND, {"name": "a", "colour": "red"})
    half = ResourceState(id=failure.value.id, properties=failure.value.properties)
    assert plugin.difference(KIND, half, {"name": "a", "colour": "red"}).changed == ["__incomplete"]
    with pytest.raises(RefusedByPluginError, match="dry is broken"):
        plugin.update(KIND, half, {"name": "a", "colour": "red"})
    cloud.broken = set()
    whole = plugin.update(KIND, half, {"name": "a", "colour": "red"})
    assert plugin.difference(KIND, whole, {"name": "a", "colour": "red"}).changed == []


def test_a_half_created_resource_that_cannot_be_read_keeps_the_properties_that_require_a_replacement(
    plugin: Plugin, cloud: Cloud
) -> None:
    cloud.broken = {"read"}
    inputs = {"name": "a", "colour": "red"}
    with pytest.raises(HalfCreatedError, match="read is broken") as failure:
        plugin.create(KIND, inputs)
    assert {name: failure.value.properties.get(name) for name in inputs} == {"name": "a", "colour": None}
    half = ResourceState(id=failure.value.id, properties=failure.value.properties)
    assert plugin.difference(KIND, half, inputs).replaces == []


def test_equal_files_make_equal_archives(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder / "inner").mkdir(parents=True)
        for name in ("b.py", "a.py", "inner/c.py") if folder == "one" else ("inner/c.py", "a.py", "b.py"):
            (tmp_path / folder / name).write_text(name)
    one = archive_content({SIGNATURE: ARCHIVE, "path": "one"}, tmp_path)
    two = archive_content({SIGNATURE: ARCHIVE, "path": "two"}, tmp_path)
    files = {name: {SIGNATURE: ASSET, "path": f"one/{name}"} for name in ("a.py", "b.py")}
    nested = {"inner": {SIGNATURE: ARCHIVE, "assets": {"c.py": {SIGNATURE: ASSET, "text": "inner/c.py"}}}}
    three = archive_content({SIGNATURE: ARCHIVE, "assets": {**nested, **files}}, tmp_path)
    assert base64_sha256(one) == base64_sha256(two) == base64_sha256(three)
    (tmp_path / "ready.zip").write_bytes(one)
    assert archive_content({SIGNATURE: ARCHIVE, "path": "ready.zip"}, tmp_path) == one


def test_an_asset_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_text("no zip")
    with pytest.raises(AssetError, match=r"a\.tar is not a zip file"):
        archive_content({SIGNATURE: ARCHIVE, "path": "a.tar"}, tmp_path)
    with pytest.raises(AssetError, match="nowhere is not a folder"):
        archive_content({SIGNATURE: ARCHIVE, "path": "nowhere"}, tmp_path)
    with pytest.raises(AssetError, match="remote ones"):
        archive_content({SIGNATURE: ARCHIVE, "uri": "https://elsewhere"}, tmp_path)
    with pytest.raises(AssetError, match=r"asset b\.txt"):
        asset_content({SIGNATURE: ASSET, "path": "b.txt"}, tmp_path)
    with pytest.raises(AssetError, match="remote ones"):
        asset_content({SIGNATURE: ASSET, "uri": "https://elsewhere"}, tmp_path)
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert asset_content({SIGNATURE: ASSET, "hash": empty}, tmp_path) == b""
