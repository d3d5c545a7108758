"""Errors, with the statuses and bodies of GitHub's REST API."""

from collections.abc import Mapping, Sequence

DOCUMENTATION = "https://docs.github.com/rest"


class ApiError(Exception):
    """A response other than success."""

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
        """The body of the response."""
        details = {} if self.errors is None else {"errors": self.errors}
        return {
            "message": self.message,
            **details,
            "documentation_url": DOCUMENTATION,
            "status": str(self.status),
        }


def bad_credentials() -> ApiError:
    """Return the error for an unknown token."""
    return ApiError(401, "Bad credentials")


def requires_authentication() -> ApiError:
    """Return the error for a request without a token."""
    return ApiError(401, "Requires authentication")


def not_found() -> ApiError:
    """Return the error for something that does not exist, or that the caller cannot see."""
    return ApiError(404, "Not Found")


def forbidden(message: str) -> ApiError:
    """Return the error for a caller who can see a resource but may not do this."""
    return ApiError(403, message)


def archived() -> ApiError:
    """Return the error for a change of an archived repository."""
    return ApiError(403, "Repository was archived so is read-only.")


def empty_repository() -> ApiError:
    """Return the error for a repository without a commit, also while it is being generated."""
    return ApiError(409, "Git Repository is empty.")


def conflict(message: str) -> ApiError:
    """Return the error for a request that the state of the resource does not allow."""
    return ApiError(409, message)


def invalid_request(*reasons: str) -> ApiError:
    """Return the error for a body that does not have the documented shape."""
    return ApiError(422, "Invalid request.\n\n" + "\n".join(reasons))


def unprocessable(message: str, *errors: object) -> ApiError:
    """Return the error for a body of the right shape with values that are refused."""
    return ApiError(422, message, errors=errors or None)


def nothing_to_review() -> ApiError:
    """Return the error for a caller with nothing to review; here GitHub's `errors` is a string."""
    return ApiError(422, "Validation Failed", errors="No pending deployment requests to approve or reject")


def validation_failed(resource: str, field: str, code: str, message: str | None = None) -> ApiError:
    """Return the error for one field of a resource."""
    detail = {"resource": resource, "field": field, "code": code}
    if message is not None:
        detail["message"] = message
    return ApiError(422, "Validation Failed", errors=[detail])
