"""KMS keys used on behalf of callers: storing or reading data through a service takes permissions on its key as well.

Source: AWS KMS Developer Guide, "How Amazon S3 uses AWS KMS" and "How AWS Secrets Manager uses AWS KMS"; the
developer guides of Amazon SNS and Amazon SQS, "Key management".
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.aws import s3
from sandbox.aws.errors import AccessDeniedError, ServiceError
from sandbox.aws.iam import authorization
from sandbox.aws.iam.authorization import Principal
from sandbox.aws.ministack import gateway, kms, scope, secretsmanager, sns, sqs
from sandbox.aws.ministack import s3 as ministack_s3
from sandbox.aws.ministack.gateway import Handler, Request, Response

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
    _check_requests("s3", _uses_by_s3)
    _check_requests("secretsmanager", _uses_by_secrets)
    _check_requests("kms", _uses_by_aliases)
    _check_requests("sns", _uses_by_topics)
    _check_requests("sqs", _uses_by_queues)


class KeyStateError(ServiceError):
    """A key is disabled, or waits for its deletion. S3's codes begin with KMS and a dot, as its answers show."""

    def __init__(self, key: Mapping[str, Any]) -> None:
        ending = key["KeyState"] == "PendingDeletion"
        code, state = ("KMSInvalidStateException", "pending deletion") if ending else ("DisabledException", "disabled")
        super().__init__(code, f"{key['Arn']} is {state}.")

    def as_xml(self) -> Response:
        """Return the refusal as S3 answers it."""
        text = f"<Error><Code>KMS.{self.code}</Code><Message>{self.message}</Message></Error>"
        return self.status, {"Content-Type": "application/xml"}, text.encode()


def require_enabled(uses: Iterable[Use]) -> None:
    """Refuse unless the keys are enabled. Source: AWS KMS Developer Guide, "Key states of AWS KMS keys".

    Raises:
        KeyStateError: one is not.
    """
    for use in uses:
        region, account = use.key_arn.split(":")[3:5]
        with scope.request_scope(account, region):
            key = kms.find_key(use.key_arn)
        if key is not None and key["KeyState"] in ("Disabled", "PendingDeletion"):
            raise KeyStateError(key)


def require_uses(caller: Principal, uses: Iterable[Use]) -> None:
    """Refuse unless the caller may use these keys.

    Raises:
        AccessDeniedError: it may not.
    """
    for use in uses:
        context = {**use.context, "kms:CallerAccount": caller.account_id}
        authorization.require(caller, use.action, use.key_arn, context)


def _check_requests(service: str, uses: Callable[[Request], Iterator[Use]]) -> None:
    async def answer(request: Request, go_on: Handler) -> Response:
        wanted = list(uses(request))
        if wanted:
            try:
                require_uses(authorization.caller(request), wanted)
                # What the other services answer then is not emulated.
                if service == "s3":
                    require_enabled(wanted)
            except AccessDeniedError as denied:
                return _refusal(service, denied)
            except KeyStateError as unusable:
                return unusable.as_xml()
        return await go_on(request)

    gateway.intercept(service, answer)


def _uses_by_s3(request: Request) -> Iterator[Use]:
    bucket, _, key = request.path.lstrip("/").partition("/")
    owner = ministack_s3.owner_of(bucket)
    if not key or not request.signed or owner is None:
        return
    headers = request.headers
    subresource = set(request.query) & {
        "tagging",
        "acl",
        "retention",
        "legal-hold",
        "attributes",
        "uploads",
        "uploadId",
    }
    # Of an encrypted object even a checksum is returned only to those who may decrypt it.
    wants_checksum = headers.get("x-amz-checksum-mode", "").upper() == "ENABLED"
    reads = request.method == "GET" or (request.method == "HEAD" and wants_checksum)
    source = s3.source_of(headers)
    if source is not None and source.owner is not None:
        yield from uses_of_reading(source)
    if request.method == "PUT" and not subresource:
        yield from _uses_of_writing(owner, bucket, key, headers, ("kms:GenerateDataKey",))
    elif request.method == "POST" and "uploads" in subresource:
        # Completing an upload of several parts reads them: it takes both.
        yield from _uses_of_writing(owner, bucket, key, headers, ("kms:GenerateDataKey", "kms:Decrypt"))
    elif reads and not subresource:
        version = request.query.get("versionId", [None])[0]
        yield from uses_of_reading(s3.Source(bucket=bucket, key=key, version=version))


def uses_of_reading(source: s3.Source) -> Iterator[Use]:
    """Yield the uses that reading an object entails."""
    stored = source.record()
    if stored is None:
        return
    owner = source.owner or scope.account_id()
    own = stored.get("preserved_headers", {})
    key_id = own.get(KEY) if ALGORITHM in own else _default(owner, source.bucket).get(KEY)
    yield from _uses("s3", _key_arn(owner, key_id), ("kms:Decrypt",), _context(owner, source.bucket, source.key))


def _uses_of_writing(
    owner: str, bucket: str, key: str, headers: Mapping[str, str], actions: tuple[str, ...]
) -> Iterator[Use]:
    default = _default(owner, bucket).get(KEY)
    if ALGORITHM not in headers:
        arn = _key_arn(owner, default)
    elif not headers[ALGORITHM].startswith("aws:kms"):
        arn = None
    else:
        arn = _key_arn(scope.account_id(), headers[KEY]) if headers.get(KEY) else _key_arn(owner, default)
    yield from _uses("s3", arn, actions, _context(owner, bucket, key))


def _uses_by_secrets(request: Request) -> Iterator[Use]:
    actions = {"GetSecretValue": ("kms:Decrypt",), "PutSecretValue": ("kms:GenerateDataKey", "kms:Decrypt")}
    if request.target not in actions:
        return
    secret = secretsmanager.find_secret(request.json().get("SecretId", ""))
    if secret:
        context = {"kms:EncryptionContext:SecretARN": secret["ARN"]}
        arn = _key_arn(scope.account_id(), secret.get("KmsKeyId"))
        yield from _uses("secretsmanager", arn, actions[request.target], context)


def _uses_by_aliases(request: Request) -> Iterator[Use]:
    """Yield the use of an alias's key: IAM decides about the alias by its own name, too, which MiniStack does.

    Source: AWS KMS Developer Guide, "Controlling access to aliases".
    """
    if request.target in ("CreateAlias", "UpdateAlias"):
        record = kms.find_key(request.json().get("TargetKeyId", ""))
        if record is not None:
            yield Use(action=f"kms:{request.target}", key_arn=record["Arn"], context={})


def _uses_by_topics(request: Request) -> Iterator[Use]:
    form = request.form()
    if form.get("Action", [""])[0] in ("Publish", "PublishBatch"):
        topic = form.get("TopicArn", [""])[0]
        found = sns.find_topic(topic)
        key_id = found["attributes"].get("KmsMasterKeyId") if found else None
        arn = _key_arn(scope.account_id(), key_id)
        context = {"kms:EncryptionContext:aws:sns:topicArn": topic}
        yield from _uses("sns", arn, ("kms:GenerateDataKey", "kms:Decrypt"), context)


def _uses_by_queues(request: Request) -> Iterator[Use]:
    actions = {"SendMessage": QUEUE_WRITE, "SendMessageBatch": QUEUE_WRITE, "ReceiveMessage": ("kms:Decrypt",)}
    if request.target in actions:
        url: str = request.json().get("QueueUrl", "")
        owner, _, name = url.rpartition("/")
        queue = f"arn:aws:sqs:{scope.region()}:{owner.rpartition('/')[2]}:{name}"
        yield from uses_of_queue(queue, actions[request.target])


def uses_of_queue(queue_arn: str, actions: tuple[str, ...]) -> Iterator[Use]:
    """Yield the uses that sending to a queue, or receiving from it, entails."""
    found = sqs.find_queue(queue_arn)
    key_id = found["attributes"].get("KmsMasterKeyId") if found else None
    arn = _key_arn(queue_arn.split(":")[4], key_id)
    yield from _uses("sqs", arn, actions, {"kms:EncryptionContext:aws:sqs:arn": queue_arn})


def _uses(service: str, key_arn: str | None, actions: tuple[str, ...], context: Mapping[str, Any]) -> Iterator[Use]:
    if key_arn is not None:
        via = {"kms:ViaService": f"{service}.{scope.region()}.amazonaws.com"}
        keys = {"kms:EncryptionContextKeys": [each.removeprefix("kms:EncryptionContext:") for each in context]}
        for action in actions:
            yield Use(action=action, key_arn=key_arn, context={**via, **keys, **context})


def _key_arn(account: str, key_id: str | None) -> str | None:
    """Return the ARN of a key; a bare identifier or an alias is one of `account`."""
    if not key_id:
        return None
    region = scope.region()
    if key_id.startswith("arn:"):
        region, account = key_id.split(":")[3:5]
    with scope.request_scope(account, region):
        record = kms.find_key(key_id)
    return record["Arn"] if record else None


def _default(owner: str, bucket: str) -> Mapping[str, str]:
    with scope.request_scope(owner, scope.region()):
        return ministack_s3.default_encryption_headers(bucket)


def _context(owner: str, bucket: str, key: str) -> Mapping[str, str]:
    """Return the encryption context: with a bucket key it is the bucket, else the object."""
    configuration = ministack_s3.encryption_configuration(owner, bucket)
    enabled = re.search(r"<BucketKeyEnabled>\s*true", configuration)
    arn = f"arn:aws:s3:::{bucket}" if enabled else f"arn:aws:s3:::{bucket}/{key}"
    return {"kms:EncryptionContext:aws:s3:arn": arn}


def _refusal(service: str, denied: AccessDeniedError) -> Response:
    if service == "s3":
        return denied.as_xml()
    if service == "sns":
        return sns.error("KMSAccessDenied", denied.message)
    message = "Access to KMS is not allowed" if service == "secretsmanager" else denied.message
    code = "KmsAccessDenied" if service == "sqs" else "AccessDeniedException"
    text = json.dumps({"__type": code, "message": message, "Message": message})
    return 400, {"Content-Type": "application/x-amz-json-1.1", "x-amzn-errortype": code}, text.encode()
