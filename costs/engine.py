"""Run a Pulumi program in this process, on an engine that deploys nothing."""

import asyncio
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, cast

import pulumi
from pulumi.runtime import config as runtime_config
from pulumi.runtime import mocks
from pulumi.runtime.settings import get_root_resource
from pulumi.runtime.stack import Stack, run_pulumi_func

PROJECT = "mlops-platform"


class Monitor(mocks.MockMonitor):
    """The SDK's mock monitor, without the event loops that it would open for every request and never close."""

    def Invoke(self, request: Any) -> Any:  # noqa: N802
        """Answer a call of a function."""
        with _own_event_loop():
            return mocks.MockMonitor.Invoke(self, request)

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        """Answer the declaration of a resource."""
        with _own_event_loop():
            return mocks.MockMonitor.RegisterResource(self, request)


def run(
    program: Callable[[], object],
    monitor: Monitor,
    *,
    stack: str,
    configuration: Mapping[str, str],
    preview: bool = False,
) -> Mapping[str, Any]:
    """Run `program` as Pulumi would, and return its outputs.

    In a preview, what a resource is given only by AWS stays unknown.
    """

    def declare() -> None:
        program()

    def work() -> Mapping[str, Any]:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            mocks.set_mocks(monitor.mocks, project=PROJECT, stack=stack, preview=preview, monitor=monitor)
            runtime_config.set_all_config(dict(configuration))
            loop.run_until_complete(run_pulumi_func(declare))
            root = cast("Stack", get_root_resource())
            return loop.run_until_complete(pulumi.Output.all(**root.outputs).future()) or {}
        finally:
            loop.run_until_complete(loop.shutdown_default_executor())
            asyncio.set_event_loop(None)
            loop.close()

    # Pulumi keeps its stack and configuration in context variables: a thread has a context of its own, and leaves no
    # trace of them. It also has a short stack, which Pulumi walks for every resource.
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(work).result()


@contextmanager
def _own_event_loop() -> Generator[None]:
    """Give a worker thread an event loop, and close it."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        asyncio.set_event_loop(None)
        loop.close()
