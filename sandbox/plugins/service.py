"""The engine's ResourceProvider service over a table of resource types."""

import json
from collections.abc import Callable
from typing import Generic, ParamSpec, TypeVar

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from sandbox.plugins.comparison import changed_names, imported_inputs, must_replace, refreshed_inputs
from sandbox.plugins.messages import HalfCreatedError, difference_of, failures_of, struct_of, values_of
from sandbox.plugins.naming import DEFAULTS, name_automatically, with_notes, without_notes
from sandbox.plugins.properties import Kind, Values, differs, problems, with_defaults
from sandbox.plugins.resource import Cloud, Provider, RefusedError, Resource
from sandbox.plugins.values import UNKNOWN, AssetError, simplified

_INCOMPLETE = "__incomplete"
"""The output that marks a resource that exists, but whose creation or update failed."""
_NOT_CONFIGURATION = frozenset({"version", "pluginDownloadURL", "__internal"})

_Parameters = ParamSpec("_Parameters")
_Answer = TypeVar("_Answer")


class Service(provider_pb2_grpc.ResourceProviderServicer, Generic[Cloud]):
    """The engine's ResourceProvider service for one provider."""

    def __init__(self, provider: Provider[Cloud]) -> None:
        self.provider = provider
        self._cloud: Cloud | None = None

    # Calls about the plugin itself.

    def Handshake(  # noqa: N802
        self, request: provider_pb2.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        """Leave secrets to the engine, which unwraps them in requests and marks them again in answers."""
        return provider_pb2.ProviderHandshakeResponse()

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:  # noqa: N802
        """Return the version of the plugin that this one replaces."""
        return plugin_pb2.PluginInfo(version=self.provider.version)

    def Attach(self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        """Accept a debugging engine."""
        return empty_pb2.Empty()

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        """Let running calls finish: the engine waits for them."""
        return empty_pb2.Empty()

    # The provider's configuration.

    def CheckConfig(  # noqa: N802
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Refuse settings that this provider does not have."""
        configuration = self._configuration(values_of(request.news))
        return provider_pb2.CheckResponse(
            inputs=request.news, failures=failures_of(problems(self.provider.configuration, configuration))
        )

    def DiffConfig(  # noqa: N802
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        """Return the settings that changed; none of them requires a replacement of resources."""
        old, new = values_of(request.old_inputs), values_of(request.news)
        changed = sorted(name for name in {*old, *new} - _NOT_CONFIGURATION if old.get(name) != new.get(name))
        return difference_of(changed, [], delete_first=False)

    def Configure(  # noqa: N802
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        """Connect to the cloud."""
        self._cloud = self.provider.connect(self._configuration(values_of(request.args)))
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def _configuration(self, given: Values) -> Values:
        """Return the settings as values; the engine sends those that are not strings as JSON."""
        configuration: Values = {}
        for name, value in given.items():
            if name in _NOT_CONFIGURATION:
                continue
            declared = self.provider.configuration.get(name)
            if declared is not None and declared.kind is not Kind.TEXT and isinstance(value, str) and value != UNKNOWN:
                configuration[name] = simplified(json.loads(value))
            else:
                configuration[name] = value
        return configuration

    # Resources.

    def Check(self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:  # noqa: N802
        """Refuse wrong inputs, and name a resource that the program does not name."""
        resource = self._type(request.type, request.urn)
        inputs: Values = without_notes(values_of(request.news))
        found = list(problems(resource.properties, inputs))
        if not found:
            found = list(resource.refusals(inputs))
        inputs = with_notes(resource.properties, inputs)
        name_automatically(resource, inputs, request)
        return provider_pb2.CheckResponse(inputs=struct_of(inputs), failures=failures_of(found))

    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:  # noqa: N802
        """Compare the wanted properties with those that were last read from the cloud."""
        resource = self._type(request.type, request.urn)
        inputs, state = values_of(request.news), values_of(request.olds)
        wanted = self._wanted(resource, inputs)
        changed = changed_names(resource, wanted, state)
        replaces = [
            name for name in changed if must_replace(resource.compared()[name], wanted.get(name), state.get(name))
        ]
        if state.get(_INCOMPLETE):
            changed = changed or [_INCOMPLETE]
        rule = resource.auto_name
        keeps_name = (
            rule is not None
            and rule.property not in inputs.get(DEFAULTS, [])
            and inputs.get(rule.property) is not None
            and inputs.get(rule.property) == state.get(rule.property)
        )
        return difference_of(changed, replaces, delete_first=bool(replaces) and keeps_name)

    def Create(self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:  # noqa: N802
        """Create a resource; in a preview, return the properties that are known before."""
        resource = self._type(request.type, request.urn)
        wanted = self._wanted(resource, values_of(request.properties))
        if request.preview:
            unknown = [
                *resource.outputs,
                *(name for name, declared in resource.properties.items() if declared.computed),
            ]
            return provider_pb2.CreateResponse(properties=struct_of({**dict.fromkeys(unknown, UNKNOWN), **wanted}))
        cloud = self._connected()
        identifier = self._explained("creating", resource, request.urn, resource.create, cloud, wanted)
        try:
            resource.complete(cloud, identifier, wanted)
            seen = self._read(resource, identifier, wanted)
            if seen is None:
                raise RefusedError("it is gone right after its creation")
        except Exception as error:
            reason = self._reason("creating", resource, request.urn, error)
            partial = self._partial(resource, identifier, wanted)
            raise HalfCreatedError(identifier, {**partial, _INCOMPLETE: True}, request.properties, reason) from error
        return provider_pb2.CreateResponse(id=identifier, properties=struct_of(seen))

    def _partial(self, resource: Resource[Cloud], identifier: str, wanted: Values) -> Values:
        """Return the known properties of a half-created resource: at least those that require a replacement."""
        fixed = {
            name: wanted[name] for name, declared in resource.properties.items() if declared.replaces and name in wanted
        }
        try:
            return self._read(resource, identifier, fixed) or fixed
        except Exception:  # the first error is reported already
            return fixed

    def Read(self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:  # noqa: N802
        """Read a resource from the cloud, for a refresh or an import."""
        resource = self._type(request.type, request.urn)
        state, inputs = values_of(request.properties), values_of(request.inputs)
        seen = self._explained("reading", resource, request.urn, self._read, resource, request.id, state)
        if seen is None:
            return provider_pb2.ReadResponse()
        new_inputs = refreshed_inputs(resource, inputs, seen) if inputs else imported_inputs(resource, seen)
        if state.get(_INCOMPLETE):
            seen[_INCOMPLETE] = True
        return provider_pb2.ReadResponse(id=seen["id"], properties=struct_of(seen), inputs=struct_of(new_inputs))

    def Update(self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:  # noqa: N802
        """Update a resource in place."""
        resource = self._type(request.type, request.urn)
        state, wanted = values_of(request.olds), self._wanted(resource, values_of(request.news))
        incomplete = bool(state.pop(_INCOMPLETE, False))
        kept = {
            name: value
            for name, value in state.items()
            if name not in resource.compared() or resource.compared()[name].computed
        }
        if request.preview:
            unknown = dict.fromkeys(resource.changing_outputs, UNKNOWN)
            return provider_pb2.UpdateResponse(properties=struct_of({**kept, **unknown, **wanted}))
        seen = self._explained(
            "updating", resource, request.urn, self._change, resource, request.id, state, wanted, kept, incomplete
        )
        return provider_pb2.UpdateResponse(properties=struct_of(seen))

    def _change(
        self, resource: Resource[Cloud], identifier: str, state: Values, wanted: Values, kept: Values, incomplete: bool
    ) -> Values:
        cloud = self._connected()
        if incomplete:
            resource.complete(cloud, identifier, wanted)
            state = self._read(resource, identifier, state) or state
        changed = frozenset(changed_names(resource, wanted, state))
        if changed:
            resource.update(cloud, identifier, state, wanted, changed)
        seen = self._read(resource, identifier, {**kept, **wanted})
        if seen is None:
            raise RefusedError("it does not exist any more; `pulumi refresh` updates the state")
        return seen

    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        """Delete a resource that may be gone already."""
        resource = self._type(request.type, request.urn)
        state = values_of(request.properties)
        self._explained("deleting", resource, request.urn, self._remove, resource, request.id, state)
        return empty_pb2.Empty()

    def _remove(self, resource: Resource[Cloud], identifier: str, state: Values) -> None:
        try:
            resource.delete(self._connected(), identifier, state)
        except Exception as error:
            if not resource.is_gone(error):
                raise

    def Invoke(self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext) -> provider_pb2.InvokeResponse:  # noqa: N802
        """Call a function that only reads."""
        function = self.provider.functions.get(request.tok)
        if function is None:
            raise RefusedError(f"{request.tok}: the sandbox does not implement this function")
        response = provider_pb2.InvokeResponse()
        # The field's name is a keyword in Python.
        getattr(response, "return").CopyFrom(struct_of(function(self._connected(), values_of(request.args))))
        return response

    # Helpers.

    def _type(self, token: str, urn: str) -> Resource[Cloud]:
        token = token or urn.split("::")[2].split("$")[-1]
        found = self.provider.types.get(token)
        if found is None:
            raise RefusedError(f"{token}: the sandbox does not implement this resource type")
        return found

    def _connected(self) -> Cloud:
        if self._cloud is None:
            raise RefusedError(f"the {self.provider.package} provider is not configured")
        return self._cloud

    def _wanted(self, resource: Resource[Cloud], inputs: Values) -> Values:
        return resource.planned(self._connected(), with_defaults(resource.properties, inputs))

    def _read(self, resource: Resource[Cloud], identifier: str, known: Values) -> Values | None:
        """Return a resource's properties, as the program wrote them where the cloud's values mean the same."""
        cloud = self._connected()
        try:
            seen = resource.read(cloud, identifier, known)
        except Exception as error:
            if resource.is_gone(error):
                return None
            raise
        if seen is None:
            return None
        seen = resource.observed(cloud, known, seen)
        merged = {name: value for name, value in known.items() if name != _INCOMPLETE}
        for name, value in seen.items():
            declared = resource.compared().get(name)
            if declared is not None and known.get(name) is not None and not differs(declared, known[name], value):
                continue
            if value is None:
                merged.pop(name, None)
            else:
                merged[name] = value
        return {**merged, "id": seen.get("id", identifier)}

    def _explained(
        self,
        doing: str,
        resource: Resource[Cloud],
        urn: str,
        operation: Callable[_Parameters, _Answer],
        *arguments: _Parameters.args,
        **options: _Parameters.kwargs,
    ) -> _Answer:
        """Run an operation, and name it and the resource in its error."""
        try:
            return operation(*arguments, **options)
        except Exception as error:
            if isinstance(error, RefusedError | AssetError) or self.provider.explain(error) is not None:
                raise RefusedError(self._reason(doing, resource, urn, error)) from error
            raise

    def _reason(self, doing: str, resource: Resource[Cloud], urn: str, error: Exception) -> str:
        if isinstance(error, RefusedError | AssetError):
            explained = str(error)
        else:
            explained = self.provider.explain(error) or f"{type(error).__name__}: {error}"
        return f"{doing} {resource.type_name} ({urn.rsplit('::', 1)[-1]}): {explained}"
