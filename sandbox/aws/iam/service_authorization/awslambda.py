"""Lambda: functions, and the aliases and versions by which they are invoked."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from sandbox.aws.iam.service_authorization.members import Members, first
from sandbox.aws.ministack import scope
from sandbox.aws.ministack.gateway import Request

INVOCATION = re.compile(r"/[\d-]+/functions/([^/]+)/invocations")
ALIAS = re.compile(r"/[\d-]+/functions/[^/]+/aliases/[^/]+")
ALIAS_ACTIONS = {"GET": "GetAlias", "PUT": "UpdateAlias", "DELETE": "DeleteAlias"}


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


def alias_action(method: str, path: str) -> str | None:
    """Return the action of a request about one alias; None for any other request."""
    return ALIAS_ACTIONS.get(method) if ALIAS.fullmatch(path) else None


def context(operation: str, members: Members) -> Iterator[tuple[str, Any]]:
    """Yield the condition keys of a request."""
    if operation.startswith("AddPermission"):
        yield "lambda:Principal", members.get("Principal")
