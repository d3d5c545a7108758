"""Lambda: functions, and the aliases and versions by which they are invoked."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import unquote

from sandbox.aws import validation
from sandbox.aws.iam.service_authorization.members import Members, first
from sandbox.aws.ministack import scope
from sandbox.aws.ministack.gateway import Request

INVOCATION = re.compile(r"/[\d-]+/functions/([^/]+)/(?:response-streaming-)?invocations")
ACTIONS = {
    "GetLayerVersionByArn": "GetLayerVersion",
    "Invoke": "InvokeFunction",
    "InvokeWithResponseStream": "InvokeFunction",
}
"""Actions that are not named like their operations. Source: Service Authorization Reference, AWS Lambda."""


def new_function(request: Request) -> str | None:
    """Return the ARN of the function that a request creates; None for any other request."""
    if request.method == "POST" and request.path.rstrip("/").endswith("/functions"):
        return scope.arn("lambda", f"function:{request.json().get('FunctionName', '')}")
    return None


def invoked_function(request: Request) -> str | None:
    """Return the ARN that a request invokes, with the alias or version that it names; None for any other request.

    A policy that names a qualified ARN allows requests for that ARN only, and one that names the function only those
    without a qualifier. Source: AWS Lambda Developer Guide, "Fine-tuning the Resources and Conditions sections of
    policies"; Lambda API Reference, Invoke.
    """
    invoked = INVOCATION.fullmatch(request.path)
    if invoked is None or request.method != "POST":
        return None
    name, qualifier = unquote(invoked[1]), first(request.query, "Qualifier")
    arn = name if name.startswith("arn:") else scope.arn("lambda", f"function:{name.rpartition('function:')[2]}")
    return f"{arn}:{qualifier}" if qualifier else arn


def action(method: str, path: str) -> str | None:
    """Return the action of a request, by the paths in AWS's own model of Lambda; None if it has no such path.

    MiniStack knows some of them, and lets requests for the others pass.
    """
    return next((name for verb, form, name in _operations() if verb == method and form.fullmatch(path)), None)


@cache
def _operations() -> list[tuple[str, re.Pattern[str], str]]:
    """List the method, the path and the action of every operation, those with the fewest variables first."""
    model = validation.service_model("lambda")
    found = sorted(
        ((model.operation_model(name).http, name) for name in model.operation_names),
        key=lambda each: (each[0]["requestUri"].count("{"), each[1]),
    )
    return [(http["method"], _form(http["requestUri"]), ACTIONS.get(name, name)) for http, name in found]


def _form(uri: str) -> re.Pattern[str]:
    path = uri.partition("?")[0].rstrip("/")
    return re.compile("[^/]+".join(re.escape(part) for part in re.split(r"\{[^}]+\}", path)) + "/?")


def context(operation: str, members: Members) -> Iterator[tuple[str, Any]]:
    """Yield the condition keys of a request."""
    if operation.startswith("AddPermission"):
        yield "lambda:Principal", members.get("Principal")
