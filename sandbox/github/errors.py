"""Errors, with the statuses and bodies that GitHub's REST API answers."""

from collections.abc import Mapping, Sequence

DOCUMENTATION = "https://docs.github.com/rest"


class ApiError(Exception):
    """An answer other than success."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        errors: Sequence[object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = errors
        self.headers = dict(headers or {})

    def body(self) -> dict[str, object]:
        """The body of the answer."""
        details = {} if self.errors is None else {"errors": self.errors}
        return {
            "message": self.message,
            **details,
            "documentation_url": DOCUMENTATION,
            "status": str(self.status),
        }


def bad_credentials() -> ApiError:
    """The token is unknown."""
    return ApiError(401, "Bad credentials")


def requires_authentication() -> ApiError:
    """There is no token."""
    return ApiError(401, "Requires authentication")


def not_found() -> ApiError:
    """It does not exist, or the caller may not know that it does."""
    return ApiError(404, "Not Found")


def forbidden(message: str) -> ApiError:
    """The caller sees it and may not do this."""
    return ApiError(403, message)


def archived() -> ApiError:
    """Archived repositories are read-only."""
    return ApiError(403, "Repository was archived so is read-only.")


def empty_repository() -> ApiError:
    """There is no commit yet; also while a repository is being generated."""
    return ApiError(409, "Git Repository is empty.")


def conflict(message: str) -> ApiError:
    """The state of the resource does not allow it."""
    return ApiError(409, message)


def invalid_request(*reasons: str) -> ApiError:
    """The body does not have the documented shape."""
    return ApiError(422, "Invalid request.\n\n" + "\n".join(reasons))


def unprocessable(message: str, *errors: object) -> ApiError:
    """The body has the right shape, and its meaning is refused."""
    return ApiError(422, message, errors=errors or None)


def nothing_to_review() -> ApiError:
    """The caller may not let any job enter an environment; here GitHub's `errors` is a text."""
    return ApiError(422, "Validation Failed", errors="No pending deployment requests to approve or reject")


def validation_failed(resource: str, field: str, code: str, message: str | None = None) -> ApiError:
    """One field of a resource is refused."""
    detail = {"resource": resource, "field": field, "code": code}
    if message is not None:
        detail["message"] = message
    return ApiError(422, "Validation Failed", errors=[detail])
