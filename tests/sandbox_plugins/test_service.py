"""The behaviour that all resource types share, tested with a type whose cloud is a dictionary."""

from collections.abc import Iterator

import pytest

from sandbox.plugins.server import start
from tests.sandbox_plugins.plugin import UNKNOWN, HalfCreatedError, Plugin, RefusedByPluginError, ResourceState
from tests.sandbox_plugins.toys import KIND, Cloud, Fixed, Toys


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
    assert plugin.check(KIND, {"name": "own"}, olds=first).inputs == {"__defaults": [], "name": "own"}


def test_every_object_of_checked_inputs_notes_what_was_filled_in_there_and_no_map_does(plugin: Plugin) -> None:
    inputs = plugin.check(KIND, {"lid": {"kind": "flat"}, "hinges": [{"side": "left"}], "labels": {"a": "b"}}).inputs
    assert inputs["__defaults"] == ["name"]
    assert inputs["lid"] == {"__defaults": [], "kind": "flat"}
    assert inputs["hinges"] == [{"__defaults": [], "side": "left"}]
    assert inputs["labels"] == {"a": "b"}


def test_notes_of_earlier_checks_are_no_inputs_and_reach_no_cloud(plugin: Plugin, cloud: Cloud) -> None:
    checked = plugin.check(KIND, {"name": "a", "lid": {"kind": "flat"}, "hinges": [{"side": "left"}]}).inputs
    assert plugin.check(KIND, checked) == plugin.check(KIND, {**checked, "lid": {"kind": "flat"}})
    created = plugin.create(KIND, checked)
    assert "__defaults" not in str(created.properties)
    assert "__defaults" not in str(cloud.boxes)
    assert plugin.difference(KIND, created, checked).changed == []


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
