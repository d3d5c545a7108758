"""What the sandbox answers beside AWS: paths under `/_sandbox/`, for people and for tests."""

import json
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from sandbox.aws import authorization, emulator
from sandbox.aws.errors import ServiceError
from sandbox.aws.sagemaker import studio

Query = Mapping[str, str]
Send = Callable[[dict[str, Any]], Awaitable[None]]


async def answer(scope: Mapping[str, Any], send: Send) -> None:
    """Answer one request for a path under `/_sandbox/`."""
    page = PAGES.get(scope["path"])
    query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
    if page is None:
        status, body = HTTPStatus.NOT_FOUND, {"message": f"there is no page {scope['path']}", "pages": sorted(PAGES)}
    else:
        try:
            status, body = HTTPStatus.OK, page(query)
        except ServiceError as error:
            status, body = HTTPStatus(error.status), {"code": error.code, "message": error.message}
        except KeyError as error:
            status, body = HTTPStatus.BAD_REQUEST, {"message": f"the query lacks {error}"}
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body, indent=1).encode()})


def studio_credentials(query: Query) -> Mapping[str, object]:
    """Credentials of a user profile's execution role: what the containers of its apps get.

    Raises:
        KeyError: the query names no account, domain or profile.
        ServiceError: there is no such profile, or SageMaker may not assume its role.
    """
    account, profile = query["account"], query["profile"]
    with emulator.responses.request_scope(account, query.get("region", emulator.region())):
        role = studio.execution_role(query["domain"], profile)
        if not authorization.service_may_assume(role, "sagemaker.amazonaws.com", source_account=account):
            raise ServiceError("AccessDenied", f"sagemaker.amazonaws.com may not assume {role}", 403)
        credentials = authorization.assume(role, "SageMaker")
    return {
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "Token": credentials.session_token,
        "Expiration": credentials.expiration,
        "RoleArn": role,
    }


def permissions(query: Query) -> Mapping[str, object]:
    """Every decision about every role so far."""
    del query
    return authorization.permissions()


PAGES: Mapping[str, Callable[[Query], Mapping[str, object]]] = {
    "/_sandbox/studio-credentials": studio_credentials,
    "/_sandbox/permissions": permissions,
}
