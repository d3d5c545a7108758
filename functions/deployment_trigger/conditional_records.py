"""Write a record only under a condition, so that of several requests one is the first."""

from typing import Any

from botocore.exceptions import ClientError

from functions.shared import aws_clients

_ATTEMPTS = 3


def put_under_condition(s3: Any, bucket: str, key: str, text: str, **condition: str) -> str | None:
    """Write a JSON document, and return its ETag; None when the condition does not hold.

    Args:
        s3: the client.
        bucket: the bucket.
        key: key of the object.
        text: its content.
        condition: `IfNoneMatch="*"` for an object that is not there, `IfMatch` with the ETag of the one to replace.
    """
    attempts = 0
    while True:
        try:
            answer = s3.put_object(
                Bucket=bucket, Key=key, Body=text.encode(), ContentType="application/json", **condition
            )
        except ClientError as error:
            attempts += 1
            if aws_clients.code(error) == "PreconditionFailed":
                return None
            # Two requests met; repeating this one shows whether it would have been first.
            if aws_clients.code(error) != "ConditionalRequestConflict" or attempts == _ATTEMPTS:
                raise
        else:
            return answer["ETag"]
