"""The server: MiniStack, everything that the sandbox adds to it, and TLS."""

import asyncio
import signal
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from sandbox.aws import clock, kms, s3, sandbox_api, sns
from sandbox.aws.autoscaling import service as autoscaling
from sandbox.aws.awslambda import accounts, code, environment, invocations, network, priority, roles
from sandbox.aws.awslambda import logs as function_logs
from sandbox.aws.cloudformation import provisioning, stack_principal, templates
from sandbox.aws.cloudwatch import alarms, embedded_metrics, query_protocol
from sandbox.aws.ec2 import service as ec2
from sandbox.aws.eventbridge import targets
from sandbox.aws.iam import authorization, condition_keys, pass_role, resource_policies, web_identity
from sandbox.aws.iam.service_authorization import table
from sandbox.aws.ministack import contract, gateway, lambda_runtime
from sandbox.aws.sagemaker import containers
from sandbox.aws.sagemaker import network as sagemaker_network
from sandbox.aws.sagemaker import service as sagemaker
from sandbox.aws.sagemaker.containers import Machine
from sandbox.aws.sagemaker.feature_store import records
from sandbox.aws.sagemaker.hosting import runtime
from sandbox.aws.sagemaker.mlflow import requests as mlflow_requests
from sandbox.aws.scheduler import service as scheduler
from sandbox.aws.service_catalog import service as service_catalog

STOPPED_WITHIN_SECONDS = 1


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of the server: its address, its certificates, and the machine that it runs on."""

    port: int
    folder: Path
    certificate: Path
    key: Path
    certificate_authority: Path
    github_url: str
    images: Path
    job_environment: dict[str, str]
    """Environment of programs that install jobs' environments; the server's own is kept bare."""
    seconds_per_minute: float
    """Length of one of AWS's minutes."""


def install(settings: Settings) -> None:
    """Add to MiniStack everything that it lacks."""
    differences = list(contract.differences())
    if differences:
        raise SystemExit("MiniStack is not what the sandbox expects:\n" + "\n".join(differences))
    clock.SECONDS_PER_EMULATED_MINUTE = settings.seconds_per_minute
    containers.install(
        Machine(
            images=settings.images,
            folder=settings.folder,
            endpoint_url=f"https://localhost:{settings.port}",
            certificate_authority=settings.certificate_authority,
            install_environment=settings.job_environment,
        )
    )
    gateway.name_services()
    _install_services()
    # The last check to be added is the first that a request meets.
    for check in (table, condition_keys, resource_policies, ec2, s3, templates, provisioning, stack_principal):
        check.install()
    for check in (accounts, roles, pass_role, kms):
        check.install()
    web_identity.install(settings.certificate_authority, settings.github_url)
    environment.install(settings.port, settings.certificate_authority)
    network.install(settings.port)
    for addition in (
        code,
        invocations,
        function_logs,
        priority,
        targets,
        sns,
        alarms,
        embedded_metrics,
        query_protocol,
        authorization,
    ):
        addition.install()


def _install_services() -> None:
    for service in (sagemaker, service_catalog, autoscaling):
        service.SERVICE.install()
    runtime.install()
    records.install()
    mlflow_requests.install()
    scheduler.install()
    sagemaker_network.install()


async def application(scope: dict[str, Any], receive: sandbox_api.Receive, send: sandbox_api.Send) -> None:
    """Answer one connection's request: the sandbox's own API, else MiniStack."""
    if scope["type"] == "http" and scope["path"].startswith("/_sandbox/"):
        await sandbox_api.answer(scope, receive, send)
    else:
        await gateway.app(scope, receive, send)


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
    lambda_runtime.stop_all()
