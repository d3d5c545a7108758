"""The server routes requests to REST, git, OpenID Connect, pages, or the hooks for tests."""

import traceback
from datetime import UTC

from pydantic import ValidationError

from sandbox.github import downloads, errors, pages, rest, routing
from sandbox.github.accounts import Caller
from sandbox.github.faults import Fault, inject
from sandbox.github.git_http import GitHttp
from sandbox.github.service import GitHub
from sandbox.github.transport import Request, Response, json_response, text_response

_API = "/api/v3"
_TOKEN = "/_services/token"  # noqa: S105 - a path


class Server:
    """Handles every request to the local GitHub."""

    def __init__(self, github: GitHub) -> None:
        self._github = github
        self._git = GitHttp(github.store, github.refs)

    def answer(self, request: Request) -> Response:
        """Answer a request; an injected fault strikes before the request is carried out, or after."""
        if request.path.startswith("/_sandbox/"):
            return self._hook(request)
        fault = self._github.faults.take(request)
        if fault is not None and not fault.after:
            response = inject(fault)
            if response is not None:
                self._github.requests.add(request, response.status, None)
                return response
        response, login = self._route(request)
        if fault is not None and fault.after:
            response = inject(fault) or response
        self._github.requests.add(request, response.status, login)
        return response

    def _route(self, request: Request) -> tuple[Response, str | None]:
        if request.path.startswith(f"{_API}/") or request.path == _API:
            return self._rest(request)
        if request.path.startswith(f"{_TOKEN}/"):
            return self._token(request), None
        if request.path.startswith(downloads.PATH):
            return self._github.downloads.fetch(request.path), None
        if self._git.answers(request):
            return self._git.answer(request)
        return pages.answer(self._github.store, request), None

    # REST

    def _rest(self, request: Request) -> tuple[Response, str | None]:
        path = request.path.removeprefix(_API)
        login: str | None = None
        headers: dict[str, str] = {"x-github-api-version-selected": "2022-11-28"}
        try:
            if path == "/meta":
                return json_response(200, {"verifiable_password_authentication": True}, headers), None
            caller = self._caller(request)
            login = caller.user.login
            # Only classic tokens have scopes.
            if caller.scopes is not None:
                headers["x-oauth-scopes"] = ", ".join(sorted(caller.scopes))
            if caller.ends is not None:
                # Source: GitHub Changelog of 2021-07-26, "Expiration options for personal access tokens".
                ends = caller.ends.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
                headers["github-authentication-token-expiration"] = ends
            response = self._call(request, path, caller, headers)
        except errors.ApiError as error:
            response = json_response(error.status, error.body(), {**headers, **error.headers})
        except Exception:  # a defect here looks like one of GitHub's
            traceback.print_exc()
            response = json_response(500, errors.ApiError(500, "Server Error").body(), headers)
        return response, login

    def _call(self, request: Request, path: str, caller: Caller, headers: dict[str, str]) -> Response:
        # HEAD is GET without the body, which the transport leaves out.
        method = "GET" if request.method == "HEAD" else request.method
        chosen = routing.find(rest.ROUTES, method, path)
        writes = request.method not in ("GET", "HEAD")
        github = self._github
        creates_content = chosen is not None and chosen[0].creates_content
        headers |= github.limits.count(
            caller.user.login, caller.user.id, writes=writes, creates_content=creates_content
        )
        if chosen is None:
            print(f"UNKNOWN ENDPOINT {request.method} {path}: the local GitHub does not have it", flush=True)  # noqa: T201
            raise errors.not_found()
        endpoint, parameters = chosen
        headers["x-accepted-github-permissions"] = endpoint.permission.replace(":", "=")
        headers["x-accepted-oauth-scopes"] = endpoint.scope or ("repo" if endpoint.role else "")
        with github.store.lock:
            try:
                call = routing.Call(
                    request=request,
                    parameters=parameters,
                    caller=caller,
                    found=routing.authorize(endpoint, parameters, caller, github.store),
                    store=github.store,
                    refs=github.refs,
                    actions=github.actions,
                    limits=github.limits,
                    downloads=github.downloads,
                )
                response = endpoint.handler(call)
            finally:
                if writes:
                    github.store.save()
        return Response(status=response.status, headers={**headers, **response.headers}, body=response.body)

    def _caller(self, request: Request) -> Caller:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not token or scheme.lower() not in ("bearer", "token"):
            raise errors.requires_authentication()
        return self._github.store.tokens.caller(token.strip(), self._github.store.state)

    # OpenID Connect

    def _token(self, request: Request) -> Response:
        path = request.path.removeprefix(_TOKEN)
        if path == "/.well-known/openid-configuration":
            return json_response(200, self._github.issuer.configuration())
        if path == "/.well-known/jwks":
            return json_response(200, self._github.issuer.keys())
        if path.startswith("/jobs/"):
            bearer = request.headers.get("authorization", "").partition(" ")[2]
            token = self._github.actions.identities.token(bearer, request.query)
            if token is None:
                return json_response(401, {"message": "Unauthorized"})
            return json_response(200, {"count": len(token), "value": token})
        return json_response(404, {"message": "Not Found"})

    # Hooks for tests

    def _hook(self, request: Request) -> Response:
        github = self._github
        match request.method, request.path:
            case "GET", "/_sandbox/requests":
                return json_response(200, github.requests.all())
            case "DELETE", "/_sandbox/requests":
                github.requests.clear()
            case "POST", "/_sandbox/faults":
                try:
                    github.faults.add(Fault.model_validate_json(request.body))
                except ValidationError as error:
                    return json_response(400, {"message": str(error)})
            case "DELETE", "/_sandbox/faults":
                github.faults.clear()
            case "GET", "/_sandbox/oidc-token":
                return self._oidc_token(request)
            case _:
                return text_response(404, f"{request.method} {request.path}: the sandbox has no such hook\n")
        return Response(status=204)

    def _oidc_token(self, request: Request) -> Response:
        """Return the token that a job on the default branch would get."""
        query = request.query
        try:
            if not self._caller(request).user.admin:
                raise errors.forbidden("Only an owner of the organization may ask for the token of a job.")
            owner, _, name = query.get("repository", "").partition("/")
            with self._github.store.lock:
                repository = self._github.store.repository(owner, name)
                token = self._github.issuer.token(
                    repository,
                    audience=query.get("audience"),
                    environment=query.get("environment"),
                    event=query.get("event", "push"),
                    ref=query.get("ref", f"refs/heads/{repository.default_branch}"),
                    claims={},
                )
        except errors.ApiError as error:
            return json_response(error.status, error.body())
        return json_response(200, {"count": len(token), "value": token})
