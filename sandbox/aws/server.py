"""Puts MiniStack and what the sandbox adds to it together, and serves it over TLS."""

import asyncio
import signal
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from sandbox.aws import (
    alarm_pages,
    alarms,
    authorization,
    contract,
    emulator,
    encryption,
    events,
    function_logs,
    functions,
    network,
    objects,
    pages,
    pass_role,
    requests,
    resource_policies,
    sagemaker,
    scaling,
    service_catalog,
    topics,
    web_identity,
)
from sandbox.aws.cloudformation import acting, provisioning, templates
from sandbox.aws.sagemaker import containers, runtime
from sandbox.aws.sagemaker.containers import Machine

STOPPED_WITHIN_SECONDS = 1


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where the server listens and what it trusts."""

    port: int
    folder: Path
    certificate: Path
    key: Path
    certificate_authority: Path
    github_url: str
    images: Path
    job_environment: dict[str, str]
    """Environment of programs that install jobs' environments; the server's own is kept bare."""


def install(settings: Settings) -> None:
    """Add to MiniStack everything that it lacks."""
    differences = list(contract.differences())
    if differences:
        raise SystemExit("MiniStack is not what the sandbox expects:\n" + "\n".join(differences))
    sagemaker.SERVICE.install()
    service_catalog.SERVICE.install()
    scaling.SERVICE.install()
    runtime.install()
    requests.install()
    resource_policies.install()
    network.install()
    objects.install()
    templates.install()
    provisioning.install()
    acting.install()
    functions.check_roles()
    pass_role.install()
    encryption.install()
    web_identity.install(settings.certificate_authority, settings.github_url)
    containers.install(
        Machine(
            images=settings.images,
            folder=settings.folder,
            endpoint_url=f"https://localhost:{settings.port}",
            certificate_authority=settings.certificate_authority,
            install_environment=settings.job_environment,
        )
    )
    functions.install(settings.port, settings.certificate_authority)
    function_logs.install()
    events.install()
    topics.install()
    alarms.install()
    alarm_pages.install()
    authorization.remember_policies()
    authorization.watch()


async def application(scope: dict[str, Any], receive: pages.Receive, send: pages.Send) -> None:
    """Answer one connection's request: the sandbox's own pages, else MiniStack."""
    if scope["type"] == "http" and scope["path"].startswith("/_sandbox/"):
        await pages.answer(scope, receive, send)
    else:
        await emulator.application.app(scope, receive, send)


async def serve(settings: Settings) -> None:
    """Serve until the process is told to stop."""
    config = import_module("hypercorn.config").Config()
    config.bind = [f"127.0.0.1:{settings.port}"]
    config.certfile, config.keyfile = str(settings.certificate), str(settings.key)
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1
    config.loglevel = "WARNING"
    config.errorlog = str(settings.folder / "aws.log")
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    serving = asyncio.create_task(
        import_module("hypercorn.asyncio").serve(application, config, shutdown_trigger=stop.wait)
    )
    await asyncio.wait([serving, asyncio.create_task(stop.wait())], return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        serving.result()  # It could not listen: the error says why.
    # Clients that keep connections open, and functions that wait, would hold the process up for a minute.
    await asyncio.wait([serving], timeout=STOPPED_WITHIN_SECONDS)
    containers.stop_all()
    emulator.lambda_runtime.reset()
