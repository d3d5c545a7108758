"""SageMaker Runtime: invocations of endpoints.

Its requests are signed for `sagemaker`, too, but speak REST: `POST /endpoints/{name}/invocations`.
"""

import asyncio
import contextlib
import json
import random
import re
import time
import uuid
from collections.abc import Sequence
from urllib.parse import unquote

from sandbox.aws import validation
from sandbox.aws.errors import NotEmulatedError, ServiceError
from sandbox.aws.ministack import gateway, request_authorization, scope
from sandbox.aws.ministack.gateway import Handler, Request, Response
from sandbox.aws.sagemaker.hosting import deployments, endpoints, metrics
from sandbox.aws.sagemaker.hosting.data_capture import Invocation, Payload
from sandbox.aws.sagemaker.hosting.endpoint import SERVING, Endpoint
from sandbox.aws.sagemaker.hosting.fleet import Fleet
from sandbox.aws.sagemaker.hosting.model_container import Answer
from sandbox.aws.sagemaker.hosting.variant import GoneError, Variant
from sandbox.aws.service import Members

PATH = re.compile(r"/endpoints/([^/]+)/invocations")
PREFIX = "x-amzn-sagemaker-"
MODEL = "sagemaker-runtime"

MEMBERS = {
    "Accept": "accept",
    "ContentType": "content-type",
    "CustomAttributes": f"{PREFIX}custom-attributes",
    "EnableExplanations": f"{PREFIX}enable-explanations",
    "InferenceComponentName": f"{PREFIX}inference-component",
    "InferenceId": f"{PREFIX}inference-id",
    "PrefixAwareId": f"{PREFIX}prefix-aware-id",
    "SessionId": f"{PREFIX}session-id",
    "TargetContainerHostname": f"{PREFIX}target-container-hostname",
    "TargetModel": f"{PREFIX}target-model",
    "TargetVariant": f"{PREFIX}target-variant",
}
"""Members of a request, by the header that carries them."""

EMULATED = frozenset(
    {"EndpointName", "Body", "Accept", "ContentType", "CustomAttributes", "InferenceId", "TargetVariant"}
)


class ModelFailedError(Exception):
    """The model answered with an error, or not at all."""

    def __init__(self, answer: Answer, endpoint: str) -> None:
        super().__init__(answer.status)
        self.answer = answer
        self.endpoint = endpoint


def install() -> None:
    """Answer invocations, and authorize them as sagemaker:InvokeEndpoint."""
    request_authorization.authorize_as("sagemaker", MODEL)
    gateway.intercept("sagemaker", _answer_invocations)


async def _answer_invocations(request: Request, go_on: Handler) -> Response:
    if "x-amz-target" in request.headers:
        return await go_on(request)
    # A model takes its time; other requests do not wait for it.
    return await asyncio.to_thread(answer, request)


def answer(request: Request) -> Response:
    """Answer one request of the runtime."""
    try:
        return _invoke(_parse(request))
    except ModelFailedError as failure:
        return _model_error(failure)
    except ServiceError as error:
        code = "ValidationError" if error.code == "ValidationException" else error.code
        return _failure(error.status, code, {"Message": error.message})


def pick(variants: Sequence[Variant]) -> Variant:
    """Choose a variant, at random and by weight."""
    return random.choices(variants, weights=[variant.weight for variant in variants])[0]  # noqa: S311 - no secret


def _parse(request: Request) -> Members:
    matched = PATH.fullmatch(request.path)
    if request.method != "POST" or matched is None:
        raise NotEmulatedError(f"{request.method} {request.path} of SageMaker Runtime")
    members: Members = {"EndpointName": unquote(matched.group(1)), "Body": request.body}
    members |= {member: request.headers[header] for member, header in MEMBERS.items() if header in request.headers}
    validation.check(validation.service_model(MODEL).operation_model("InvokeEndpoint").input_shape, members)
    unknown = sorted(set(members) - EMULATED)
    if unknown:
        raise NotEmulatedError(f"InvokeEndpoint with {', '.join(unknown)}")
    return members


def _invoke(members: Members) -> Response:
    start = time.perf_counter()
    endpoint = endpoints.find(members["EndpointName"])
    if endpoint is None:
        raise _not_found(members["EndpointName"])
    result, variant = _answered(endpoint, members, start)
    if result.status // 100 != 2:
        raise ModelFailedError(result, endpoint.name)
    headers = {"Content-Type": result.content_type, "x-Amzn-Invoked-Production-Variant": variant.name}
    return 200, headers, result.body


def _answered(endpoint: Endpoint, members: Members, start: float) -> tuple[Answer, Variant]:
    while endpoint.live is not None and endpoint.status in SERVING:
        fleet = _fleet(endpoint, endpoint.live)
        variant = _variant(fleet, members.get("TargetVariant"))
        with contextlib.suppress(GoneError):  # Another fleet has just replaced it, and gets the request instead.
            result = _call(fleet, variant, members, start)
            _shadow(fleet, variant, members)
            return result, variant
    raise _not_found(endpoint.name)


def _not_found(name: str) -> ServiceError:
    return ServiceError("ValidationException", f"Endpoint {name} of account {scope.account_id()} not found.")


def _fleet(endpoint: Endpoint, live: Fleet) -> Fleet:
    """Return the fleet that answers: during a deployment the new one gets its share."""
    pending = endpoint.pending
    return pending.fleet if pending is not None and random.random() < pending.share else live  # noqa: S311 - no secret


def _variant(fleet: Fleet, target: str | None) -> Variant:
    if target is None:
        return pick(fleet.production)
    for variant in fleet.production:
        if variant.name == target:
            return variant
    raise ServiceError(
        "ValidationException",
        f"Variant {target} not found in endpoint {fleet.endpoint} of account {scope.account_id()}.",
    )


def _shadow(fleet: Fleet, production: Variant, members: Members) -> None:
    """Copy the request to the shadow variants; their answers are dropped."""
    for variant in fleet.shadow:
        # A shadow's weight says, against the production variant's, how many of the requests it sees.
        if random.random() * production.weight < variant.weight:  # noqa: S311 - no secret
            deployments.in_background(_copy, fleet, variant, members)


def _copy(fleet: Fleet, variant: Variant, members: Members) -> None:
    with contextlib.suppress(GoneError):
        _call(fleet, variant, members, time.perf_counter())


def _call(fleet: Fleet, variant: Variant, members: Members, start: float) -> Answer:
    content_type = members.get("ContentType", "application/octet-stream")
    headers = {"Content-Type": content_type, "Accept": members.get("Accept", "*/*")}
    if "CustomAttributes" in members:
        headers["X-Amzn-SageMaker-Custom-Attributes"] = members["CustomAttributes"]
    result = variant.invoke(headers, members["Body"])
    metrics.put(
        fleet.endpoint,
        fleet.configuration_name,
        variant.name,
        instances=variant.instances,
        status=result.status,
        model_latency=result.microseconds,
        overhead=(time.perf_counter() - start) * 1e6 - result.microseconds,
    )
    if result.status // 100 == 2:
        captured = Invocation(
            event_id=str(uuid.uuid4()),
            inference_id=members.get("InferenceId"),
            custom_attributes=members.get("CustomAttributes"),
            request=Payload(content_type=content_type, body=members["Body"]),
            answer=Payload(content_type=result.content_type, body=result.body),
        )
        fleet.capture.consider(variant.name, variant.model["ExecutionRoleArn"], captured)
    return result


def _model_error(failure: ModelFailedError) -> Response:
    region, account, status = scope.region(), scope.account_id(), failure.answer.status
    original = failure.answer.body.decode(errors="replace")
    side = "client" if 400 <= status < 500 else "server"
    group = f"/aws/sagemaker/Endpoints/{failure.endpoint}"
    message = (
        f'Received {side} error ({status}) from primary with message "{original}". See '
        f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#logEventViewer:group={group} "
        f"in account {account} for more information."
    )
    members = {
        "Message": message,
        "OriginalMessage": original,
        "OriginalStatusCode": status,
        "LogStreamArn": f"arn:aws:logs:{region}:{account}:log-group:{group}",
    }
    return _failure(424, "ModelError", members)


def _failure(status: int, code: str, members: Members) -> Response:
    headers = {"Content-Type": "application/json", "x-amzn-errortype": code}
    return status, headers, json.dumps(members).encode()
