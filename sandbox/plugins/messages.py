"""Conversions between values and the messages of the engine's ResourceProvider protocol."""

from collections.abc import Iterable, Mapping
from typing import Any

import grpc
from google.protobuf import any_pb2, json_format, struct_pb2
from pulumi.runtime.proto import provider_pb2, status_pb2

from sandbox.plugins.properties import Values
from sandbox.plugins.values import simplified


class HalfCreatedError(Exception):
    """A resource exists, but its creation or update failed half-way."""

    def __init__(self, identifier: str, properties: Values, inputs: struct_pb2.Struct, reason: str) -> None:
        super().__init__(reason)
        detail = provider_pb2.ErrorResourceInitFailed(
            id=identifier, properties=struct_of(properties), inputs=inputs, reasons=[reason]
        )
        packed = any_pb2.Any()
        packed.Pack(detail)
        self.status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=reason, details=[packed])


def difference_of(changed: list[str], replaces: list[str], *, delete_first: bool) -> provider_pb2.DiffResponse:
    """Return the response to Diff."""
    some = provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE
    return provider_pb2.DiffResponse(changes=some, diffs=changed, replaces=replaces, deleteBeforeReplace=delete_first)


def failures_of(found: Iterable[tuple[str, str]]) -> list[provider_pb2.CheckFailure]:
    """Return problems, each a property's path and a sentence, as the engine shows them."""
    return [provider_pb2.CheckFailure(property=path, reason=f"{path}: {sentence}") for path, sentence in found]


def values_of(properties: struct_pb2.Struct) -> Values:
    """Return a message as values."""
    return simplified(json_format.MessageToDict(properties))


def struct_of(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """Return values as a message."""
    message = struct_pb2.Struct()
    json_format.ParseDict(dict(values), message)
    return message
