"""The tables of the stand-ins say what the installed SDKs say, and hold what the program uses: no more, no less."""

import importlib
import inspect
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws
import pulumi_github
import pytest

from sandbox.engine import provide
from sandbox.plugins.aws.cloud import AwsResource
from sandbox.plugins.aws.provider import AwsProvider
from sandbox.plugins.github.provider import GitHubProvider
from sandbox.plugins.install import VERSIONS
from sandbox.plugins.properties import Kind, Property, problems
from sandbox.plugins.resource import Provider, Resource
from tests.rendering import Rendering, Renderings

CHECKOUT = Path(__file__).parents[2]
PROVIDERS: tuple[Provider[Any], ...] = (AwsProvider(), GitHubProvider())
TYPES: dict[str, Resource[Any]] = {name: each for provider in PROVIDERS for name, each in provider.types.items()}


def sdk_class(type_name: str) -> Any:
    """The SDK's class of a resource type."""
    package, module, name = re.fullmatch(r"(\w+):([^:]+):(\w+)", type_name).groups()  # pyright: ignore[reportOptionalMemberAccess]
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


def differences(table: Mapping[str, Property], of: Any, path: str) -> Iterator[str]:
    """Where a table and the SDK's declaration of the same inputs disagree."""
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
            continue
        nested = re.search(r"ForwardRef\('(\w+Args)'", str(parameter.annotation))
        fields = known.fields or (known.element.fields if known.element else None)
        if known.kind in {Kind.DOCUMENT, Kind.JSON}:
            continue  # the SDK also takes an object, which the program never gives
        if (fields is None) != (nested is None):
            yield f"{path}.{name}: an object to one and not to the other"
        elif fields is not None and nested is not None:
            yield from differences(fields, getattr(sys.modules[of.__module__], nested[1]), f"{path}.{name}")
    for name, parameter in by_wire_name.items():
        required = parameter.default is inspect.Parameter.empty
        if required and not (name in table and table[name].required):
            yield f"{path}.{name}: the SDK requires it"


@pytest.mark.parametrize("type_name", TYPES)
def test_a_table_agrees_with_the_sdk(type_name: str) -> None:
    resource, of = TYPES[type_name], sdk_class(type_name)
    assert f"'{type_name}'" in inspect.getsource(of)
    module = sys.modules[of.__module__]
    # Where an object has taken the name of a resource's arguments, these are called InitArgs.
    arguments = getattr(module, f"{of.__name__}InitArgs", None) or getattr(module, f"{of.__name__}Args")
    assert list(differences(resource.properties, arguments, type_name)) == []
    outputs = set(wire_names(of).values())
    assert [name for name in resource.outputs if name not in outputs] == []
    if isinstance(resource, AwsResource):
        assert resource.regional == ("region" in outputs)
    assert set(resource.changing_outputs) <= set(resource.outputs)


@pytest.mark.parametrize(
    ("of", "provider"), [(pulumi_aws.ProviderArgs, PROVIDERS[0]), (pulumi_github.ProviderArgs, PROVIDERS[1])]
)
def test_a_providers_settings_agree_with_the_sdk(of: Any, provider: Provider[Any]) -> None:
    names = set(wire_names(of).values())
    assert [name for name in provider.configuration if name not in names] == []


def declared_in(folder: Path) -> set[str]:
    """The resource types of AWS that the Python programs in a folder name."""
    named = {
        match
        for path in folder.rglob("*.py")
        if not {".venv", "tests"} & set(path.parts)
        for match in re.findall(r"\baws\.(\w+)\.([A-Z]\w+)\(", path.read_text())
    }
    classes = [getattr(importlib.import_module(f"pulumi_aws.{module}"), name) for module, name in sorted(named)]
    return {
        re.findall(r"'(aws:[^']+)',\n\s+resource_name", inspect.getsource(of))[0]
        for of in classes
        if issubclass(of, pulumi.CustomResource)
    }


def test_the_stand_ins_know_the_types_that_the_programs_use_and_no_other(
    rendered: Renderings,
) -> None:
    stacks = [rendered(name) for name in ("dev", "preprod", "prod")]
    used = {each.type for stack in stacks for each in stack.resources if each.type.startswith(("aws:", "github:"))}
    # What a setting switches on is in no stack's rendering.
    declared = declared_in(CHECKOUT / "components") | declared_in(CHECKOUT / "template-repos")
    assert set(TYPES) == used | declared


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
