"""Objects of S3 where MiniStack falls short: copies out of another account's bucket, and checksums of copies.

Whether the caller may read the source has been decided before: `resource_policies`. Source of the rest: Amazon S3 API
Reference, CopyObject and PutObject; Amazon S3 User Guide, "Checking object integrity".
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote

from sandbox.aws import authorization, emulator
from sandbox.aws.errors import AccessDeniedError

ALGORITHM = "x-amz-checksum-algorithm"
"""How a copy asks for a checksum; MiniStack looks for the header of an upload."""
UPLOAD_ALGORITHM = "x-amz-sdk-checksum-algorithm"
SOURCE = "x-amz-copy-source"

Headers = Mapping[str, str]

_borrowed: ContextVar[tuple[str, dict[str, Any]] | None] = ContextVar("borrowed_bucket", default=None)
"""The source of the copy that is being made: a bucket's name, and of its objects the one to copy."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """What a copy reads."""

    bucket: str
    key: str
    version: str | None

    @property
    def owner(self) -> str | None:
        """The account of the bucket, if there is such a bucket."""
        return emulator.s3._bucket_owner_account(self.bucket)

    def record(self) -> dict[str, Any] | None:
        """The object as its owner's account keeps it, if it is there."""
        owner = self.owner
        if owner is None:
            return None
        with emulator.responses.request_scope(owner, emulator.region()):
            bucket = emulator.s3._buckets[self.bucket]
            if self.version is None:
                return bucket["objects"].get(self.key)
            for entry in emulator.s3._object_versions.get((self.bucket, self.key), []):
                if entry["version_id"] == self.version and not entry.get("is_delete_marker"):
                    body = emulator.s3._version_body(bucket, self.bucket, self.key, entry)
                    return {"storage_class": None, "content_type": "application/octet-stream", **entry, "body": body}
        return None


def install() -> None:
    """Complete MiniStack's copies and uploads."""
    ensure_bucket = emulator.s3._ensure_bucket
    emulator.s3._copy_object = _copying(emulator.s3._copy_object)
    emulator.s3._upload_part_copy = _copying_part(emulator.s3._upload_part_copy)
    emulator.s3._put_object = _uploading(emulator.s3._put_object)
    emulator.application.SERVICE_HANDLERS["s3"] = _hiding(emulator.application.SERVICE_HANDLERS["s3"])

    def ensure_bucket_or_borrow(name: str) -> Any:
        borrowed = _borrowed.get()
        return borrowed[1] if borrowed is not None and borrowed[0] == name else ensure_bucket(name)

    emulator.s3._ensure_bucket = ensure_bucket_or_borrow


def source_of(headers: Headers) -> Source | None:
    """What the request copies; None if it copies nothing."""
    path, _, query = headers.get(SOURCE, "").partition("?")
    bucket, _, key = unquote(path).lstrip("/").partition("/")
    version = parse_qs(query).get("versionId", [None])[0]
    return Source(bucket=bucket, key=key, version=version) if key else None


def _copying(copy: Any) -> Any:
    def copy_object(bucket: str, key: str, headers: Headers) -> emulator.Response:
        source = source_of(headers)
        if source is None or source.owner is None:
            return copy(bucket, key, headers)
        record = source.record() or {}
        # What several uploaded parts have together is no checksum of the object: a copy gets one of its own.
        own: Mapping[str, str] = record.get("checksums") or {}
        parts = [name for name, value in own.items() if "-" in value]
        algorithm = headers.get(ALGORITHM) or headers.get(UPLOAD_ALGORITHM) or (parts[0] if parts else None)
        with _readable(source, record, headers) as given:
            wanted = {**given, UPLOAD_ALGORITHM: algorithm} if algorithm else given
            status, answer, body = copy(bucket, key, wanted)
        if status != 200:
            return status, answer, body
        checksums: dict[str, str] = emulator.s3._buckets[bucket]["objects"][key]["checksums"]
        for other in set(checksums) - {algorithm.upper()} if algorithm else ():
            del checksums[other]
        elements = "".join(f"<Checksum{name}>{value}</Checksum{name}>" for name, value in checksums.items())
        elements += "<ChecksumType>FULL_OBJECT</ChecksumType>" if checksums else ""
        return status, answer, body.replace(b"</CopyObjectResult>", f"{elements}</CopyObjectResult>".encode())

    return copy_object


def _copying_part(copy: Any) -> Any:
    def upload_part_copy(bucket: str, key: str, query: Mapping[str, list[str]], headers: Headers) -> emulator.Response:
        source = source_of(headers)
        if source is None or source.owner is None:
            return copy(bucket, key, query, headers)
        with _readable(source, source.record() or {}, headers) as given:
            return copy(bucket, key, query, given)

    return upload_part_copy


def _uploading(put: Any) -> Any:
    def put_object(bucket: str, key: str, body: bytes, headers: Headers) -> emulator.Response:
        status, answer, text = put(bucket, key, body, headers)
        if status == 200:
            checksums: Mapping[str, str] = emulator.s3._buckets[bucket]["objects"][key].get("checksums") or {}
            answer |= {f"x-amz-checksum-{name.lower()}": value for name, value in checksums.items()}
            answer |= {"x-amz-checksum-type": "FULL_OBJECT"} if checksums else {}
        return status, answer, text

    return put_object


def _hiding(handle: Any) -> Any:
    """Whether an object is missing is told only to those who may list the bucket: GetObject and HeadObject."""

    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> emulator.Response:
        status, answer, text = await handle(method, path, headers, body, query)
        source = source_of(headers)
        reads = method in ("GET", "HEAD") or source is not None
        if status != 404 or not reads or headers.get("authorization", "") == "":
            return status, answer, text
        bucket, _, key = path.lstrip("/").partition("/")
        bucket, key = (source.bucket, source.key) if source else (bucket, key)
        if not key or emulator.s3._bucket_owner_account(bucket) is None:
            return status, answer, text
        try:
            caller = authorization.caller(headers, query)
            # The request lists nothing: no `s3:prefix` says below what.
            authorization.require(caller, "s3:ListBucket", f"arn:aws:s3:::{bucket}")
        except AccessDeniedError as denied:
            return denied.as_xml()
        return status, answer, text

    return handle_request


@contextmanager
def _readable(source: Source, record: Mapping[str, Any], headers: Headers) -> Generator[Headers]:
    """Show MiniStack the source as if it lay in the account that copies."""
    if source.owner == emulator.account_id():
        yield headers
        return
    token = _borrowed.set((source.bucket, {"objects": {source.key: record} if record else {}}))
    try:
        yield {**headers, SOURCE: headers[SOURCE].partition("?")[0]}
    finally:
        _borrowed.reset(token)
