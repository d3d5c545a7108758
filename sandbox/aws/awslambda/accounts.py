"""Functions of other accounts: their policies name roles that exist, and who is let in invokes them where they are.

MiniStack looks for a function in the caller's account only, and accepts any principal. Sources: Lambda API Reference,
AddPermission and Invoke (`FunctionName` may be an ARN of another account); IAM User Guide, "AWS JSON policy elements:
Principal" (a role that is named as a principal must exist).
"""

import json
import re
from urllib.parse import unquote

from sandbox.aws.iam.authorization import split_role_arn
from sandbox.aws.iam.service_authorization.awslambda import INVOCATION
from sandbox.aws.ministack import gateway, iam, scope
from sandbox.aws.ministack.gateway import Handler, Request, Response

PERMISSION = re.compile(r"/[\d-]+/functions/[^/]+/policy")


def install() -> None:
    """Answer requests about functions of other accounts, after IAM has decided about them."""
    gateway.intercept("lambda", _answer)


async def _answer(request: Request, go_on: Handler) -> Response:
    if request.method == "POST" and PERMISSION.fullmatch(request.path.rstrip("/")):
        principal = str(request.json().get("Principal", ""))
        if ":role/" in principal and iam.find_role(*split_role_arn(principal)) is None:
            message = "The provided principal was invalid. Please check the principal and try again."
            headers = {"Content-Type": "application/json", "x-amzn-errortype": "InvalidParameterValueException"}
            return 400, headers, json.dumps({"Type": "User", "message": message}).encode()
    invoked = INVOCATION.fullmatch(request.path)
    parts = unquote(invoked[1]).split(":") if invoked else []
    if len(parts) >= 7 and parts[4] != scope.account_id():
        with scope.request_scope(parts[4], parts[3]):
            return await go_on(request)
    return await go_on(request)
