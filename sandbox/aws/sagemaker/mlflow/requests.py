"""Requests of MLflow's clients to an app: IAM decides about them, and MLflow's own server answers.

A client names the app in a header, and signs for `sagemaker`. Source: sagemaker-mlflow 0.5.0,
`mlflow_sagemaker_request_header_provider.py` and `auth_provider.py`; AWS has a host of its own for them, in the place of which clients are
given this server by `SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT` (`mlflow_sagemaker_helpers.py`). One action is about all of them. Source: Service
Authorization Reference, SageMaker AI. Assumption: the status and the form of a refusal.
"""

import asyncio
import json
import re
from concurrent.futures import ThreadPoolExecutor

from sandbox.aws import faults
from sandbox.aws.errors import AccessDeniedError, NotEmulatedError, ServiceError
from sandbox.aws.iam import authorization
from sandbox.aws.ministack import gateway
from sandbox.aws.ministack.gateway import Handler, Request, Response
from sandbox.aws.sagemaker.mlflow import apps
from sandbox.aws.sagemaker.mlflow.server import MlflowServer

APP = "x-sm-mlflow-app-arn"
PATH = re.compile(r"/api/2\.0/mlflow/(experiments|metrics|runs)/[a-z-]+")
"""Requests about experiments and runs. What AWS does with artifacts, models and traces is not known."""

_threads = ThreadPoolExecutor(4, "mlflow")
"""Of their own: a server that starts makes its clients wait, and nobody else."""


def install() -> None:
    """Answer the requests that name an app."""
    gateway.intercept("sagemaker", _answer_clients)


async def _answer_clients(request: Request, go_on: Handler) -> Response:
    if APP not in request.headers or "x-amz-target" in request.headers:
        return await go_on(request)
    try:
        server = _authorized(request)
    except ServiceError as error:
        return _failure(error)
    return await asyncio.get_running_loop().run_in_executor(_threads, _answer, server, request)


def _authorized(request: Request) -> MlflowServer:
    """Return the server of the app that a request names.

    Raises:
        ServiceError: its caller may not call that app, or there is none.
    """
    arn = request.headers[APP]
    authorization.require(authorization.caller(request), "sagemaker:CallMlflowAppApi", arn)
    if not PATH.fullmatch(request.path):
        raise NotEmulatedError(f"{request.method} {request.path} of an MLflow app")
    if faults.fails_mlflow():
        raise ServiceError("ServiceUnavailable", "a fault that a test asked for", 503)
    return apps.server(arn)


def _answer(server: MlflowServer, request: Request) -> Response:
    try:
        return server.send(request)
    except ServiceError as error:
        return _failure(error)


def _failure(error: ServiceError) -> Response:
    status = 403 if isinstance(error, AccessDeniedError) else error.status
    return status, {"Content-Type": "application/json"}, json.dumps({"message": error.message}).encode()
