"""MiniStack's S3."""

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.aws.ministack import modules
from sandbox.aws.ministack.gateway import Response

Headers = Mapping[str, str]
PutSetting = Callable[[str, bytes], Response]
"""Applies a setting, as XML, to a bucket."""

put_bucket_encryption: PutSetting = modules.s3._put_bucket_encryption
put_bucket_lifecycle: PutSetting = modules.s3._put_bucket_lifecycle
put_bucket_logging: PutSetting = modules.s3._put_bucket_logging
put_bucket_ownership_controls: PutSetting = modules.s3._put_bucket_ownership_controls
put_bucket_tagging: PutSetting = modules.s3._put_bucket_tagging


def action_of(method: str, path: str, query: Mapping[str, Any]) -> str | None:
    """Return the action of a request, such as `PutObject`; None if it is none that policies know."""
    return modules.actions._s3_action(method, path, query)


def policy_names(bucket: str, key: str) -> bool:
    """Return whether the policy of a bucket of the current account names a condition key."""
    return key in (modules.s3._bucket_policies.get(bucket) or "")


def owner_of(bucket: str) -> str | None:
    """Return the account of a bucket, if there is such a bucket."""
    return modules.s3._bucket_owner_account(bucket)


def find_object(bucket: str, key: str, version: str | None = None) -> dict[str, Any] | None:
    """Return the record of an object in a bucket of the current account, or of one of its versions."""
    stored = modules.s3._buckets[bucket]
    if version is None:
        return stored["objects"].get(key)
    for entry in modules.s3._object_versions.get((bucket, key), []):
        if entry["version_id"] == version and not entry.get("is_delete_marker"):
            body = modules.s3._version_body(stored, bucket, key, entry)
            return {"storage_class": None, "content_type": "application/octet-stream", **entry, "body": body}
    return None


def read_object(bucket: str, key: str) -> bytes | None:
    """Return the content of an object in a bucket of the current account."""
    return modules.s3._get_object_data(bucket, key)


def is_empty(bucket: str) -> bool:
    """Return whether a bucket of the current account holds neither objects nor versions, or does not exist."""
    stored = modules.s3._buckets.get(bucket)
    versions = any(key[0] == bucket and kept for key, kept in modules.s3._object_versions.items())
    return stored is None or not (stored["objects"] or versions)


def default_encryption_headers(bucket: str) -> Headers:
    """Return the encryption of a bucket of the current account, as headers of a response."""
    return modules.s3._bucket_default_sse_headers(bucket)


def encryption_configuration(owner: str, bucket: str) -> str:
    """Return the encryption of a bucket as XML; empty if it has none of its own."""
    return modules.s3._bucket_encryption.get_scoped(owner, None, bucket) or ""


def is_closed_to_foreign_accounts(owner: str, bucket: str) -> bool:
    """Return whether a bucket blocks other accounts because its policy is public."""
    restricted = modules.s3._public_access_blocked(owner, bucket, "RestrictPublicBuckets")
    policy = modules.s3._bucket_policies.get_scoped(owner, None, bucket)
    return bool(restricted and policy and modules.s3._policy_is_public(policy))


def intercept_copies(copy: Callable[[str, str, Headers, Callable[[Headers], Response]], Response]) -> None:
    """Let `copy` copy objects: bucket and key of the copy, headers, and MiniStack's own way to do it with headers."""
    own = modules.s3._copy_object

    def copy_object(bucket: str, key: str, headers: Headers) -> Response:
        return copy(bucket, key, headers, lambda given: own(bucket, key, given))

    modules.s3._copy_object = copy_object


def add_checksum_of_part(upload: str, part: int) -> Mapping[str, str]:
    """Compute the checksum of a part by the algorithm of its upload, and keep it with the part; none without one."""
    begun = modules.s3._multipart_uploads[upload]
    algorithm, kept = begun["checksum_algorithm"], begun["parts"][part]
    kept["checksums"] = (
        {algorithm: modules.s3._compute_s3_checksum(algorithm, kept["body"])} if algorithm else dict[str, str]()
    )
    return kept["checksums"]


def intercept_copies_of_parts(
    copy: Callable[[Mapping[str, list[str]], Headers, Callable[[Headers], Response]], Response],
) -> None:
    """Let `copy` copy parts of an upload: the query's parameters, headers, and MiniStack's own way to do it with headers."""
    own = modules.s3._upload_part_copy

    def upload_part_copy(bucket: str, key: str, query: Mapping[str, list[str]], headers: Headers) -> Response:
        return copy(query, headers, lambda given: own(bucket, key, query, given))

    modules.s3._upload_part_copy = upload_part_copy


def intercept_uploads(upload: Callable[[str, str, Callable[[], Response]], Response]) -> None:
    """Let `upload` put objects: bucket and key, and MiniStack's own way to do it."""
    own = modules.s3._put_object

    def put_object(bucket: str, key: str, body: bytes, headers: Headers) -> Response:
        return upload(bucket, key, lambda: own(bucket, key, body, headers))

    modules.s3._put_object = put_object


def lend_buckets(find: Callable[[str], dict[str, Any] | None]) -> None:
    """Let `find` show the current account a bucket that is another's; where it returns None, MiniStack looks."""
    ensure_bucket = modules.s3._ensure_bucket

    def ensure_bucket_or_borrow(name: str) -> Any:
        lent = find(name)
        return ensure_bucket(name) if lent is None else lent

    modules.s3._ensure_bucket = ensure_bucket_or_borrow


def intercept_foreign_requests(allows: Callable[[str, str], bool]) -> None:
    """Let `allows` decide whether a signed request reaches another account's bucket: its owner and its name."""
    own = modules.s3._foreign_bucket_allows

    def foreign_bucket_allows(
        owner: str,
        bucket: str,
        key: str,
        method: str,
        query: Mapping[str, list[str]],
        caller: str,
        headers: Headers | None = None,
    ) -> bool:
        path = f"/{bucket}/{key}" if key else f"/{bucket}"
        if not caller or modules.actions._s3_action(method, path, query) is None:
            return own(owner, bucket, key, method, query, caller, headers)
        return allows(owner, bucket)

    modules.s3._foreign_bucket_allows = foreign_bucket_allows
