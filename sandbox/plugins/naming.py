"""Physical names of resources that the program does not name."""

import hashlib
import os

from pulumi.runtime.proto import provider_pb2

from sandbox.plugins.messages import values_of
from sandbox.plugins.properties import Values
from sandbox.plugins.resource import Cloud, Resource

DEFAULTS = "__defaults"
"""The input in which the official plugins list the properties that they filled in."""


def name_automatically(resource: Resource[Cloud], inputs: Values, request: provider_pb2.CheckRequest) -> None:
    """Name the resource as the official plugins do, and keep that name as long as it exists."""
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
