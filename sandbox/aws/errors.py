"""Errors as AWS answers them."""

import html


class ServiceError(Exception):
    """An error of a service: its code, its message and its HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


class NotEmulatedError(ServiceError):
    """The sandbox does not know something that AWS may well know; it refuses instead of guessing."""

    def __init__(self, what: str) -> None:
        super().__init__("NotEmulatedBySandbox", f"the sandbox does not emulate {what}", 501)


class AccessDeniedError(ServiceError):
    """A principal lacks a permission."""

    def __init__(
        self, principal_arn: str, action: str, resource: str, *, explicit: bool, by_resource: bool = False
    ) -> None:
        kind = "resource-based" if by_resource else "identity-based"
        if explicit:
            reason = f"with an explicit deny in {'a' if by_resource else 'an'} {kind} policy"
        else:
            reason = f"because no {kind} policy allows the {action} action"
        message = f"User: {principal_arn} is not authorized to perform: {action} on resource: {resource} {reason}"
        super().__init__("AccessDeniedException", message, 400)

    def as_xml(self) -> tuple[int, dict[str, str], bytes]:
        """Return the refusal as S3 answers it."""
        text = f"<Error><Code>AccessDenied</Code><Message>{html.escape(self.message)}</Message></Error>"
        return 403, {"Content-Type": "application/xml"}, text.encode()


def message_of(body: bytes) -> str:
    """Return the message of an error that one of MiniStack's own services answered, as XML."""
    return html.unescape(body.decode().partition("<Message>")[2].partition("</Message>")[0])
