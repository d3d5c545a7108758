"""The stand-ins agree with the installed SDKs and support what the program uses: no more, no less."""

import importlib
import inspect
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ForwardRef, Union, get_args, get_origin

import pulumi
import pulumi_aws
import pulumi_github
import pytest

from sandbox.engine import provide
from sandbox.plugins.aws.provider import AwsProvider
from sandbox.plugins.aws.resource import AwsResource
from sandbox.plugins.github.provider import GitHubProvider
from sandbox.plugins.install import VERSIONS
from sandbox.plugins.properties import Kind, Property, problems
from sandbox.plugins.resource import Provider, Resource
from tests.rendering import Rendering, Renderings
from tests.sandbox_plugins.declared import block, text, text_map, texts

CHECKOUT = Path(__file__).parents[2]
PROVIDERS: tuple[Provider[Any], ...] = (AwsProvider(), GitHubProvider())
TYPES: dict[str, Resource[Any]] = {name: each for provider in PROVIDERS for name, each in provider.types.items()}


def sdk_class(type_name: str) -> Any:
    """The SDK's class of a resource type."""
    package, module, name = type_name.split(":")
    folder = module.split("/")[0]
    if folder == "index":
        return getattr(importlib.import_module(f"pulumi_{package}"), name)
    return getattr(importlib.import_module(f"pulumi_{package}.{'lambda_' if folder == 'lambda' else folder}"), name)


def wire_names(of: Any) -> dict[str, str]:
    """The wire names of a class's properties, by their Python names."""
    return {
        name: getattr(member.fget, "_pulumi_name", name)
        for name, member in inspect.getmembers(of, lambda each: isinstance(each, property))
    }


KINDS: dict[Any, Kind] = {
    str: Kind.TEXT,
    int: Kind.NUMBER,
    float: Kind.NUMBER,
    bool: Kind.FLAG,
    Sequence: Kind.LIST,
    Mapping: Kind.MAP,
    pulumi.Archive: Kind.ASSET,
    pulumi.Asset: Kind.ASSET,
}
"""The kind of a value, by its type in the SDK."""
FINER_KINDS = {Kind.DOCUMENT: Kind.TEXT, Kind.JSON: Kind.TEXT, Kind.SET: Kind.LIST}
"""Kinds that the SDK does not distinguish from others."""


def plain(annotation: Any) -> Any:
    """The type that an input is given as, without its outputs, None and the other types of a union."""
    if get_origin(annotation) is Union:
        return plain(next(each for each in get_args(annotation) if each is not type(None)))
    return annotation


def kind_of(annotation: Any) -> Kind:
    """The kind of a value with this annotation in the SDK."""
    return Kind.OBJECT if isinstance(annotation, ForwardRef) else KINDS[get_origin(annotation) or annotation]


def tokens_in(of: Any) -> list[str]:
    """The type under which a class of the SDK registers its resources with the engine."""
    return re.findall(r"'([^']+)',\n\s+resource_name", Path(inspect.getfile(of)).read_text())


def differences(table: Mapping[str, Property], of: Any, path: str) -> Iterator[str]:
    """The disagreements of a table with the SDK's declaration of the same inputs."""
    declared = {
        name: parameter
        for name, parameter in inspect.signature(of.__init__).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }
    names = wire_names(of)
    by_wire_name = {names[name]: parameter for name, parameter in declared.items()}
    for name, known in table.items():
        parameter = by_wire_name.get(name)
        if parameter is None:
            yield f"{path}.{name}: the SDK has no such input"
        else:
            yield from different_types(known, plain(parameter.annotation), of, f"{path}.{name}")
    for name, parameter in by_wire_name.items():
        required = parameter.default is inspect.Parameter.empty
        if required and not (name in table and table[name].required):
            yield f"{path}.{name}: the SDK requires it"


def different_types(known: Property, annotation: Any, of: Any, path: str) -> Iterator[str]:
    """The disagreements of a property with the SDK's type of the same input."""
    kind = kind_of(annotation)
    if FINER_KINDS.get(known.kind, known.kind) is not kind:
        yield f"{path}: a {known.kind.name} to one and a {kind.name} to the other"
    elif isinstance(annotation, ForwardRef):
        yield from differences(
            known.fields or {}, getattr(sys.modules[of.__module__], annotation.__forward_arg__), path
        )
    elif known.element is not None:
        yield from different_types(known.element, plain(get_args(annotation)[-1]), of, f"{path}[]")


def arguments_of(of: Any) -> Any:
    """The class of a resource's arguments; InitArgs where an object has taken the name of the arguments."""
    module = sys.modules[of.__module__]
    return getattr(module, f"{of.__name__}InitArgs", None) or getattr(module, f"{of.__name__}Args")


@pytest.mark.parametrize("type_name", TYPES)
def test_the_inputs_of_a_type_agree_with_the_sdk(type_name: str) -> None:
    resource, of = TYPES[type_name], sdk_class(type_name)
    assert tokens_in(of) == [type_name]
    assert list(differences(resource.properties, arguments_of(of), type_name)) == []
    outputs = set(wire_names(of).values())
    assert [name for name in resource.outputs if name not in outputs] == []
    if isinstance(resource, AwsResource):
        assert resource.regional == ("region" in outputs)
    assert set(resource.changing_outputs) <= set(resource.outputs)


def test_a_disagreement_with_the_sdk_is_found() -> None:
    function = arguments_of(sdk_class("aws:lambda/function:Function"))
    table = {"architectures": text_map(), "environment": block({"variables": text()}), "tags": texts(), "size": text()}
    assert set(differences(table, function, "f")) == {
        "f.architectures: a MAP to one and a LIST to the other",
        "f.environment.variables: a TEXT to one and a MAP to the other",
        "f.tags: a SET to one and a MAP to the other",
        "f.size: the SDK has no such input",
        "f.role: the SDK requires it",
    }


@pytest.mark.parametrize(
    ("of", "provider"), [(pulumi_aws.ProviderArgs, PROVIDERS[0]), (pulumi_github.ProviderArgs, PROVIDERS[1])]
)
def test_a_providers_settings_agree_with_the_sdk(of: Any, provider: Provider[Any]) -> None:
    assert list(differences(provider.configuration, of, provider.package)) == []


IN_EARLIER_STATES = {"aws:sagemaker/model:Model"}
"""Types that no program declares any more, and that the state of an endpoint may still have: its next release deletes them."""

NOT_YET_DECLARED = {"aws:scheduler/schedule:Schedule", "aws:scheduler/scheduleGroup:ScheduleGroup"}
"""Types that the programs of scheduled pipelines are about to declare."""


def declared_in(folder: Path) -> set[str]:
    """The resource types of AWS that the Python programs in a folder name."""
    named = {
        match
        for path in folder.rglob("*.py")
        if not {".venv", "tests"} & set(path.parts)
        for match in re.findall(r"\baws\.(\w+)\.([A-Z]\w+)\(", path.read_text())
    }
    classes = [getattr(importlib.import_module(f"pulumi_aws.{module}"), name) for module, name in sorted(named)]
    return {tokens_in(of)[0] for of in classes if issubclass(of, pulumi.CustomResource)}


def test_the_stand_ins_know_the_types_that_the_programs_use_and_no_other(
    rendered: Renderings,
) -> None:
    stacks = [rendered(name) for name in ("dev", "preprod", "prod")]
    used = {each.type for stack in stacks for each in stack.resources if each.type.startswith(("aws:", "github:"))}
    # Resources that only a setting enables are in no rendered stack.
    declared = declared_in(CHECKOUT / "components") | declared_in(CHECKOUT / "template-repos")
    assert set(TYPES) == used | declared | IN_EARLIER_STATES | NOT_YET_DECLARED
    assert not (IN_EARLIER_STATES | NOT_YET_DECLARED) & (used | declared)


def test_no_stack_sets_a_property_that_a_stand_in_refuses(stack: Rendering) -> None:
    found = {
        f"{each.type}::{each.name} {path}": sentence
        for each in stack.resources
        if each.type in TYPES
        # An archive arrives here as an object of the SDK, not as the engine writes it.
        for path, sentence in problems(TYPES[each.type].properties, each.inputs)
        if path != "code"
    }
    assert found == {}


def test_versions_are_those_of_the_installed_sdks() -> None:
    pins = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]["dependencies"]
    assert f"pulumi=={provide.VERSION}" in pins
    assert f"pulumi-aws=={VERSIONS['aws']}" in pins
    assert f"pulumi-github=={VERSIONS['github']}" in pins
    assert {provider.package: provider.version for provider in PROVIDERS} == VERSIONS
