"""A client that calls a plugin as the engine does, and returns plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


@dataclass(frozen=True, kw_only=True)
class Checked:
    """The inputs as the plugin completed them, and their failures."""

    inputs: dict[str, Any]
    failures: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The properties that differ, and those of them that require a replacement."""

    changed: list[str]
    replaces: list[str]
    delete_first: bool


@dataclass(frozen=True, kw_only=True)
class ResourceState:
    """A resource's id and properties."""

    id: str
    properties: dict[str, Any]


class HalfCreatedError(Exception):
    """The plugin reported that a resource exists, but is incomplete."""

    def __init__(self, detail: provider_pb2.ErrorResourceInitFailed) -> None:
        super().__init__("; ".join(detail.reasons))
        self.id = detail.id
        self.properties = values(detail.properties)


class RefusedByPluginError(Exception):
    """The plugin returned an error."""


class Plugin:
    """A running plugin."""

    def __init__(self, port: int) -> None:
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self.stub: Any = provider_pb2_grpc.ResourceProviderStub(self._channel)

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def configure(self, **settings: str) -> None:
        """Configure the provider; settings that are not strings are given as JSON, as by the engine."""
        _answered(self.stub.Configure, provider_pb2.ConfigureRequest(args=struct(settings)))

    def check_config(self, **settings: str) -> dict[str, str]:
        """Check the provider's settings and return their failures."""
        answer = _answered(self.stub.CheckConfig, provider_pb2.CheckRequest(news=struct(settings)))
        return {failure.property: failure.reason for failure in answer.failures}

    def changed_config(self, olds: Mapping[str, Any], news: Mapping[str, Any]) -> list[str]:
        """Compare the provider's settings."""
        request = provider_pb2.DiffRequest(old_inputs=struct(olds), news=struct(news))
        return list(_answered(self.stub.DiffConfig, request).diffs)

    def check(self, kind: str, inputs: Mapping[str, Any], olds: Mapping[str, Any] | None = None) -> Checked:
        """Check inputs."""
        answer = _answered(
            self.stub.Check,
            provider_pb2.CheckRequest(
                urn=urn(kind), olds=struct(olds or {}), news=struct(inputs), type=kind, randomSeed=b"seed"
            ),
        )
        failures = {failure.property: failure.reason for failure in answer.failures}
        return Checked(inputs=values(answer.inputs), failures=failures)

    def difference(self, kind: str, created: ResourceState, inputs: Mapping[str, Any]) -> Difference:
        """Compare a resource with wanted inputs."""
        request = provider_pb2.DiffRequest(
            id=created.id, urn=urn(kind), olds=struct(created.properties), news=struct(inputs), type=kind
        )
        answer = _answered(self.stub.Diff, request)
        assert (answer.changes == provider_pb2.DiffResponse.DIFF_SOME) == bool(answer.diffs)
        return Difference(
            changed=list(answer.diffs), replaces=list(answer.replaces), delete_first=answer.deleteBeforeReplace
        )

    def create(self, kind: str, inputs: Mapping[str, Any], *, preview: bool = False) -> ResourceState:
        """Create a resource."""
        request = provider_pb2.CreateRequest(urn=urn(kind), properties=struct(inputs), preview=preview, type=kind)
        answer = _answered(self.stub.Create, request)
        return ResourceState(id=answer.id, properties=values(answer.properties))

    def read(
        self, kind: str, created: ResourceState, inputs: Mapping[str, Any] | None = None
    ) -> tuple[ResourceState, dict[str, Any]] | None:
        """Refresh a resource, or import it if only its id is given; None if it is gone."""
        request = provider_pb2.ReadRequest(
            id=created.id, urn=urn(kind), properties=struct(created.properties), inputs=struct(inputs or {}), type=kind
        )
        answer = _answered(self.stub.Read, request)
        return (
            (ResourceState(id=answer.id, properties=values(answer.properties)), values(answer.inputs))
            if answer.id
            else None
        )

    def update(
        self, kind: str, created: ResourceState, inputs: Mapping[str, Any], *, preview: bool = False
    ) -> ResourceState:
        """Update a resource."""
        request = provider_pb2.UpdateRequest(
            id=created.id,
            urn=urn(kind),
            olds=struct(created.properties),
            news=struct(inputs),
            preview=preview,
            type=kind,
        )
        answer = _answered(self.stub.Update, request)
        return ResourceState(id=created.id, properties=values(answer.properties))

    def delete(self, kind: str, created: ResourceState) -> None:
        """Delete a resource."""
        request = provider_pb2.DeleteRequest(
            id=created.id, urn=urn(kind), properties=struct(created.properties), type=kind
        )
        _answered(self.stub.Delete, request)

    def invoke(self, token: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Call a function."""
        answer = _answered(self.stub.Invoke, provider_pb2.InvokeRequest(tok=token, args=struct(arguments)))
        return values(getattr(answer, "return"))

    def version(self) -> str:
        """Return the plugin's version."""
        return str(_answered(self.stub.GetPluginInfo, empty_pb2.Empty()).version)


def urn(kind: str) -> str:
    """Return the engine's name of a resource called `probe`."""
    return f"urn:pulumi:test::project::{kind}::probe"


def struct(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """Return values as a message."""
    message = struct_pb2.Struct()
    json_format.ParseDict(dict(properties), message)
    return message


def values(message: struct_pb2.Struct) -> dict[str, Any]:
    """Return a message as values."""
    return json_format.MessageToDict(message)


def _answered(method: Any, request: Any) -> Any:
    try:
        return method(request, timeout=120)
    except grpc.RpcError as error:
        metadata: Any = error.trailing_metadata() or ()
        for key, content in metadata:
            if key == "grpc-status-details-bin":
                detail = provider_pb2.ErrorResourceInitFailed()
                status = status_pb2.Status.FromString(content)
                if status.details and status.details[0].Unpack(detail):
                    raise HalfCreatedError(detail) from error
        raise RefusedByPluginError(str(error.details())) from None
