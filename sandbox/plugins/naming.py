"""Physical names of resources that the program does not name, and the notes about what a plugin filled in."""

import hashlib
import os
from collections.abc import Mapping
from typing import Any

from pulumi.runtime.proto import provider_pb2

from sandbox.plugins.messages import values_of
from sandbox.plugins.properties import Kind, Property, Values
from sandbox.plugins.resource import Cloud, Resource
from sandbox.plugins.values import is_list, is_mapping

DEFAULTS = "__defaults"
"""The key under which the official plugins list, in each object of inputs, the properties that they filled in.

Source: pulumi/pulumi-terraform-bridge, pkg/tfbridge/schema.go, `applyDefaults`; maps, such as tags, have none. Here the name is
the only one that is filled in: `with_defaults` adds the others when a resource is compared or created.
"""


def name_automatically(resource: Resource[Cloud], inputs: Values, request: provider_pb2.CheckRequest) -> None:
    """Name the resource as the official plugins do, and keep that name as long as it exists."""
    inputs[DEFAULTS] = list[str]()
    rule = resource.auto_name
    if rule is None or inputs.get(rule.property) is not None or inputs.get(f"{rule.property}Prefix") is not None:
        return
    old = values_of(request.olds)
    if rule.property in old.get(DEFAULTS, []) and old.get(rule.property):
        inputs[rule.property] = old[rule.property]
    else:
        seed = (request.randomSeed or os.urandom(8)) + request.urn.encode()
        suffix = "-" + hashlib.sha256(seed).hexdigest()[:7]
        logical = request.urn.rsplit("::", 1)[-1]
        logical = logical[: rule.longest - len(rule.prefix) - len(suffix)]
        inputs[rule.property] = rule.prefix + (logical.lower() if rule.lower_case else logical) + suffix
    inputs[DEFAULTS] = [rule.property]


def without_notes(value: Any) -> Any:
    """Return inputs as the program wrote them: `ignoreChanges` has the engine copy old ones, with their notes."""
    if is_mapping(value):
        return {name: without_notes(inner) for name, inner in value.items() if name != DEFAULTS}
    if is_list(value):
        return [without_notes(inner) for inner in value]
    return value


def with_notes(table: Mapping[str, Property], values: Mapping[str, Any]) -> Values:
    """Return inputs with a note in each object below them that nothing was filled in there."""
    return {name: _noted(table.get(name), value) for name, value in values.items()}


def _noted(declared: Property | None, value: Any) -> Any:
    if declared is None:
        return value
    if declared.kind is Kind.OBJECT and is_mapping(value):
        return with_notes(declared.fields or {}, value) | {DEFAULTS: list[str]()}
    if declared.kind in {Kind.LIST, Kind.SET} and is_list(value):
        return [_noted(declared.element, element) for element in value]
    return value
