"""Templates in S3, by any of the URLs that AWS accepts, and templates that a service keeps itself."""

import re
from contextvars import ContextVar
from typing import Any
from urllib.parse import unquote, urlsplit

from sandbox.aws import emulator
from sandbox.aws.errors import ServiceError

VIRTUAL_HOST = re.compile(r"(?P<bucket>.+)\.s3[.-](?:[a-z0-9-]+\.)?amazonaws\.com")

kept: ContextVar[str | None] = ContextVar("kept_template", default=None)
"""A template that Service Catalog hands to CloudFormation instead of a URL."""


def location(url: str) -> tuple[str, str]:
    """Bucket and key of an object's URL, the bucket in the host's name or in the path.

    Raises:
        ServiceError: the URL names no object.
    """
    parts = urlsplit(url)
    path = unquote(parts.path).lstrip("/")
    host = VIRTUAL_HOST.fullmatch(parts.hostname or "")
    bucket, key = (host["bucket"], path) if host else (path.partition("/")[0], path.partition("/")[2])
    if parts.scheme != "https" or not bucket or not key:
        raise ServiceError("InvalidParametersException", f"{url} is not the URL of an object in S3.")
    return bucket, key


def read(bucket: str, key: str) -> str:
    """A template in S3.

    Raises:
        ServiceError: there is none.
    """
    data = emulator.s3._get_object_data(bucket, key)
    if data is None:
        raise ServiceError("InvalidParametersException", f"There is no object s3://{bucket}/{key}.")
    return data.decode()


def validate(text: str) -> None:
    """Check a template as ValidateTemplate does.

    Raises:
        ServiceError: it is not a template.
    """
    try:
        template = emulator.engine._parse_template(text)
    except Exception as error:
        raise ServiceError("InvalidParametersException", f"Template format error: {error}") from None
    if not template.get("Resources"):
        raise ServiceError(
            "InvalidParametersException", "Template format error: At least one Resources member must be defined."
        )


def install() -> None:
    """Let CloudFormation take templates from virtual-hosted URLs and from services that keep them."""
    resolve = emulator.helpers._resolve_document

    def resolve_document(params: Any, body_key: str, url_key: str, label: str) -> Any:
        text = kept.get()
        if text is not None and body_key == "TemplateBody":
            return text, None
        url = emulator.helpers._p(params, url_key)
        if url:
            bucket, key = location(url)
            params = {**params, url_key: [f"https://s3.amazonaws.com/{bucket}/{key}"]}
        return resolve(params, body_key, url_key, label)

    emulator.helpers._resolve_document = resolve_document
