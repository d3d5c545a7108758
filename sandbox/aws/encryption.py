"""Keys used on behalf of callers: whoever stores or reads data through a service needs the key's permission as well.

Source: AWS KMS Developer Guide, "How Amazon S3 uses AWS KMS" and "How AWS Secrets Manager uses AWS KMS".
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from sandbox.aws import authorization, emulator
from sandbox.aws.authorization import Principal
from sandbox.aws.errors import AccessDeniedError

ALGORITHM = "x-amz-server-side-encryption"
KEY = "x-amz-server-side-encryption-aws-kms-key-id"


@dataclass(frozen=True, kw_only=True)
class Use:
    """A use of a key that a request entails."""

    action: str
    key_arn: str
    context: Mapping[str, Any]


def install() -> None:
    """Check the use of keys behind S3 and Secrets Manager, and of the keys that get an alias."""
    _wrap("s3", _of_s3)
    _wrap("secretsmanager", _of_secrets)
    _wrap("kms", _of_aliases)


def _wrap(service: str, uses: Any) -> None:
    handle = emulator.application.SERVICE_HANDLERS[service]

    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> emulator.Response:
        wanted = list(uses(method, path, headers, body, query))
        if wanted:
            caller: Principal = authorization.caller(headers, query)
            for use in wanted:
                context = {**use.context, "kms:CallerAccount": caller.account_id}
                try:
                    authorization.require(caller, use.action, use.key_arn, context)
                except AccessDeniedError as denied:
                    return _refusal(service, denied)
        return await handle(method, path, headers, body, query)

    emulator.application.SERVICE_HANDLERS[service] = handle_request


def _of_s3(
    method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, list[str]]
) -> Iterator[Use]:
    del body
    bucket, _, key = path.lstrip("/").partition("/")
    if not key or headers.get("authorization", "") == "" or bucket not in emulator.s3._buckets:
        return
    subresource = set(query) & {"tagging", "acl", "retention", "legal-hold", "attributes", "uploads", "uploadId"}
    actions: tuple[str, ...] = ()
    key_id: str | None = None
    if method == "PUT" and not subresource:
        key_id, actions = _key_of_write(bucket, headers), ("kms:GenerateDataKey",)
    elif method == "POST" and "uploads" in subresource:
        # Completing an upload of several parts reads them: it takes both.
        key_id, actions = _key_of_write(bucket, headers), ("kms:GenerateDataKey", "kms:Decrypt")
    elif method == "GET" and not subresource:
        key_id, actions = _key_of_object(bucket, key), ("kms:Decrypt",)
    yield from _uses("s3", key_id, actions, {"kms:EncryptionContext:aws:s3:arn": _context_arn(bucket, key)})


def _of_secrets(
    method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, list[str]]
) -> Iterator[Use]:
    del method, path, query
    operation = headers.get("x-amz-target", "").rpartition(".")[2]
    actions = {"GetSecretValue": ("kms:Decrypt",), "PutSecretValue": ("kms:GenerateDataKey", "kms:Decrypt")}
    if operation not in actions:
        return
    _, secret = emulator.secrets._resolve(json.loads(body).get("SecretId", ""))
    if secret:
        context = {"kms:EncryptionContext:SecretARN": secret["ARN"]}
        yield from _uses("secretsmanager", secret.get("KmsKeyId"), actions[operation], context)


def _of_aliases(
    method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, list[str]]
) -> Iterator[Use]:
    """An alias is decided about twice: for its own name, which MiniStack does, and for the key.

    Source: AWS KMS Developer Guide, "Controlling access to aliases".
    """
    del method, path, query
    operation = headers.get("x-amz-target", "").rpartition(".")[2]
    if operation in ("CreateAlias", "UpdateAlias"):
        record = emulator.kms._resolve_key(json.loads(body).get("TargetKeyId", ""))
        if record is not None:
            yield Use(action=f"kms:{operation}", key_arn=record["Arn"], context={})


def _uses(service: str, key_id: str | None, actions: tuple[str, ...], context: Mapping[str, Any]) -> Iterator[Use]:
    record = emulator.kms._resolve_key(key_id) if key_id else None
    if record is not None:
        via = {"kms:ViaService": f"{service}.{emulator.region()}.amazonaws.com"}
        for action in actions:
            yield Use(action=action, key_arn=record["Arn"], context={**via, **context})


def _key_of_write(bucket: str, headers: Mapping[str, str]) -> str | None:
    if headers.get(ALGORITHM, "").startswith("aws:kms"):
        return headers.get(KEY) or _default(bucket).get(KEY)
    return None if ALGORITHM in headers else _default(bucket).get(KEY)


def _key_of_object(bucket: str, key: str) -> str | None:
    stored = emulator.s3._buckets[bucket]["objects"].get(key)
    if stored is None:
        return None
    own = stored.get("preserved_headers", {})
    return own.get(KEY) if ALGORITHM in own else _default(bucket).get(KEY)


def _default(bucket: str) -> Mapping[str, str]:
    return emulator.s3._bucket_default_sse_headers(bucket)


def _context_arn(bucket: str, key: str) -> str:
    """With a bucket key the encryption context is the bucket, else the object."""
    configuration = emulator.s3._bucket_encryption.get(bucket) or ""
    enabled = re.search(r"<BucketKeyEnabled>\s*true", configuration)
    return f"arn:aws:s3:::{bucket}" if enabled else f"arn:aws:s3:::{bucket}/{key}"


def _refusal(service: str, denied: AccessDeniedError) -> emulator.Response:
    if service == "s3":
        text = f"<Error><Code>AccessDenied</Code><Message>{escape(denied.message)}</Message></Error>"
        return 403, {"Content-Type": "application/xml"}, text.encode()
    message = "Access to KMS is not allowed" if service == "secretsmanager" else denied.message
    text = json.dumps({"__type": "AccessDeniedException", "Message": message})
    return 400, {"Content-Type": "application/x-amz-json-1.1"}, text.encode()
