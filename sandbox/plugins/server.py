"""The process of a plugin: a gRPC server that the engine starts and ends."""

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent import futures
from typing import TYPE_CHECKING, Any

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from sandbox.plugins.messages import HalfCreatedError
from sandbox.plugins.resource import Cloud, Provider, RefusedError
from sandbox.plugins.service import Service
from sandbox.plugins.values import AssetError

if TYPE_CHECKING:
    from types import FrameType

MESSAGE_LIMIT_BYTES = 400 << 20
"""The engine's own limit."""
CALLS_AT_ONCE = 64
"""More than the engine makes by default (four per core, at least sixteen)."""
SECONDS_TO_FINISH = 30
"""Seconds that running calls get once the engine is gone: a whole resource is better than half of one."""


class _ErrorTranslator(grpc.ServerInterceptor):
    """Turns exceptions into errors that the engine shows."""

    def __init__(self, explain: Callable[[Exception], str | None]) -> None:
        self._explain = explain

    def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        """Wrap the method that handles a call."""
        handler = continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:
            return handler

        def answer(request: Any, context: Any) -> Any:
            try:
                return handler.unary_unary(request, context)
            except HalfCreatedError as error:
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

        behavior: Any = answer
        return grpc.unary_unary_rpc_method_handler(behavior, handler.request_deserializer, handler.response_serializer)


def start(provider: Provider[Cloud]) -> tuple[grpc.Server, int]:
    """Start a provider's server, and return it and its port."""
    server = grpc.server(
        futures.ThreadPoolExecutor(CALLS_AT_ONCE),
        interceptors=[_ErrorTranslator(provider.explain)],
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
    server, port = start(provider)
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    # An engine that is killed sends no signal.
    while not ended.wait(timeout=1) and os.getppid() == engine:
        pass
    server.stop(SECONDS_TO_FINISH).wait()
