"""Updates of functions' code that are tried, and change nothing.

Source: AWS Lambda API Reference, UpdateFunctionCode, DryRun.
"""

import re
from dataclasses import replace

from sandbox.aws.ministack import gateway
from sandbox.aws.ministack.gateway import Handler, Request, Response

CODE = re.compile(r"(/[\d-]+/functions/[^/]+)/code")


def install() -> None:
    """Answer such an update with the function as it is; MiniStack would replace its code."""
    gateway.intercept("lambda", _answer)


async def _answer(request: Request, go_on: Handler) -> Response:
    updates = CODE.fullmatch(request.path.rstrip("/")) if request.method == "PUT" else None
    if updates is None or not request.json().get("DryRun"):
        return await go_on(request)
    return await go_on(replace(request, method="GET", path=f"{updates[1]}/configuration", body=b""))
