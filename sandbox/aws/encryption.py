"""Keys used on behalf of callers: whoever stores or reads data through a service needs the key's permission as well.

Source: AWS KMS Developer Guide, "How Amazon S3 uses AWS KMS" and "How AWS Secrets Manager uses AWS KMS"; the
developer guides of Amazon SNS and Amazon SQS, "Key management".
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from sandbox.aws import authorization, emulator, objects
from sandbox.aws.authorization import Principal
from sandbox.aws.errors import AccessDeniedError

ALGORITHM = "x-amz-server-side-encryption"
KEY = "x-amz-server-side-encryption-aws-kms-key-id"


QUEUE_WRITE = ("kms:GenerateDataKey", "kms:Decrypt")


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
    _wrap("sns", _of_topics)
    _wrap("sqs", _of_queues)


def require_uses(caller: Principal, uses: Iterable[Use]) -> None:
    """Refuse unless the caller may use these keys.

    Raises:
        AccessDeniedError: it may not.
    """
    for use in uses:
        context = {**use.context, "kms:CallerAccount": caller.account_id}
        authorization.require(caller, use.action, use.key_arn, context)


def _wrap(service: str, uses: Any) -> None:
    handle = emulator.application.SERVICE_HANDLERS[service]

    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> emulator.Response:
        wanted = list(uses(method, path, headers, body, query))
        if wanted:
            try:
                require_uses(authorization.caller(headers, query), wanted)
            except AccessDeniedError as denied:
                return _refusal(service, denied)
        return await handle(method, path, headers, body, query)

    emulator.application.SERVICE_HANDLERS[service] = handle_request


def _of_s3(
    method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, list[str]]
) -> Iterator[Use]:
    del body
    bucket, _, key = path.lstrip("/").partition("/")
    owner = emulator.s3._bucket_owner_account(bucket)
    if not key or headers.get("authorization", "") == "" or owner is None:
        return
    subresource = set(query) & {"tagging", "acl", "retention", "legal-hold", "attributes", "uploads", "uploadId"}
    # Of an encrypted object even a checksum is told only to those who may decrypt it.
    reads = method == "GET" or (method == "HEAD" and headers.get("x-amz-checksum-mode", "").upper() == "ENABLED")
    source = objects.source_of(headers)
    if source is not None and source.owner is not None:
        yield from of_read(source)
    if method == "PUT" and not subresource:
        yield from _of_write(owner, bucket, key, headers, ("kms:GenerateDataKey",))
    elif method == "POST" and "uploads" in subresource:
        # Completing an upload of several parts reads them: it takes both.
        yield from _of_write(owner, bucket, key, headers, ("kms:GenerateDataKey", "kms:Decrypt"))
    elif reads and not subresource:
        version = query.get("versionId", [None])[0]
        yield from of_read(objects.Source(bucket=bucket, key=key, version=version))


def of_read(source: objects.Source) -> Iterator[Use]:
    """What reading an object entails."""
    stored = source.record()
    if stored is None:
        return
    owner = source.owner or emulator.account_id()
    own = stored.get("preserved_headers", {})
    key_id = own.get(KEY) if ALGORITHM in own else _default(owner, source.bucket).get(KEY)
    yield from _uses("s3", _key_arn(owner, key_id), ("kms:Decrypt",), _context(owner, source.bucket, source.key))


def _of_write(owner: str, bucket: str, key: str, headers: Mapping[str, str], actions: tuple[str, ...]) -> Iterator[Use]:
    default = _default(owner, bucket).get(KEY)
    if ALGORITHM not in headers:
        arn = _key_arn(owner, default)
    elif not headers[ALGORITHM].startswith("aws:kms"):
        arn = None
    else:
        arn = _key_arn(emulator.account_id(), headers[KEY]) if headers.get(KEY) else _key_arn(owner, default)
    yield from _uses("s3", arn, actions, _context(owner, bucket, key))


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
        arn = _key_arn(emulator.account_id(), secret.get("KmsKeyId"))
        yield from _uses("secretsmanager", arn, actions[operation], context)


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


def _of_topics(
    method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, list[str]]
) -> Iterator[Use]:
    del method, path, headers
    form = {**query, **parse_qs(body.decode(errors="replace"))}
    if form.get("Action", [""])[0] in ("Publish", "PublishBatch"):
        topic = form.get("TopicArn", [""])[0]
        found = emulator.sns._topic_by_arn_any_scope(topic)
        key_id = found["attributes"].get("KmsMasterKeyId") if found else None
        arn = _key_arn(emulator.account_id(), key_id)
        context = {"kms:EncryptionContext:aws:sns:topicArn": topic}
        yield from _uses("sns", arn, ("kms:GenerateDataKey", "kms:Decrypt"), context)


def _of_queues(
    method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, list[str]]
) -> Iterator[Use]:
    del method, path, query
    operation = headers.get("x-amz-target", "").rpartition(".")[2]
    actions = {"SendMessage": QUEUE_WRITE, "SendMessageBatch": QUEUE_WRITE, "ReceiveMessage": ("kms:Decrypt",)}
    if operation in actions:
        url: str = json.loads(body or b"{}").get("QueueUrl", "")
        owner, _, name = url.rpartition("/")
        queue = f"arn:aws:sqs:{emulator.region()}:{owner.rpartition('/')[2]}:{name}"
        yield from of_queue(queue, actions[operation])


def of_queue(queue_arn: str, actions: tuple[str, ...]) -> Iterator[Use]:
    """What sending to a queue, or receiving from it, entails."""
    found = emulator.sqs._queue_by_arn(queue_arn)
    key_id = found["attributes"].get("KmsMasterKeyId") if found else None
    arn = _key_arn(queue_arn.split(":")[4], key_id)
    yield from _uses("sqs", arn, actions, {"kms:EncryptionContext:aws:sqs:arn": queue_arn})


def _uses(service: str, key_arn: str | None, actions: tuple[str, ...], context: Mapping[str, Any]) -> Iterator[Use]:
    if key_arn is not None:
        via = {"kms:ViaService": f"{service}.{emulator.region()}.amazonaws.com"}
        for action in actions:
            yield Use(action=action, key_arn=key_arn, context={**via, **context})


def _key_arn(account: str, key_id: str | None) -> str | None:
    """ARN of a key; a bare identifier or an alias is one of `account`."""
    if not key_id:
        return None
    region = emulator.region()
    if key_id.startswith("arn:"):
        region, account = key_id.split(":")[3:5]
    with emulator.responses.request_scope(account, region):
        record = emulator.kms._resolve_key(key_id)
    return record["Arn"] if record else None


def _default(owner: str, bucket: str) -> Mapping[str, str]:
    with emulator.responses.request_scope(owner, emulator.region()):
        return emulator.s3._bucket_default_sse_headers(bucket)


def _context(owner: str, bucket: str, key: str) -> Mapping[str, str]:
    """With a bucket key the encryption context is the bucket, else the object."""
    configuration = emulator.s3._bucket_encryption.get_scoped(owner, None, bucket) or ""
    enabled = re.search(r"<BucketKeyEnabled>\s*true", configuration)
    arn = f"arn:aws:s3:::{bucket}" if enabled else f"arn:aws:s3:::{bucket}/{key}"
    return {"kms:EncryptionContext:aws:s3:arn": arn}


def _refusal(service: str, denied: AccessDeniedError) -> emulator.Response:
    if service == "s3":
        return denied.as_xml()
    if service == "sns":
        return emulator.sns._error("KMSAccessDenied", denied.message, 400)
    message = "Access to KMS is not allowed" if service == "secretsmanager" else denied.message
    code = "KmsAccessDenied" if service == "sqs" else "AccessDeniedException"
    text = json.dumps({"__type": code, "message": message, "Message": message})
    return 400, {"Content-Type": "application/x-amz-json-1.1", "x-amzn-errortype": code}, text.encode()
