"""Routes of the REST API: authorization, validation of bodies, pages of lists."""

import json
import re
import urllib.parse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from sandbox.github import errors
from sandbox.github.accounts import Caller, caller_role, reaches
from sandbox.github.actions.service import Actions
from sandbox.github.downloads import Downloads
from sandbox.github.limits import RateLimits
from sandbox.github.refs import Refs
from sandbox.github.state import Permission, Repository
from sandbox.github.store import Store
from sandbox.github.transport import Request, Response


class Body(BaseModel):
    """The body of a request: unknown fields and wrong types are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


AnyBody = TypeVar("AnyBody", bound=Body)
Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request to a route, with the parts of the local GitHub that handlers use."""

    request: Request
    parameters: dict[str, str]
    """Segments of the path by their names in the route's template."""
    caller: Caller
    found: Repository | None
    store: Store
    refs: Refs
    actions: Actions
    limits: RateLimits
    downloads: Downloads

    @property
    def repository(self) -> Repository:
        """The repository that the path names."""
        if self.found is None:
            raise errors.not_found()
        return self.found

    @property
    def repository_url(self) -> str:
        """The address of that repository in the REST API."""
        return f"{self.store.api_url}/repos/{self.repository.full_name}"

    def may(self, repository: Repository, needed: Permission) -> bool:
        """Whether the caller has a permission in a repository, which may be another one."""
        return reaches(caller_role(self.caller, repository, self.store.state), needed)

    def body(self, model: type[AnyBody]) -> AnyBody:
        """Validate the body.

        Raises:
            ApiError: 400 or 422, naming every field that is wrong.
        """
        try:
            document: Any = json.loads(self.request.body or b"{}", parse_float=_number)
        except ValueError as error:
            raise errors.ApiError(400, "Problems parsing JSON") from error
        if not isinstance(document, dict):
            raise errors.ApiError(400, "Body should be a JSON object")
        try:
            return model.model_validate(document)
        except ValidationError as error:
            raise errors.invalid_request(*map(_reason, error.errors())) from error

    def page(self, items: Sequence[Item]) -> tuple[list[Item], dict[str, str]]:
        """Return the page of a list that the request asks for, and the headers that link to its neighbours."""
        size = min(max(self._number("per_page", 30), 1), 100)
        page = max(self._number("page", 1), 1)
        last = max(1, -(-len(items) // size))
        neighbours = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
        if page == 1:
            neighbours = {name: number for name, number in neighbours.items() if name in ("next", "last")}
        if page >= last:
            neighbours = {name: number for name, number in neighbours.items() if name in ("prev", "first")}
        place = f"{self.store.url}{self.request.path}"
        links = [
            f'<{place}?{urllib.parse.urlencode({**self.request.query, "per_page": size, "page": number})}>; rel="{name}"'
            for name, number in neighbours.items()
        ]
        wanted = list(items[(page - 1) * size : page * size])
        return wanted, {"link": ", ".join(links)} if last > 1 and links else {}

    def _number(self, name: str, default: int) -> int:
        value = self.request.query.get(name, "")
        return int(value) if value.isdecimal() else default


def _number(text: str) -> float:
    """Return 1.0 as 1: to JSON Schema both are integers."""
    value = float(text)
    return int(value) if value.is_integer() else value


def _reason(problem: Any) -> str:
    field = "/".join(str(part) for part in problem["loc"])
    match problem["type"]:
        case "missing":
            return f'"{field}" wasn\'t supplied.'
        case "extra_forbidden":
            return f'"{field}" is not a permitted key.'
        case _:
            return (
                f"For 'properties/{field}', {json.dumps(problem['input'], default=str)} is not valid: {problem['msg']}."
            )


Handler = Callable[[Call], Response]


@dataclass(frozen=True, kw_only=True)
class Route:
    """One endpoint."""

    method: str
    template: str
    pattern: re.Pattern[str]
    handler: Handler
    role: Permission | None
    organization: Literal["member", "owner"] | None
    permission: str
    scope: str | None
    writes_archived: bool
    creates_content: bool


ROUTES: list[Route] = []
"""All endpoints; the modules of `rest` add theirs when they are imported."""


def route(
    method: str,
    template: str,
    *,
    permission: str,
    role: Permission | None = None,
    organization: Literal["member", "owner"] | None = None,
    scope: str | None = None,
    writes_archived: bool = False,
    creates_content: bool | None = None,
) -> Callable[[Handler], Handler]:
    """Register an endpoint.

    Args:
        method: HTTP method.
        template: path below the API's root; `{name}` is one segment, `{name...}` the rest.
        permission: the permission that a job's token needs (`contents:write`); a header of the response names it.
        role: the role that the caller needs in the repository of the path.
        organization: the role that the caller needs in the organization.
        scope: the scope that a classic token needs besides `repo` for private repositories.
        writes_archived: whether it may change an archived repository.
        creates_content: whether the limits of created content count it; by default every POST, PUT and PATCH.
    """
    counted = method in ("POST", "PUT", "PATCH") if creates_content is None else creates_content
    expression = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(template))
    expression = re.sub(r"\\{(\w+)\\\.\\\.\\\.\\}", r"(?P<\1>.*)", expression)

    def register(handler: Handler) -> Handler:
        ROUTES.append(
            Route(
                method=method,
                template=template,
                pattern=re.compile(expression),
                handler=handler,
                role=role,
                organization=organization,
                permission=permission,
                scope=scope,
                writes_archived=writes_archived,
                creates_content=counted,
            )
        )
        return handler

    return register


def find(routes: Sequence[Route], method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """Return the route of a request and the parameters in its path."""
    for candidate in routes:
        if candidate.method == method and (match := candidate.pattern.fullmatch(path)):
            return candidate, match.groupdict()
    return None


def authorize(chosen: Route, parameters: dict[str, str], caller: Caller, store: Store) -> Repository | None:
    """Check that the caller may use a route, and return the repository that its path names.

    Raises:
        ApiError: 404, the caller cannot see it; 403, the caller may not do this.
    """
    if "org" in parameters and parameters["org"].lower() != store.organization.login.lower():
        raise errors.not_found()
    repository = None
    if "owner" in parameters:
        repository = store.repository(parameters["owner"], parameters["repo"])
        _authorize_repository(chosen, repository, caller, store)
    if chosen.organization is not None:
        _authorize_organization(chosen, caller)
    if chosen.scope is not None and not caller.is_job and not caller.has_scope(chosen.scope):
        raise _without_scope(chosen)
    return repository


def _without_scope(chosen: Route) -> errors.ApiError:
    """Return GitHub's answer to a classic token that lacks a route's scope, which X-Accepted-OAuth-Scopes names.

    Source: integrations/terraform-provider-github, issue 169 (a repository is deleted); the answers that `gh` completes
    by 'This API operation needs the "admin:org" scope', as people quote them: 404 for rulesets, 403 for Actions.
    """
    if chosen.scope == "delete_repo":
        return errors.forbidden("Must have admin rights to Repository.")
    if chosen.template.startswith("/orgs/{org}/actions/"):
        kinds = ("variables", "secrets")
        what = next((kind for kind in kinds if f"/{kind}" in chosen.template), "policies")
        return errors.forbidden(f"You must be an org admin or have the actions {what} fine-grained permission.")
    return errors.not_found()


def _authorize_repository(chosen: Route, repository: Repository, caller: Caller, store: Store) -> None:
    held = caller_role(caller, repository, store.state)
    if held is None:
        raise errors.not_found()
    if caller.is_job:
        # The permission decides: a job's token has no role.
        public_read = not repository.private and chosen.method == "GET"
        if not caller.job_may(chosen.permission) and not public_read:
            raise errors.forbidden("Resource not accessible by integration")
    elif chosen.role is not None and not reaches(held, chosen.role):
        raise errors.forbidden(
            "Must have admin rights to Repository."
            if chosen.role == "admin"
            else f"Must have {chosen.role} access to repository"
        )
    if repository.archived and chosen.method != "GET" and not chosen.writes_archived:
        raise errors.archived()


def _authorize_organization(chosen: Route, caller: Caller) -> None:
    if caller.is_job:
        raise errors.forbidden("Resource not accessible by integration")
    if chosen.organization == "owner" and not caller.user.admin:
        raise errors.forbidden("You must be an organization owner to do this.")
    if chosen.organization == "member" and not caller.user.member:
        raise errors.forbidden("You must be a member of the organization to do this.")
