"""S3 where MiniStack falls short: copies out of another account's bucket, checksums of copies, hidden objects, conditions.

`iam.resource_policies` has decided before whether the caller may read the source. Source of the rest: Amazon S3 API
Reference, CopyObject, UploadPartCopy and PutObject; Amazon S3 User Guide, "Checking object integrity".
"""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote

from sandbox.aws.errors import AccessDeniedError
from sandbox.aws.iam import authorization
from sandbox.aws.ministack import gateway, s3, scope
from sandbox.aws.ministack.gateway import Handler, Request, Response
from sandbox.aws.ministack.s3 import Headers

ALGORITHM = "x-amz-checksum-algorithm"
"""The header by which a copy requests a checksum; MiniStack looks for the header of an upload."""
UPLOAD_ALGORITHM = "x-amz-sdk-checksum-algorithm"
SOURCE = "x-amz-copy-source"
NOT_IMPLEMENTED = "A header you provided implies functionality that is not implemented"
"""Message of S3's error of this name. Source: Amazon S3 API Reference, "List of error codes"."""

_borrowed: ContextVar[tuple[str, dict[str, Any]] | None] = ContextVar("borrowed_bucket", default=None)
"""The source of the copy that is being made: a bucket's name, and a bucket with the one object to copy."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """The object that a request reads."""

    bucket: str
    key: str
    version: str | None

    @property
    def owner(self) -> str | None:
        """The account of the bucket, if there is such a bucket."""
        return s3.owner_of(self.bucket)

    def record(self) -> dict[str, Any] | None:
        """Return the object as its owner's account keeps it, if it is there."""
        owner = self.owner
        if owner is None:
            return None
        with scope.request_scope(owner, scope.region()):
            return s3.find_object(self.bucket, self.key, self.version)


def install() -> None:
    """Complete MiniStack's copies and uploads."""
    s3.intercept_copies(_copy_object)
    s3.intercept_copies_of_parts(_copy_part)
    s3.intercept_uploads(_put_object)
    s3.lend_buckets(_borrowed_bucket)
    gateway.intercept("s3", _hide_missing_objects)
    gateway.intercept("s3", _check_writes)


def source_of(headers: Headers) -> Source | None:
    """Return the object that a request copies; None if it copies none."""
    path, _, query = headers.get(SOURCE, "").partition("?")
    bucket, _, key = unquote(path).lstrip("/").partition("/")
    version = parse_qs(query).get("versionId", [None])[0]
    return Source(bucket=bucket, key=key, version=version) if key else None


def _borrowed_bucket(name: str) -> dict[str, Any] | None:
    borrowed = _borrowed.get()
    return borrowed[1] if borrowed is not None and borrowed[0] == name else None


def _copy_object(bucket: str, key: str, headers: Headers, copy: Callable[[Headers], Response]) -> Response:
    source = source_of(headers)
    if source is None or source.owner is None:
        return copy(headers)
    refusal = _condition_of_copy(bucket, key, headers)
    if refusal is not None:
        return refusal
    record = source.record() or {}
    # The checksum of several uploaded parts together is none of the object: a copy gets one of its own.
    own: Mapping[str, str] = record.get("checksums") or {}
    parts = [name for name, value in own.items() if "-" in value]
    algorithm = headers.get(ALGORITHM) or headers.get(UPLOAD_ALGORITHM) or (parts[0] if parts else None)
    with _readable(source, record, headers) as given:
        status, answer, body = copy({**given, UPLOAD_ALGORITHM: algorithm} if algorithm else given)
    if status != 200:
        return status, answer, body
    checksums = _checksums(bucket, key)
    for other in set(checksums) - {algorithm.upper()} if algorithm else ():
        del checksums[other]
    elements = "".join(f"<Checksum{name}>{value}</Checksum{name}>" for name, value in checksums.items())
    elements += "<ChecksumType>FULL_OBJECT</ChecksumType>" if checksums else ""
    return status, answer, body.replace(b"</CopyObjectResult>", f"{elements}</CopyObjectResult>".encode())


def _condition_of_copy(bucket: str, key: str, headers: Headers) -> Response | None:
    """Return the refusal of a copy whose condition is not met, or that meets a policy which demands conditions.

    Source: Amazon S3 API Reference, CopyObject, If-None-Match; Amazon S3 User Guide, "Enforce conditional writes on Amazon
    S3 buckets", whose note says that a bucket with such a policy takes no copies: with the header they are answered by 501.
    """
    if "if-none-match" not in headers:
        return None
    if s3.policy_names(bucket, "s3:if-none-match"):
        return _error(501, "NotImplemented", NOT_IMPLEMENTED)
    if s3.find_object(bucket, key) is not None:
        return _error(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
    return None


async def _check_writes(request: Request, go_on: Handler) -> Response:
    """Refuse a condition that S3 does not know, and tags that the caller may not set: PutObject, CopyObject, uploads of parts.

    Source: Amazon S3 API Reference, PutObject: If-None-Match "expects the '*' (asterisk) character"; to set tags with the
    request takes s3:PutObjectTagging.
    """
    if s3.action_of(request.method, request.path, request.query) != "PutObject":
        return await go_on(request)
    if request.headers.get("if-none-match", "*") != "*":
        return _error(501, "NotImplemented", NOT_IMPLEMENTED)
    if request.headers.get("x-amz-tagging") and gateway.access_key_id(request):
        arn = f"arn:aws:s3:::{unquote(request.path.lstrip('/'))}"
        try:
            authorization.require(authorization.caller(request), "s3:PutObjectTagging", arn)
        except AccessDeniedError as denied:
            return denied.as_xml()
    return await go_on(request)


def _error(status: int, code: str, message: str) -> Response:
    text = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return status, {"Content-Type": "application/xml"}, text.encode()


def _copy_part(query: Mapping[str, list[str]], headers: Headers, copy: Callable[[Headers], Response]) -> Response:
    source = source_of(headers)
    if source is None or source.owner is None:
        return copy(headers)
    with _readable(source, source.record() or {}, headers) as given:
        status, answer, body = copy(given)
    if status != 200:
        return status, answer, body
    checksums = s3.add_checksum_of_part(query["uploadId"][0], int(query["partNumber"][0]))
    elements = "".join(f"<Checksum{name}>{value}</Checksum{name}>" for name, value in checksums.items())
    return status, answer, body.replace(b"</CopyPartResult>", f"{elements}</CopyPartResult>".encode())


def _put_object(bucket: str, key: str, put: Callable[[], Response]) -> Response:
    status, answer, text = put()
    if status == 200:
        checksums = _checksums(bucket, key)
        answer |= {f"x-amz-checksum-{name.lower()}": value for name, value in checksums.items()}
        answer |= {"x-amz-checksum-type": "FULL_OBJECT"} if checksums else {}
    return status, answer, text


def _checksums(bucket: str, key: str) -> dict[str, str]:
    return (s3.find_object(bucket, key) or {}).get("checksums") or {}


async def _hide_missing_objects(request: Request, go_on: Handler) -> Response:
    """Admit that an object is missing only to those who may list the bucket: GetObject and HeadObject."""
    status, answer, text = await go_on(request)
    source = source_of(request.headers)
    reads = request.method in ("GET", "HEAD") or source is not None
    if status != 404 or not reads or not request.signed:
        return status, answer, text
    bucket, _, key = request.path.lstrip("/").partition("/")
    bucket, key = (source.bucket, source.key) if source else (bucket, key)
    if not key or s3.owner_of(bucket) is None:
        return status, answer, text
    try:
        # The request lists nothing, so it has no `s3:prefix`.
        authorization.require(authorization.caller(request), "s3:ListBucket", f"arn:aws:s3:::{bucket}")
    except AccessDeniedError as denied:
        return denied.as_xml()
    return status, answer, text


@contextmanager
def _readable(source: Source, record: Mapping[str, Any], headers: Headers) -> Generator[Headers]:
    """Show MiniStack the source as if it lay in the account that copies."""
    if source.owner == scope.account_id():
        yield headers
        return
    token = _borrowed.set((source.bucket, {"objects": {source.key: record} if record else {}}))
    try:
        yield {**headers, SOURCE: headers[SOURCE].partition("?")[0]}
    finally:
        _borrowed.reset(token)
