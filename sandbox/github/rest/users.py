"""Accounts and rate limits."""

from sandbox.github.rest import views
from sandbox.github.routing import Call, route
from sandbox.github.transport import Response, json_response


@route("GET", "/user", permission="metadata:read")
def get_authenticated_user(call: Call) -> Response:
    """Get the account of the caller."""
    return json_response(200, {**views.user(call.store, call.caller.user), "name": call.caller.user.login})


@route("GET", "/users/{login}", permission="metadata:read")
def get_user(call: Call) -> Response:
    """Get an account, or the organization, by its exact login."""
    login = call.parameters["login"]
    if login.lower() == call.store.organization.login.lower():
        return json_response(200, views.owner(call.store, login))
    account = call.store.user(login)
    return json_response(200, {**views.user(call.store, account), "name": account.login})


@route("GET", "/user/{number}", permission="metadata:read")
def get_user_by_id(call: Call) -> Response:
    """Get an account by its id."""
    number = call.parameters["number"]
    found = [account for account in call.store.state.users.values() if str(account.id) == number]
    account = found[0] if found else call.store.user(number)
    return json_response(200, {**views.user(call.store, account), "name": account.login})


@route("GET", "/rate_limit", permission="metadata:read")
def get_rate_limit(call: Call) -> Response:
    """Get the rate limit of this hour."""
    status = call.limits.status(call.caller.user.login)
    return json_response(200, {"resources": {"core": status}, "rate": status})
