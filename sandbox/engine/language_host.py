"""A Python language host for a Pulumi engine that was built from source.

The official host is a Go program that comes with the official download. This one serves the same gRPC service with
the in-process server that the Pulumi SDK carries for its Automation API: the program runs in this very process.
It must not import anything of this project: it is copied beside the engine.
"""

import os
import runpy
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pulumi
from google.protobuf import empty_pb2
from pulumi.automation._server import LanguageServer  # pinned by a test
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

if TYPE_CHECKING:
    from types import FrameType

VERSION = "3.259.0"
_TRACEBACK = "python inline source runtime error:"
"""Beginning of the SDK's message of an unexpected exception."""
MESSAGE_LIMIT_BYTES = 400 << 20
"""The engine's own limit; a program may register large inline documents."""


class LanguageHost(LanguageServer):
    """Runs one Pulumi program in this process."""

    def __init__(self, engine_address: str) -> None:
        super().__init__(lambda: None)
        self._engine_address = engine_address

    def Handshake(  # noqa: N802, D102
        self, request: language_pb2.LanguageHandshakeRequest, context: grpc.ServicerContext
    ) -> language_pb2.LanguageHandshakeResponse:
        self._engine_address = request.engine_address or self._engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:  # noqa: N802, D102
        return plugin_pb2.PluginInfo(version=VERSION)

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802, D102
        return empty_pb2.Empty()

    def RuntimeOptionsPrompts(  # noqa: N802, D102
        self, request: language_pb2.RuntimeOptionsRequest, context: grpc.ServicerContext
    ) -> language_pb2.RuntimeOptionsResponse:
        return language_pb2.RuntimeOptionsResponse()

    def GetProgramDependencies(  # noqa: N802, D102
        self, request: language_pb2.GetProgramDependenciesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetProgramDependenciesResponse:
        return language_pb2.GetProgramDependenciesResponse()

    def InstallDependencies(  # noqa: N802
        self, request: language_pb2.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.InstallDependenciesResponse]:
        """Install nothing: the project's own tool (uv) does, from its lock file."""
        return iter(())

    def Run(self, request: language_pb2.RunRequest, context: grpc.ServicerContext) -> language_pb2.RunResponse:  # noqa: N802
        """Run the program that the engine names, against the monitor that it names."""
        folder = Path(request.info.program_directory or request.pwd)
        entry_point = folder / request.info.entry_point
        if entry_point.is_dir():
            entry_point /= "__main__.py"

        code: object = 1

        def program() -> None:
            nonlocal code
            os.chdir(folder)
            sys.path.insert(0, str(folder))
            try:
                runpy.run_path(str(entry_point), run_name="__main__")
            except SystemExit as ending:  # as the official host has it: a program may end by sys.exit
                if ending.code not in (None, 0):
                    code = ending.code
                    raise pulumi.RunError(f"the program ended with {ending.code}") from ending

        self.program = program
        # The SDK's in-process server reads the engine's address, where its log goes, from the first argument.
        request.args[:] = [self._engine_address]
        response = super().Run(request, context)
        if not response.error:
            return response
        # It has logged the error, and the engine would print the same text again. The official host answers with the
        # code that the program ended with, or, after a traceback, that the engine need say no more.
        # Source: pulumi/pulumi, sdk/python/cmd/pulumi-language-python/main.go, Run; pulumi-language-python-exec.
        if response.error.startswith(_TRACEBACK):
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error=f"program exited with non-zero exit code: {code}")

    def RunPlugin(  # noqa: N802
        self, request: language_pb2.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.RunPluginResponse]:
        """Run a plugin that is written in Python: a policy pack."""
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "pulumi.policy", *request.args[:1], request.info.program_directory],
            cwd=request.pwd,
            env=dict(variable.split("=", 1) for variable in request.env),
            stdout=subprocess.PIPE,
            stderr=sys.stderr,
        )
        context.add_callback(process.kill)
        for line in process.stdout or ():
            yield language_pb2.RunPluginResponse(stdout=line)
        yield language_pb2.RunPluginResponse(exitcode=process.wait())


def main() -> None:
    """Serve until the engine ends this process; the first line on stdout is the port."""
    ended = threading.Event()

    def end(signal_number: int, frame: "FrameType | None") -> None:
        ended.set()

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    engine = os.getppid()
    server = grpc.server(
        futures.ThreadPoolExecutor(8),
        options=[
            ("grpc.max_receive_message_length", MESSAGE_LIMIT_BYTES),
            ("grpc.max_send_message_length", MESSAGE_LIMIT_BYTES),
        ],
    )
    host = LanguageHost(sys.argv[-1] if len(sys.argv) > 1 else "")
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    # An engine that is killed sends no signal.
    while not ended.wait(timeout=1) and os.getppid() == engine:
        pass
    server.stop(0)
    sys.stdout.flush()
    os._exit(0)  # the program may still wait for an engine that is gone


if __name__ == "__main__":
    main()
