"""Templates in S3, by any of the URLs that AWS accepts, and templates that a service keeps itself.

CloudFormation reads the template of a request as its sender: CloudFormation User Guide, "Control CloudFormation access
with AWS Identity and Access Management".
"""

import re
from contextvars import ContextVar
from urllib.parse import unquote, urlsplit

from sandbox.aws import kms
from sandbox.aws.errors import AccessDeniedError, ServiceError
from sandbox.aws.iam import authorization
from sandbox.aws.iam.authorization import Principal
from sandbox.aws.ministack import cloudformation, gateway, s3, scope
from sandbox.aws.ministack.gateway import Handler, Request, Response
from sandbox.aws.s3 import Source

S3_ERROR = (
    "S3 error: {reason}\nFor more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"
)
VIRTUAL_HOST = re.compile(r"(?P<bucket>.+)\.s3[.-](?:[a-z0-9-]+\.)?amazonaws\.com")

kept: ContextVar[str | None] = ContextVar("kept_template", default=None)
"""A template that Service Catalog hands to CloudFormation instead of a URL."""


def location(url: str) -> tuple[str, str]:
    """Return bucket and key of an object's URL, whose bucket is in the host's name or in the path.

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
    """Return a template in S3.

    Raises:
        ServiceError: there is none.
    """
    data = s3.read_object(bucket, key)
    if data is None:
        raise ServiceError("InvalidParametersException", f"There is no object s3://{bucket}/{key}.")
    return data.decode()


def validate(text: str) -> None:
    """Check a template as ValidateTemplate does.

    Raises:
        ServiceError: it is not a template.
    """
    try:
        template = cloudformation.parse_template(text)
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
        kms.require_uses(caller, kms.uses_of_reading(source))
    except AccessDeniedError:
        raise ServiceError("ValidationError", S3_ERROR.format(reason="Access Denied")) from None
    if source.owner != scope.account_id() or source.record() is None:
        raise ServiceError("ValidationError", S3_ERROR.format(reason="The specified key does not exist."))


def install() -> None:
    """Let CloudFormation take templates from virtual-hosted URLs and from services that keep them, and parse each once."""
    gateway.intercept("cloudformation", _check_url)
    cloudformation.replace_templates(kept.get, _path_style)
    cloudformation.parse_templates_once()


async def _check_url(request: Request, go_on: Handler) -> Response:
    url = request.form().get("TemplateURL", [""])[0]
    try:
        if url:
            require_readable(authorization.caller(request), url)
    except ServiceError as error:
        return cloudformation.error(error.code, error.message, error.status)
    return await go_on(request)


def _path_style(url: str) -> str:
    bucket, key = location(url)
    return f"https://s3.amazonaws.com/{bucket}/{key}"
