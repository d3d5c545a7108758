"""Templates in S3, by any of the URLs that AWS accepts, and templates that a service keeps itself.

CloudFormation reads the template of a request as whoever sent it: CloudFormation User Guide, "Control CloudFormation
access with AWS Identity and Access Management".
"""

import re
from contextvars import ContextVar
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from sandbox.aws import authorization, emulator, encryption
from sandbox.aws.authorization import Principal
from sandbox.aws.errors import AccessDeniedError, ServiceError
from sandbox.aws.objects import Source

S3_ERROR = (
    "S3 error: {reason}\nFor more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"
)
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


def require_readable(caller: Principal, url: str) -> None:
    """Refuse unless the caller may read the template at a URL.

    Raises:
        ServiceError: it may not, or there is none.
    """
    try:
        bucket, key = location(url)
    except ServiceError:
        raise ServiceError("ValidationError", "TemplateURL must be a supported URL.") from None
    source = Source(bucket=bucket, key=key, version=None)
    try:
        authorization.require(caller, "s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")
        encryption.require_uses(caller, encryption.of_read(source))
    except AccessDeniedError:
        raise ServiceError("ValidationError", S3_ERROR.format(reason="Access Denied")) from None
    if source.owner != emulator.account_id() or source.record() is None:
        raise ServiceError("ValidationError", S3_ERROR.format(reason="The specified key does not exist."))


def install() -> None:
    """Let CloudFormation take templates from virtual-hosted URLs and from services that keep them."""
    resolve = emulator.helpers._resolve_document
    handle = emulator.application.SERVICE_HANDLERS["cloudformation"]

    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> emulator.Response:
        url = {**query, **parse_qs(body.decode())}.get("TemplateURL", [""])[0]
        try:
            if url:
                require_readable(authorization.caller(headers, query), url)
        except ServiceError as error:
            return emulator.helpers._error(error.code, error.message, error.status)
        return await handle(method, path, headers, body, query)

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
    emulator.application.SERVICE_HANDLERS["cloudformation"] = handle_request
