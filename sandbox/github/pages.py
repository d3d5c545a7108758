"""Pages for people."""

from sandbox.github.service import GitHub
from sandbox.github.transport import Request, Response, text_response


def answer(github: GitHub, request: Request) -> Response:
    """Answer a browser."""
    return text_response(404, "Not Found\n")
