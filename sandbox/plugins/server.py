"""The engine's ResourceProvider service over a table of resource types."""

import hashlib
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from concurrent import futures
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

import grpc
from google.protobuf import any_pb2, empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from sandbox.plugins.properties import Kind, Property, Values, differs, problems, with_defaults
from sandbox.plugins.resource import Cloud, Provider, RefusedError, Resource
from sandbox.plugins.values import UNKNOWN, AssetError, list_of, mapping_of, simplified

if TYPE_CHECKING:
    from types import FrameType

MESSAGE_LIMIT_BYTES = 400 << 20
"""The engine's own limit."""
CALLS_AT_ONCE = 64
"""More than the engine makes by default (four per core, at least sixteen)."""
SECONDS_TO_FINISH = 30
"""How long calls under way may go on once the engine is gone: a whole resource is better than half of one."""

_DEFAULTS = "__defaults"
"""The input in which the official plugins name the properties that they filled in themselves."""
_INCOMPLETE = "__incomplete"
"""The output that marks a resource that exists, but whose making failed."""
_NOT_CONFIGURATION = frozenset({"version", "pluginDownloadURL", "__internal"})

_Parameters = ParamSpec("_Parameters")
_Answer = TypeVar("_Answer")


class _Explaining(grpc.ServerInterceptor):
    """Turns exceptions into errors that the engine shows."""

    def __init__(self, explain: Callable[[Exception], str | None]) -> None:
        self._explain = explain

    def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        """Wrap the method that answers a call."""
        handler = continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:
            return handler

        def answer(request: Any, context: grpc.ServicerContext) -> Any:
            try:
                return handler.unary_unary(request, context)
            except _HalfMadeError as error:
                context.set_trailing_metadata((("grpc-status-details-bin", error.status.SerializeToString()),))
                context.abort(grpc.StatusCode.UNKNOWN, error.status.message)
            except NotImplementedError:
                context.abort(grpc.StatusCode.UNIMPLEMENTED, "the sandbox does not implement this call")
            except (RefusedError, AssetError) as error:
                context.abort(grpc.StatusCode.UNKNOWN, str(error))
            except Exception as error:
                explained = self._explain(error)
                if explained is not None:
                    context.abort(grpc.StatusCode.UNKNOWN, explained)
                context.abort(grpc.StatusCode.INTERNAL, "".join(traceback.format_exception(error)))

        return grpc.unary_unary_rpc_method_handler(answer, handler.request_deserializer, handler.response_serializer)


class _HalfMadeError(Exception):
    """A resource exists, but its making or changing failed on the way."""

    def __init__(self, identifier: str, properties: Values, inputs: struct_pb2.Struct, reason: str) -> None:
        super().__init__(reason)
        detail = provider_pb2.ErrorResourceInitFailed(
            id=identifier, properties=_struct(properties), inputs=inputs, reasons=[reason]
        )
        packed = any_pb2.Any()
        packed.Pack(detail)
        self.status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=reason, details=[packed])


class Service(provider_pb2_grpc.ResourceProviderServicer, Generic[Cloud]):
    """Answers the engine for one configured provider."""

    def __init__(self, provider: Provider[Cloud]) -> None:
        self.provider = provider
        self._cloud: Cloud | None = None

    # The engine's questions about the plugin itself.

    def Handshake(  # noqa: N802
        self, request: provider_pb2.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        """Leave secrets to the engine: it takes them off on the way in and puts them back on the way out."""
        return provider_pb2.ProviderHandshakeResponse()

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:  # noqa: N802
        """Answer with the version of the plugin that this one stands in for."""
        return plugin_pb2.PluginInfo(version=self.provider.version)

    def Attach(self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        """Accept the engine of a debugging session."""
        return empty_pb2.Empty()

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        """Let calls under way finish: the engine waits for them."""
        return empty_pb2.Empty()

    # The provider's configuration.

    def CheckConfig(  # noqa: N802
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Refuse settings that this provider does not have."""
        configuration = self._configuration(_values(request.news))
        return provider_pb2.CheckResponse(
            inputs=request.news, failures=_failures(problems(self.provider.configuration, configuration))
        )

    def DiffConfig(  # noqa: N802
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        """Tell which settings changed; none of them takes new resources."""
        old, new = _values(request.old_inputs), _values(request.news)
        changed = sorted(name for name in {*old, *new} - _NOT_CONFIGURATION if old.get(name) != new.get(name))
        return _difference(changed, [], delete_first=False)

    def Configure(  # noqa: N802
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        """Reach the cloud."""
        self._cloud = self.provider.connect(self._configuration(_values(request.args)))
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def _configuration(self, given: Values) -> Values:
        """Return the settings; the engine sends whatever is not a string as JSON in a string."""
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
        """Refuse inputs that are wrong, and give a name to a resource whose program gives none."""
        resource = self._type(request.type, request.urn)
        inputs = {name: value for name, value in _values(request.news).items() if name != _DEFAULTS}
        found = list(problems(resource.properties, inputs))
        if not found:
            found = list(resource.refusals(inputs))
        self._name(resource, inputs, request)
        return provider_pb2.CheckResponse(inputs=_struct(inputs), failures=_failures(found))

    @staticmethod
    def _name(resource: Resource[Cloud], inputs: Values, request: provider_pb2.CheckRequest) -> None:
        """Name the resource as the official plugins do, and keep that name for its life."""
        rule = resource.auto_name
        if rule is None or inputs.get(rule.property) is not None or inputs.get(f"{rule.property}Prefix") is not None:
            return
        old = _values(request.olds)
        if rule.property in old.get(_DEFAULTS, []) and old.get(rule.property):
            inputs[rule.property] = old[rule.property]
        else:
            seed = (request.randomSeed or os.urandom(8)) + request.urn.encode()
            suffix = "-" + hashlib.sha256(seed).hexdigest()[:7]
            logical = request.urn.rsplit("::", 1)[-1]
            logical = logical[: rule.longest - len(rule.prefix) - len(suffix)]
            inputs[rule.property] = rule.prefix + (logical.lower() if rule.lower_case else logical) + suffix
        inputs[_DEFAULTS] = [rule.property]

    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:  # noqa: N802
        """Compare what the program wants with what was last seen of the cloud."""
        resource = self._type(request.type, request.urn)
        inputs, state = _values(request.news), _values(request.olds)
        wanted = self._wanted(resource, inputs)
        changed = _changes(resource, wanted, state)
        replaces = [name for name in changed if _replaces(resource.compared()[name], wanted.get(name), state.get(name))]
        if state.get(_INCOMPLETE):
            changed = changed or [_INCOMPLETE]
        rule = resource.auto_name
        keeps_name = (
            rule is not None
            and rule.property not in inputs.get(_DEFAULTS, [])
            and inputs.get(rule.property) is not None
            and inputs.get(rule.property) == state.get(rule.property)
        )
        return _difference(changed, replaces, delete_first=bool(replaces) and keeps_name)

    def Create(self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:  # noqa: N802
        """Make a resource; in a preview, tell what would be known of it."""
        resource = self._type(request.type, request.urn)
        wanted = self._wanted(resource, _values(request.properties))
        if request.preview:
            unknown = [
                *resource.outputs,
                *(name for name, declared in resource.properties.items() if declared.computed),
            ]
            return provider_pb2.CreateResponse(properties=_struct({**dict.fromkeys(unknown, UNKNOWN), **wanted}))
        cloud = self._connected()
        identifier = self._explained("creating", resource, request.urn, resource.create, cloud, wanted)
        try:
            resource.complete(cloud, identifier, wanted)
            seen = self._read(resource, identifier, wanted)
            if seen is None:
                raise RefusedError("it is gone right after it was made")
        except Exception as error:
            reason = self._reason("creating", resource, request.urn, error)
            partial = self._partial(resource, identifier, wanted)
            raise _HalfMadeError(identifier, {**partial, _INCOMPLETE: True}, request.properties, reason) from error
        return provider_pb2.CreateResponse(id=identifier, properties=_struct(seen))

    def _partial(self, resource: Resource[Cloud], identifier: str, wanted: Values) -> Values:
        """Return what is known of a half-made resource: at least what it cannot be changed in."""
        fixed = {
            name: wanted[name] for name, declared in resource.properties.items() if declared.replaces and name in wanted
        }
        try:
            return self._read(resource, identifier, fixed) or fixed
        except Exception:  # the reason is on its way to the user already
            return fixed

    def Read(self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:  # noqa: N802
        """Look a resource up in the cloud, for a refresh or an import."""
        resource = self._type(request.type, request.urn)
        state, inputs = _values(request.properties), _values(request.inputs)
        seen = self._explained("reading", resource, request.urn, self._read, resource, request.id, state)
        if seen is None:
            return provider_pb2.ReadResponse()
        new_inputs = _refreshed_inputs(resource, inputs, seen) if inputs else _imported_inputs(resource, seen)
        if state.get(_INCOMPLETE):
            seen[_INCOMPLETE] = True
        return provider_pb2.ReadResponse(id=seen["id"], properties=_struct(seen), inputs=_struct(new_inputs))

    def Update(self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:  # noqa: N802
        """Change a resource in place."""
        resource = self._type(request.type, request.urn)
        state, wanted = _values(request.olds), self._wanted(resource, _values(request.news))
        incomplete = bool(state.pop(_INCOMPLETE, False))
        kept = {
            name: value
            for name, value in state.items()
            if name not in resource.compared() or resource.compared()[name].computed
        }
        if request.preview:
            unknown = dict.fromkeys(resource.changing_outputs, UNKNOWN)
            return provider_pb2.UpdateResponse(properties=_struct({**kept, **unknown, **wanted}))
        seen = self._explained(
            "updating", resource, request.urn, self._change, resource, request.id, state, wanted, kept, incomplete
        )
        return provider_pb2.UpdateResponse(properties=_struct(seen))

    def _change(
        self, resource: Resource[Cloud], identifier: str, state: Values, wanted: Values, kept: Values, incomplete: bool
    ) -> Values:
        cloud = self._connected()
        if incomplete:
            resource.complete(cloud, identifier, wanted)
            state = self._read(resource, identifier, state) or state
        changed = frozenset(_changes(resource, wanted, state))
        if changed:
            resource.update(cloud, identifier, state, wanted, changed)
        seen = self._read(resource, identifier, {**kept, **wanted})
        if seen is None:
            raise RefusedError("it does not exist any more; `pulumi refresh` makes the state say so")
        return seen

    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        """Remove a resource, or find it removed."""
        resource = self._type(request.type, request.urn)
        state = _values(request.properties)
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
        # The field's name is a word of Python's.
        getattr(response, "return").CopyFrom(_struct(function(self._connected(), _values(request.args))))
        return response

    # What the answers share.

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
        """Return a resource's properties, in the program's own words where the cloud means the same."""
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
        """Run an operation; its error says what was being done to which resource."""
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


def started(provider: Provider[Cloud]) -> tuple[grpc.Server, int]:
    """Start to answer for a provider, and return the server and its port."""
    server = grpc.server(
        futures.ThreadPoolExecutor(CALLS_AT_ONCE),
        interceptors=[_Explaining(provider.explain)],
        options=[
            ("grpc.max_receive_message_length", MESSAGE_LIMIT_BYTES),
            ("grpc.max_send_message_length", MESSAGE_LIMIT_BYTES),
        ],
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Service(provider), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def serve(provider: Provider[Cloud]) -> None:
    """Serve until the engine ends this process or is gone; the first line on stdout is the port."""
    ended = threading.Event()

    def end(signal_number: int, frame: "FrameType | None") -> None:
        ended.set()

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    engine = os.getppid()
    server, port = started(provider)
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    # An engine that was killed cannot say goodbye.
    while not ended.wait(timeout=1) and os.getppid() == engine:
        pass
    server.stop(SECONDS_TO_FINISH).wait()


def _changes(resource: Resource[Cloud], wanted: Values, state: Values) -> list[str]:
    return [
        name for name, declared in resource.compared().items() if differs(declared, wanted.get(name), state.get(name))
    ]


def _replaces(declared: Property, wanted: Any, actual: Any) -> bool:
    """Tell whether a difference lies in a part that cannot be changed in place."""
    if declared.replaces:
        return True
    if declared.presence_replaces and (wanted is None) != (actual is None):
        return True
    inner = declared.fields or (declared.element.fields if declared.element is not None else None)
    if not inner or wanted == UNKNOWN:
        return False
    if declared.kind is Kind.OBJECT:
        pairs = [(mapping_of(wanted), mapping_of(actual))]
    else:
        pairs = list(zip(list_of(wanted), list_of(actual), strict=False))
    return any(
        differs(field, one.get(name), other.get(name)) and _replaces(field, one.get(name), other.get(name))
        for one, other in pairs
        for name, field in inner.items()
    )


def _refreshed_inputs(resource: Resource[Cloud], inputs: Values, seen: Values) -> Values:
    """Return the program's inputs with the cloud's values where they drifted."""
    refreshed: Values = {}
    for name, value in inputs.items():
        declared = resource.properties.get(name)
        if declared is None or not differs(declared, value, seen.get(name)):
            refreshed[name] = value
        elif seen.get(name) is not None:
            refreshed[name] = seen[name]
    return refreshed


def _imported_inputs(resource: Resource[Cloud], seen: Values) -> Values:
    """Return the inputs that a program would have to write for what the cloud has."""
    return {
        name: seen[name]
        for name, declared in resource.properties.items()
        if name in seen and (declared.required or differs(declared, declared.default, seen[name]) or declared.computed)
    }


def _difference(changed: list[str], replaces: list[str], *, delete_first: bool) -> provider_pb2.DiffResponse:
    some = provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE
    return provider_pb2.DiffResponse(changes=some, diffs=changed, replaces=replaces, deleteBeforeReplace=delete_first)


def _failures(found: Any) -> list[provider_pb2.CheckFailure]:
    return [provider_pb2.CheckFailure(property=path, reason=f"{path}: {sentence}") for path, sentence in found]


def _values(properties: struct_pb2.Struct) -> Values:
    return simplified(json_format.MessageToDict(properties))


def _struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    message = struct_pb2.Struct()
    json_format.ParseDict(dict(values), message)
    return message
