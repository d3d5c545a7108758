"""The table of all services' resources and condition keys, and the hooks by which MiniStack uses it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sandbox.aws.iam.service_authorization import (
    autoscaling,
    awslambda,
    budgets,
    cloudformation,
    cloudwatch,
    ec2,
    eventbridge,
    iam,
    kms,
    logs,
    s3,
    sagemaker,
    scheduler,
    service_catalog,
    sns,
    ssm,
)
from sandbox.aws.iam.service_authorization.members import Members, first, members_of
from sandbox.aws.ministack import gateway, request_authorization
from sandbox.aws.ministack.gateway import Handler, Request, Response

RESOURCES: Mapping[str, Callable[[str, Members], Iterator[str]]] = {
    autoscaling.NAME: autoscaling.resources,
    budgets.NAME: budgets.resources,
    "ec2": ec2.resources,
    "events": eventbridge.resources,
    "iam": iam.resources,
    "kms": kms.resources,
    "logs": logs.resources,
    "monitoring": cloudwatch.resources,
    "sagemaker": sagemaker.resources,
    "servicecatalog": service_catalog.resources,
    "sns": sns.resources,
    "ssm": ssm.resources,
}
"""By MiniStack's name of the service: the resources of a request."""

CONTEXTS: Mapping[str, Callable[[str, Members], Iterator[tuple[str, Any]]]] = {
    autoscaling.NAME: autoscaling.context,
    "cloudformation": cloudformation.context,
    "events": eventbridge.context,
    "iam": iam.context,
    "kms": kms.context,
    "lambda": awslambda.context,
    "monitoring": cloudwatch.context,
    "sagemaker": sagemaker.context,
    "servicecatalog": service_catalog.context,
    "sns": sns.context,
}
"""By MiniStack's name of the service: the condition keys of a request."""

SEVERAL_RESOURCES = ("monitoring", "sagemaker", "ssm")
"""Services some of whose requests are about several resources at once; IAM decides about each."""


def install() -> None:
    """Let MiniStack decide by these resources and condition keys."""
    for service in SEVERAL_RESOURCES:
        _decide_about_each(service)
    request_authorization.rename_actions(budgets.NAME, budgets.action)
    request_authorization.intercept_resources(_resource)
    request_authorization.add_context(_context)
    request_authorization.add_s3_context(lambda action, query, headers: dict(s3.context(action, query, headers)))
    request_authorization.name_lambda_actions(awslambda.action)


def resources(service: str, operation: str, members: Members) -> list[str]:
    """Return every resource of a request, the first first; none where its operation has none."""
    return list(dict.fromkeys(RESOURCES[service](operation, members))) if service in RESOURCES else []


def _resource(service: str, request: Request, go_on: Callable[[], str]) -> str:
    operation = request.target or first(request.query, "Action")
    known = None
    if service == "sagemaker":
        known = sagemaker.named_in_path(request)
    elif service == "lambda":
        known = awslambda.new_function(request) or awslambda.invoked_function(request)
    elif service == scheduler.NAME:
        known = scheduler.resource(request)
    if known:
        return known
    found = resources(service, operation, members_of(request.body, request.query))
    if found:
        return found[0]
    return kms.key_behind(go_on()) if service == "kms" else go_on()


def _context(service: str, operation: str, body: bytes, params: Mapping[str, Any]) -> Mapping[str, Any]:
    if service == scheduler.NAME:
        return scheduler.context(operation, params)
    if service not in CONTEXTS:
        return {}
    found = CONTEXTS[service](operation, members_of(body, params))
    return {key: value for key, value in found if value is not None}


def _decide_about_each(service: str) -> None:
    """Decide about the resources of a request beside its first, about which MiniStack has decided."""

    async def answer(request: Request, go_on: Handler) -> Response:
        params = gateway.parameters(request)
        operation = request.target or first(params, "Action")
        for resource in resources(service, operation, members_of(request.body, params))[1:]:
            refusal = request_authorization.refusal(service, request, operation, resource)
            if refusal:
                return refusal
        return await go_on(request)

    gateway.intercept(service, answer)
