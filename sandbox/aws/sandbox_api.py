"""The sandbox's own API: paths under `/_sandbox/`, for people and for tests."""

import json
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import parse_qs

from sandbox.aws import clock, faults
from sandbox.aws.errors import ServiceError
from sandbox.aws.iam import authorization
from sandbox.aws.ministack import scope
from sandbox.aws.sagemaker.studio import domains

Query = Mapping[str, Any]
"""The parameters of a request: its query, or the members of its JSON."""
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


async def answer(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
    """Answer one request for a path under `/_sandbox/`."""
    place = f"{scope['method']} {scope['path']}"
    route = ROUTES.get(place)
    query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
    if route is None:
        status, body = HTTPStatus.NOT_FOUND, {"message": f"there is no page {place}", "pages": sorted(ROUTES)}
    else:
        try:
            status, body = HTTPStatus.OK, route(query | await _members(receive))
        except ServiceError as error:
            status, body = HTTPStatus(error.status), {"code": error.code, "message": error.message}
        except KeyError as error:
            status, body = HTTPStatus.BAD_REQUEST, {"message": f"the query lacks {error}"}
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body, indent=1).encode()})


async def _members(receive: Receive) -> dict[str, Any]:
    text, more = b"", True
    while more:
        message = await receive()
        text, more = text + message.get("body", b""), message.get("more_body", False)
    try:
        members = json.loads(text or b"{}")
    except ValueError as error:
        raise ServiceError("SerializationException", f"the request is not JSON: {error}") from None
    return cast(dict[str, Any], members)


def studio_credentials(query: Query) -> Mapping[str, object]:
    """Return credentials of a user profile's execution role, as the containers of its apps get them.

    Raises:
        KeyError: the query names no account, domain or profile.
        ServiceError: there is no such profile, or SageMaker may not assume its role.
    """
    account, profile = query["account"], query["profile"]
    with scope.request_scope(account, query.get("region", scope.region())):
        role = domains.execution_role(query["domain"], profile)
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
    """Return every decision about every role so far."""
    del query
    return authorization.permissions()


def add_fault(query: Query) -> Mapping[str, object]:
    """Lose or repeat the next events.

    Raises:
        ServiceError: this is no fault.
    """
    faults.add(query)
    return {}


def clear_faults(query: Query) -> Mapping[str, object]:
    """Forget all faults."""
    del query
    faults.clear()
    return {}


def move_clock(query: Query) -> Mapping[str, object]:
    """Move the calendar of schedules ahead by `seconds`; return the moment that it is then.

    Raises:
        KeyError: the query has no `seconds`.
        ServiceError: they are no positive number.
    """
    ahead = query["seconds"]
    if not isinstance(ahead, int | float) or ahead <= 0:
        raise ServiceError("ValidationException", "seconds must be a positive number")
    clock.move(ahead)
    return {"now": clock.now()}


ROUTES: Mapping[str, Callable[[Query], Mapping[str, object]]] = {
    "DELETE /_sandbox/faults": clear_faults,
    "GET /_sandbox/permissions": permissions,
    "GET /_sandbox/studio-credentials": studio_credentials,
    "POST /_sandbox/clock": move_clock,
    "POST /_sandbox/faults": add_fault,
}
